//! MOF, WMI's language for classes and instances: text to actions, objects to text.
//!
//! [`parse`] takes a file and all it includes and gives an ordered list of [`Action`]s, or every
//! error with its place. The object manager executes them; for instances and aliases, which need
//! the classes of a namespace, it comes back to [`instantiate`], [`complete_class`] and
//! [`alias_path`]. This crate reads no repository and stores nothing.
//!
//! | module | what |
//! |---|---|
//! | `source` | files: bytes, encodings, places |
//! | `lexer`, `literal` | tokens, and what a literal is worth |
//! | `parser`, `ast`, `unit` | a file's items; a file with all it includes |
//! | `lower`, `action`, `declarations` | items to actions: dialects, qualifiers, aliases, pragmas |
//! | `instantiate`, `convert` | values in their types, once the classes are known |
//! | `write` | objects to text |
//! | `split` | a master file to a neutral and a localized one |
//! | `diagnostic` | what is wrong, with a picture |
//!
//! What was decided where the documents are silent or differ:
//!
//! - A file with `#pragma amendment` stores nothing itself: [`parse`] refuses it with
//!   `WBEM_E_INVALID_OPERATION`, [`split_file`] makes two files of it.
//! - `#pragma locale`, `source` and their like have no effect in either dialect; an unknown one is
//!   `WBEMMOF_E_INVALID_PRAGMA`.
//! - A qualifier declared in DMTF's form holds in all files of the compilation, before its
//!   declaration too, and in those compiled after it; one that is declared nowhere follows WMI's rules in both dialects.
//! - Flavors at a qualifier take the place of all that WMI's file-wide form gives it, but only
//!   of what they contradict in DMTF's declaration.
//! - An included file is named relative to the file that includes it; namespace, flags, aliases
//!   and flavors go through includes as if the text stood there.
//! - Aliases must not lead back to themselves through any property, key or not.
//! - A text does not go on over the end of its line.

#![forbid(unsafe_code)]

mod action;
mod ast;
mod convert;
mod declarations;
mod diagnostic;
mod instantiate;
mod lexer;
mod literal;
mod lower;
mod parser;
mod source;
mod split;
mod unit;
mod write;

pub use action::{
    Action, ActionKind, Compilation, Dialect, InitialValue, InstanceDeclaration, Options,
    PendingDefault, PropertyValue, PutFlags,
};
pub use declarations::Declarations;
pub use diagnostic::{Diagnostic, MAX_DIAGNOSTICS};
pub use instantiate::{Context, alias_path, complete_class, instantiate};
pub use lower::parse;
pub use parser::MAX_NESTING;
pub use source::{Disk, MAX_FILE, Memory, Place, Source, Sources, Span};
pub use split::{Split, SplitFiles, split, split_file};
pub use unit::{MAX_FILES, MAX_INCLUDES};
pub use write::{write_class, write_instance};

//! Items to actions: what depends on the dialect, on namespaces, flags and declared qualifiers
//! is decided here, in the order of the text.
//!
//! Takes the tree of files and gives the actions; it asks for no class. The dialect is known
//! before anything is lowered, because one declaration in any file decides it for all.

mod alias;
mod class;
mod division;
mod instance;
mod method;
mod pragma;
mod qualifier;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use cim::naming::MAX_CLASS_NAME;
use cim::status::*;
use cim::{Name, Namespace, Qualifier, WbemStatus};

use crate::action::{Action, ActionKind, Compilation, Dialect, Options, PutFlags};
use crate::ast::{Flavors, Ident, Include, Item, Unit};
use crate::declarations::Declarations;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::source::{Place, Source, Sources, Span};
use crate::unit;

pub(crate) use division::Division;

/// Compiles `main` and what it includes into actions. All that is wrong is in the result's
/// diagnostics, each with the documented status; where there is any, nothing is to be executed
/// (behaviour.md G.9: a full syntax pass comes first).
pub fn parse(sources: &mut dyn Sources, main: &Path, options: &Options) -> Compilation {
    compile(sources, main, options, None).0
}

/// The same for a master file, with where its parts are divided, and its text.
pub(crate) fn divide(
    sources: &mut dyn Sources,
    main: &Path,
    options: &Options,
) -> (Compilation, Division, Arc<Source>) {
    let division = Some(Division::default());
    let (compilation, division, source) = compile(sources, main, options, division);
    (compilation, division.unwrap_or_default(), source)
}

fn compile(
    sources: &mut dyn Sources,
    main: &Path,
    options: &Options,
    division: Option<Division>,
) -> (Compilation, Option<Division>, Arc<Source>) {
    let mut diagnostics = Diagnostics::default();
    let unit = unit::load(sources, main, &mut diagnostics);
    let mut lowering = Lowering {
        options,
        dialect: match options.declarations.0.is_empty() {
            true => Dialect::Wmi,
            false => Dialect::Dmtf,
        },
        is_broken: diagnostics.len() > 0,
        declared: options.declarations.clone(),
        flavors: HashMap::new(),
        namespace: options.namespace.clone(),
        class_flags: options.class_flags,
        instance_flags: options.instance_flags,
        amendment: None,
        division,
        autorecover: false,
        actions: Vec::new(),
        aliases: HashMap::new(),
        alias_uses: Vec::new(),
        owner: None,
        scratch: Default::default(),
        source: unit.source.clone(),
        diagnostics,
    };
    lowering.declare_qualifiers(&unit);
    let source = unit.source.clone();
    lowering.unit(unit);
    lowering.check_aliases();
    lowering.diagnostics.judge_escapes(lowering.dialect == Dialect::Wmi);
    let (diagnostics, warnings) = lowering.diagnostics.into_sorted();
    let compilation = Compilation {
        actions: lowering.actions,
        diagnostics,
        warnings,
        autorecover: lowering.autorecover,
        dialect: lowering.dialect,
        declarations: lowering.declared,
        aliases: lowering.aliases.into_iter().map(|(name, a)| (name, a.action)).collect(),
    };
    (compilation, lowering.division, source)
}

struct Lowering<'a> {
    options: &'a Options,
    dialect: Dialect,
    /// Whether the syntax was wrong, so that what seems missing may only have been skipped.
    is_broken: bool,
    /// DMTF's declarations of all files.
    declared: Declarations,
    /// WMI's file-wide flavors so far.
    flavors: HashMap<Name, Flavors>,
    namespace: Namespace,
    class_flags: PutFlags,
    instance_flags: PutFlags,
    /// Where the text said that it is to be split.
    amendment: Option<Place>,
    /// Where its parts are divided; `None` where it is not to be split.
    division: Option<Division>,
    autorecover: bool,
    actions: Vec<Action>,
    aliases: HashMap<Name, alias::Alias>,
    alias_uses: Vec<alias::Use>,
    /// The alias of the object that is being lowered.
    owner: Option<Name>,
    /// The names and the qualifiers of the element that is being lowered: lists that keep their
    /// memory.
    scratch: (Vec<Ident>, Vec<Qualifier>),
    /// The file that is being lowered.
    source: Arc<Source>,
    diagnostics: Diagnostics,
}

impl Lowering<'_> {
    fn unit(&mut self, unit: Unit) {
        let outer = std::mem::replace(&mut self.source, unit.source);
        for item in unit.items {
            match item {
                Item::Class(class) => self.class(class),
                Item::Instance(instance) => self.instance(instance),
                Item::DefaultFlavors(name, flavors) => self.default_flavors(name, flavors),
                Item::Declaration(_) => {}
                Item::Pragma(pragma, span) => self.pragma(pragma, span),
                Item::Include(include) => self.include(include),
            }
        }
        self.source = outer;
    }

    fn include(&mut self, include: Include) {
        // Of a file that cannot be read nothing more is said: it may have been the one with the
        // declarations that make this DMTF's dialect.
        let Some(unit) = include.unit else { return };
        if let Some(division) = &mut self.division {
            division.include(&self.source, include.span, &unit.source);
        }
        self.unit(unit);
    }

    fn act(&mut self, span: Span, kind: ActionKind) {
        self.act_in(self.namespace.clone(), span, kind);
    }

    fn act_in(&mut self, namespace: Namespace, span: Span, kind: ActionKind) {
        let place = self.place(span);
        self.actions.push(Action { namespace, place, kind });
    }

    fn place(&self, span: Span) -> Place {
        Place { source: self.source.clone(), span }
    }

    fn report(&mut self, status: WbemStatus, message: impl Into<String>, span: Span) {
        self.diagnostics.push(Diagnostic::new(status, message, self.place(span)));
    }

    fn report_error(&mut self, error: &cim::Error, span: Span) {
        self.diagnostics.push(Diagnostic::from_error(error, self.place(span)));
    }

    fn report_with(
        &mut self,
        status: WbemStatus,
        message: String,
        span: Span,
        related: (Place, &'static str),
    ) {
        let diagnostic = Diagnostic::new(status, message, self.place(span));
        self.diagnostics.push(Diagnostic { related: Some(related), ..diagnostic });
    }

    /// Refuses names that only the system may give (behaviour.md F.2, F.5).
    fn check_class_name(&mut self, ident: &Ident) {
        let name = ident.name.as_str();
        if name.chars().count() > MAX_CLASS_NAME {
            let message = format!("a class's name has at most {MAX_CLASS_NAME} characters");
            self.report(WBEM_E_QUOTA_VIOLATION, message, ident.span);
        } else if name.starts_with('_') && !self.options.system_classes {
            let message =
                format!("class {name}: names that begin with an underscore belong to the system");
            self.report(WBEM_E_INVALID_OPERATION, message, ident.span);
        } else if name.ends_with('_') {
            let message = format!("class {name}: a class's name cannot end with an underscore");
            self.report(WBEM_E_INVALID_OBJECT, message, ident.span);
        }
    }

    /// Refuses underscores at the ends of a property's, method's, parameter's or qualifier's name.
    fn check_member_name(&mut self, ident: &Ident) {
        let name = ident.name.as_str();
        let is_system = name.starts_with('_') && !self.options.system_classes;
        if is_system || name.ends_with('_') {
            let message = format!("{name}: a name cannot begin or end with an underscore");
            self.report(WBEM_E_INVALID_PARAMETER, message, ident.span);
        }
    }
}

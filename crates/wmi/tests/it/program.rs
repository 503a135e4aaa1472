//! Runs the program and looks at what it did.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// The program with a repository of its own.
pub(crate) struct Program {
    directory: TempDir,
}

/// What a run of the program left.
pub(crate) struct Run {
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
    /// The number it ended with.
    pub(crate) code: i32,
}

impl Run {
    /// A run of `command` to its end.
    pub(crate) fn of(command: &mut Command) -> Self {
        Run::from(command.output().unwrap())
    }
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Run {
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
            code: output.status.code().unwrap(),
        }
    }
}

impl Program {
    /// The program, its repository not yet made.
    pub(crate) fn with_missing_repository() -> Self {
        Program { directory: tempfile::tempdir().unwrap() }
    }

    /// The program with a repository that has the classes of this machine.
    pub(crate) fn new() -> Self {
        let program = Program::with_missing_repository();
        let file = program.file("empty.mof", "");
        let run = program.run(&["compile", text(&file)]);
        assert_eq!(run.code, 0, "{}", run.err);
        program
    }

    /// The program with the schema of the tests compiled into `root\shop`.
    pub(crate) fn with_shop() -> Self {
        let program = Program::new();
        let file = program.file("shop.mof", SHOP);
        program.ok(&["compile", file.to_str().unwrap(), "-n", "root/shop"]);
        program
    }

    /// The directory of the repository.
    pub(crate) fn repository(&self) -> PathBuf {
        self.directory.path().join("repository")
    }

    /// A directory for what else a run keeps.
    pub(crate) fn data(&self) -> &Path {
        self.directory.path()
    }

    /// A file of the test with this content.
    pub(crate) fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.directory.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// A run with `arguments`, not yet started.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wmi"));
        command.arg("--repository").arg(self.repository()).args(arguments).stdin(Stdio::null());
        command
    }

    /// A run with `arguments`.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        Run::of(&mut self.command(arguments))
    }

    /// What a run with `arguments` prints, which must end well and say nothing else.
    #[track_caller]
    pub(crate) fn ok(&self, arguments: &[&str]) -> String {
        let run = self.run(arguments);
        assert_eq!((run.code, run.err.as_str()), (0, ""), "{arguments:?}: {}", run.out);
        run.out
    }

    /// The same in `root\shop`.
    #[track_caller]
    pub(crate) fn shop(&self, arguments: &[&str]) -> String {
        self.ok(&[&["-n", "root/shop"], arguments].concat())
    }

    /// What a run prints as JSON.
    #[track_caller]
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.ok(&[arguments, &["-o", "json"]].concat())).unwrap()
    }
}

/// `path` as an argument.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A schema with a property of every type that can be assigned.
const SHOP: &str = r#"#pragma autorecover
class Shop_Item
{
    [key] string Id;
    uint8 Small;
    sint64 Big;
    real32 Ratio;
    boolean Sold;
    char16 Grade;
    datetime Made;
    datetime Lasts;
    string Tags[];
    uint16 Sizes[];
    Shop_Item ref Next;
    object Extra;
    string Label = "none";
};
class Shop_Book : Shop_Item
{
    string Author;
};
instance of Shop_Item
{
    Id = "a";
    Big = -9223372036854775808;
    Tags = {"x", "y,z"};
    Extra = instance of Shop_Book { Id = "in"; };
};
instance of Shop_Book
{
    Id = "b";
    Author = "Ann";
};
"#;

//! The declared commands and options as data, for completion in the shell.

use clap::{Arg, CommandFactory};

use super::Args;

/// The commands and options of the program.
pub(crate) struct Grammar {
    root: clap::Command,
}

impl Grammar {
    /// Reads the declarations of clap.
    pub(crate) fn new() -> Self {
        let mut root = Args::command();
        // Without this, subcommands lack the global options.
        root.build();
        Grammar { root }
    }

    /// The subcommands of the command at `path`; the empty path is the program.
    pub(crate) fn commands(&self, path: &[&str]) -> Vec<&str> {
        let found = self.find(path).into_iter().flat_map(|command| command.get_subcommands());
        found.map(clap::Command::get_name).filter(|name| *name != "help").collect()
    }

    /// The long options of the command at `path`, each with its dashes.
    pub(crate) fn options(&self, path: &[&str]) -> Vec<String> {
        let found = self.find(path).into_iter().flat_map(|command| command.get_arguments());
        found.filter_map(Arg::get_long).map(|long| format!("--{long}")).collect()
    }

    /// The long name of the option `word`, if its value is the next word.
    pub(crate) fn takes_value(&self, path: &[&str], word: &str) -> Option<&str> {
        let option = self.option(path, word)?;
        option.get_action().takes_values().then(|| option.get_long()).flatten()
    }

    /// The values that the option accepts, if they are enumerated.
    pub(crate) fn values(&self, path: &[&str], word: &str) -> Vec<String> {
        let values = self.option(path, word).map(Arg::get_possible_values).unwrap_or_default();
        values.iter().map(|value| value.get_name().to_owned()).collect()
    }

    fn option(&self, path: &[&str], word: &str) -> Option<&Arg> {
        let is_meant = |arg: &&Arg| match (word.strip_prefix("--"), word.strip_prefix('-')) {
            (Some(long), _) => arg.get_long() == Some(long),
            (None, Some(short)) => {
                arg.get_short().is_some_and(|s| short == s.encode_utf8(&mut [0; 4]))
            }
            (None, None) => false,
        };
        self.find(path)?.get_arguments().find(is_meant)
    }

    fn find(&self, path: &[&str]) -> Option<&clap::Command> {
        path.iter().try_fold(&self.root, |command, name| command.find_subcommand(name))
    }
}

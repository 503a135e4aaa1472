//! `cargo xtask readme`: what the README promises on its first screen is what happens.
//!
//! Every `$ cargo run --release --` in a console block is run, and the first line
//! that it prints is compared with the one shown. Values differ from machine to machine, so later
//! lines are not compared.

use std::fs;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::cargo::Workspace;
use crate::finding::{Finding, report};

const README: &str = "README.md";
const RUN: &str = "cargo run --release --";
const TEST: &str = "cargo test --workspace";

/// A command in a console block, with the first line of output shown below it.
#[derive(Debug, PartialEq)]
struct Example<'a> {
    line: usize,
    command: &'a str,
    shown: Option<&'a str>,
}

/// Runs the README's commands.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let text = fs::read_to_string(workspace.root.join(README)).with_context(|| {
        format!("no {README}; write it with `$ {RUN} ...` and its output in a console block")
    })?;
    // As on a machine that has never run the program, and without touching the developer's own data.
    let data = workspace.target.join("readme");
    if data.exists() {
        fs::remove_dir_all(&data).with_context(|| format!("cannot remove {}", data.display()))?;
    }
    let found = check(&text, |command| {
        println!("$ {command}");
        let mut shell = Command::new("sh");
        shell.args(["-c", command]).current_dir(&workspace.root).env("XDG_DATA_HOME", &data);
        let output = shell.stderr(Stdio::inherit()).output().context("cannot run sh")?;
        if !output.status.success() {
            bail!("{}", output.status);
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    });
    report("readme", found)
}

fn check(readme: &str, mut run: impl FnMut(&str) -> Result<String>) -> Vec<Finding> {
    let examples = examples(readme);
    let mut found = Vec::new();
    if !examples.iter().any(|it| it.command.starts_with(RUN) && it.shown.is_some()) {
        let remedy = "show it in a console block, with what it prints below";
        found.push(Finding::new(README, 1, format!("no `$ {RUN} ...` with its output"), remedy));
    }
    if !examples.iter().any(|it| it.command.starts_with(TEST)) {
        found.push(Finding::new(README, 1, format!("no `$ {TEST}`"), "show it in a console block"));
    }
    for example in examples.iter().filter(|it| it.command.starts_with(RUN)) {
        let result = run(example.command);
        found.extend(compare(example, result).map(|message| {
            let remedy = "correct the program, or show its output";
            Finding::new(README, example.line, message, remedy)
        }));
    }
    found
}

/// What is wrong with an example, given what its command printed.
fn compare(example: &Example<'_>, result: Result<String>) -> Option<String> {
    let output = match result {
        Ok(output) => output,
        Err(error) => return Some(format!("`{}` failed: {error:#}", example.command)),
    };
    let shown = collapse(example.shown?);
    let printed = collapse(output.lines().next().unwrap_or_default());
    (shown != printed)
        .then(|| format!("the README shows `{shown}`, the program prints `{printed}`"))
}

/// The commands in all console blocks.
fn examples(readme: &str) -> Vec<Example<'_>> {
    let mut examples: Vec<Example<'_>> = Vec::new();
    let (mut fenced, mut console) = (false, false);
    let mut after_command = false;
    for (index, line) in readme.lines().enumerate() {
        if let Some(language) = line.trim_start().strip_prefix("```") {
            fenced = !fenced;
            console = fenced && language.trim() == "console";
            after_command = false;
        } else if let Some(command) = line.strip_prefix("$ ").filter(|_| console) {
            examples.push(Example { line: index + 1, command: command.trim(), shown: None });
            after_command = true;
        } else if after_command {
            examples.last_mut().expect("a command precedes it").shown = Some(line);
            after_command = false;
        }
    }
    examples
}

/// The width of columns depends on the values below them.
fn collapse(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "# OpenWMI\n\n```console\n$ cargo run --release -- query \"SELECT Name FROM X\"\n\
        Name      ProcessId\nsshd      1\n```\n\n```console\n$ cargo test --workspace\n```\n";

    fn found(readme: &str, prints: &str) -> Vec<String> {
        check(readme, |_| Ok(prints.to_owned())).iter().map(Finding::to_string).collect()
    }

    #[test]
    fn commands_and_their_first_lines_are_found() {
        let query = "cargo run --release -- query \"SELECT Name FROM X\"";
        let expected = [
            Example { line: 4, command: query, shown: Some("Name      ProcessId") },
            Example { line: 10, command: TEST, shown: None },
        ];
        assert_eq!(examples(GOOD), expected);
        assert_eq!(examples("```sh\n$ cargo test\n```\n$ cargo test\n"), []);
    }

    #[test]
    fn a_header_that_differs_only_in_width_passes() {
        assert_eq!(found(GOOD, "Name  ProcessId\nbash  7\n"), Vec::<String>::new());
    }

    #[test]
    fn another_header_fails() {
        let found = found(GOOD, "Name  Handle\n");
        assert_eq!(found.len(), 1);
        let expected =
            "README.md:4: the README shows `Name ProcessId`, the program prints `Name Handle`;";
        assert!(found[0].starts_with(expected), "{}", found[0]);
    }

    #[test]
    fn a_failing_command_fails() {
        let found = check(GOOD, |_| bail!("exit status: 2"));
        assert_eq!(found.len(), 1);
        assert!(found[0].message.ends_with("failed: exit status: 2"), "{}", found[0]);
    }

    #[test]
    fn missing_commands_fail() {
        let found = found("# OpenWMI\n", "");
        assert_eq!(found.len(), 2);
        assert!(found[0].contains("no `$ cargo run --release -- ...` with its output"));
        assert!(found[1].contains("no `$ cargo test --workspace`"));
    }
}

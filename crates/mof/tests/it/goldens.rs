//! Each `tests/data/ok/*.mof` compiles to what the `.txt` beside it says, each
//! `tests/data/err/*.mof` has the expected diagnostics. `UPDATE=1 cargo test` rewrites
//! the `.txt` files: read the difference before it is committed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use cim::{Namespace, WbemStatus};
use mof::{Compilation, Disk, Options};

use crate::dump;

/// Compiles a file of `tests/data` into root\cimv2. A first line `// options: ...` may ask for
/// more.
fn compile(path: &Path) -> Compilation {
    let mut options = Options::new(Namespace::new(r"root\cimv2").unwrap());
    let bytes = std::fs::read(path).unwrap();
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).into_owned();
    if let Some(line) = head.lines().next().and_then(|l| l.strip_prefix("// options: ")) {
        for option in line.split_whitespace() {
            match option {
                "system" => options.system_classes = true,
                "class:safeupdate" => options.class_flags.safe = true,
                "instance:createonly" => options.instance_flags.create_only = true,
                other => panic!("{}: unknown option {other}", path.display()),
            }
        }
    }
    mof::parse(&mut Disk, path, &options)
}

fn files(folder: &str) -> Vec<PathBuf> {
    // Relative, so that the paths in the goldens are the same everywhere.
    let mut files: Vec<_> = std::fs::read_dir(Path::new("tests/data").join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "mof"))
        .collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

fn check(path: &Path, actual: &str, failures: &mut Vec<String>) {
    let golden = path.with_extension("txt");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&golden, actual).unwrap();
    } else if std::fs::read_to_string(&golden).ok().as_deref() != Some(actual) {
        failures.push(format!("== {} ==\n{actual}", golden.display()));
    }
}

fn render(compilation: &Compilation) -> String {
    let rendered: Vec<_> = compilation.diagnostics.iter().map(|d| d.render(false)).collect();
    rendered.join("\n\n") + "\n"
}

#[test]
fn g9_right_files_give_the_actions_of_their_goldens() {
    let mut failures = Vec::new();
    for path in files("ok") {
        let compilation = compile(&path);
        match compilation.diagnostics.is_empty() {
            true => check(&path, &dump::compilation(&compilation), &mut failures),
            false => failures.push(format!("{}:\n{}", path.display(), render(&compilation))),
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn g9_wrong_files_give_the_diagnostics_of_their_goldens() {
    let mut failures = Vec::new();
    for path in files("err") {
        let compilation = compile(&path);
        match compilation.diagnostics.is_empty() {
            false => check(&path, &render(&compilation), &mut failures),
            true => failures.push(format!("{}: no diagnostic", path.display())),
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Codes that no text can cause here.
const WITHOUT_CASE: [&str; 1] = [
    // Includes are not written out to a file in between.
    "WBEMMOF_E_ERROR_CREATING_TEMP_FILE",
];

#[test]
fn appendix_1_every_code_of_mof_has_a_case() {
    let seen: BTreeSet<WbemStatus> = files("err")
        .iter()
        .flat_map(|path| compile(path).diagnostics)
        .map(|diagnostic| diagnostic.status)
        .collect();
    let is_mof = |s: &WbemStatus| s.symbol().is_some_and(|s| s.starts_with("WBEMMOF_E_"));
    let missing: Vec<_> = WbemStatus::all()
        .filter(is_mof)
        .filter(|s| !seen.contains(s) && !WITHOUT_CASE.contains(&s.symbol().unwrap()))
        .collect();
    assert!(missing.is_empty(), "no file in tests/data/err causes {missing:?}");
}

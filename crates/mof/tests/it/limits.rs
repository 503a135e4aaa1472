//! Hostile text gets diagnostics: no crash, no endless work.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use cim::status::*;
use cim::{Namespace, WbemStatus};
use mof::{Compilation, MAX_DIAGNOSTICS, MAX_INCLUDES, MAX_NESTING, Memory, Options};

fn compile(text: impl Into<Vec<u8>>) -> Compilation {
    compile_all([("x.mof".into(), text.into())])
}

/// Compiles the first of some files.
fn compile_all<const N: usize>(files: [(PathBuf, Vec<u8>); N]) -> Compilation {
    let main = files[0].0.clone();
    let options = Options::new(Namespace::root());
    mof::parse(&mut Memory(HashMap::from(files)), &main, &options)
}

fn statuses(compilation: &Compilation) -> Vec<WbemStatus> {
    // Rendering is part of what must not fail.
    compilation.diagnostics.iter().for_each(|d| assert!(!d.render(false).is_empty()));
    compilation.diagnostics.iter().map(|d| d.status).collect()
}

#[test]
fn embedded_instances_nest_as_deep_as_the_limit() {
    let nested = |depth: usize| {
        let open = "instance of A { X = ".repeat(depth);
        format!("{open}NULL;{};", "};".repeat(depth))
    };
    // The outermost is not embedded.
    let limit = MAX_NESTING as usize + 1;
    assert_eq!(statuses(&compile(nested(limit))), []);
    assert_eq!(statuses(&compile(nested(limit + 1))), [WBEM_E_QUOTA_VIOLATION]);
    assert_eq!(statuses(&compile(nested(100_000))), [WBEM_E_QUOTA_VIOLATION]);
}

#[test]
fn anything_may_be_repeated_without_end() {
    for piece in [
        "{",
        "}",
        "[",
        "]",
        "(",
        ")",
        "=",
        ":",
        "#",
        "$",
        "\"",
        "'",
        "/*",
        "\\",
        ";",
        "-",
        "0",
        "class A {",
        "instance of A {",
        "[A(",
        "[A{",
        "[A:",
        "uint8 A[",
        "class A { uint8 B(",
        "class A { uint8 B = {",
        "instance of A { B = instance of A {",
        "#pragma ",
        "#include (",
        "Qualifier A : ",
        "Qualifier A : string = {",
        "Qualifier A : string, Scope(",
        "as $",
        "class A : ",
        "\"a\" ",
        "\n",
        "\u{a0}",
        "\u{2028}",
        "é",
        "😀",
        "\0",
    ] {
        let text = piece.repeat(10_000);
        assert!(statuses(&compile(text)).len() <= MAX_DIAGNOSTICS, "{piece}");
    }
}

#[test]
fn tokens_may_be_huge() {
    let name = "a".repeat(1_000_000);
    assert_eq!(statuses(&compile(format!("class {name} {{}};"))), [WBEM_E_QUOTA_VIOLATION]);
    let text = format!("class A {{ string S = \"{name}\"; }};");
    assert_eq!(statuses(&compile(text)), []);
    let text = format!("class A {{ string S = {}; }};", "\"ab\" ".repeat(200_000));
    assert_eq!(statuses(&compile(text)), []);
    let digits = "9".repeat(1_000_000);
    let text = format!("class A {{ uint64 U = {digits}; real64 R = 0.{digits}; }};");
    assert_eq!(statuses(&compile(text)), [WBEMMOF_E_OUT_OF_RANGE]);
    let text = format!("class A {{ string S = \"{}\"; }};", "\\x41".repeat(200_000));
    assert_eq!(statuses(&compile(text)), []);
    let text = format!("class A {{ string S = \"{name}; }};");
    assert!(statuses(&compile(text)).contains(&WBEMMOF_E_ILLEGAL_CONSTANT_VALUE));
}

/// An element left open at any byte is reported, and everything before it is read.
#[test]
fn a_file_may_end_anywhere() {
    for file in
        ["ok/types.mof", "ok/methods.mof", "ok/dmtf.mof", "ok/pragmas.mof", "ok/embedded.mof"]
    {
        let bytes = std::fs::read(Path::new("tests/data").join(file)).unwrap();
        for end in 0..bytes.len() {
            let compilation = compile(&bytes[..end]);
            statuses(&compilation);
            if bytes[..end].ends_with(b"class") {
                assert!(!compilation.diagnostics.is_empty(), "{file} cut at {end}");
            }
        }
    }
}

#[test]
fn utf16_may_end_anywhere() {
    let bytes = std::fs::read("tests/data/ok/encoding_utf16be_bom.mof").unwrap();
    for end in 0..bytes.len() {
        statuses(&compile(&bytes[..end]));
    }
}

#[test]
fn diagnostics_end_at_their_limit() {
    let compilation = compile("class { };\n".repeat(5 * MAX_DIAGNOSTICS));
    assert_eq!(statuses(&compilation).len(), MAX_DIAGNOSTICS);
    assert_eq!(compilation.diagnostics.last().unwrap().line() as usize, MAX_DIAGNOSTICS);
}

#[test]
fn members_and_qualifiers_may_be_many() {
    let properties: String = (0..20_000).map(|i| format!("uint8 p{i};")).collect();
    let methods: String = (0..20_000).map(|i| format!("void m{i}();")).collect();
    assert_eq!(statuses(&compile(format!("class A {{ {properties} {methods} }};"))), []);
    let values: String = (0..20_000).map(|i| format!("p{i} = 1;")).collect();
    assert_eq!(statuses(&compile(format!("instance of A {{ {values} }};"))), []);
    let qualifiers: String = (0..20_000).map(|i| format!("q{i},")).collect();
    let text = format!("[{qualifiers}] class A {{}};");
    assert_eq!(statuses(&compile(text)), [WBEM_E_QUOTA_VIOLATION]);
    let parameters: Vec<_> = (0..20_000).map(|i| format!("[in, Id({i})] uint8 p{i}")).collect();
    let text = format!("class A {{ void M({}); }};", parameters.join(","));
    assert_eq!(statuses(&compile(text)), [WBEM_E_TOO_MANY_PROPERTIES]);
}

#[test]
fn aliases_chain_as_far_as_the_limit() {
    let chain = |n: usize| -> String {
        let link = |i| format!("instance of A as $a{i} {{ Next = $a{}; }};\n", i + 1);
        (0..n - 1).map(link).collect::<String>() + &format!("instance of A as $a{} {{}};", n - 1)
    };
    assert_eq!(statuses(&compile(chain(256))), []);
    assert_eq!(statuses(&compile(chain(257))), [WBEM_E_QUOTA_VIOLATION]);
    assert_eq!(statuses(&compile(chain(10_000))), [WBEM_E_QUOTA_VIOLATION]);
}

#[test]
fn g43_includes_end_at_their_limits() {
    let status = WBEMMOF_E_ERROR_INVALID_INCLUDE_FILE;
    let at = |i: usize| PathBuf::from(format!("{i}.mof"));
    let chain = |n: usize| {
        let link = |i: usize| (at(i), format!("#include (\"{}.mof\")", i + 1).into_bytes());
        let mut files: HashMap<_, _> = (0..n - 1).map(link).collect();
        files.insert(at(n - 1), Vec::new());
        mof::parse(&mut Memory(files), &at(0), &Options::new(Namespace::root()))
    };
    // The main file is the first of those that are open.
    assert_eq!(statuses(&chain(MAX_INCLUDES)), []);
    assert_eq!(statuses(&chain(MAX_INCLUDES + 1)), []);
    assert_eq!(statuses(&chain(MAX_INCLUDES + 2)), [status]);
    let circle = compile_all([
        ("a.mof".into(), "#include (\"b.mof\")".into()),
        ("b.mof".into(), "#include (\"a.mof\")".into()),
    ]);
    assert_eq!(statuses(&circle), [status]);
    // Each file includes the next twice: two to the thirtieth.
    let doubling: HashMap<_, _> = (0..30)
        .map(|i| (at(i), format!("#include (\"{0}.mof\")\n#include (\"{0}.mof\")", i + 1)))
        .chain([(at(30), String::new())])
        .map(|(path, text)| (path, text.into_bytes()))
        .collect();
    let doubled = mof::parse(&mut Memory(doubling), &at(0), &Options::new(Namespace::root()));
    assert!(statuses(&doubled).contains(&status));
}

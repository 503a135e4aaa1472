//! `wmi class` and `wmi ns`.

use serde_json::Value;

use crate::program::{Program, text};

#[test]
fn a_listed_class_is_an_object_a_line() {
    let program = Program::with_shop();
    let out = program.shop(&["class", "list", "shop", "-o", "jsonl"]);
    let classes: Vec<Value> = out.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(classes.len(), 2);
    let book = &classes[0];
    assert_eq!((&book["name"], &book["superclass"]), (&"Shop_Book".into(), &"Shop_Item".into()));
    let id = &book["properties"][0];
    assert_eq!((&id["name"], &id["type"]), (&"Id".into(), &"string".into()));
    assert_eq!(id["qualifiers"]["key"]["value"], true);
    assert_eq!(id["declared_in"], "Shop_Item");
    let next = book["properties"].as_array().unwrap().iter().find(|p| p["name"] == "Next").unwrap();
    assert_eq!((&next["type"], &next["class"]), (&"ref".into(), &"Shop_Item".into()));
}

#[test]
fn system_classes_are_listed_on_request() {
    let program = Program::with_shop();
    let names = |arguments: &[&str]| -> Vec<String> {
        let out = program.shop(&[&["class", "list"], arguments, &["-o", "csv"]].concat());
        out.lines().skip(1).map(|line| line.split(',').next().unwrap().to_owned()).collect()
    };
    assert!(names(&[]).iter().all(|name| !name.starts_with("__")));
    assert!(names(&["--system"]).iter().any(|name| name == "__Win32Provider"));
    assert_eq!(names(&["__win32*"]), ["__Win32Provider"]);
    assert_eq!(names(&["SHOP_b*k"]), ["Shop_Book"]);
    assert_eq!(names(&["nothing"]), [""; 0]);
}

#[test]
fn a_shown_class_compiles_again_to_the_same() {
    let program = Program::new();
    for class in ["CIM_ManagedSystemElement", "CIM_LogicalElement", "CIM_Process", "Win32_Process"]
    {
        let mof = program.ok(&["class", "show", class]);
        let file = program.file("class.mof", &format!("#pragma autorecover\n{mof}"));
        program.ok(&["compile", text(&file), "-n", "root/copy"]);
        let shown = |namespace| program.json(&["class", "show", class, "-n", namespace]);
        assert_eq!(shown("root/cimv2"), shown("root/copy"), "{class}");
    }
}

#[test]
fn all_classes_in_mof_compile_again_to_the_same() {
    let program = Program::new();
    let list = |namespace: &str, format: &str| {
        program.ok(&["class", "list", "-n", namespace, "-o", format])
    };
    let mof = list("root/cimv2", "mof");
    let file = program.file("all.mof", &format!("#pragma autorecover\n{mof}"));
    program.ok(&["compile", text(&file), "-n", "root/copy"]);
    assert_eq!(list("root/cimv2", "jsonl"), list("root/copy", "jsonl"));
}

#[test]
fn namespaces_are_listed_from_root_or_the_one_named() {
    let program = Program::with_shop();
    let out = program.ok(&["ns"]);
    let paths: Vec<&str> = out.lines().collect();
    assert_eq!(paths[0], "root");
    assert!(paths.contains(&r"root\cimv2") && paths.contains(&r"root\shop"), "{out}");
    assert!(paths.is_sorted_by_key(|path| path.to_lowercase()), "{out}");
    assert_eq!(program.ok(&["ns", "-n", "ROOT/shop"]).to_lowercase(), "root\\shop\n");
    assert_eq!(program.json(&["ns"]).as_array().unwrap().len(), paths.len());
}

#[test]
fn a_tree_shows_what_derives_from_what() {
    let program = Program::with_shop();
    assert_eq!(program.shop(&["class", "tree"]), "Shop_Item\n└─ Shop_Book\n");
    assert_eq!(program.shop(&["class", "tree", "shop_book"]), "Shop_Book\n");
    let tree = program.json(&["class", "tree", "Shop_Item", "-n", "root/shop"]);
    let below = serde_json::json!([{ "name": "Shop_Book", "subclasses": [] }]);
    assert_eq!(tree, serde_json::json!({ "name": "Shop_Item", "subclasses": below }));
    let deep = program.ok(&["class", "tree", "CIM_LogicalElement"]);
    assert!(deep.contains("\n├─ CIM_Process\n│  └─ Win32_Process\n"), "{deep}");
    let system = program.shop(&["class", "tree", "__Provider"]);
    assert!(system.contains("└─ __Win32Provider\n"), "{system}");
    let run = program.run(&["class", "tree", "Win32_Proces"]);
    assert!(run.code == 3 && run.err.contains("did you mean Win32_Process?"), "{}", run.err);
}

#[test]
fn a_word_is_found_in_names_and_descriptions_where_they_are_declared() {
    let program = Program::with_shop();
    let file = program.file(
        "words.mof",
        "#pragma autorecover\n\
         [Description(\"Holds  a\\nWidget.\")] class W_Box { [key] string Id; };\n\
         class W_Small : W_Box { [Description(\"its widgets\")] uint32 Count; uint32 Open(); };\n",
    );
    program.shop(&["compile", text(&file)]);
    assert_eq!(
        program.shop(&["class", "search", "WIDGET"]),
        "W_Box          Holds a Widget.\nW_Small.Count  its widgets\n"
    );
    let found = program.json(&["class", "search", "open", "-n", "root/shop"]);
    assert_eq!(
        found,
        serde_json::json!([{
            "class": "W_Small", "kind": "method", "member": "Open", "description": null
        }])
    );
    assert_eq!(program.shop(&["class", "search", "nowhere"]), "");
    assert_eq!(program.run(&["class", "search", "nowhere", "--fail-empty"]).code, 3);
}

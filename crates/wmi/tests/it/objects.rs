//! `wmi new`, `set` and `rm`: instances of one's own, from first to last.

use serde_json::json;

use crate::program::Program;

#[test]
fn an_instance_is_made_changed_and_deleted() {
    let program = Program::with_shop();
    let path = "Shop_Item.Id=\"c\"";
    assert_eq!(program.shop(&["new", "shop_item", "Id=c", "Small=7"]), format!("{path}\n"));
    assert_eq!(program.shop(&["set", path, "Small=8", "Label=null"]), "");
    assert_eq!(program.shop(&["get", path, "-p", "Small,Label"]), "Small  Label\n    8  NULL\n");
    assert_eq!(program.shop(&["rm", path]), "");
    assert_eq!(program.run(&["-n", "root/shop", "get", path]).code, 3);
}

#[test]
fn values_of_every_type_come_back() {
    let program = Program::with_shop();
    let values = [
        "Id=\"null\"",
        "Small=0xff",
        "Big=-9223372036854775808",
        "Ratio=1.25",
        "Sold=TRUE",
        "Grade=€",
        "Made=2026-11-20T09:30:00Z",
        "Lasts=00000001000000.000000:000",
        "Tags=one",
        "Tags=two, three",
        "Sizes=",
        "Next=Shop_Item.Id=\"a\"",
        "Label=",
    ];
    program.shop(&[&["new", "Shop_Item"], &values[..]].concat());
    let found = program.json(&["get", "Shop_Item=\"null\"", "-n", "root/shop"]);
    let expected = json!({
        "Id": "null",
        "Small": 255,
        "Big": i64::MIN,
        "Ratio": 1.25,
        "Sold": true,
        "Grade": "€",
        "Made": "2026-11-20T09:30:00Z",
        "Lasts": "00000001000000.000000:000",
        "Tags": ["one", "two, three"],
        "Sizes": [],
        "Next": "Shop_Item.Id=\"a\"",
        "Label": "",
        "Extra": null,
    });
    assert_eq!(found, expected);
}

#[test]
fn an_embedded_object_nests_and_says_its_class() {
    let program = Program::with_shop();
    let found = program.json(&["get", "Shop_Item=\"a\"", "-n", "root/shop", "-p", "Extra"]);
    assert_eq!(found["Extra"]["__CLASS"], "Shop_Book");
    assert_eq!(found["Extra"]["Id"], "in");
}

#[test]
fn the_path_of_a_new_instance_is_json_where_asked() {
    let program = Program::with_shop();
    let made = program.json(&["new", "Shop_Book", "Id=c", "-n", "root/shop"]);
    assert_eq!(made, json!({ "path": "Shop_Book.Id=\"c\"" }));
}

#[test]
fn a_class_is_deleted_only_on_purpose() {
    let program = Program::with_shop();
    let run = program.run(&["-n", "root/shop", "rm", "Shop_Book"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("--class"), "{}", run.err);
    program.shop(&["rm", "Shop_Book", "--class"]);
    assert_eq!(program.shop(&["get", "Shop_Item", "-p", "Id"]), "Id\na\n");
    assert_eq!(program.run(&["-n", "root/shop", "rm", "Shop_Item=\"a\"", "--class"]).code, 2);
}

#[test]
fn a_new_instance_replaces_none() {
    let program = Program::with_shop();
    let run = program.run(&["-n", "root/shop", "new", "Shop_Item", "Id=a"]);
    assert_eq!(run.code, 1);
    assert!(run.err.starts_with("error: WBEM_E_ALREADY_EXISTS (0x80041019): "), "{}", run.err);
}

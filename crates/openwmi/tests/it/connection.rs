//! The operations of a connection.

use std::collections::HashMap;

use cim::Value;
use cim::status::{WBEM_E_INVALID_CLASS, WBEM_E_INVALID_NAMESPACE, WBEM_E_NOT_FOUND};
use openwmi::{FilterValue, WMIConnection, WMIError};
use serde::Deserialize;

use crate::shop;

#[derive(Deserialize, Debug)]
#[serde(rename = "Shop_Item")]
struct Item {
    id: String,
}

#[derive(Deserialize)]
#[serde(rename = "Shop_Shelf")]
struct Shelf {
    number: u32,
}

#[derive(Deserialize)]
#[serde(rename = "Shop_OnShelf")]
struct OnShelf {}

fn ids(items: Vec<Item>) -> Vec<String> {
    let mut ids: Vec<_> = items.into_iter().map(|item| item.id).collect();
    ids.sort();
    ids
}

#[test]
fn connections_go_between_threads() {
    fn both<T: Send + Sync>() {}
    both::<WMIConnection>();
    both::<WMIError>();
    let shop = shop();
    let counts = std::thread::scope(|scope| {
        let count = || shop.query::<Item>().unwrap().len();
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(count)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(counts, [3; 4]);
}

#[test]
fn filters_hold_together() {
    let shop = shop();
    for (filters, expected) in [
        (vec![("Id", FilterValue::Str("book"))], vec!["book"]),
        (vec![("serial", u64::MAX.into()), ("SOLD", true.into())], vec!["full"]),
        (vec![("Serial", FilterValue::Number(1)), ("Sold", true.into())], vec![]),
        (vec![("Maker", FilterValue::IsA("Shop_Maker"))], vec!["full"]),
    ] {
        let filters: HashMap<_, _> =
            filters.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let found = shop.filtered_query::<Item>(&filters).unwrap();
        assert_eq!(ids(found), expected, "{filters:?}");
    }
    #[derive(Deserialize)]
    #[serde(rename = "Shop_Book")]
    struct Book {
        id: String,
    }
    let filters = HashMap::from([("Author".to_owned(), "Dee \"D\" \\ E".into())]);
    assert_eq!(shop.filtered_query::<Book>(&filters).unwrap()[0].id, "book");
}

#[test]
fn associators_lead_to_structs() {
    let shop = shop();
    let items = shop.associators::<Item, OnShelf>("Shop_Shelf=1").unwrap();
    assert_eq!(ids(items), ["book", "full"]);
    let shelves = shop.associators::<Shelf, OnShelf>(r#"Shop_Item.Id="full""#).unwrap();
    assert_eq!(shelves[0].number, 1);
    assert!(shop.associators::<Shelf, OnShelf>("Shop_Item.Id=\"empty\"").unwrap().is_empty());

    #[derive(Deserialize)]
    enum Anything {
        #[serde(rename = "Shop_Item")]
        Item(Item),
        #[serde(rename = "Shop_Shelf")]
        Shelf(Shelf),
    }
    let all = shop.associators::<Anything, OnShelf>("Shop_Shelf.Number=1").unwrap();
    assert!(all.iter().all(|one| matches!(one, Anything::Item(item) if !item.id.is_empty())));
    let all = shop.associators::<Anything, OnShelf>(r#"Shop_Book.Id="book""#).unwrap();
    assert!(matches!(all.as_slice(), [Anything::Shelf(Shelf { number: 1 })]));
}

#[test]
fn instances_are_put_and_deleted() {
    let shop = shop();
    let mut instance = shop.new_instance("Shop_Item").unwrap();
    instance.put("Id", &Value::string("new")).unwrap();
    let path = shop.put_instance(&instance).unwrap().to_string();
    assert_eq!(shop.get_by_path::<Item>(&path).unwrap().id, "new");
    shop.delete_instance(&path).unwrap();
    let gone = shop.get_by_path::<Item>(&path).unwrap_err();
    assert_eq!((gone.status(), gone.operation(), gone.object()), (WBEM_E_NOT_FOUND, "get", &*path));
    let again = shop.delete_instance(&path).unwrap_err();
    assert_eq!((again.symbol(), again.number()), (Some("WBEM_E_NOT_FOUND"), 0x8004_1002));
    assert!(again.to_string().starts_with(&format!("delete {path}: WBEM_E_NOT_FOUND")));
}

#[test]
fn results_come_one_by_one() {
    let shop = shop();
    let text = "SELECT * FROM Shop_Item";
    let ids: Result<Vec<_>, _> = shop.exec_query(text).unwrap().typed::<Item>().collect();
    assert_eq!(ids.unwrap().len(), 3);
    assert!(shop.exec_query(text).unwrap().next().unwrap().is_ok());
    let none = "SELECT * FROM Shop_Item WHERE Id = 'none'";
    assert!(shop.exec_query(none).unwrap().next().is_none());
    let error = shop.exec_query("SELECT * FROM Nothing").unwrap_err();
    assert_eq!(error.status(), WBEM_E_INVALID_CLASS);
    assert_eq!((error.operation(), error.object()), ("query", "SELECT * FROM Nothing"));
}

#[test]
fn get_takes_the_first() {
    let shop = shop();
    assert_eq!(shop.get::<Shelf>().unwrap().number, 1);
    #[derive(Deserialize, Debug)]
    #[serde(rename = "Shop_Maker")]
    struct Maker {}
    assert_eq!(shop.get::<Maker>().unwrap_err().status(), WBEM_E_NOT_FOUND);
}

#[test]
fn a_namespace_must_be_there() {
    let wmi = openwmi::Wmi::in_memory(Default::default()).unwrap();
    let error = wmi.connection(r"root\none").unwrap_err();
    assert_eq!(error.status(), WBEM_E_INVALID_NAMESPACE);
    assert_eq!((error.operation(), error.object()), ("connect to", r"root\none"));
}

/// The directory is taken from the environment, which belongs to a process: the test runs itself
/// in another one.
#[test]
fn the_user_s_own_repository_is_opened_once() {
    const CHILD: &str = "OPENWMI_TEST_OWN_REPOSITORY";
    if std::env::var_os(CHILD).is_none() {
        let directory = tempfile::tempdir().unwrap();
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "connection::the_user_s_own_repository_is_opened_once"])
            .env("XDG_DATA_HOME", directory.path())
            .env(CHILD, "1")
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        assert!(directory.path().join("openwmi").is_dir());
        return;
    }
    #[derive(Deserialize)]
    #[serde(rename = "Win32_OperatingSystem")]
    struct System {
        caption: String,
    }
    let cimv2 = WMIConnection::new().unwrap();
    assert!(!cimv2.get::<System>().unwrap().caption.is_empty());
    let other = WMIConnection::with_namespace_path(r"root\default").unwrap();
    assert!(other.get_object("__SystemClass").is_ok());
    drop((cimv2, other));
    WMIConnection::new().unwrap();
}

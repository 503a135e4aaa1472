//! What becomes of each type, and of what does not fit.

use std::collections::HashMap;

use cim::status::{WBEM_E_INVALID_PARAMETER, WBEM_E_INVALID_QUERY, WBEM_E_TYPE_MISMATCH};
use openwmi::WMIDateTime;
use serde::Deserialize;

use crate::shop;

const FULL: &str = r#"Shop_Item.Id="full""#;
const EMPTY: &str = r#"Shop_Item.Id="empty""#;

#[derive(Deserialize, PartialEq, Debug)]
struct Maker {
    name: String,
    founded: Option<u16>,
}

#[derive(Deserialize, PartialEq, Debug)]
#[serde(rename = "Shop_Item")]
struct Item {
    #[serde(rename = "__RELPATH")]
    path: String,
    id: String,
    #[serde(rename = "sErIaL")]
    number: Option<u64>,
    balance: Option<i64>,
    small: Option<i128>,
    ratio: Option<f64>,
    sold: Option<bool>,
    grade: Option<char>,
    made: Option<WMIDateTime>,
    lasts: Option<String>,
    tags: Option<Vec<String>>,
    sizes: Option<Vec<u64>>,
    maker: Option<Maker>,
    partners: Option<Vec<Maker>>,
    state: Option<String>,
    next: Option<String>,
}

fn full() -> Item {
    let maker = |name: &str, founded| Maker { name: name.into(), founded };
    Item {
        path: FULL.into(),
        id: "full".into(),
        number: Some(u64::MAX),
        balance: Some(i64::MIN),
        small: Some(7),
        ratio: Some(0.5),
        sold: Some(true),
        grade: Some('A'),
        made: Some(WMIDateTime("20240229120000.000000+060".parse().unwrap())),
        lasts: Some("00000001120000.000000:000".into()),
        tags: Some(vec!["x".into(), "y".into()]),
        sizes: Some(vec![1, (1 << 53) + 1]),
        maker: Some(maker("Ann", Some(1999))),
        partners: Some(vec![maker("Bo", None), maker("Cy", None)]),
        state: Some("Open".into()),
        next: Some(EMPTY.into()),
    }
}

#[test]
fn every_type_arrives_whole() {
    let shop = shop();
    assert_eq!(shop.get_by_path::<Item>(FULL).unwrap(), full());
    let mut found = shop.query::<Item>().unwrap();
    found.sort_by(|a, b| a.id.cmp(&b.id));
    assert_eq!(found[2], full());
    let empty = &found[1];
    assert_eq!((empty.id.as_str(), empty.number, &empty.maker), ("empty", None, &None));
}

#[test]
fn maps_get_all_properties() {
    let found: Vec<HashMap<String, serde_json::Value>> =
        shop().raw_query("SELECT * FROM Shop_Item WHERE Id = 'full'").unwrap();
    assert_eq!(found[0].len(), 15);
    assert_eq!(found[0]["Serial"], serde_json::json!(u64::MAX));
    assert_eq!(found[0]["Maker"], serde_json::json!({ "Name": "Ann", "Founded": 1999 }));
}

#[test]
fn variants_are_classes() {
    #[derive(Deserialize)]
    struct Book {
        author: String,
    }
    #[derive(Deserialize)]
    enum Any {
        #[serde(rename = "SHOP_BOOK")]
        Book(Book),
        #[serde(rename = "Shop_Item")]
        Item { id: String },
    }
    let mut texts: Vec<_> = shop()
        .raw_query("SELECT * FROM Shop_Item")
        .unwrap()
        .into_iter()
        .map(|any| match any {
            Any::Book(book) => book.author,
            Any::Item { id } => id,
        })
        .collect();
    texts.sort();
    assert_eq!(texts, ["Dee \"D\" \\ E", "empty", "full"]);
}

#[test]
fn texts_are_variants_and_open_fields_get_everything() {
    #[derive(Deserialize, PartialEq, Debug)]
    enum State {
        Open,
        Closed,
    }
    #[derive(Deserialize)]
    #[serde(rename = "Shop_Item")]
    struct Item {
        state: Option<State>,
        maker: Option<HashMap<String, serde_json::Value>>,
    }
    let found = shop().query::<Item>().unwrap();
    let states: Vec<_> = found.iter().filter_map(|item| item.state.as_ref()).collect();
    assert_eq!(states, [&State::Open]);
    assert_ne!(states, [&State::Closed]);
    let makers: Vec<_> = found.iter().filter_map(|item| item.maker.as_ref()).collect();
    assert_eq!(makers[0]["Founded"], serde_json::json!(1999));
}

#[test]
fn what_does_not_fit_is_named() {
    #[derive(Deserialize, Debug)]
    #[allow(dead_code)]
    struct Strict {
        founded: u16,
    }
    #[derive(Deserialize, Debug)]
    #[allow(dead_code)]
    struct Nested {
        partners: Vec<Strict>,
    }
    #[derive(Deserialize, Debug)]
    #[allow(dead_code)]
    struct Narrow {
        serial: u32,
    }
    let shop = shop();
    let null = shop.get_by_path::<Nested>(FULL).unwrap_err();
    assert_eq!(null.status(), WBEM_E_TYPE_MISMATCH);
    let place = "property partners[0].founded: it is NULL";
    assert!(null.message().starts_with(place), "{null}");
    assert_eq!((null.operation(), null.object()), ("read", "Shop_Item"));
    let narrow = shop.get_by_path::<Narrow>(FULL).unwrap_err();
    assert!(narrow.message().contains("18446744073709551615"), "{narrow}");
    let class = shop.get_by_path::<Narrow>("Shop_Item").unwrap_err();
    assert_eq!(class.status(), WBEM_E_TYPE_MISMATCH);
}

#[test]
fn queries_need_a_struct_and_its_properties() {
    #[derive(Deserialize, Debug)]
    #[allow(dead_code, non_camel_case_types)]
    struct Shop_Item {
        colour: Option<String>,
    }
    let shop = shop();
    let map = shop.query::<HashMap<String, String>>().unwrap_err();
    assert_eq!(map.status(), WBEM_E_INVALID_PARAMETER);
    let unknown = shop.query::<Shop_Item>().unwrap_err();
    assert_eq!(unknown.status(), WBEM_E_INVALID_QUERY);
    assert_eq!(unknown.object(), "SELECT colour FROM Shop_Item");
    assert!(unknown.message().contains("colour"), "{unknown}");
}

#[test]
fn embedded_objects_arrive_with_the_fields_asked_for() {
    #[derive(Deserialize)]
    #[serde(rename = "Shop_Item")]
    struct Item {
        maker: Option<Maker>,
    }
    let found = shop().query::<Item>().unwrap();
    let makers: Vec<_> = found.into_iter().filter_map(|item| item.maker).collect();
    assert_eq!(makers, [Maker { name: "Ann".into(), founded: Some(1999) }]);
}

#[test]
fn a_struct_without_fields_counts() {
    #[derive(Deserialize)]
    #[serde(rename = "Shop_Item")]
    struct Anything {}
    assert_eq!(shop().query::<Anything>().unwrap().len(), 3);
}

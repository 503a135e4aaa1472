//! Object paths and the names of namespaces in every form that is written (G.1, G.4, F.1, I-13).

use cim::path::{Connection, KeyValue, MAX_NAMESPACE, MAX_PATH, is_local_server};
use cim::status::*;
use cim::{Namespace, ObjectPath, PathKeys};

use crate::build::{origin, status};

fn parse(text: &str) -> ObjectPath {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn g4_every_documented_form_parses_and_prints() {
    for (text, printed) in [
        ("C", "C"),
        ("__SystemClass", "__SystemClass"),
        ("C=@", "C=@"),
        (r#"C="v""#, r#"C="v""#),
        ("C='v'", r#"C="v""#),
        (r#"C.K="v""#, r#"C.K="v""#),
        (r#"C.K="",L=''"#, r#"C.K="",L="""#),
        ("C.K=1,L=-2,M=TRUE,N=false", "C.K=1,L=-2,M=TRUE,N=FALSE"),
        ("C.K=0x1F,L=0XffffFFFF", "C.K=31,L=4294967295"),
        ("C.K=+7", "C.K=7"),
        ("root:C", "root:C"),
        (r"root\cimv2:C", r"root\cimv2:C"),
        ("root/cimv2:C", r"root\cimv2:C"),
        (r"\root\cimv2:C", r"root\cimv2:C"),
        (r"\\.\root\cimv2:C", r"\\.\root\cimv2:C"),
        ("//server/root:C=1", r"\\server\root:C=1"),
        (r"\\10.0.0.1\root:C", r"\\10.0.0.1\root:C"),
        (r#"C.K="a\"b\\c""#, r#"C.K="a\"b\\c""#),
        (r#"C.K='a"b'"#, r#"C.K="a\"b""#),
        (r#"C.K="it's""#, r#"C.K="it's""#),
        (r#"C.K="a,L=1""#, r#"C.K="a,L=1""#),
        (r#"C.K="x:y=z""#, r#"C.K="x:y=z""#),
        (r#"C.K="50%20off""#, r#"C.K="50%20off""#),
        (r#"A.R="\\\\S\\root:C.K=\"v\"""#, r#"A.R="\\\\S\\root:C.K=\"v\"""#),
    ] {
        let path = parse(text);
        assert_eq!(path.to_string(), printed, "{text}");
        assert_eq!(parse(printed), path, "{text}");
    }
}

#[test]
fn g4_what_is_no_path_is_refused() {
    for text in [
        "",
        " ",
        "C ",
        " C",
        "C. K=1",
        "C.K =1",
        "C.K= 1",
        "C.K=1 ",
        "C.K=1, L=2",
        "C.",
        "C.K",
        "C.K=",
        "C=",
        "C.K=1,",
        "C.K=1,K=2",
        "C.K=1,k=2",
        "C.K=@",
        "C=@x",
        "C==1",
        "C.=1",
        "C.K=v",
        "C.K=1.5",
        "C.K=--1",
        "C.K=0x",
        "C.K=0xG",
        "C.K=0x-1",
        "C.K=99999999999999999999",
        "C.K=\"",
        "C.K=\"v",
        "C.K=\"v\\",
        "C.K=\"v\"x",
        "C.K='v\"",
        "1C",
        "C-D",
        "C.K=1;D",
        ":C",
        "root\\:C",
        "root\\\\x:C",
        "1root:C",
        r"\\server:C",
        r"\\:C",
        r"\\\.\root:C",
        r"\\a b\root:C",
        "root:cimv2:C",
        "root:",
        "C:D:E=1",
    ] {
        assert_eq!(status(text.parse::<ObjectPath>()), WBEM_E_INVALID_OBJECT_PATH, "{text}");
    }
}

#[test]
fn an_error_points_at_the_place() {
    let error = "C.K=1,L~2".parse::<ObjectPath>().unwrap_err();
    assert!(error.message().contains("character 7"), "{error}");
    assert!(error.message().contains("C.K=1,L~2"), "{error}");
}

#[test]
fn g12_a_path_has_a_longest_length() {
    let path = |n: usize| format!("C.K=\"{}\"", "ä".repeat(n - 6)).parse::<ObjectPath>();
    assert!(path(MAX_PATH).is_ok());
    assert_eq!(status(path(MAX_PATH + 1)), WBEM_E_QUOTA_VIOLATION);
    assert!(Namespace::new(&"n".repeat(MAX_NAMESPACE)).is_ok());
    assert_eq!(status(Namespace::new(&"n".repeat(MAX_NAMESPACE + 1))), WBEM_E_QUOTA_VIOLATION);
    let server = format!("\\\\{}\\root", "s".repeat(MAX_PATH));
    assert_eq!(status(server.parse::<Connection>()), WBEM_E_QUOTA_VIOLATION);
    let keys = |n: usize| {
        let keys: Vec<_> = (0..n).map(|i| format!("K{i}=1")).collect();
        format!("C.{}", keys.join(",")).parse::<ObjectPath>()
    };
    assert!(keys(256).is_ok());
    assert_eq!(status(keys(257)), WBEM_E_INVALID_OBJECT_PATH);
}

#[test]
fn g15_key_order_case_and_quotes_make_no_other_identity() {
    let origin = origin();
    let identity = |text: &str| parse(text).identity(Some(&origin));
    for (same, as_this) in [
        (r#"MyOtherClass.StrVal="AAA",IntVal=33"#, r#"myotherclass.intval=33,STRVAL='aaa'"#),
        (r#"MyClass="e:""#, r#"MYCLASS.Drive="E:""#),
        ("C.K=16", "C.K=0x10"),
        ("C.K=16", r#"C.K="16""#),
        ("C.K=TRUE", r#"C.K="true""#),
        (r#"C.K="\\x""#, r#"C.K="\x""#),
        ("C.K=1", r"root\test:C.K=1"),
        ("C.K=1", r"\\.\ROOT\Test:C.K=1"),
        ("C.K=1", "//srv/root/test:C.K=1"),
        ("C.K=1", "//localhost/root/test:C.K=1"),
        ("C.K=-0", "C.K=0"),
        ("C=@", r"\\.\root\test:c=@"),
        ("C", r"\\.\root\test:c"),
    ] {
        assert_eq!(identity(same), identity(as_this), "{same} {as_this}");
    }
    for (one, other) in [
        ("C.K=1", "C.K=2"),
        ("C.K=1", "C"),
        ("C", "C=@"),
        ("C.K=1", r"root\other:C.K=1"),
        ("C.K=1", r"\\other\root\test:C.K=1"),
        ("C.K=1,L=2", "C.K=2,L=1"),
        ("C.K=1,L=2", "C.K=1,M=2"),
        (r#"C.K="a",L="b""#, r#"C.K="a,l=b""#),
    ] {
        assert_ne!(identity(one), identity(other), "{one} {other}");
    }
}

#[test]
fn g4_the_parts_of_a_path() {
    let path = parse(r#"\\S\root\x:C.K="v",L=0x2"#);
    assert_eq!(path.server.as_deref(), Some("S"));
    assert_eq!(path.namespace, Some(Namespace::new("ROOT/X").unwrap()));
    assert_eq!(path.class, "c");
    let keys = vec![("k".into(), KeyValue::Text("v".into())), ("L".into(), KeyValue::Integer(2))];
    assert_eq!(path.keys, PathKeys::Named(keys));
    assert_eq!(path.relative().to_string(), r#"C.K="v",L=2"#);
    assert!(!path.is_class() && parse("C").is_class());
    assert_eq!(parse("C=TRUE").keys, PathKeys::Unnamed(KeyValue::Boolean(true)));
    assert_eq!(
        parse("C=18446744073709551615").keys,
        PathKeys::Unnamed(KeyValue::Integer(u64::MAX.into()))
    );
}

/// `windows-in-practice.md`, "Paths and namespaces".
#[test]
fn f1_what_connect_server_takes() {
    for text in ["", r"\", r"\\", r"\\.", r"\\.\", r"\ROOT", r"ROOT\\CIMV2", r"ROOT\CIMV2\"] {
        assert_eq!(status(text.parse::<Connection>()), WBEM_E_INVALID_NAMESPACE, "{text}");
    }
    assert_eq!(status(r"\\\.\ROOT".parse::<Connection>()), WBEM_E_INVALID_PARAMETER);
    for (text, server, namespace) in [
        ("ROOT", None, "root"),
        ("ROOT/CIMV2", None, r"root\cimv2"),
        ("//./ROOT", Some("."), "root"),
        (r"\\./ROOT", Some("."), "root"),
        (r"\\localhost\ROOT", Some("localhost"), "root"),
        (r"\\host.example\root\a/b", Some("host.example"), r"root\a\b"),
        // A server alone: its default namespace.
        (r"\\ROOT", Some("ROOT"), r"root\cimv2"),
    ] {
        let connection: Connection = text.parse().unwrap();
        assert_eq!(connection.server.as_deref(), server, "{text}");
        assert_eq!(connection.namespace, Namespace::new(namespace).unwrap(), "{text}");
    }
}

#[test]
fn f1_local_servers() {
    for server in [".", "localhost", "LOCALHOST", "127.0.0.1", "srv", "SRV"] {
        assert!(is_local_server(server, "Srv"), "{server}");
    }
    for server in ["", "other", "srv.example"] {
        assert!(!is_local_server(server, "Srv"), "{server}");
    }
}

#[test]
fn g1_names_of_namespaces() {
    for good in ["root", "ROOT", r"root\ms_409", "root/a1/ü"] {
        assert!(Namespace::new(good).is_ok(), "{good}");
    }
    for bad in ["", "_x", "1x", "a-b", "a b", r"root\", r"\root", "root//x", "root:x", "root\\_x"] {
        assert_eq!(status(Namespace::new(bad)), WBEM_E_INVALID_NAMESPACE, "{bad}");
    }
}

#[test]
fn g1_namespaces_lie_in_each_other() {
    let ns = |text: &str| Namespace::new(text).unwrap();
    let deep = ns("root/A/b");
    assert_eq!((deep.leaf(), deep.parent()), ("b", Some(ns(r"ROOT\a"))));
    assert_eq!(Namespace::root().parent(), None);
    assert_eq!(Namespace::root().child("a/B").unwrap(), deep);
    assert!(Namespace::root().child("").is_err() && Namespace::root().child("/a").is_err());
    for (inner, outer, within) in [
        (r"root\a\b", "ROOT", true),
        (r"root\A\b", r"root\a", true),
        (r"root\a", r"root\a", true),
        (r"root\ab", r"root\a", false),
        (r"root\a", r"root\a\b", false),
    ] {
        assert_eq!(ns(inner).is_within(&ns(outer)), within, "{inner} {outer}");
    }
}

/// Rule: windows-in-practice, "What files and queries in the wild contain"
#[test]
fn wins_a_key_without_escapes_is_taken_as_it_is() {
    for (path, key) in [
        (r"D.K='\\.\PHYSICALDRIVE0'", r"\\.\PHYSICALDRIVE0"),
        (r#"D.K="\\.\PHYSICALDRIVE0""#, r"\\.\PHYSICALDRIVE0"),
        (r#"D.K="\\\\.\\PHYSICALDRIVE0""#, r"\\.\PHYSICALDRIVE0"),
        (r#"D="C:\Windows\a""#, r"C:\Windows\a"),
        (r#"D="C:\\Windows\\a""#, r"C:\Windows\a"),
        // One raw backslash makes the whole text raw.
        (r#"D="C:\\Windows\a""#, r"C:\\Windows\a"),
        (r#"D="a\"b\\c""#, r#"a"b\c"#),
        (r#"D="a\'b""#, "a'b"),
        (r#"D='a\"b'"#, "a\"b"),
    ] {
        let keys = parse(path).keys;
        let value = match &keys {
            PathKeys::Unnamed(value) => value,
            PathKeys::Named(keys) => &keys[0].1,
            other => panic!("{other:?}"),
        };
        assert_eq!(value, &KeyValue::Text(key.into()), "{path}");
        let printed = parse(path).to_string();
        assert_eq!(parse(&printed).keys, keys, "{printed}");
    }
}

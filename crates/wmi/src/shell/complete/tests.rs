//! Completion as data: a text with the cursor at `|`, and what is offered.

use openwmi::Wmi;

use super::*;
use crate::args::Grammar;
use crate::output::Form;
use crate::session::Options;

const SCHEMA: &str = r#"
class Test_Service
{
    [key] string Name;
    [ValueMap {"Running", "Stopped", "Start Pending"}] string State;
    [ValueMap {"1", "2", "8..16"}, Values {"Local Disk", "Network", "Vendor"}] uint32 Kind;
    [Values {"Off", "On"}] uint8 Power;
    boolean Started;
    [static] uint32 Create(
        [in] string Name,
        [in, ValueMap {"16", "32"}, Values {"Own Process", "Share"}] uint32 ServiceType,
        [out] uint32 Id);
    uint32 StopService();
    uint32 StartService();
};
class Test_Session { [key] uint32 Id; [key] uint32 Part; };
[association] class Test_Runs { [key] Test_Service ref Service; [key] Test_Session ref Session; };
"#;

fn schema() -> (Wmi, Schema) {
    let wmi = Wmi::in_memory(Default::default()).unwrap();
    wmi.compile("root/shop", SCHEMA).unwrap();
    let options = Options { opened: wmi.clone().into(), ..Options::own(Form::Auto) };
    (wmi, Schema::new(options, r"root\shop".to_owned(), Grammar::new()))
}

/// What the text becomes with each candidate put in, or what is listed where that differs.
fn offered(text: &str, schema: &Schema) -> Vec<String> {
    let cursor = text.find('|').expect("a cursor");
    let whole = text.replacen('|', "", 1);
    let found = complete(&whole, cursor, schema);
    let put = |candidate: Candidate| {
        let text = format!("{}{}", &whole[..found.start], candidate.text);
        match candidate.shown == candidate.text {
            true => text,
            false => format!("{text} as {}", candidate.shown),
        }
    };
    found.candidates.into_iter().map(put).collect()
}

#[test]
fn what_may_stand_at_the_cursor() {
    let (_wmi, schema) = schema();
    for (text, expected) in [
        // Commands.
        ("ge|", &["get"][..]),
        ("cla|", &["class"]),
        ("us|", &["use"]),
        ("sel|", &["SELECT"]),
        ("class |", &["class list", "class show", "class tree", "class search"]),
        ("class sh|", &["class show"]),
        ("class show test_s|", &["class show Test_Service", "class show Test_Session"]),
        ("get Test_R|", &["get Test_Runs"]),
        ("get 'Test_R|", &["get 'Test_Runs"]),
        ("get __Win32|", &["get __Win32Provider"]),
        ("get Test_Session.|", &["get Test_Session.Id=", "get Test_Session.Part="]),
        ("get Test_Session.Id=1,p|", &["get Test_Session.Id=1,Part="]),
        ("get Test_Session.Id=|", &[]),
        (
            "get Test_Service -p Name,St|",
            &["get Test_Service -p Name,Started", "get Test_Service -p Name,State"],
        ),
        ("get Test_Service -o js|", &["get Test_Service -o json", "get Test_Service -o jsonl"]),
        ("get Test_Service --fil|", &["get Test_Service --filter"]),
        ("get Test_Service -f \"Kind = net|", &["get Test_Service -f \"Kind = 2 as 2 (Network)"]),
        (
            "get Test_Service -f \"State = |",
            &[
                "get Test_Service -f \"State = 'Running'",
                "get Test_Service -f \"State = 'Stopped'",
                "get Test_Service -f \"State = 'Start Pending'",
            ],
        ),
        ("use root\\sh|", &["use root\\shop"]),
        ("use root/sh|", &["use root\\shop"]),
        ("get X -n root/sh|", &["get X -n root\\shop"]),
        (
            "assoc Test_Service=\"a\" --assoc-class |",
            &["assoc Test_Service=\"a\" --assoc-class Test_Runs"],
        ),
        (
            "assoc Test_Service=\"a\" --role se|",
            &["assoc Test_Service=\"a\" --role Service", "assoc Test_Service=\"a\" --role Session"],
        ),
        ("call Test_Service.Name=\"a b\" sto|", &["call Test_Service.Name=\"a b\" StopService"]),
        (
            "call Test_Service Create |",
            &["call Test_Service Create Name=", "call Test_Service Create ServiceType="],
        ),
        (
            "call Test_Service Create ServiceType=own|",
            &["call Test_Service Create ServiceType=16 as 16 (Own Process)"],
        ),
        ("new Test_Service Name=x po|", &["new Test_Service Name=x Power="]),
        (
            "new Test_Service Power=o|",
            &["new Test_Service Power=0 as 0 (Off)", "new Test_Service Power=1 as 1 (On)"],
        ),
        (
            "set Test_Service=\"a\" State=Start|",
            &["set Test_Service=\"a\" State=\"Start Pending\""],
        ),
        ("query \"SELECT * FROM Test_R|", &["query \"SELECT * FROM Test_Runs"]),
        ("nonsense |", &[]),
        // Queries.
        ("SELECT |", &["SELECT *"]),
        ("SELECT * |", &["SELECT * FROM"]),
        ("SELECT * FROM Test_Ser|", &["SELECT * FROM Test_Service"]),
        ("SELECT St| FROM Test_Service", &["SELECT Started", "SELECT State"]),
        ("SELECT Name, k| FROM Test_Service", &["SELECT Name, Kind"]),
        ("select __pa| from Test_Service", &["select __PATH"]),
        ("SELECT * FROM Test_Service |", &["SELECT * FROM Test_Service WHERE"]),
        (
            "SELECT *\nFROM Test_Session\nWHERE |",
            &[
                "SELECT *\nFROM Test_Session\nWHERE Id",
                "SELECT *\nFROM Test_Session\nWHERE Part",
                "SELECT *\nFROM Test_Session\nWHERE NOT",
            ],
        ),
        (
            "SELECT * FROM Test_Service WHERE Name L|",
            &["SELECT * FROM Test_Service WHERE Name LIKE"],
        ),
        (
            "SELECT * FROM Test_Service WHERE Kind = |",
            &[
                "SELECT * FROM Test_Service WHERE Kind = 1 as 1 (Local Disk)",
                "SELECT * FROM Test_Service WHERE Kind = 2 as 2 (Network)",
            ],
        ),
        (
            "SELECT * FROM Test_Service WHERE Kind=loc|",
            &["SELECT * FROM Test_Service WHERE Kind=1 as 1 (Local Disk)"],
        ),
        (
            "SELECT * FROM Test_Service WHERE State = \"ru|",
            &["SELECT * FROM Test_Service WHERE State = \"Running\""],
        ),
        (
            "SELECT * FROM Test_Service WHERE State <> 'ru|",
            &["SELECT * FROM Test_Service WHERE State <> 'Running'"],
        ),
        (
            "SELECT * FROM Test_Service WHERE Started = t|",
            &["SELECT * FROM Test_Service WHERE Started = TRUE"],
        ),
        (
            "SELECT * FROM Test_Service WHERE Name = 'a' |",
            &[
                "SELECT * FROM Test_Service WHERE Name = 'a' AND",
                "SELECT * FROM Test_Service WHERE Name = 'a' OR",
            ],
        ),
        (
            "SELECT * FROM Test_Service WHERE Kind = 1 a|",
            &["SELECT * FROM Test_Service WHERE Kind = 1 AND"],
        ),
        (
            "SELECT * FROM Test_Service WHERE (Kind = 1 OR na|",
            &["SELECT * FROM Test_Service WHERE (Kind = 1 OR Name"],
        ),
        (
            "SELECT * FROM Test_Service WHERE Name IS NOT |",
            &["SELECT * FROM Test_Service WHERE Name IS NOT NULL"],
        ),
        ("SELECT * FROM __X WHERE TargetInstance ISA 'Test_R|", &[]),
        (
            "SELECT * FROM __InstanceCreationEvent WHERE TargetInstance ISA 'Test_R|",
            &[
                "SELECT * FROM __InstanceCreationEvent WHERE TargetInstance ISA 'Test_Runs' as Test_Runs",
            ],
        ),
        ("ASSOCIATORS |", &["ASSOCIATORS OF"]),
        ("ASSOCIATORS OF {Test_Ser|", &["ASSOCIATORS OF {Test_Service"]),
        ("ASSOCIATORS OF {Test_Service.|", &["ASSOCIATORS OF {Test_Service.Name="]),
        (
            "ASSOCIATORS OF {Test_Service.Name=\"}\"} |",
            &["ASSOCIATORS OF {Test_Service.Name=\"}\"} WHERE"],
        ),
        (
            "REFERENCES OF {X=1} WHERE r|",
            &[
                "REFERENCES OF {X=1} WHERE ResultClass=",
                "REFERENCES OF {X=1} WHERE Role=",
                "REFERENCES OF {X=1} WHERE RequiredQualifier=",
            ],
        ),
        (
            "ASSOCIATORS OF {X=1} WHERE Role=a ClassDefsOnly AssocClass = |",
            &["ASSOCIATORS OF {X=1} WHERE Role=a ClassDefsOnly AssocClass = Test_Runs"],
        ),
        (
            "ASSOCIATORS OF {X=1} WHERE AssocClass=Test_Runs Role=|",
            &[
                "ASSOCIATORS OF {X=1} WHERE AssocClass=Test_Runs Role=Service",
                "ASSOCIATORS OF {X=1} WHERE AssocClass=Test_Runs Role=Session",
            ],
        ),
    ] {
        assert_eq!(offered(text, &schema), expected, "{text}");
    }
}

#[test]
fn no_text_is_too_strange() {
    let (_wmi, schema) = schema();
    for text in ["\"", "'", "{", "SELECT '", "get \"\u{e4}", "ASSOCIATORS OF {'", "-", "call = ="] {
        for cursor in 0..=text.len() + 1 {
            complete(text, cursor, &schema);
        }
    }
}

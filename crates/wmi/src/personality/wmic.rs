//! `wmic [switches] ALIAS|path CLASS [where CONDITION] VERB ...`: the command line with aliases.
//!
//! The words become requests of `crate::commands`. Output is clean: UTF-8, a line an object, CSV
//! by RFC 4180 without a column for the machine. It ends with the numbers of `wmi`.

use cim::path::Quoted;
use cim::{ObjectPath, SystemProperty};
use wbem::Flags;

use super::alias::{self, ALIASES};
use super::switch::Switch;
use crate::commands::{assoc, call, get};
use crate::exit;
use crate::failure::Failure;
use crate::output::Form;
use crate::screen::say;
use crate::session::{Options, check_server};
use crate::target::Outcome;

const HELP: &str = "\
usage: wmic [/namespace:NS] [/node:NAME] ALIAS|path CLASS [KEY|where CONDITION] [VERB ...]

  get [PROPERTY,...] [/value]           the properties, or all
  list [brief|full]                     the usual properties, or all
  call METHOD [VALUE ...]               run a method; values in the order of its parameters
  assoc [/assocclass:C] [/resultclass:C] [/resultrole:P]
                                        what is associated

  /format:table|list|csv|xml            how it is printed; /value is /format:list

For anything else there is wmi; see wmi --help.";

/// What the words ask for.
#[derive(Clone, PartialEq, Debug)]
struct Request {
    namespace: Option<String>,
    form: Option<Form>,
    /// The class, or the path of an instance.
    object: String,
    condition: Option<String>,
    verb: Verb,
}

#[derive(Clone, PartialEq, Debug)]
enum Verb {
    Get(Vec<String>),
    Call { method: String, values: Vec<String> },
    Assoc(Vec<(String, String)>),
}

/// Does what `words` ask for and gives the number to end with.
pub(super) fn run(words: &[String]) -> u8 {
    if words.iter().any(|word| word == "/?" || word == "-?") {
        say(&format!("{HELP}\n\nAliases:"));
        ALIASES.iter().for_each(|alias| say(&format!("  {:17} {}", alias.name, alias.class)));
        return exit::DONE;
    }
    let request = match Words::new(words).and_then(Words::request) {
        Ok(request) => request,
        Err(why) => {
            eprintln!("error: {why}\n\n{HELP}");
            return exit::USAGE;
        }
    };
    let own = Options::own(request.form.unwrap_or(Form::Table));
    let options = Options { namespace: request.namespace.clone(), ..own };
    exit::told(perform(&options, &request), &options.settings, false)
}

fn perform(options: &Options, request: &Request) -> Result<Outcome, Failure> {
    match &request.verb {
        Verb::Get(properties) => {
            let get = get::Request {
                path: request.object.clone(),
                filter: request.condition.clone(),
                properties: properties.clone(),
            };
            get::run(options, &get)
        }
        Verb::Call { method, values } => for_each(options, request, |path| {
            let values = assignments(options, path, method, values)?;
            let (path, method) = (path.to_owned(), method.clone());
            call::run(options, &call::Request { path, method, values, check_return: false })
        }),
        Verb::Assoc(clauses) => for_each(options, request, |path| {
            let value = |name: &str| {
                let found = clauses.iter().find(|(clause, _)| clause == name);
                found.map(|(_, value)| value.clone())
            };
            let links = assoc::Links {
                assoc_class: value("assocclass"),
                result_role: value("resultrole"),
                required_assoc_qualifier: None,
            };
            let clauses =
                assoc::Clauses { result_class: value("resultclass"), ..Default::default() };
            let request = assoc::Request { path: path.to_owned(), clauses, ..Default::default() };
            assoc::associators(options, &request, &links)
        }),
    }
}

/// Does `work` to the object that `request` names, or to each that fits its condition.
fn for_each(
    options: &Options,
    request: &Request,
    mut work: impl FnMut(&str) -> Result<Outcome, Failure>,
) -> Result<Outcome, Failure> {
    let Some(condition) = &request.condition else { return work(&request.object) };
    let text = format!("SELECT __RELPATH FROM {} WHERE {condition}", request.object);
    wql::parse(&text).map_err(|error| Failure::query(&error))?;
    let target = options.target()?;
    let found = wbem::collect(|sink| {
        let flags = Flags::ENSURE_LOCATABLE;
        target.services.exec_query("WQL", &text, flags, &target.context, sink)
    })?;
    let mut outcome = Outcome::Empty;
    for object in found {
        let path = object.system(SystemProperty::Relpath);
        outcome = work(path.as_str().unwrap_or_default())?;
    }
    Ok(outcome)
}

/// `values` as `P=V`, which they may be already, in the order of the method's in parameters.
fn assignments(
    options: &Options,
    path: &str,
    method: &str,
    values: &[String],
) -> Result<Vec<String>, Failure> {
    let path: ObjectPath = path.parse().map_err(Failure::from)?;
    let target = options.target_of(&path)?;
    let method = call::method(&target, &path, method)?;
    let parameters: Vec<_> = method.parameters.iter().filter(|p| p.is_in()).collect();
    let is_named = |value: &String| {
        let name = value.split_once('=').map(|(name, _)| name);
        name.is_some_and(|name| parameters.iter().any(|p| p.name.is(name)))
    };
    if let Some(surplus) = values.get(parameters.len()) {
        let why = format!(
            "method {} takes {} values; {surplus} is one more",
            method.name,
            parameters.len()
        );
        return Err(Failure::Usage(why));
    }
    let assignment = |(value, parameter): (&String, &&cim::Parameter)| match is_named(value) {
        true => value.clone(),
        false => format!("{}={value}", parameter.name),
    };
    Ok(values.iter().zip(&parameters).map(assignment).collect())
}

/// The words, apart: switches that may stand anywhere, and the others in their order.
struct Words {
    words: Vec<String>,
    switches: Vec<(String, String)>,
    form: Option<Form>,
    namespace: Option<String>,
}

impl Words {
    fn new(given: &[String]) -> Result<Self, String> {
        let mut all =
            Words { words: Vec::new(), switches: Vec::new(), form: None, namespace: None };
        for word in given {
            let switch = word.starts_with('/').then(|| Switch::of(word)).flatten();
            match switch {
                Some(switch) => all.take(word, &switch)?,
                None => all.words.push(word.clone()),
            }
        }
        Ok(all)
    }

    fn take(&mut self, word: &str, switch: &Switch<'_>) -> Result<(), String> {
        match (switch.name.as_str(), switch.value) {
            ("value", None) => self.form = Some(Form::Pairs),
            ("format", Some(form)) => self.form = Some(self::form(form)?),
            // It is written with two backslashes before root, and no server in it.
            ("namespace", Some(namespace)) => {
                self.namespace = Some(namespace.trim_start_matches(['\\', '/']).to_owned());
            }
            ("node", Some(node)) => check_server(node).map_err(|e| e.message().to_owned())?,
            (name @ ("assocclass" | "resultclass" | "resultrole"), Some(value)) => {
                self.switches.push((name.to_owned(), value.to_owned()));
            }
            _ => return Err(format!("there is no switch {word}")),
        }
        Ok(())
    }

    fn request(self) -> Result<Request, String> {
        let mut words = self.words.into_iter().peekable();
        let first = words.next().ok_or("name an alias, or path and a class")?;
        let (object, alias) = match first.eq_ignore_ascii_case("path") {
            true => (words.next().ok_or("name a class after path")?, None),
            false => match alias::find(&first) {
                Some(alias) => (alias.class.to_owned(), Some(alias)),
                None => return Err(unknown_alias(&first)),
            },
        };
        let mut condition = None;
        if let Some(word) = words.next_if(|word| !is_verb(word)) {
            condition = Some(match (word.eq_ignore_ascii_case("where"), alias) {
                (true, _) => {
                    let parts: Vec<String> =
                        std::iter::from_fn(|| words.next_if(|word| !is_verb(word))).collect();
                    match parts.is_empty() {
                        true => return Err("a condition stands after where".to_owned()),
                        false => parts.join(" "),
                    }
                }
                (false, Some(alias)) => format!("{} = {}", alias.key, Quoted(&word)),
                (false, None) => return Err(format!("{word} is no verb")),
            });
        }
        let verb = words.next().unwrap_or_else(|| "list".to_owned()).to_ascii_lowercase();
        let rest: Vec<String> = words.collect();
        let mut form = self.form;
        let verb = match verb.as_str() {
            "get" => Verb::Get(properties(&rest)),
            "list" => match rest.first().map(|style| style.to_ascii_lowercase()).as_deref() {
                None => Verb::Get(Vec::new()),
                Some("full") => {
                    form = form.or(Some(Form::Pairs));
                    Verb::Get(Vec::new())
                }
                Some("brief") => {
                    let brief = alias.map_or(&[][..], |alias| alias.brief);
                    Verb::Get(brief.iter().map(|&name| name.to_owned()).collect())
                }
                Some(style) => return Err(format!("list {style}: write brief or full")),
            },
            "call" => {
                let (method, values) = rest.split_first().ok_or("name a method after call")?;
                let values = values.iter().map(|v| v.trim_end_matches(',').to_owned()).collect();
                Verb::Call { method: method.clone(), values }
            }
            "assoc" => Verb::Assoc(self.switches),
            _ => return Err(format!("{verb} is not supported; use wmi")),
        };
        Ok(Request { namespace: self.namespace, form, object, condition, verb })
    }
}

fn is_verb(word: &str) -> bool {
    let verbs = ["get", "list", "call", "assoc", "create", "delete", "set"];
    verbs.iter().any(|verb| verb.eq_ignore_ascii_case(word))
}

/// The properties in words with commas or spaces between them; `*` is all.
fn properties(words: &[String]) -> Vec<String> {
    let names = words.iter().flat_map(|word| word.split([',', ' ']));
    names.filter(|name| !matches!(*name, "" | "*")).map(str::to_owned).collect()
}

fn form(name: &str) -> Result<Form, String> {
    match name.to_ascii_lowercase().as_str() {
        "table" => Ok(Form::Table),
        "list" | "value" => Ok(Form::Pairs),
        "csv" => Ok(Form::Csv),
        "xml" | "rawxml" => Ok(Form::Xml),
        _ => Err(format!("/format:{name}: write table, list, csv or xml")),
    }
}

fn unknown_alias(name: &str) -> String {
    let nearest = crate::suggest::nearest(name, ALIASES.iter().map(|alias| alias.name));
    let remedy = nearest.map_or_else(
        || "write path and a class".to_owned(),
        |nearest| format!("did you mean {nearest}?"),
    );
    format!("there is no alias {name}; {remedy}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(words: &[&str]) -> Result<Request, String> {
        let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
        Words::new(&words)?.request()
    }

    fn get(object: &str, condition: Option<&str>, properties: &[&str]) -> Request {
        Request {
            namespace: None,
            form: None,
            object: object.to_owned(),
            condition: condition.map(str::to_owned),
            verb: Verb::Get(properties.iter().map(|&name| name.to_owned()).collect()),
        }
    }

    #[test]
    fn words_become_requests() {
        let process = "Win32_Process";
        for (words, expected) in [
            (&["os"][..], get("Win32_OperatingSystem", None, &[])),
            (&["process", "get", "Name,", "ProcessId"], get(process, None, &["Name", "ProcessId"])),
            (
                &["PROCESS", "WHERE", "name='a b'", "GET", "Name"],
                get(process, Some("name='a b'"), &["Name"]),
            ),
            (&["process", "where", "(a", "=", "1)", "get"], get(process, Some("(a = 1)"), &[])),
            (&["process", "17", "get", "*"], get(process, Some("Handle = \"17\""), &[])),
            (
                &["path", "X.K=\"1\"", "get", "/value"],
                Request { form: Some(Form::Pairs), ..get("X.K=\"1\"", None, &[]) },
            ),
            (
                &[r"/namespace:\\root\x", "/node:.", "path", "X", "list", "full"],
                Request {
                    namespace: Some(r"root\x".to_owned()),
                    form: Some(Form::Pairs),
                    ..get("X", None, &[])
                },
            ),
            (
                &["process", "call", "create", "sleep 5,", "/tmp/x"],
                Request {
                    verb: Verb::Call {
                        method: "create".to_owned(),
                        values: vec!["sleep 5".to_owned(), "/tmp/x".to_owned()],
                    },
                    ..get(process, None, &[])
                },
            ),
        ] {
            assert_eq!(of(words), Ok(expected), "{words:?}");
        }
    }

    #[test]
    fn words_that_cannot_be_meant() {
        for (words, said) in [
            (&["proces"][..], "did you mean process?"),
            (&["path"], "name a class"),
            (&["os", "where"], "a condition"),
            (&["os", "delete"], "is not supported"),
            (&["os", "list", "long"], "brief or full"),
            (&["os", "get", "/format:htable"], "table, list, csv or xml"),
            (&["/node:elsewhere", "os"], "another machine"),
            (&["/user:x", "os"], "there is no switch /user:x"),
        ] {
            let why = of(words).unwrap_err();
            assert!(why.contains(said), "{words:?}: {why}");
        }
    }
}

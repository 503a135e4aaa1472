//! `wmic [switches] ALIAS|path CLASS [where CONDITION] VERB ...`: the command line with aliases.
//!
//! The words become requests of `crate::commands`. Output is clean: UTF-8, a line an object, CSV
//! by RFC 4180 without a column for the machine. The exit codes are those of `wmi`. Deletions are
//! not confirmed.

use cim::path::Quoted;
use cim::{Locale, ObjectPath, SystemProperty};
use wbem::Flags;

use super::alias::{self, ALIASES};
use super::pairs::pairs;
use super::switch::Switch;
use crate::commands::{assoc, call, get, new, rm, set};
use crate::exit;
use crate::failure::Failure;
use crate::output::Form;
use crate::screen::{note, say};
use crate::session::{Options, check_server};
use crate::target::Outcome;

const HELP: &str = "\
usage: wmic [/namespace:NS] [/node:NAME] [/locale:MS_XXX]
            ALIAS|path CLASS [KEY|where CONDITION] [VERB ...]

  get [PROPERTY,...] [/value]           print these properties, or all
  list [brief|full]                     print the usual properties, or all
  call METHOD [VALUE ...]               run a method; values in the order of its parameters
  assoc [/assocclass:C] [/resultclass:C] [/resultrole:P]
                                        find the associated objects
  create P=V[,P=V ...]                  create an instance; no KEY and no condition
  set P=V[,P=V ...]                     change each instance found, or all
  delete [/nointeractive]               delete each instance found, or all, without confirmation

Quote a value that contains commas, and protect the quotes from the shell: 'Caption=\"a, b\"'.

  /format:table|list|csv|xml            output format; /value is /format:list

For other tasks use wmi; see wmi --help.";

/// The request in the words.
#[derive(Clone, PartialEq, Debug)]
struct Request {
    namespace: Option<String>,
    locale: Option<Locale>,
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
    Create(Vec<String>),
    Set(Vec<String>),
    Delete,
}

/// The switches of the program of Windows that are not supported, with the reasons.
const REFUSED: [(&str, &str); 15] = [
    ("aggregate", "only one machine is queried, so there is nothing to aggregate"),
    ("append", "append the output to a file with >>"),
    ("authlevel", ONLY_HERE),
    ("authority", ONLY_HERE),
    ("every", "repeat the command with watch(1)"),
    ("failfast", ONLY_HERE),
    ("implevel", ONLY_HERE),
    ("output", "write the output to a file with >"),
    ("password", "secrets in arguments can be read by every user of the machine"),
    ("privileges", "all privileges of the user are always enabled"),
    ("record", "keep the output with tee(1)"),
    ("role", "the aliases are part of the program; wmic /? lists them"),
    ("trace", "errors are always reported"),
    ("translate", "characters of the output are never replaced"),
    ("user", "the caller is the user who runs the program; run it as another user with sudo(8)"),
];

const ONLY_HERE: &str = "only this machine can be queried, which requires no logon";

/// Executes the request in `words` and returns the exit code.
pub(super) fn run(words: &[String]) -> u8 {
    if words.iter().any(|word| word == "/?" || word == "-?") {
        say(&format!("{HELP}\n\nAliases:"));
        ALIASES.iter().for_each(|alias| say(&format!("  {:17} {}", alias.name, alias.class)));
        return exit::DONE;
    }
    let request = match Words::new(words).and_then(Words::request) {
        Ok(request) => request,
        Err(why) => {
            note(&format!("error: {why}\n\n{HELP}"));
            return exit::USAGE;
        }
    };
    let own = Options::own(request.form.unwrap_or(Form::Table));
    let locales = request.locale.into_iter().collect();
    let options = Options { namespace: request.namespace.clone(), locales, ..own };
    exit::report(perform(&options, &request), &options.settings, false)
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
        Verb::Call { method, values } => for_each(options, request, Class::Itself, |path| {
            let values = assignments(options, path, method, values)?;
            let (path, method) = (path.to_owned(), method.clone());
            call::run(options, &call::Request { path, method, values, check_return: false })
        }),
        Verb::Assoc(clauses) => for_each(options, request, Class::Itself, |path| {
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
        // The messages are those of Windows, because scripts search for them.
        Verb::Create(values) => {
            let done = new::run(options, &request.object, values)?;
            say("Instance creation successful.");
            Ok(done)
        }
        Verb::Set(values) => for_each(options, request, Class::Instances, |path| {
            say(&format!("Updating property(s) of '{path}'"));
            let done = set::run(options, path, values)?;
            say("Property(s) update successful.");
            Ok(done)
        }),
        Verb::Delete => for_each(options, request, Class::Instances, |path| {
            say(&format!("Deleting instance {path}"));
            let done = rm::run(options, path, false)?;
            say("Instance deletion successful.");
            Ok(done)
        }),
    }
}

/// What a verb applies to if a class is named without a key and without a condition.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Class {
    /// The class.
    Itself,
    /// All instances of the class.
    Instances,
}

/// Calls `work` for the object that `request` names, or for each object that satisfies its
/// condition. A failure with one object is reported, and the others follow.
fn for_each(
    options: &Options,
    request: &Request,
    class: Class,
    mut work: impl FnMut(&str) -> Result<Outcome, Failure>,
) -> Result<Outcome, Failure> {
    let path: ObjectPath = request.object.parse().map_err(Failure::from)?;
    let paths = match &request.condition {
        Some(_) if !path.is_class() => {
            let why = "names one instance and cannot be combined with where";
            return Err(Failure::Usage(format!("{} {why}", request.object)));
        }
        Some(condition) => found(options, &path, &format!(" WHERE {condition}"))?,
        None if path.is_class() && class == Class::Instances => found(options, &path, "")?,
        None => return work(&request.object),
    };
    let mut ended = Ok(Outcome::Empty);
    for path in &paths {
        match work(path) {
            Ok(outcome) => ended = ended.map(|_| outcome),
            // The failure would be the same for all.
            Err(failure @ (Failure::Usage(_) | Failure::Output(_))) => return Err(failure),
            Err(failure) => {
                failure.print(options.settings.form.is_json());
                ended = ended.and(Err(Failure::Reported(failure.exit_code())));
            }
        }
    }
    ended
}

/// The absolute paths of the instances of `class` that satisfy `condition`.
fn found(options: &Options, class: &ObjectPath, condition: &str) -> Result<Vec<String>, Failure> {
    let text = format!("SELECT __PATH FROM {}{condition}", class.class);
    wql::parse(&text).map_err(|error| Failure::query(&error))?;
    let target = options.target_of(class)?;
    let found = wbem::collect(|sink| {
        let flags = Flags::ENSURE_LOCATABLE;
        target.services.exec_query("WQL", &text, flags, &target.context, sink)
    })?;
    let path =
        |object: &cim::Object| object.system(SystemProperty::Path).as_str().map(str::to_owned);
    Ok(found.iter().filter_map(path).collect())
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
            "method {} has {} in parameters; value \"{surplus}\" exceeds them",
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

/// The words: switches, which can occur anywhere, and the others in their order.
struct Words {
    words: Vec<String>,
    switches: Vec<(String, String)>,
    form: Option<Form>,
    namespace: Option<String>,
    locale: Option<Locale>,
}

impl Words {
    fn new(given: &[String]) -> Result<Self, String> {
        let mut all = Words {
            words: Vec::new(),
            switches: Vec::new(),
            form: None,
            namespace: None,
            locale: None,
        };
        for word in given {
            let switch = word.starts_with('/').then(|| Switch::of(word)).flatten();
            match switch {
                Some(switch) => all.take(&switch)?,
                None => all.words.push(word.clone()),
            }
        }
        Ok(all)
    }

    /// Errors: why the switch is not supported. The message omits its value, which may be a secret.
    fn take(&mut self, switch: &Switch<'_>) -> Result<(), String> {
        match (switch.name.as_str(), switch.value) {
            ("value", None) => self.form = Some(Form::Pairs),
            ("format", Some(form)) => self.form = Some(self::form(form)?),
            // The value begins with two backslashes, but names no server.
            ("namespace", Some(namespace)) => {
                self.namespace = Some(namespace.trim_start_matches(['\\', '/']).to_owned());
            }
            ("locale", Some(locale)) => {
                let locale = locale.parse().map_err(|e: cim::Error| e.message().to_owned())?;
                self.locale = Some(locale);
            }
            ("nointeractive", None) => {}
            ("interactive", Some(value)) if value.eq_ignore_ascii_case("off") => {}
            ("interactive", _) => {
                let why = "/interactive is not supported: there is no confirmation; omit it to \
                           run the command";
                return Err(why.to_owned());
            }
            ("node", Some(node)) => check_server(node).map_err(|e| e.message().to_owned())?,
            (name @ ("assocclass" | "resultclass" | "resultrole"), Some(value)) => {
                self.switches.push((name.to_owned(), value.to_owned()));
            }
            (name, _) => {
                let refused = REFUSED.iter().find(|(refused, _)| *refused == name);
                return Err(match refused {
                    Some((_, why)) => format!("/{name} is not supported: {why}"),
                    None => format!("unknown switch /{name}, or invalid value"),
                });
            }
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
                        true => return Err("a condition must follow where".to_owned()),
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
            "create" if condition.is_some() || is_instance(&object) => {
                return Err("create takes no key and no condition".to_owned());
            }
            "create" => Verb::Create(pairs(&rest)?),
            "set" => Verb::Set(pairs(&rest)?),
            "delete" => match rest.first() {
                None => Verb::Delete,
                Some(word) => return Err(format!("unexpected argument after delete: {word}")),
            },
            _ => return Err(format!("{verb} is no verb")),
        };
        let (namespace, locale) = (self.namespace, self.locale);
        Ok(Request { namespace, locale, form, object, condition, verb })
    }
}

fn is_instance(object: &str) -> bool {
    object.parse::<ObjectPath>().is_ok_and(|path| !path.is_class())
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
            locale: None,
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
    fn invalid_words() {
        for (words, said) in [
            (&["proces"][..], "did you mean process?"),
            (&["path"], "name a class"),
            (&["os", "where"], "a condition"),
            (&["os", "delete", "now"], "unexpected argument after delete"),
            (&["os", "set"], "name a property"),
            (&["os", "set", "A=1,2"], "'2' is no assignment"),
            (&["process", "17", "create", "A=1"], "no key"),
            (&["process", "where", "A=1", "create", "A=1"], "no condition"),
            (&["path", "X.K=1", "create", "A=1"], "no key"),
            (&["os", "list", "long"], "brief or full"),
            (&["os", "get", "/format:htable"], "table, list, csv or xml"),
            (&["/node:elsewhere", "os"], "another machine"),
            (&["/locale:german", "os"], "is no locale"),
            (&["/interactive:on", "os", "delete"], "no confirmation"),
            (&["os", "delete", "/interactive"], "no confirmation"),
        ] {
            let why = of(words).unwrap_err();
            assert!(why.contains(said), "{words:?}: {why}");
        }
    }

    #[test]
    fn what_is_created_set_and_deleted() {
        let to = |verb, condition| Request { verb, ..get("X", condition, &[]) };
        let pairs = || vec!["A=1".to_owned(), "B=x, y".to_owned()];
        for (words, expected) in [
            (&["path", "X", "create", "A=1,", "B=\"x, y\""][..], to(Verb::Create(pairs()), None)),
            (&["path", "X", "set", "A=1,B='x, y'"], to(Verb::Set(pairs()), None)),
            (&["path", "X", "where", "A=2", "DELETE"], to(Verb::Delete, Some("A=2"))),
            (&["path", "X", "delete", "/NOINTERACTIVE"], to(Verb::Delete, None)),
            (&["/interactive:OFF", "path", "X", "delete"], to(Verb::Delete, None)),
            (
                &["/locale:ms_407", "path", "X"],
                Request { locale: "MS_407".parse().ok(), ..get("X", None, &[]) },
            ),
        ] {
            assert_eq!(of(words), Ok(expected), "{words:?}");
        }
    }

    #[test]
    fn an_unsupported_switch_is_named_without_its_value() {
        assert!(REFUSED.is_sorted());
        for (name, why) in REFUSED {
            for word in [format!("/{}:hunter2", name.to_uppercase()), format!("/{name}")] {
                let refused = of(&[&word, "os"]).unwrap_err();
                assert_eq!(refused, format!("/{name} is not supported: {why}"));
            }
        }
        let unknown = of(&["/passwort:hunter2", "os"]).unwrap_err();
        assert!(unknown.starts_with("unknown switch /passwort"), "{unknown}");
        assert!(!unknown.contains("hunter2"), "{unknown}");
    }
}

//! The view provider in cases that scripts cannot express: the exact requests to sources and their
//! identity, methods, limits, and the page that explains views (behaviour.md B.8, E.5).

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use cim::security::Sid;
use cim::status::*;
use cim::{Class, Instance, Namespace, Object, Result, Value, WbemStatus};
use openwmi_suite::World;
use openwmi_suite::provider::{INSTANCES, Log, METHODS, TestProvider, Values, registration};
use openwmi_suite::text;
use openwmi_suite::world::{compile_options, sorted, user};
use wbem::{
    EnumerationRequest, Flags, Initialization, InstanceProvider, NativeProviders, ProviderContext,
    ProviderInterfaces, Pushdown, Sink, Wanted,
};

use crate::c3_methods::Methods;

const CLSID: &str = "{5F3A7B10-0000-4000-8000-0000000000B8}";

const OTHER: &str = "{5F3A7B10-0000-4000-8000-0000000000B9}";

fn providers() -> NativeProviders {
    let mut providers = NativeProviders::default();
    ::views::register(&mut providers);
    providers
}

/// P is registered so that it knows for which client it is called.
fn registered() -> String {
    registration("P", CLSID, &[INSTANCES]).replace("Name =", "ImpersonationLevel = 1; Name =")
}

fn values(k: &str, v: u32, s: &str) -> Values {
    vec![("K", Value::string(k)), ("V", Value::UInt32(v)), ("S", Value::string(s))]
}

const D: &str =
    r#"[dynamic, provider("P")] class D { [key] string K; uint32 V; string S; string T; };"#;

const UNION: &str = r#"
    [Union, ViewSources{"SELECT * FROM D WHERE S = 'x'"}, ViewSpaces{"root\\test"},
     dynamic, provider("MS_VIEW_INSTANCE_PROVIDER")]
    class U
    {
      [key, PropertySources{"K"}] string Id;
      [PropertySources{"V"}] uint32 Number;
      [PropertySources{"T"}] string Rest;
      [HiddenDefault, PropertySources{"V"}] uint32 Default = 4;
    };"#;

/// A world with views and a provider of `D` that filters nothing but says that it does.
fn world(instances: Vec<Values>, mof: &str) -> (World, Log) {
    let provider = TestProvider::new(instances)
        .says("K", Pushdown::Exact)
        .says("V", Pushdown::Inexact)
        .says("S", Pushdown::Inexact);
    let log = provider.log();
    let mut providers = providers();
    providers.register(CLSID, provider.factory());
    let world = World::with_providers(providers);
    world.compile(::views::REGISTRATION);
    world.compile(&registered());
    world.compile(D);
    world.compile(mof);
    (world, log)
}

fn three() -> Vec<Values> {
    vec![values("a", 1, "x"), values("b", 5, "x"), values("c", 9, "y")]
}

#[test]
fn b8_conditions_and_projections_reach_the_source() {
    let (world, log) = world(three(), UNION);
    let ask = |query: &str| (world.query(query).unwrap(), log.take());
    let (found, asked) = ask("SELECT Id FROM U WHERE Number >= 5 AND Rest IS NULL");
    assert_eq!(found, [r#"U{Id="b"}"#]);
    assert_eq!(
        asked,
        ["initialize root\\test", r#"enumerate D where S = "x" and V >= 5 wanted K,S,T,V"#]
    );
    // A condition over the view's own default is looked at afterwards.
    let (found, asked) = ask("SELECT Id FROM U WHERE Default = 1");
    assert_eq!(found, [r#"U{Id="a"}"#]);
    assert_eq!(asked, [r#"enumerate D where S = "x" wanted K,S,V"#]);
}

#[test]
fn b8_a_key_of_the_view_is_a_key_of_the_source() {
    let (world, log) = world(three(), UNION);
    assert_eq!(world.query(r#"SELECT Number FROM U WHERE Id = "b""#).unwrap(), ["U{Number=5}"]);
    assert_eq!(log.take()[1..], [r#"get D K="b" wanted K,S,V"#]);
    let found = world.get(r#"U.Id="b""#).unwrap();
    assert_eq!(found, r#"U{Default=5, Id="b", Number=5, Rest=NULL}"#);
    assert_eq!(log.take(), [r#"get D K="b" wanted K,S,T,V"#]);
}

#[test]
fn b8_a_key_of_a_join_finds_both_sources_by_their_keys() {
    let mof = r#"
        class E { [key] string K; string Owner; };
        instance of E { K = "e"; Owner = "b"; };
        instance of E { K = "f"; Owner = "c"; };
        [JoinOn("D.K = E.Owner"), ViewSources{"SELECT * FROM D", "SELECT * FROM E"},
         ViewSpaces{"root\\test", "root\\test"}, dynamic, provider("MS_VIEW_INSTANCE_PROVIDER")]
        class J { [key, PropertySources{"", "K"}] string E; [PropertySources{"V", ""}] uint32 V; };"#;
    let (world, log) = world(three(), mof);
    assert_eq!(world.get(r#"J.E="e""#).unwrap(), r#"J{E="e", V=5}"#);
    assert_eq!(log.take()[1..], [r#"get D K="b" wanted K,V"#]);
    // Nothing belongs to a missing instance, and no other source is queried.
    assert_eq!(world.get(r#"J.E="g""#).unwrap_err().status(), WBEM_E_NOT_FOUND);
    assert_eq!(log.take(), Vec::<String>::new());
    assert_eq!(world.query("SELECT * FROM J").unwrap(), [r#"J{E="e", V=5}"#, r#"J{E="f", V=9}"#]);
}

/// What a join costs must not grow with the product of its sources: this one would take hours.
#[test]
fn b8_a_join_compares_no_pair_that_does_not_belong_together() {
    let count = 20_000;
    let instances = (0..count).map(|n| values(&n.to_string(), n, "x")).collect();
    let mof = r#"
        [dynamic, provider("P")] class F : D { };
        [JoinOn("D.V = F.V"), ViewSources{"SELECT * FROM D WHERE __CLASS = 'D'", "SELECT * FROM F"},
         ViewSpaces{"root\\test", "root\\test"}, dynamic, provider("MS_VIEW_INSTANCE_PROVIDER")]
        class J { [key, PropertySources{"K", ""}] string A; [PropertySources{"", "K"}] string B; };"#;
    let (world, _) = world(instances, mof);
    let found = world.objects("SELECT * FROM J", Flags::default()).unwrap();
    let is_pair = |o: &Object| o.get("A").unwrap() == o.get("B").unwrap();
    assert_eq!((found.len(), found.iter().all(is_pair)), (count as usize, true));
}

#[test]
fn b8_a_join_holds_no_more_than_its_share_of_memory() {
    let large = "x".repeat(1 << 20);
    let large = Value::string(large);
    let instances = |count: u32| {
        let one = |n: u32| vec![("K", n.to_string().into()), ("V", n.into()), ("S", large.clone())];
        (0..count).map(one).collect()
    };
    let mof = r#"
        class E { [key] uint32 N; };
        instance of E { N = 3; };
        [JoinOn("E.N = D.V"), ViewSources{"SELECT * FROM E", "SELECT * FROM D"},
         ViewSpaces{"root\\test", "root\\test"}, dynamic, provider("MS_VIEW_INSTANCE_PROVIDER")]
        class J { [key, PropertySources{"N", "V"}] uint32 N; [PropertySources{"", "S"}] string S; };"#;
    let statuses = [60, 70].map(|count| {
        let (world, _) = world(instances(count), mof);
        world.query("SELECT * FROM J").map(|found| found.len()).map_err(|e| e.status())
    });
    assert_eq!(statuses, [Ok(1), Err(WBEM_E_QUOTA_VIOLATION)]);
    // What is not asked for is not held.
    let (world, _) = world(instances(70), mof);
    assert_eq!(world.query("SELECT N FROM J").unwrap(), ["J{N=3}"]);
}

#[test]
fn e5_what_a_view_refers_to_is_looked_for_in_the_source() {
    let reference = |text: &'static str| Value::Reference(text.into());
    let link = |x, y| vec![("X", reference(x)), ("Y", reference(y))];
    let links =
        vec![link("A.K=\"a\"", "B.K=\"b\""), link("A.K=\"c\"", "\\\\.\\root\\test:B.K=\"b\"")];
    let provider = TestProvider::new(links).says("X", Pushdown::Inexact);
    let log = provider.log();
    let mut providers = providers();
    providers.register(CLSID, provider.factory());
    let world = World::with_providers(providers);
    world.create_namespace(r"root\other");
    world.compile(&registered());
    world.compile(
        r#"class A { [key] string K; };
           class B { [key] string K; };
           instance of A { K = "a"; };
           instance of A { K = "c"; };
           instance of B { K = "b"; };
           [Association, dynamic, provider("P")] class L { [key] A ref X; [key] B ref Y; };"#,
    );
    let view = |condition: &str| {
        format!(
            r#"[Association, ViewSources{{"SELECT * FROM L {condition}"}}, ViewSpaces{{"root\\test"}},
                dynamic, provider("MS_VIEW_INSTANCE_PROVIDER")]
               class VL
               {{
                 [key, PropertySources{{"X"}}] VA ref X;
                 [key, Direct, PropertySources{{"Y"}}] object ref Y;
               }};"#
        )
    };
    let in_other = |mof: &str| {
        let mut options = compile_options(Flags::default());
        options.namespace = Namespace::new(r"root\other").unwrap();
        let report = world.compile_text(mof, &options);
        assert!(report.is_complete(), "{mof}");
    };
    in_other(::views::REGISTRATION);
    in_other(
        r#"[Union, ViewSources{"SELECT * FROM A"}, ViewSpaces{"root\\test"},
            dynamic, provider("MS_VIEW_INSTANCE_PROVIDER")]
           class VA { [key, PropertySources{"K"}] string Id; };"#,
    );
    let services = world.connect(r"root\other").unwrap();
    let ask = |query: &str| {
        let ask = |s| services.exec_query("WQL", query, Flags::default(), world.administrator(), s);
        (sorted(&wbem::collect(ask).unwrap()), log.take())
    };
    in_other(&view(""));
    let (found, asked) = ask(r#"SELECT X, Y FROM VL WHERE X = "VA.Id='A'""#);
    let first = r#"VL{X=ref "VA.Id=\"a\"", Y=ref "\\\\.\\root\\test:B.K=\"b\""}"#;
    assert_eq!(found, [first]);
    assert_eq!(asked[1..], [r#"enumerate L where X = ref "A.K=\"a\"" wanted all"#]);
    // There are no references to an instance of a view without sources, and no source is queried.
    assert_eq!(ask(r#"SELECT * FROM VL WHERE X = "VA.Id='none'""#), (Vec::new(), Vec::new()));
    // Which associations a condition of the source leaves out, only the source's query tells.
    in_other(&view("WHERE X IS NOT NULL"));
    let (found, asked) = ask(r#"SELECT X, Y FROM VL WHERE X = "VA.Id='a'""#);
    assert_eq!(found, [first]);
    assert_eq!(asked, ["enumerate L wanted X,Y"]);
}

#[test]
fn b8_what_is_wrong_is_said_with_its_place() {
    let (world, _) = world(Vec::new(), "class E { [key] string K; uint32 V; };");
    let message = |kind: &str, properties: &str| {
        let class = format!(
            r#"[{kind}, ViewSources{{"SELECT * FROM D", "SELECT K FROM E"}},
                ViewSpaces{{"root\\test", "root\\test"}},
                dynamic, provider("MS_VIEW_INSTANCE_PROVIDER")] class W {{ {properties} }};"#
        );
        world.compile(&class);
        world.query("SELECT * FROM W").unwrap_err().message().to_owned()
    };
    let k = r#"[key, PropertySources{"K", "K"}] string K;"#;
    for (kind, properties, expected) in [
        (
            "Union, JoinOn(\"D.K = E.K\")",
            k.to_owned(),
            "view W: it has to have exactly one of the qualifiers Union, JoinOn and Association",
        ),
        (
            "Union",
            format!("{k} [PropertySources{{\"V\"}}] uint32 V;"),
            "view W: property V: PropertySources has 1 elements where ViewSources has 2; write \"\" \
             for a source that has none",
        ),
        (
            "Union",
            format!("{k} [PropertySources{{\"V\", \"\"}}] string V;"),
            "view W: property V is string, its source D.V is uint32",
        ),
        (
            "JoinOn(\"D.V = E.V\")",
            "[key, PropertySources{\"K\", \"\"}] string K;".to_owned(),
            "view W: JoinOn names E.V, which the class lacks or ViewSources does not select",
        ),
        (
            "JoinOn(\"D.K == E.K\")",
            k.to_owned(),
            "view W: JoinOn(\"D.K == E.K\"): a class is expected, not =",
        ),
    ] {
        assert_eq!(message(kind, &properties), expected);
    }
}

/// Who asked, and with which value of the context `Word`.
struct Recorder(Arc<Mutex<Vec<(Sid, String)>>>);

impl InstanceProvider for Recorder {
    fn get(
        &self,
        _: &Arc<Class>,
        _: &[Value],
        _: &Wanted,
        _: &ProviderContext,
    ) -> Result<Instance> {
        Err(WBEM_E_NOT_FOUND.into())
    }

    fn enumerate(&self, _: &EnumerationRequest<'_>, context: &ProviderContext, sink: Sink) {
        let word = context.value("Word").cloned().unwrap_or_default();
        self.0.lock().unwrap().push((context.caller().user.clone(), text::value(&word)));
        sink.complete(wbem::COMPLETE);
    }
}

#[test]
fn b8_a_view_works_as_the_client_and_passes_the_context_on() {
    let asked: Arc<Mutex<Vec<(Sid, String)>>> = Arc::default();
    let recorder = asked.clone();
    let mut providers = providers();
    let make = move |_: &Initialization| {
        Ok(ProviderInterfaces::instances(Arc::new(Recorder(recorder.clone()))))
    };
    providers.register(CLSID, make);
    let world = World::with_providers(providers);
    for mof in [::views::REGISTRATION, &registered(), D, UNION] {
        world.compile(mof);
    }
    let mut context = user();
    context.set("Word", 5);
    let services = world.services();
    let found =
        wbem::collect(|sink| services.create_instance_enum("U", Flags::default(), &context, sink));
    assert_eq!(found.unwrap(), []);
    let expected = (context.caller().user.clone(), "5".to_owned());
    assert_eq!(*asked.lock().unwrap(), [expected]);
}

const VIEWED_METHODS: &str = r#"
    [provider("M")] class A
    {
      [key] uint32 K;
      [implemented] uint32 Clear([in] string File, [out] sint64 Count);
      [implemented, static] uint32 Make();
    };
    class A2 : A { };
    class B { [key] uint32 K; };
    class C { [key] uint32 K; uint32 Clear([in] uint32 File, [out] sint64 Count); };
    instance of A { K = 1; };
    instance of A2 { K = 2; };
    instance of B { K = 3; };
    instance of C { K = 4; };
    [Union, ViewSources{"SELECT * FROM A", "SELECT * FROM B", "SELECT * FROM C"},
     ViewSpaces{"root\\test", "root\\test", "root\\test"},
     dynamic, provider("MS_VIEW_INSTANCE_PROVIDER")]
    class V
    {
      [key, PropertySources{"K", "K", "K"}] uint32 Id;
      [implemented, MethodSource{"Clear", "", "Clear"}]
      uint32 VClear([in] string File, [out] sint64 Count);
      [implemented, MethodSource{"Clear", "Nothing", ""}]
      uint32 Nothing([in] string File, [out] sint64 Count);
      [implemented, static, MethodSource{"Make", "", ""}] uint32 VMake();
      [implemented, static, MethodSource{"Make", "Make", ""}] uint32 Several();
    };"#;

#[test]
fn b8_methods_of_a_union_run_on_the_source() {
    let methods = Methods::new("M", |call| match call.out_signature.unwrap().slot("Count") {
        Some(_) => call.outcome(7u32, &[("Count", Value::SInt64(-1))]),
        None => call.outcome(0u32, &[]),
    });
    let mut providers = providers();
    providers.register(OTHER, methods.factory());
    let world = World::with_providers(providers);
    world.compile(::views::REGISTRATION);
    world.compile(&registration("M", OTHER, &[METHODS]));
    world.compile(VIEWED_METHODS);
    let run = |path: &str, method: &str| -> std::result::Result<String, WbemStatus> {
        let class = world.object("V").unwrap();
        let signature = class.class().method(method).unwrap().in_signature();
        let given = signature.map(|signature| {
            let mut given = Instance::new(signature);
            given.put("File", &"f".into()).unwrap();
            given
        });
        let services = world.services();
        let flags = Flags::default();
        services
            .exec_method(path, method, flags, world.administrator(), given.as_ref())
            .map(|out| text::object(&out.unwrap().into()))
            .map_err(|e| e.status())
    };
    let cleared = "__PARAMETERS{Count=-1, ReturnValue=7}".to_owned();
    assert_eq!(run("V.Id=1", "VClear"), Ok(cleared.clone()));
    assert_eq!(run("V.Id=2", "vclear"), Ok(cleared));
    assert_eq!(run("V", "VMake"), Ok("__PARAMETERS{ReturnValue=0}".to_owned()));
    let expected = [
        r#"M A.Clear by A on 1 with {File="f"}"#,
        r#"M A2.Clear by A on 2 with {File="f"}"#,
        "M A.Make by A on class with nothing",
    ];
    assert_eq!(methods.take(), expected);
    assert_eq!(run("V.Id=3", "VClear"), Err(WBEM_E_METHOD_NOT_IMPLEMENTED));
    assert_eq!(run("V.Id=4", "VClear"), Err(WBEM_E_INVALID_METHOD));
    assert_eq!(run("V.Id=3", "Nothing"), Err(WBEM_E_INVALID_METHOD));
    assert_eq!(run("V.Id=9", "VClear"), Err(WBEM_E_NOT_FOUND));
    assert_eq!(run("V", "Several"), Err(WBEM_E_INVALID_METHOD_PARAMETERS));
    assert_eq!(methods.take(), Vec::<String>::new());
}

#[test]
fn b5_a_partial_put_through_a_view_is_one_of_the_source() {
    let mof = r#"
        class A { [key] uint32 K; string S; string T; uint32 N; };
        instance of A { K = 1; S = "s"; T = "t"; N = 5; };
        [Union, ViewSources{"SELECT * FROM A"}, ViewSpaces{"root\\test"},
         dynamic, provider("MS_VIEW_INSTANCE_PROVIDER")]
        class V
        {
          [key, PropertySources{"K"}] uint32 K;
          [PropertySources{"S"}] string S;
          [PropertySources{"T"}] string T;
          [PropertySources{"N"}] uint32 N;
        };"#;
    let world = World::with_providers(providers());
    world.compile(::views::REGISTRATION);
    world.compile(mof);
    let values = [("K", 1u32.into()), ("S", "new".into()), ("T", "new".into()), ("N", Value::Null)];
    let instance = world.instance("V", &values);
    let put = |strict_nulls: bool| {
        let mut context = world.administrator().clone();
        context.set("__PUT_EXT_CLIENT_REQUEST", true);
        context.set("__PUT_EXTENSIONS", true);
        context.set("__PUT_EXT_PROPERTIES", Value::array(["S".into(), "N".into()]));
        context.set("__PUT_EXT_STRICT_NULLS", strict_nulls);
        world.services().put_instance(&instance, Flags::UPDATE_ONLY, &context).unwrap();
        world.get("A.K=1").unwrap()
    };
    assert_eq!(put(false), r#"A{K=1, N=5, S="new", T="t"}"#);
    assert_eq!(put(true), r#"A{K=1, N=NULL, S="new", T="t"}"#);
}

#[test]
fn b8_a_client_that_wants_no_more_stops_the_sources() {
    let (world, log) = world(three(), UNION);
    let services = world.services();
    let seen = Arc::new(Mutex::new(0));
    let count = seen.clone();
    let stopped = wbem::for_each(
        |sink| services.create_instance_enum("U", Flags::default(), world.administrator(), sink),
        move |batch| {
            *count.lock().unwrap() += batch.len();
            std::ops::ControlFlow::Break(())
        },
    );
    assert_eq!((stopped, *seen.lock().unwrap()), (wbem::COMPLETE, 1));
    assert_eq!(log.take().last().unwrap(), "stopped at instance 1");
}

/// This machine's classes through views: a union, and an association into another namespace.
#[test]
fn e5_views_over_the_classes_of_a_machine() {
    let directory = tempfile::TempDir::new().unwrap();
    let fixtures = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../crates/host/tests/fixtures");
    let options = openwmi::OpenOptions {
        repository: Some(directory.path().join("repository")),
        captured_machine: Some(fixtures.join("gpt")),
        ..Default::default()
    };
    let wmi = openwmi::Wmi::open(options).unwrap();
    let mof = r#"
        [Union, ViewSources{"SELECT * FROM Win32_LogicalDisk"}, ViewSpaces{"\\\\.\\root\\cimv2"},
         dynamic, provider("MS_VIEW_INSTANCE_PROVIDER")]
        class View_Disk
        {
          [key, PropertySources{"DeviceID"}] string Id;
          [PropertySources{"FileSystem"}] string FileSystem;
        };
        [Association, ViewSources{"SELECT * FROM Win32_LogicalDiskToPartition"},
         ViewSpaces{"\\\\.\\root\\cimv2"}, dynamic, provider("MS_VIEW_INSTANCE_PROVIDER")]
        class View_DiskToPartition
        {
          [Direct, key, PropertySources{"Antecedent"}] object ref Partition;
          [key, PropertySources{"Dependent"}] View_Disk ref Disk;
        };"#;
    wmi.compile(r"root\views", ::views::REGISTRATION).unwrap();
    wmi.compile(r"root\views", mof).unwrap();
    let services = wmi.connect(r"root\views").unwrap();
    let ask = |query: &str| -> Vec<String> {
        let context = wmi.context();
        let found =
            wbem::collect(|s| services.exec_query("WQL", query, Flags::default(), &context, s));
        found
            .unwrap()
            .iter()
            .map(|o| {
                text::value(
                    &o.get(match o.class().name().as_str() {
                        "View_Disk" => "Id",
                        _ => "DeviceID",
                    })
                    .unwrap(),
                )
            })
            .collect()
    };
    let mut disks =
        ask("SELECT Id FROM View_Disk WHERE FileSystem = 'EXT4' OR FileSystem = 'vfat'");
    disks.sort();
    assert_eq!(disks, [r#""/""#, r#""/boot/efi""#]);
    assert_eq!(ask(r#"ASSOCIATORS OF {View_Disk.Id="/"}"#), [r#""/dev/vda2""#]);
    assert_eq!(ask(r#"ASSOCIATORS OF {View_Disk.Id="/boot/efi"}"#), [r#""/dev/vda1""#]);
}

#[test]
fn b8_the_number_of_sources_is_bounded() {
    let world = World::with_providers(providers());
    world.compile(::views::REGISTRATION);
    world.compile("class A { [key] uint32 K; };");
    let status = |count: usize| {
        let list = |text: &str| vec![text; count].join(", ");
        let (queries, spaces) = (list("\"SELECT * FROM A\""), list(r#""root\\test""#));
        world.compile(&format!(
            r#"[Union, ViewSources{{{queries}}}, ViewSpaces{{{spaces}}}, dynamic,
                provider("MS_VIEW_INSTANCE_PROVIDER")]
               class V{count} {{ [key, PropertySources{{{}}}] uint32 K; }};"#,
            list("\"K\"")
        ));
        world.query(&format!("SELECT * FROM V{count}")).map_err(|e| e.status())
    };
    assert_eq!(status(256), Ok(Vec::new()));
    assert_eq!(status(257), Err(WBEM_E_QUOTA_VIOLATION));
}

/// A block of the page on views.
struct Example<'a> {
    language: &'a str,
    text: &'a str,
}

fn examples(page: &str) -> Vec<Example<'_>> {
    let mut parts = page.split("```");
    let mut examples = Vec::new();
    while let (Some(_), Some(block)) = (parts.next(), parts.next()) {
        let (language, text) = block.split_once('\n').expect("a block of several lines");
        examples.push(Example { language, text });
    }
    examples
}

#[test]
fn b8_the_page_on_views_is_true() {
    let page = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/views.md");
    let page = std::fs::read_to_string(page).unwrap();
    let wmi = openwmi::Wmi::in_memory(NativeProviders::default()).unwrap();
    let mut found = Vec::new();
    let mut counts = (0, 0);
    for Example { language, text } in examples(&page) {
        match language {
            "mof" => {
                let namespace = text.lines().next().unwrap().strip_prefix("// in ").unwrap();
                wmi.compile(namespace, text).unwrap();
                counts.0 += 1;
            }
            "wql" => {
                let (services, context) = (wmi.connect(r"root\views").unwrap(), wmi.context());
                let objects = wbem::collect(|sink| {
                    services.exec_query("WQL", text, Flags::default(), &context, sink)
                });
                found = sorted(&objects.unwrap());
            }
            "text" => {
                assert_eq!(found, text.lines().collect::<Vec<_>>());
                counts.1 += 1;
            }
            other => panic!("a block in {other}"),
        }
    }
    assert_eq!(counts, (8, 3));
    // What Rust programs have is what the page says.
    let own = |text: &'static str| {
        text.lines().filter(|line| !line.starts_with("//")).collect::<Vec<_>>().join("\n")
    };
    assert!(page.contains(own(::views::REGISTRATION).trim()));
}

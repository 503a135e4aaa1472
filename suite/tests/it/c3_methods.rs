//! Methods: how they are declared, which code runs and who is asked, word for word
//! (behaviour.md C.2-C.4; acceptance C 5, 6, 8-10, 12-14; ruling I-9).

use std::sync::{Arc, Mutex, PoisonError};

use cim::status::*;
use cim::{Instance, Result, Value, WbemStatus};
use openwmi_suite::World;
use openwmi_suite::provider::{INSTANCES, Log, METHODS, Make, TestProvider, registration};
use openwmi_suite::text;
use openwmi_suite::world::user;
use wbem::{
    CallContext, Flags, MethodCall, MethodProvider, NativeProviders, ProviderContext,
    ProviderInterfaces,
};

const CLSID: &str = "{5F3A7B10-0000-4000-8000-0000000000C3}";
const OTHER: &str = "{5F3A7B10-0000-4000-8000-0000000000C4}";

/// What a provider answers.
type Answer = fn(&MethodCall<'_>) -> Result<Option<Instance>>;

/// A provider of methods that writes down what it is asked.
#[derive(Clone)]
pub(crate) struct Methods {
    name: &'static str,
    asked: Arc<Mutex<Vec<String>>>,
    answer: Answer,
}

impl Methods {
    pub(crate) fn new(name: &'static str, answer: Answer) -> Self {
        Methods { name, asked: Arc::default(), answer }
    }

    /// What it was asked since the last time.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn factory(&self) -> Make {
        let methods = self.clone();
        Box::new(move |_| Ok(ProviderInterfaces::methods(Arc::new(methods.clone()))))
    }

    pub(crate) fn factory_with(&self, instances: TestProvider) -> Make {
        let (methods, instances) = (self.clone(), Arc::new(instances));
        Box::new(move |_| {
            Ok(ProviderInterfaces {
                instances: Some(instances.clone()),
                methods: Some(Arc::new(methods.clone())),
                ..ProviderInterfaces::default()
            })
        })
    }
}

impl MethodProvider for Methods {
    fn exec_method(&self, call: &MethodCall<'_>, _: &ProviderContext) -> Result<Option<Instance>> {
        let keys = call.keys.map_or("class".to_owned(), |keys| {
            keys.iter().map(text::value).collect::<Vec<_>>().join(",")
        });
        let given = call.in_parameters.map_or("nothing".to_owned(), |given| {
            text::object(&given.clone().into()).replace("__PARAMETERS", "")
        });
        let (name, class, method) = (self.name, call.class.name(), &call.method.name);
        let code = call.implemented_in.name();
        let line = format!("{name} {class}.{method} by {code} on {keys} with {given}");
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        (self.answer)(call)
    }
}

fn zero(call: &MethodCall<'_>) -> Result<Option<Instance>> {
    call.outcome(0u32, &[])
}

/// A world with these classes and a provider `P` of methods.
fn world(answer: Answer, mof: &str) -> (World, Methods) {
    let methods = Methods::new("P", answer);
    let mut providers = NativeProviders::default();
    providers.register(CLSID, methods.factory());
    let world = World::with_providers(providers);
    world.compile(&registration("P", CLSID, &[INSTANCES, METHODS]));
    world.compile(mof);
    (world, methods)
}

/// What a call without parameters gives, as text.
fn run(world: &World, path: &str, method: &str) -> Result<String, WbemStatus> {
    let flags = Flags::default();
    let out = world.services().exec_method(path, method, flags, world.administrator(), None);
    let out = out.map_err(|e| e.status())?;
    Ok(out.map_or("nothing".to_owned(), |out| text::object(&out.into())))
}

const ZERO: &str = "__PARAMETERS{ReturnValue=0}";

/// A stored class with methods of every kind.
const CLASS: &str = r#"
    [provider("P")] class T
    {
      [key] uint32 K;
      [implemented] uint32 M([in] sint32 a, [out] string s);
      [implemented, static] uint32 S();
      [implemented, disabled] uint32 D();
      [implemented] void V([in] string x = "default", [in] uint8 n[] = {1, 2});
      uint32 N();
    };
    instance of T { K = 1; };"#;

#[test]
fn c5_what_the_method_returns_is_not_how_the_call_went() {
    let answer: Answer = |call| match call.argument("a") {
        Value::SInt32(n) if *n < 0 => Err(WBEM_E_OUT_OF_MEMORY.into()),
        Value::SInt32(n) => call.outcome(*n as u32, &[("s", "said".into())]),
        other => panic!("a is {other:?}"),
    };
    let (world, methods) = world(answer, CLASS);
    let class = world.object("T").unwrap();
    let call = |a: i32| {
        let mut given = Instance::new(class.class().method("M").unwrap().in_signature().unwrap());
        given.put("a", &Value::SInt32(a)).unwrap();
        let flags = Flags::RETURN_IMMEDIATELY;
        let services = world.services();
        services.exec_method("T.K=1", "M", flags, world.administrator(), Some(&given))
    };
    let out = call(5).unwrap().unwrap();
    assert_eq!(text::object(&out.into()), r#"__PARAMETERS{ReturnValue=5, s="said"}"#);
    assert_eq!(call(-1).unwrap_err().status(), WBEM_E_OUT_OF_MEMORY);
    assert_eq!(methods.take(), ["P T.M by T on 1 with {a=5}", "P T.M by T on 1 with {a=-1}"]);
}

/// Diagnostics of MOF that must not compile.
fn refused(mof: &str) -> Vec<WbemStatus> {
    let report = World::new().try_compile(mof, Flags::default());
    report.syntax.iter().chain(&report.storage).map(|d| d.status).collect()
}

#[test]
fn c6_a_parameter_declared_in_and_out_is_the_same_in_both() {
    let class = |second: &str| {
        format!("class T {{ uint32 M([in, description(\"x\")] string a, [{second}] string a); }};")
    };
    let different = refused(&class("out, description(\"y\")"));
    assert_eq!(different, [WBEM_E_INVALID_DUPLICATE_PARAMETER]);
    let world = World::new();
    world.compile(&class("out, description(\"x\")"));
    let class = world.object("T").unwrap();
    let method = class.class().method("M").unwrap();
    assert!(method.parameters[0].is_in() && method.parameters[0].is_out());
}

#[test]
fn c8_mof_numbers_parameters_that_have_no_id() {
    let world = World::new();
    world.compile(
        "class T { uint32 M([in] string a, [out] string b, [in, out] uint8 c);
                   uint32 N([in, id(1)] string a, [in, id(0)] string b); };",
    );
    let class = world.object("T").unwrap();
    let ids = |method: &str| {
        let method = class.class().method(method).unwrap();
        let signatures = [method.in_signature(), method.out_signature()].map(|s| s.unwrap());
        signatures.map(|signature| {
            let id = |p: &Arc<cim::Property>| {
                let id = p.qualifiers.value("id").map_or("-".to_owned(), text::value);
                format!("{}:{id}", p.name)
            };
            signature.properties().iter().map(id).collect::<Vec<_>>().join(" ")
        })
    };
    assert_eq!(ids("M"), ["a:0 c:2", "b:1 c:2 ReturnValue:-"]);
    assert_eq!(ids("N"), ["b:0 a:1", "ReturnValue:-"]);
}

#[test]
fn c9_return_value_has_no_id() {
    let mof = "class T { uint32 M([out, id(0)] uint32 ReturnValue); };";
    assert_eq!(refused(mof), [WBEM_E_PARAMETER_ID_ON_RETVAL]);
}

#[test]
fn c14_no_array_is_returned() {
    assert_eq!(refused("class T { uint32[] M(); };"), [WBEMMOF_E_NO_ARRAYS_RETURNED]);
}

#[test]
fn c10_the_nearest_class_that_implements_runs() {
    let mof = r#"
        [provider("P")] class A
        { [key] uint32 K; [implemented] uint32 M(); uint32 N(); [implemented] uint32 O(); };
        class B : A { uint32 M(); uint32 N(); };
        [provider("P")] class C : B { [implemented] uint32 O(); };
        instance of B { K = 2; };
        instance of C { K = 3; };"#;
    let (world, methods) = world(zero, mof);
    for (path, method, asked) in [
        ("B.K=2", "M", "P B.M by A on 2 with nothing"),
        ("C.K=3", "M", "P C.M by A on 3 with nothing"),
        ("B.K=2", "O", "P B.O by A on 2 with nothing"),
        ("C.K=3", "O", "P C.O by C on 3 with nothing"),
        // C.4: the class that the instance really has.
        ("A.K=3", "O", "P C.O by C on 3 with nothing"),
    ] {
        assert_eq!(run(&world, path, method), Ok(ZERO.to_owned()), "{path} {method}");
        assert_eq!(methods.take(), [asked]);
    }
    assert_eq!(run(&world, "B.K=2", "N"), Err(WBEM_E_METHOD_NOT_IMPLEMENTED));
    assert_eq!(methods.take(), [""; 0]);
}

/// Shapes and circles, each with a provider of its own.
fn shapes(qualifier: &str) -> (World, [Methods; 2], [Log; 2]) {
    let circle = vec![("Name", Value::string("MyCircle"))];
    let instances = [TestProvider::new(vec![]), TestProvider::new(vec![circle])];
    let logs = [instances[0].log(), instances[1].log()];
    let methods = [Methods::new("Shapes", zero), Methods::new("Circles", zero)];
    let mut providers = NativeProviders::default();
    for ((clsid, methods), instances) in [CLSID, OTHER].into_iter().zip(&methods).zip(instances) {
        providers.register(clsid, methods.factory_with(instances));
    }
    let world = World::with_providers(providers);
    world.compile(&registration("Shapes", CLSID, &[INSTANCES, METHODS]));
    world.compile(&registration("Circles", OTHER, &[INSTANCES, METHODS]));
    world.compile(&format!(
        r#"[dynamic, provider("Shapes")] class Shape
           {{ [key] string Name; [implemented{qualifier}] uint32 DrawIt(); }};
           [dynamic, provider("Circles")] class Circle : Shape
           {{ [implemented{qualifier}] uint32 DrawIt(); }};"#
    ));
    (world, methods, logs)
}

#[test]
fn c4_the_true_class_of_the_instance_decides() {
    let (world, [shapes, circles], [_, log]) = shapes("");
    assert_eq!(run(&world, r#"Shape.Name="MyCircle""#, "DrawIt"), Ok(ZERO.to_owned()));
    assert_eq!(circles.take(), [r#"Circles Circle.DrawIt by Circle on "MyCircle" with nothing"#]);
    assert_eq!(shapes.take(), [""; 0]);
    assert_eq!(log.take(), [r#"get Circle Name="MyCircle" wanted all"#]);
    assert_eq!(run(&world, r#"Shape.Name="None""#, "DrawIt"), Err(WBEM_E_NOT_FOUND));
}

#[test]
fn c12_bypass_get_object_lets_the_path_decide() {
    let (world, [shapes, circles], logs) = shapes(", bypass_getobject");
    assert_eq!(run(&world, r#"Shape.Name="MyCircle""#, "DrawIt"), Ok(ZERO.to_owned()));
    assert_eq!(shapes.take(), [r#"Shapes Shape.DrawIt by Shape on "MyCircle" with nothing"#]);
    assert_eq!(run(&world, r#"Circle.Name="MyCircle""#, "DrawIt"), Ok(ZERO.to_owned()));
    assert_eq!(circles.take(), [r#"Circles Circle.DrawIt by Circle on "MyCircle" with nothing"#]);
    for log in logs {
        assert_eq!(log.take(), [""; 0]);
    }
}

#[test]
fn c13_static_methods_and_disabled_ones() {
    let (world, methods) = world(zero, CLASS);
    assert_eq!(run(&world, "T", "S"), Ok(ZERO.to_owned()));
    assert_eq!(methods.take(), ["P T.S by T on class with nothing"]);
    // I-9: also through an instance, which need not be there.
    assert_eq!(run(&world, "T.K=1", "S"), Ok(ZERO.to_owned()));
    assert_eq!(run(&world, "T.K=9", "S"), Ok(ZERO.to_owned()));
    assert_eq!(methods.take().len(), 2);
    assert_eq!(run(&world, "T.K=1", "D"), Err(WBEM_E_METHOD_DISABLED));
    assert_eq!(run(&world, "T", "V"), Err(WBEM_E_INVALID_METHOD_PARAMETERS));
    assert_eq!(methods.take(), [""; 0]);
}

#[test]
fn c13_marks_that_do_not_propagate_hold_below() {
    let (world, _) = world(zero, &format!("{CLASS} class U : T {{}}; instance of U {{ K = 2; }};"));
    assert_eq!(run(&world, "U", "S"), Ok(ZERO.to_owned()));
    assert_eq!(run(&world, "U.K=2", "D"), Err(WBEM_E_METHOD_DISABLED));
}

#[test]
fn f2_what_cannot_be_called() {
    let (world, methods) = world(zero, CLASS);
    for (path, method, status) in [
        ("T.K=1", "Nothing", WBEM_E_INVALID_METHOD),
        ("T.K=1", "", WBEM_E_INVALID_METHOD),
        ("T.K=2", "M", WBEM_E_NOT_FOUND),
        ("Missing.K=1", "M", WBEM_E_NOT_FOUND),
        ("Missing", "M", WBEM_E_NOT_FOUND),
        ("T.K=", "M", WBEM_E_INVALID_OBJECT_PATH),
        ("T.X=1", "M", WBEM_E_INVALID_OBJECT_PATH),
        ("", "M", WBEM_E_INVALID_OBJECT_PATH),
        ("T.K=1", "N", WBEM_E_METHOD_NOT_IMPLEMENTED),
        (r"root\nowhere:T.K=1", "M", WBEM_E_INVALID_NAMESPACE),
    ] {
        assert_eq!(run(&world, path, method), Err(status), "{path} {method}");
    }
    let services = world.services();
    let deep = services.exec_method("T", "S", Flags::SHALLOW, world.administrator(), None);
    assert_eq!(deep.unwrap_err().status(), WBEM_E_INVALID_PARAMETER);
    assert_eq!(methods.take(), [""; 0]);
}

#[test]
fn f2_a_whole_path_leads_to_its_namespace() {
    let (world, methods) = world(zero, CLASS);
    let root = world.connect("root").unwrap();
    let path = r"\\.\root\test:T.K=1";
    root.exec_method(path, "v", Flags::default(), world.administrator(), None).unwrap();
    assert_eq!(methods.take(), [r#"P T.V by T on 1 with {n={1, 2}, x="default"}"#]);
}

#[test]
fn g11_who_may_not_be_here_runs_nothing() {
    let (world, methods) = world(zero, CLASS);
    let services = world.services();
    let call = |context: &CallContext| {
        services.exec_method("T", "S", Flags::default(), context, None).map_err(|e| e.status())
    };
    let stranger =
        cim::security::Identity { user: cim::security::Sid::unix_user(4711), groups: Vec::new() };
    let far = openwmi_suite::world::remote(
        Arc::new(cim::security::Identity::unix(1000, &[], false)),
        false,
    );
    assert_eq!(call(&CallContext::local(Arc::new(stranger))), Err(WBEM_E_ACCESS_DENIED));
    assert_eq!(call(&far), Err(WBEM_E_ACCESS_DENIED));
    assert_eq!(methods.take(), [""; 0]);
    // METHOD_EXECUTE is among what every user of this machine has.
    assert!(call(&user()).is_ok());
}

#[test]
fn a2_a_provider_of_methods_is_registered_as_one() {
    let of_instances = TestProvider::new(vec![]).factory();
    let methods: fn() -> Make = || Methods::new("P", zero).factory();
    let both = registration("P", CLSID, &[INSTANCES, METHODS]);
    let without_methods = registration("P", CLSID, &[INSTANCES]);
    for (mof, factory, expected) in [
        (both.clone(), methods(), WBEM_S_NO_ERROR),
        (without_methods, methods(), WBEM_E_INVALID_PROVIDER_REGISTRATION),
        (both.replace(r#"Name = "P""#, r#"Name = "Q""#), methods(), WBEM_E_PROVIDER_NOT_FOUND),
        (both.replace("Name =", "Enabled = FALSE; Name ="), methods(), WBEM_E_PROVIDER_DISABLED),
        (both.replace(CLSID, OTHER), methods(), WBEM_E_PROVIDER_LOAD_FAILURE),
        (both, of_instances, WBEM_E_PROVIDER_NOT_CAPABLE),
    ] {
        let mut providers = NativeProviders::default();
        providers.register(CLSID, factory);
        let world = World::with_providers(providers);
        world.compile(&mof);
        world.compile(CLASS);
        let status = run(&world, "T", "S").err().unwrap_or(WBEM_S_NO_ERROR);
        assert_eq!(status, expected, "{mof}");
    }
    let (world, _) = world(zero, "class T { [implemented, static] uint32 S(); };");
    assert_eq!(run(&world, "T", "S"), Err(WBEM_E_INVALID_PROVIDER_REGISTRATION));
}

#[test]
fn a_provider_that_panics_or_hands_out_something_else_has_failed() {
    let answers: [Answer; 3] = [
        |_| panic!("the test makes the provider panic"),
        |_| Ok(None),
        |call| Ok(Some(Instance::new(call.class.clone()))),
    ];
    for answer in answers {
        let (world, _) = world(answer, CLASS);
        assert_eq!(run(&world, "T", "S"), Err(WBEM_E_PROVIDER_FAILURE));
    }
}

//! Calling a method as a client does: the parameters as objects, what may be left out, what is
//! refused (behaviour.md G.15, C.4, F.2; windows-in-practice.md "Methods").

use std::sync::Arc;

use cim::signature::PARAMETERS;
use cim::status::*;
use cim::{
    CimType, Class, ClassDeclaration, Instance, PropertyDeclaration, PropertyType, Qualifiers,
    Result, Value, WbemStatus,
};
use openwmi_suite::World;
use openwmi_suite::provider::{METHODS, registration};
use openwmi_suite::text;
use wbem::{Flags, MethodCall, NativeProviders};

use crate::c3_methods::Methods;

const CLSID: &str = "{5F3A7B10-0000-4000-8000-0000000000C5}";

const CLASS: &str = r#"
    [provider("P")] class T
    {
      [implemented, static]
      uint32 Add([in] sint32 a, [in] sint32 b = 10, [in, out] string note, [out] sint32 sum);
      [implemented, static] void Nothing();
      [implemented, static] boolean Say([in] datetime at, [in] T what);
    };"#;

/// Adds what it is given; NULL counts as nothing.
fn add(call: &MethodCall<'_>) -> Result<Option<Instance>> {
    let number = |name| call.argument(name).as_integer().unwrap_or(0);
    let sum = Value::integer(CimType::SInt32, number("a") + number("b")).unwrap_or_default();
    match call.method.name.as_str() {
        "Add" => call.outcome(0u32, &[("sum", sum), ("note", call.argument("note").clone())]),
        "Say" => call.outcome(true, &[]),
        _ => call.outcome(Value::Null, &[]),
    }
}

fn world() -> (World, Methods) {
    let methods = Methods::new("P", add);
    let mut providers = NativeProviders::default();
    providers.register(CLSID, methods.factory());
    let world = World::with_providers(providers);
    world.compile(&registration("P", CLSID, &[METHODS]));
    world.compile(CLASS);
    (world, methods)
}

fn call(
    world: &World,
    method: &str,
    given: Option<&Instance>,
) -> Result<Option<String>, WbemStatus> {
    let flags = Flags::default();
    let out = world.services().exec_method("T", method, flags, world.administrator(), given);
    out.map(|out| out.map(|out| text::object(&out.into()))).map_err(|e| e.status())
}

/// An object of the in signature of a method, as SpawnInstance makes it.
fn spawn(world: &World, method: &str) -> Instance {
    let class = world.object("T").unwrap();
    Instance::new(class.class().method(method).unwrap().in_signature().unwrap())
}

/// An object of parameters that a client has put together by itself.
fn built(parameters: &[(&str, CimType, Value)]) -> Instance {
    let property = |(name, cim, _): &(&str, CimType, Value)| PropertyDeclaration {
        name: (*name).into(),
        ty: PropertyType::scalar(*cim),
        default: None,
        qualifiers: Qualifiers::default(),
    };
    let properties = parameters.iter().map(property).collect();
    let declaration = ClassDeclaration { name: PARAMETERS, properties, ..Default::default() };
    let mut instance = Instance::new(Class::derive(Arc::new(declaration), None, None).unwrap());
    for (name, _, value) in parameters.iter().filter(|p| !p.2.is_null()) {
        instance.put(name, value).unwrap();
    }
    instance
}

#[test]
fn parameters_travel_as_objects_of_the_signatures() {
    let (world, methods) = world();
    let mut given = spawn(&world, "Add");
    given.put("A", &Value::SInt32(1)).unwrap();
    given.put("note", &"n".into()).unwrap();
    let out = call(&world, "Add", Some(&given));
    let expected = r#"__PARAMETERS{note="n", ReturnValue=0, sum=11}"#;
    assert_eq!(out, Ok(Some(expected.to_owned())));
    assert_eq!(methods.take(), [r#"P T.Add by T on class with {a=1, b=10, note="n"}"#]);
}

/// The out object is of `__PARAMETERS` itself and lives nowhere.
#[test]
fn the_out_object_has_no_path_and_no_superclass() {
    let (world, _) = world();
    let out =
        world.services().exec_method("T", "Add", Flags::default(), world.administrator(), None);
    let system = text::system(&out.unwrap().unwrap().into());
    let expected = "__GENUS=2, __CLASS=\"__PARAMETERS\", __SUPERCLASS=NULL, \
                    __DYNASTY=\"__PARAMETERS\", __RELPATH=NULL, __PROPERTY_COUNT=3, \
                    __DERIVATION={}, __SERVER=NULL, __NAMESPACE=NULL, __PATH=NULL";
    assert_eq!(system, expected);
}

#[test]
fn what_is_left_out_has_the_defaults_of_the_method() {
    let (world, methods) = world();
    let mut null = spawn(&world, "Add");
    null.put("b", &Value::Null).unwrap();
    let only_a = built(&[("a", CimType::SInt32, Value::SInt32(2))]);
    for (given, asked) in [
        (None, "{a=NULL, b=10, note=NULL}"),
        (Some(spawn(&world, "Add")), "{a=NULL, b=10, note=NULL}"),
        (Some(only_a), "{a=2, b=10, note=NULL}"),
        (Some(built(&[("b", CimType::SInt32, Value::Null)])), "{a=NULL, b=10, note=NULL}"),
        // NULL that is put on purpose is a value.
        (Some(null), "{a=NULL, b=NULL, note=NULL}"),
    ] {
        call(&world, "add", given.as_ref()).unwrap();
        assert_eq!(methods.take(), [format!("P T.Add by T on class with {asked}")]);
    }
}

#[test]
fn parameters_of_other_names_or_types_are_refused() {
    let (world, methods) = world();
    for given in [
        built(&[("x", CimType::SInt32, Value::SInt32(1))]),
        built(&[("sum", CimType::SInt32, Value::SInt32(1))]),
        built(&[("ReturnValue", CimType::UInt32, Value::UInt32(1))]),
        built(&[("a", CimType::UInt32, Value::UInt32(1))]),
        built(&[("a", CimType::String, Value::string("1"))]),
        built(&[("note", CimType::SInt32, Value::Null)]),
    ] {
        let refused = call(&world, "Add", Some(&given));
        assert_eq!(refused, Err(WBEM_E_INVALID_METHOD_PARAMETERS), "{given:?}");
    }
    let given = built(&[("a", CimType::SInt32, Value::SInt32(1))]);
    assert_eq!(call(&world, "Nothing", Some(&given)), Err(WBEM_E_INVALID_METHOD_PARAMETERS));
    assert_eq!(methods.take(), [""; 0]);
}

#[test]
fn a_method_that_hands_nothing_out_gives_no_object() {
    let (world, methods) = world();
    assert_eq!(call(&world, "Nothing", None), Ok(None));
    assert_eq!(call(&world, "NOTHING", Some(&built(&[]))), Ok(None));
    assert_eq!(methods.take(), ["P T.Nothing by T on class with nothing"; 2]);
}

#[test]
fn any_type_travels_and_returns() {
    let (world, methods) = world();
    let mut given = spawn(&world, "Say");
    given.put("at", &Value::string("20260101000000.000000+000")).unwrap();
    let what = Value::Object(Arc::new(world.instance("T", &[]).into()));
    given.put("what", &what).unwrap();
    let out = call(&world, "Say", Some(&given));
    assert_eq!(out, Ok(Some("__PARAMETERS{ReturnValue=TRUE}".to_owned())));
    let asked = "P T.Say by T on class with {at=20260101000000.000000+000, what=T{}}";
    assert_eq!(methods.take(), [asked]);
}

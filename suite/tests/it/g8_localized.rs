//! Localized classes in cases that scripts cannot express: puts of what was read, and information in
//! addition to the class's text (behaviour.md G.8, ruling I-26, check G27).

use std::sync::Arc;

use cim::status::*;
use cim::{Class, ClassDeclaration, Instance, Locale, Object, Result};
use openwmi_suite::world::{World, symbol};
use wbem::{CallContext, Flags};

const AMENDED: Flags = Flags::USE_AMENDED_QUALIFIERS;

const CLASSES: &str = r#"
class Test_A { [key] string K; uint32 V; uint32 Grow([in] uint32 By); };
class Test_B : Test_A { string Own; };
[Association] class Test_Bond { [key] Test_A ref From; [key] Test_A ref To; };
instance of Test_A { K = "a"; V = 1; };
instance of Test_B { K = "b"; V = 2; };
instance of Test_Bond { From = "Test_A.K=\"a\""; To = "Test_B.K=\"b\""; };
instance of __Namespace { Name = "ms_409"; };
#pragma namespace("\\\\.\\root\\test\\ms_409")
[AMENDMENT, LOCALE(0x409), Description("all of A") : Amended ToSubclass] class Test_A
{
    [key, Description("the key") : Amended] string K;
    [Description("grows") : Amended] uint32 Grow([in, Description("how much") : Amended] uint32 By);
};
"#;

fn world() -> World {
    let world = World::new();
    world.compile(CLASSES);
    world
}

fn read(world: &World, path: &str, flags: Flags) -> Object {
    world.services().get_object(path, flags, world.administrator()).expect(path)
}

fn class(world: &World, flags: Flags) -> Arc<Class> {
    read(world, "Test_A", flags).class().clone()
}

fn german(world: &World) -> CallContext {
    let mut context = world.administrator().clone();
    context.set_locales(&["MS_407".parse().unwrap()]);
    context
}

fn put(world: &World, class: &ClassDeclaration, flags: Flags, context: &CallContext) -> Result<()> {
    world.services().put_class(class, flags, context)
}

fn description(class: &Class) -> Option<&str> {
    class.qualifiers().text("description")
}

#[test]
fn g27_a_class_that_was_read_with_the_flag_is_put_with_it_alone() {
    let world = world();
    let mut changed = ClassDeclaration::clone(class(&world, AMENDED).declaration());
    changed.qualifiers.set(cim::Qualifier::new("Units", "u", cim::Flavor::default()));
    let refused = put(&world, &changed, Flags::default(), world.administrator());
    assert_eq!(symbol(&refused.unwrap_err()), "WBEM_E_AMENDED_OBJECT");
    assert_eq!(class(&world, Flags::default()).qualifiers().text("units"), None);

    put(&world, &changed, AMENDED, world.administrator()).unwrap();
    let neutral = class(&world, Flags::default());
    assert_eq!((neutral.qualifiers().text("units"), description(&neutral)), (Some("u"), None));
    assert!(neutral.property("K").unwrap().qualifiers.text("description").is_none());
    let merged = class(&world, AMENDED);
    assert_eq!(
        (merged.qualifiers().text("units"), description(&merged)),
        (Some("u"), Some("all of A"))
    );
    assert_eq!(merged.property("K").unwrap().qualifiers.text("description"), Some("the key"));
    // What was read without the flag is the client's own again.
    put(&world, neutral.declaration(), Flags::default(), world.administrator()).unwrap();
}

#[test]
fn g8_a_put_speaks_the_language_of_the_caller_and_leaves_the_others() {
    let world = world();
    let mut changed = ClassDeclaration::clone(class(&world, AMENDED).declaration());
    let translated = cim::Qualifier {
        value: "alles".into(),
        ..changed.qualifiers.get("description").unwrap().clone()
    };
    changed.qualifiers.set(translated);
    put(&world, &changed, AMENDED, &german(&world)).unwrap();
    assert_eq!(description(&class(&world, AMENDED)), Some("all of A"));
    let services = world.services();
    let found = services.get_object("Test_A", AMENDED, &german(&world)).unwrap();
    assert_eq!(description(found.class()), Some("alles"));
    // Instances and subclasses do not prevent it: the change is compatible.
    let below = services.get_object("Test_B", AMENDED, &german(&world)).unwrap();
    assert_eq!(description(below.class()), Some("alles"));
}

#[test]
fn g8_the_parameters_of_a_method_are_merged() {
    let world = world();
    let merged = class(&world, AMENDED);
    let parameter = &merged.method("Grow").unwrap().parameters[0];
    assert_eq!(parameter.qualifiers.text("description"), Some("how much"));
    assert!(parameter.is_in());
    let signature = merged.method("Grow").unwrap().in_signature().unwrap();
    let by = signature.property("By").unwrap();
    assert_eq!(by.qualifiers.text("description"), Some("how much"));
}

#[test]
fn g8_instances_are_of_the_merged_class_wherever_they_come_from() {
    let world = world();
    let (services, context) = (world.services(), world.administrator());
    let of_query = |query: &str, flags: Flags| {
        wbem::collect(|sink| services.exec_query("WQL", query, flags, context, sink)).unwrap()
    };
    let read = |object: &Object| description(object.class()).map(str::to_owned);
    for query in [
        "SELECT * FROM Test_A",
        "SELECT V, K FROM Test_A WHERE K = \"b\" AND V = 2",
        "ASSOCIATORS OF {Test_A.K=\"a\"}",
        "SELECT * FROM meta_class WHERE __THIS ISA \"Test_A\"",
        "ASSOCIATORS OF {Test_A} WHERE SchemaOnly",
    ] {
        let found = of_query(query, AMENDED);
        assert!(!found.is_empty(), "{query}");
        assert!(found.iter().all(|o| read(o).as_deref() == Some("all of A")), "{query}");
        assert!(of_query(query, Flags::default()).iter().all(|o| read(o).is_none()), "{query}");
    }
    let all = wbem::collect(|s| services.create_instance_enum("Test_A", AMENDED, context, s));
    assert!(all.unwrap().iter().all(|o| read(o).as_deref() == Some("all of A")));
    let below = wbem::collect(|s| services.create_class_enum(Some("Test_A"), AMENDED, context, s));
    assert!(below.unwrap().iter().all(|o| read(o).as_deref() == Some("all of A")));
}

#[test]
fn g8_an_instance_that_was_read_with_the_flag_is_put_with_it_alone() {
    let world = world();
    let Object::Instance(mut instance) = read(&world, "Test_A.K=\"b\"", AMENDED) else {
        panic!("an instance")
    };
    instance.put("V", &7.into()).unwrap();
    let put = |instance: &Instance, flags| {
        world.services().put_instance(instance, flags, world.administrator())
    };
    // Its class has nothing localized of its own, only what it inherits.
    assert_eq!(symbol(&put(&instance, Flags::default()).unwrap_err()), "WBEM_E_AMENDED_OBJECT");
    put(&instance, AMENDED).unwrap();
    assert_eq!(world.get("Test_A.K=\"b\"").unwrap(), "Test_B{K=\"b\", Own=NULL, V=7}");
}

#[test]
fn g8_a_change_of_either_part_is_seen_by_the_next_read() {
    let world = world();
    assert_eq!(description(&class(&world, AMENDED)), Some("all of A"));
    world.compile(
        "#pragma namespace(\"root\\\\test\\\\ms_409\")\n\
         [AMENDMENT, LOCALE(0x409), Description(\"more\") : Amended] class Test_A { [key] string K; };",
    );
    assert_eq!(description(&class(&world, AMENDED)), Some("more"));
    world.compile("[Description(\"neutral\")] class Test_A { [key] string K; uint32 V; uint32 Grow([in] uint32 By); };");
    assert_eq!(description(&class(&world, AMENDED)), Some("neutral"));
    let root = world.services();
    root.delete_instance("__Namespace.Name=\"ms_409\"", Flags::default(), world.administrator())
        .unwrap();
    let merged = class(&world, AMENDED);
    assert!(merged.property("K").unwrap().qualifiers.text("description").is_none());
    assert!(!merged.is_amended());
}

#[test]
fn g8_a_fixed_qualifier_of_one_part_never_keeps_a_class_from_being_read() {
    let world = World::new();
    world.compile(
        r#"
        class Test_Top { [key] string K; };
        [Description("neutral")] class Test_Low : Test_Top { [Description("own")] string K; };
        instance of __Namespace { Name = "ms_409"; };
        #pragma namespace("\\\\.\\root\\test\\ms_409")
        [AMENDMENT, LOCALE(0x409), Description("fixed") : Amended ToSubclass DisableOverride]
        class Test_Top
        {
            [key, Description("fixed") : Amended ToSubclass DisableOverride] string K;
        };
        "#,
    );
    let merged = read(&world, "Test_Low", AMENDED).class().clone();
    assert_eq!(description(&merged), Some("fixed"));
}

#[test]
fn g8_locales_go_with_the_call() {
    let world = world();
    assert!(world.administrator().locales().is_empty());
    assert_eq!(german(&world).locales(), ["MS_407".parse::<Locale>().unwrap()]);
    let error = world.services().get_object("Test_Nothing", AMENDED, &german(&world));
    assert_eq!(error.unwrap_err().status(), WBEM_E_NOT_FOUND);
}

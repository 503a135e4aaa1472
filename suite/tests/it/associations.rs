//! ASSOCIATORS OF and REFERENCES OF, check by check (acceptance.md H.E). More of the same is in
//! `data/e2_associators_and_references.test`; what leads into other namespaces is in `interop`.

use cim::status::*;
use openwmi_suite::World;

use crate::providers::status;

/// A disk of a system, with its root directory.
const SCHEMA: &str = r#"
    class Test_Element { [key] string Name; };
    class Test_System : Test_Element { };
    [Labels{"a"}] class Test_Disk : Test_Element { };
    class Test_File : Test_Element { };
    [Managed] class Test_Directory : Test_File { };
    class Test_Drawer : Test_Element { };
    [association] class Test_Component
    { [key] Test_Element ref GroupComponent; [key] Test_Element ref PartComponent; };
    [association] class Test_SystemDisks : Test_Component
    { Test_System ref GroupComponent; Test_Disk ref PartComponent; };
    [association] class Test_RootDirectory : Test_Component
    { Test_Disk ref GroupComponent; Test_Directory ref PartComponent; };
    [association] class Test_Anything
    { [key] object ref First; [key] object ref Second; };
    instance of Test_System { Name = "host"; };
    instance of Test_Disk { Name = "C:"; };
    instance of Test_Directory { Name = "C:\\\\"; };
    instance of Test_SystemDisks
    { GroupComponent = "Test_System='host'"; PartComponent = "Test_Disk='C:'"; };
    instance of Test_RootDirectory
    { GroupComponent = "Test_Disk='C:'"; PartComponent = "Test_Directory.Name=\"C:\\\\\\\\\""; };"#;

const SYSTEM: &str = r#"Test_System{Name="host"}"#;
const DIRECTORY: &str = r#"Test_Directory{Name="C:\\\\"}"#;

fn world() -> World {
    let world = World::new();
    world.compile(SCHEMA);
    world
}

/// What is associated with the disk under these conditions.
fn of_disk(world: &World, conditions: &str) -> cim::Result<Vec<String>> {
    world.query(&format!("ASSOCIATORS OF {{Test_Disk='C:'}} {conditions}"))
}

const NOTHING: [&str; 0] = [];

#[test]
fn e1_an_endpoint_comes_once_for_each_association() {
    let world = world();
    world.compile("instance of Test_Drawer { Name = \"x\"; };");
    let of_drawer = || world.query("ASSOCIATORS OF {Test_Drawer='x'}").unwrap();
    let link = |class: &str, a: &str, b: &str| {
        world.compile(&format!(
            "instance of {class} {{ {a} = \"Test_Drawer='x'\"; {b} = \"Test_System='host'\"; }};"
        ));
    };
    assert_eq!(of_drawer(), NOTHING);
    link("Test_Anything", "First", "Second");
    assert_eq!(of_drawer(), [SYSTEM]);
    link("Test_Component", "PartComponent", "GroupComponent");
    assert_eq!(of_drawer(), [SYSTEM, SYSTEM]);
}

#[test]
fn e3_result_role_is_where_the_endpoint_is_held() {
    let world = world();
    assert_eq!(of_disk(&world, "").unwrap(), [DIRECTORY, SYSTEM]);
    assert_eq!(of_disk(&world, "WHERE ResultRole = GroupComponent").unwrap(), [SYSTEM]);
    assert_eq!(of_disk(&world, "WHERE resultrole = partcomponent").unwrap(), [DIRECTORY]);
    assert_eq!(of_disk(&world, "WHERE ResultRole = Nowhere").unwrap(), NOTHING);
}

#[test]
fn e4_assoc_class_is_the_association_or_above_it() {
    let world = world();
    assert_eq!(of_disk(&world, "WHERE AssocClass = Test_SystemDisks").unwrap(), [SYSTEM]);
    let above = of_disk(&world, "WHERE AssocClass = Test_Component").unwrap();
    assert_eq!(above, [DIRECTORY, SYSTEM]);
    assert_eq!(of_disk(&world, "WHERE AssocClass = Test_Anything").unwrap(), NOTHING);
}

#[test]
fn e5_result_class_is_the_endpoints_class_or_above_it() {
    let world = world();
    for class in ["Test_Directory", "TEST_FILE", "test_file"] {
        let found = of_disk(&world, &format!("WHERE ResultClass = {class}")).unwrap();
        assert_eq!(found, [DIRECTORY], "{class}");
    }
    assert_eq!(of_disk(&world, "WHERE ResultClass = Test_Drawer").unwrap(), NOTHING);
}

#[test]
fn e7_class_defs_only_goes_without_result_class() {
    let world = world();
    let refused = of_disk(&world, "WHERE ClassDefsOnly ResultClass = Test_Directory");
    assert_eq!(status(refused), WBEM_E_INVALID_QUERY);
    let classes = of_disk(&world, "WHERE ClassDefsOnly").unwrap();
    assert_eq!(classes, ["class Test_Directory : Test_File", "class Test_System : Test_Element"]);
}

#[test]
fn e8_keywords_are_joined_by_nothing_and_compare_by_equality() {
    let world = world();
    for refused in [
        "WHERE resultClass = Test_Directory AND requiredQualifier = Managed",
        "WHERE resultClass = Test_Directory OR requiredQualifier = Managed",
        "WHERE resultClass = Test_Directory, requiredQualifier = Managed",
        "WHERE resultClass <> Test_Directory",
        "WHERE NOT resultClass = Test_Directory",
    ] {
        assert_eq!(status(of_disk(&world, refused)), WBEM_E_INVALID_QUERY, "{refused}");
    }
    let accepted = "WHERE resultClass = Test_Directory requiredQualifier = Managed";
    assert_eq!(of_disk(&world, accepted).unwrap(), [DIRECTORY]);
}

#[test]
fn e9_the_source_in_every_form_of_its_path() {
    let world = world();
    for path in [
        r#"Test_Disk="C:""#,
        "Test_Disk='C:'",
        "Test_Disk.Name='C:'",
        r#"test_disk.NAME="c:""#,
        r"\\.\root\test:Test_Disk='C:'",
        "root/test:Test_Disk='C:'",
    ] {
        let found = world.query(&format!("ASSOCIATORS OF {{{path}}}")).unwrap();
        assert_eq!(found, [DIRECTORY, SYSTEM], "{path}");
    }
}

#[test]
fn e11_schema_only_is_about_classes_with_no_instance_anywhere() {
    let world = World::new();
    let classes_only = &SCHEMA[..SCHEMA.find("instance of").expect("instances")];
    world.compile(classes_only);
    let found =
        world.query("ASSOCIATORS OF {Test_Disk} WHERE SchemaOnly ResultClass = Test_System");
    assert_eq!(found.unwrap(), ["class Test_System : Test_Element"]);
    let found = world.query("REFERENCES OF {Test_Disk} WHERE SchemaOnly").unwrap();
    let associations = [
        "class Test_Anything",
        "class Test_Component",
        "class Test_RootDirectory : Test_Component",
        "class Test_SystemDisks : Test_Component",
    ];
    assert_eq!(found, associations);
    let refused = world.query("ASSOCIATORS OF {Test_Disk} WHERE SchemaOnly ClassDefsOnly");
    assert_eq!(status(refused), WBEM_E_INVALID_QUERY);
    let absent = world.query("ASSOCIATORS OF {Test_Absent} WHERE SchemaOnly");
    assert_eq!(status(absent), WBEM_E_NOT_FOUND);
}

#[test]
fn e23_each_keyword_once() {
    let world = world();
    for keyword in ["ResultClass", "AssocClass", "Role", "ResultRole", "RequiredQualifier"] {
        let refused = of_disk(&world, &format!("WHERE {keyword}=A {keyword}=B"));
        assert_eq!(status(refused), WBEM_E_INVALID_QUERY, "{keyword}");
    }
    let refused = of_disk(&world, "WHERE ClassDefsOnly classdefsonly");
    assert_eq!(status(refused), WBEM_E_INVALID_QUERY);
}

/// E.3: a class comes once for each way there is to it.
#[test]
fn e3_schema_associations_may_repeat_a_class() {
    let world = World::new();
    world.compile(
        "class Test_A { [key] string K; }; class Test_B { [key] string K; };
         [association] class Test_L { [key] Test_A ref A; [key] Test_B ref B; };
         [association] class Test_M : Test_L { uint32 N; };
         [association] class Test_Self { [key] Test_A ref This; [key] Test_A ref That; };",
    );
    let of = |query: &str| world.query(query).unwrap();
    let found = of("ASSOCIATORS OF {Test_A} WHERE SchemaOnly");
    assert_eq!(found, ["class Test_A", "class Test_A", "class Test_B", "class Test_B"]);
    let found = of("ASSOCIATORS OF {Test_A} WHERE SchemaOnly AssocClass = Test_M");
    assert_eq!(found, ["class Test_B"]);
    let found = of("ASSOCIATORS OF {Test_B} WHERE SchemaOnly ResultRole = A Role = B");
    assert_eq!(found, ["class Test_A", "class Test_A"]);
}

/// E.1: a reference of any class holds whatever there is, in either place.
#[test]
fn e1_weakly_typed_references() {
    let world = world();
    world.compile(
        r#"instance of Test_Anything
           { First = "Test_Directory.Name=\"C:\\\\\\\\\""; Second = "Test_System='host'"; };"#,
    );
    let found = world.query("ASSOCIATORS OF {Test_System='host'} WHERE AssocClass = Test_Anything");
    assert_eq!(found.unwrap(), [DIRECTORY]);
    let query = r#"ASSOCIATORS OF {Test_File="C:\\\\"} WHERE Role = First"#;
    assert_eq!(world.query(query).unwrap(), [SYSTEM], "by a path of the superclass");
}

/// E.1: with HasClassRefs and ClassRef a reference leads to a class and not to an instance.
#[test]
fn e1_references_to_classes() {
    let world = world();
    world.compile(
        r#"[association, HasClassRefs : ToInstance ToSubClass] class Test_Describes
           {
             [key] Test_Drawer ref Drawer;
             [key, ClassRef{"Test_Disk", "Test_File"} : ToInstance ToSubClass] object ref What;
           };
           instance of Test_Drawer { Name = "x"; };
           instance of Test_Describes { Drawer = "Test_Drawer='x'"; What = "Test_Disk"; };
           instance of Test_Describes { Drawer = "Test_Drawer='x'"; What = "Test_File"; };"#,
    );
    let of_drawer =
        |rest: &str| world.query(&format!("ASSOCIATORS OF {{Test_Drawer='x'}} {rest}")).unwrap();
    assert_eq!(of_drawer(""), ["class Test_Disk : Test_Element", "class Test_File : Test_Element"]);
    let found = of_drawer("WHERE ResultClass = Test_Disk");
    assert_eq!(found, ["class Test_Disk : Test_Element"]);
    assert_eq!(world.query("REFERENCES OF {Test_Drawer='x'}").unwrap().len(), 2);
}

/// E.1: what is stored may refer to another namespace by a full path alone, what is there is found
/// and finds its way back.
#[test]
fn e1_stored_associations_into_another_namespace() {
    let world = world();
    world.compile(
        r#"instance of Test_Anything
           { First = "Test_Disk='C:'"; Second = "\\\\.\\root\\default:Test_Far='x'"; };
           #pragma namespace("\\\\.\\root\\default")
           class Test_Far { [key] string K; };
           instance of Test_Far { K = "x"; };"#,
    );
    let found = of_disk(&world, "WHERE AssocClass = Test_Anything").unwrap();
    assert_eq!(found, [r#"Test_Far{K="x"}"#]);
    let back = world.query(r"ASSOCIATORS OF {\\.\root\default:Test_Far='x'}").unwrap();
    assert_eq!(back, [r#"Test_Disk{Name="C:"}"#]);
}

/// E.2: KeysOnly fills the keys and nothing else; what is asked of classes counts all the same.
#[test]
fn e2_keys_only() {
    let world = World::new();
    world.compile(
        r#"class Test_A { [key] string K; uint32 V; };
           [association] class Test_L { [key] Test_A ref A; [key] Test_A ref B; uint32 N; };
           instance of Test_A { K = "a"; V = 1; }; instance of Test_A { K = "b"; V = 2; };
           instance of Test_L { A = "Test_A='a'"; B = "Test_A='b'"; N = 7; };"#,
    );
    let found = world.query("ASSOCIATORS OF {Test_A='a'} WHERE KeysOnly ResultRole = B").unwrap();
    assert_eq!(found, [r#"Test_A{K="b", V=NULL}"#]);
    let found = world.query("REFERENCES OF {Test_A='a'} WHERE KeysOnly").unwrap();
    assert_eq!(found, [r#"Test_L{A=ref "Test_A='a'", B=ref "Test_A='b'", N=NULL}"#]);
}

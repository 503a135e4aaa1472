//! Win32_GroupUser on captured machines.

use wbem::Wanted;

use crate::captured::{class, instances};

/// Primary groups count; a user who is a member in two ways has one instance; a listed name without
/// a user has none; of two groups with one number the first is the primary one.
#[test]
fn members_of_groups() {
    let class = class("Win32_GroupUser");
    let found = instances(&class, "server", &Wanted::All);
    let named = |instance: &cim::Instance, property, class| {
        let reference = instance.get(property).unwrap().as_str().unwrap().to_owned();
        let start = format!(r#"{class}.Domain="kestrel",Name=""#);
        let name = reference.strip_prefix(&start).and_then(|rest| rest.strip_suffix('"'));
        name.unwrap_or_else(|| panic!("{reference}")).to_owned()
    };
    let told = found.iter().map(|instance| {
        let group = named(instance, "GroupComponent", "Win32_Group");
        format!("{group}:{}", named(instance, "PartComponent", "Win32_UserAccount"))
    });
    assert_eq!(
        told.collect::<Vec<_>>().join(" "),
        "root:root daemon:daemon sudo:ann www-data:www-data users:guest users:ann ann:ann \
         ann-too:www-data"
    );
}

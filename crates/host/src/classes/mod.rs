//! The classes of this machine, in a folder for each area.
//!
//! | file | what |
//! |---|---|
//! | `win32_x.mof` | the class, and the registration of its provider |
//! | `win32_x.rs` | what it reads, and the value of each property (`property::HostClass`) |
//! | `win32_x.md` | for each property its source, or why it is NULL; the module's documentation |
//! | `win32_x_methods.rs` | its methods, where they have code |
//! | `tests/it/win32_x.rs` | a rule for each property, on a captured machine |
//!
//! Classes share `property` (how each is provided), `registration` (how each is registered),
//! `mof` (what is read from MOF texts, and their order) and `reference` (the references of
//! associations); what classes of one area share is in the area's `mod.rs`.
//!
//! A class is registered by its line in [`CLASSES`]. The MOF of classes without a provider is in
//! `DECLARATIONS`. Profiles, in root\\interop, are in [`PROFILES`] and `PROFILE_DECLARATIONS`: they
//! are not installed in a repository that has profiles of another product.

pub mod account;
pub mod hardware;
pub mod interop;
pub mod process;
pub mod service;
pub mod storage;
pub mod system;

mod mof;
mod property;
mod reference;
mod registration;

use std::sync::Arc;

use wbem::NativeProviders;

pub use self::mof::{Text, in_order};
pub use self::registration::Class;
use self::registration::class;
use crate::readers::root::Root;

/// The classes of this machine that have a provider, a line each.
#[rustfmt::skip]
pub const CLASSES: &[Class] = &[
    class::<account::win32_group::Win32Group>(),
    class::<account::win32_groupuser::Win32GroupUser>(),
    class::<account::win32_useraccount::Win32UserAccount>(),
    class::<hardware::win32_processor::Win32Processor>(),
    class::<process::win32_process::Win32Process>(),
    class::<service::win32_service::Win32Service>(),
    class::<storage::win32_diskdrive::Win32DiskDrive>(),
    class::<storage::win32_diskdrivetodiskpartition::Win32DiskDriveToDiskPartition>(),
    class::<storage::win32_diskpartition::Win32DiskPartition>(),
    class::<storage::win32_logicaldisk::Win32LogicalDisk>(),
    class::<storage::win32_logicaldisktopartition::Win32LogicalDiskToPartition>(),
    class::<system::win32_computersystem::Win32ComputerSystem>(),
    class::<system::win32_operatingsystem::Win32OperatingSystem>(),
];

/// The classes that say which instances of [`CLASSES`] conform to a profile. Each is in
/// root\\interop and in root\\cimv2.
pub const PROFILES: &[Class] = &[
    class::<interop::elementconformstoprofile::Process>(),
    class::<interop::elementconformstoprofile::Service>(),
    class::<interop::elementconformstoprofile::DiskDrive>(),
];

/// MOF texts by their path below this folder.
macro_rules! texts {
    ($($path:literal,)*) => { &[$(Text { name: $path, mof: include_str!($path) },)*] };
}

/// MOF of the classes of this machine that have no provider.
const DECLARATIONS: &[Text] = texts![
    "account/win32_account.mof",
    "core/cim_component.mof",
    "core/cim_dependency.mof",
    "core/cim_logicaldevice.mof",
    "core/cim_logicalelement.mof",
    "core/cim_managedsystemelement.mof",
    "hardware/cim_processor.mof",
    "process/cim_process.mof",
    "service/cim_service.mof",
    "service/win32_baseservice.mof",
    "storage/cim_basedon.mof",
    "storage/cim_diskdrive.mof",
    "storage/cim_diskpartition.mof",
    "storage/cim_logicaldisk.mof",
    "storage/cim_logicaldiskbasedonpartition.mof",
    "storage/cim_mediaaccessdevice.mof",
    "storage/cim_mediapresent.mof",
    "storage/cim_storageextent.mof",
    "system/cim_computersystem.mof",
    "system/cim_operatingsystem.mof",
    "system/cim_system.mof",
    "system/cim_unitarycomputersystem.mof",
];

/// MOF of the classes of profiles that have no provider, and of the profiles that this crate
/// defines.
const PROFILE_DECLARATIONS: &[Text] = texts![
    "interop/cim_elementconformstoprofile.mof",
    "interop/cim_referencedprofile.mof",
    "interop/cim_registeredprofile.mof",
    "interop/openwmi_registeredprofile.mof",
];

/// All classes that have a provider.
pub fn classes() -> impl Iterator<Item = &'static Class> {
    CLASSES.iter().chain(PROFILES)
}

/// The MOF of the classes of this machine, in no order.
pub fn machine_mof() -> impl Iterator<Item = Text> {
    DECLARATIONS.iter().copied().chain(CLASSES.iter().map(text))
}

/// The MOF of the profiles, in no order.
pub fn profile_mof() -> impl Iterator<Item = Text> {
    PROFILE_DECLARATIONS.iter().copied().chain(PROFILES.iter().map(text))
}

fn text(class: &Class) -> Text {
    Text { name: class.name, mof: class.mof }
}

/// Registers the providers of all classes, for the machine of `root`.
pub fn register(providers: &mut NativeProviders, root: &Arc<Root>) {
    for class in classes() {
        let root = root.clone();
        providers.register(class.clsid, move |_| Ok(class.native(root.clone())));
    }
}

//! The classes of this machine: one class, one name, all that is of it under it.
//!
//! | file | what |
//! |---|---|
//! | `win32_x.mof` | the class as it is declared, and the registration of its provider |
//! | `win32_x.rs` | its properties and what each is told from (`property::HostClass`) |
//! | `win32_x.md` | for each property its source, or why it is NULL; the module's documentation |
//! | `win32_x_methods.rs` | its methods, where they have code |
//! | `tests/it/win32_x.rs` | a rule for each property, on a captured machine |
//!
//! What classes share is in `property` (how each is provided), `reference` (the references of
//! associations) and `account` (users and groups).
//!
//! A class is registered by its line in [`CLASSES`]; superclasses and classes without a provider
//! have their MOF in [`SUPERCLASSES`]. What is of profiles and stands in root\\interop is in [`PROFILES`] and
//! [`PROFILE_SCHEMA`]: a repository that has profiles of others' takes none of it.

pub mod account;
pub mod hardware;
pub mod interop;
pub mod process;
pub mod service;
pub mod storage;
pub mod system;

pub(crate) mod property;
mod reference;

use std::sync::Arc;

use wbem::{InstanceProvider, MethodProvider, Native, NativeProviders};

use self::account::win32_group::Win32Group;
use self::account::win32_groupuser::Win32GroupUser;
use self::account::win32_useraccount::Win32UserAccount;
use self::hardware::win32_processor::Win32Processor;
use self::interop::elementconformstoprofile::ElementConformsToProfile;
use self::process::win32_process::Win32Process;
use self::process::win32_process_methods::Win32ProcessMethods;
use self::property::{HostClass, Provider};
use self::service::win32_service::Win32Service;
use self::service::win32_service_methods::Win32ServiceMethods;
use self::storage::win32_diskdrive::Win32DiskDrive;
use self::storage::win32_diskdrivetodiskpartition::Win32DiskDriveToDiskPartition;
use self::storage::win32_diskpartition::Win32DiskPartition;
use self::storage::win32_logicaldisk::Win32LogicalDisk;
use self::storage::win32_logicaldisktopartition::Win32LogicalDiskToPartition;
use self::system::win32_computersystem::Win32ComputerSystem;
use self::system::win32_operatingsystem::Win32OperatingSystem;
use crate::readers::root::Root;

/// A class that this crate provides.
#[derive(Clone, Copy)]
pub struct Class {
    /// Its name.
    pub name: &'static str,
    /// MOF text: the class, its provider and its registration. Its superclass comes before.
    pub mof: &'static str,
    /// The CLSID under which the MOF registers its provider, of its methods as well.
    pub clsid: &'static str,
    provider: fn(Arc<Root>) -> Arc<dyn InstanceProvider>,
    methods: Option<Methods>,
}

/// Makes the provider of a class's methods, for a machine.
type Methods = fn(Arc<Root>) -> Arc<dyn MethodProvider>;

impl Class {
    const fn new<C: HostClass>(name: &'static str, clsid: &'static str, mof: &'static str) -> Self {
        let provider = |root| Arc::new(Provider::<C>::new(root)) as Arc<dyn InstanceProvider>;
        Class { name, mof, clsid, provider, methods: None }
    }

    const fn with_methods(self, methods: Methods) -> Self {
        Class { methods: Some(methods), ..self }
    }

    /// Its provider for the machine that `root` describes.
    pub fn provider(&self, root: Arc<Root>) -> Arc<dyn InstanceProvider> {
        (self.provider)(root)
    }

    /// The provider of its methods, if any has code.
    pub fn methods(&self, root: Arc<Root>) -> Option<Arc<dyn MethodProvider>> {
        self.methods.map(|methods| methods(root))
    }

    fn native(&self, root: Arc<Root>) -> Native {
        let instances = Some(self.provider(root.clone()));
        Native { instances, methods: self.methods(root), ..Native::default() }
    }
}

/// MOF texts of classes that have no provider here, each after its own superclass: the name of
/// the text, for errors, and the text.
pub const SUPERCLASSES: &[(&str, &str)] = &[
    ("cim_managedsystemelement.mof", include_str!("core/cim_managedsystemelement.mof")),
    ("cim_logicalelement.mof", include_str!("core/cim_logicalelement.mof")),
    ("cim_system.mof", include_str!("system/cim_system.mof")),
    ("cim_computersystem.mof", include_str!("system/cim_computersystem.mof")),
    ("cim_unitarycomputersystem.mof", include_str!("system/cim_unitarycomputersystem.mof")),
    ("cim_operatingsystem.mof", include_str!("system/cim_operatingsystem.mof")),
    ("cim_process.mof", include_str!("process/cim_process.mof")),
    ("cim_logicaldevice.mof", include_str!("core/cim_logicaldevice.mof")),
    ("cim_processor.mof", include_str!("hardware/cim_processor.mof")),
    ("cim_mediaaccessdevice.mof", include_str!("storage/cim_mediaaccessdevice.mof")),
    ("cim_diskdrive.mof", include_str!("storage/cim_diskdrive.mof")),
    ("cim_storageextent.mof", include_str!("storage/cim_storageextent.mof")),
    ("cim_diskpartition.mof", include_str!("storage/cim_diskpartition.mof")),
    ("cim_logicaldisk.mof", include_str!("storage/cim_logicaldisk.mof")),
    ("cim_dependency.mof", include_str!("core/cim_dependency.mof")),
    ("cim_basedon.mof", include_str!("storage/cim_basedon.mof")),
    (
        "cim_logicaldiskbasedonpartition.mof",
        include_str!("storage/cim_logicaldiskbasedonpartition.mof"),
    ),
    ("cim_mediapresent.mof", include_str!("storage/cim_mediapresent.mof")),
    ("cim_component.mof", include_str!("core/cim_component.mof")),
    ("win32_account.mof", include_str!("account/win32_account.mof")),
    ("cim_service.mof", include_str!("service/cim_service.mof")),
    ("win32_baseservice.mof", include_str!("service/win32_baseservice.mof")),
];

/// All classes that this crate provides.
pub const CLASSES: &[Class] = &[
    Class::new::<Win32Process>(
        "Win32_Process",
        "{5E0C8F52-6B1B-4C7A-9E57-2D5B0A5F7C01}",
        include_str!("process/win32_process.mof"),
    )
    .with_methods(|root| Arc::new(Win32ProcessMethods::new(root))),
    Class::new::<Win32LogicalDisk>(
        "Win32_LogicalDisk",
        "{5E0C8F52-6B1B-4C7A-9E57-2D5B0A5F7C02}",
        include_str!("storage/win32_logicaldisk.mof"),
    ),
    Class::new::<Win32OperatingSystem>(
        "Win32_OperatingSystem",
        "{5E0C8F52-6B1B-4C7A-9E57-2D5B0A5F7C03}",
        include_str!("system/win32_operatingsystem.mof"),
    ),
    Class::new::<Win32ComputerSystem>(
        "Win32_ComputerSystem",
        "{5E0C8F52-6B1B-4C7A-9E57-2D5B0A5F7C04}",
        include_str!("system/win32_computersystem.mof"),
    ),
    Class::new::<Win32Processor>(
        "Win32_Processor",
        "{5E0C8F52-6B1B-4C7A-9E57-2D5B0A5F7C05}",
        include_str!("hardware/win32_processor.mof"),
    ),
    Class::new::<Win32DiskDrive>(
        "Win32_DiskDrive",
        "{5E0C8F52-6B1B-4C7A-9E57-2D5B0A5F7C06}",
        include_str!("storage/win32_diskdrive.mof"),
    ),
    Class::new::<Win32DiskPartition>(
        "Win32_DiskPartition",
        "{5E0C8F52-6B1B-4C7A-9E57-2D5B0A5F7C07}",
        include_str!("storage/win32_diskpartition.mof"),
    ),
    Class::new::<Win32DiskDriveToDiskPartition>(
        "Win32_DiskDriveToDiskPartition",
        "{5E0C8F52-6B1B-4C7A-9E57-2D5B0A5F7C08}",
        include_str!("storage/win32_diskdrivetodiskpartition.mof"),
    ),
    Class::new::<Win32LogicalDiskToPartition>(
        "Win32_LogicalDiskToPartition",
        "{5E0C8F52-6B1B-4C7A-9E57-2D5B0A5F7C09}",
        include_str!("storage/win32_logicaldisktopartition.mof"),
    ),
    Class::new::<Win32UserAccount>(
        "Win32_UserAccount",
        "{5E0C8F52-6B1B-4C7A-9E57-2D5B0A5F7C0A}",
        include_str!("account/win32_useraccount.mof"),
    ),
    Class::new::<Win32Group>(
        "Win32_Group",
        "{5E0C8F52-6B1B-4C7A-9E57-2D5B0A5F7C0B}",
        include_str!("account/win32_group.mof"),
    ),
    Class::new::<Win32GroupUser>(
        "Win32_GroupUser",
        "{5E0C8F52-6B1B-4C7A-9E57-2D5B0A5F7C0C}",
        include_str!("account/win32_groupuser.mof"),
    ),
    Class::new::<Win32Service>(
        "Win32_Service",
        "{5E0C8F52-6B1B-4C7A-9E57-2D5B0A5F7C0D}",
        include_str!("service/win32_service.mof"),
    )
    .with_methods(|root| Arc::new(Win32ServiceMethods::new(root))),
];

/// MOF text, and the namespace into which it is compiled.
#[derive(Clone, Copy)]
pub struct Text {
    /// The namespace.
    pub namespace: &'static str,
    /// The name of the text, for errors.
    pub name: &'static str,
    /// The text.
    pub mof: &'static str,
}

/// The classes of profiles in the order in which they are compiled, and the profiles that this crate
/// defines.
pub const PROFILE_SCHEMA: &[Text] = &[
    Text {
        namespace: r"root\interop",
        name: "cim_registeredprofile.mof",
        mof: include_str!("interop/cim_registeredprofile.mof"),
    },
    Text {
        namespace: r"root\interop",
        name: "cim_referencedprofile.mof",
        mof: include_str!("interop/cim_referencedprofile.mof"),
    },
    Text {
        namespace: r"root\interop",
        name: "cim_elementconformstoprofile.mof",
        mof: include_str!("interop/cim_elementconformstoprofile.mof"),
    },
    Text {
        namespace: r"root\cimv2",
        name: "cim_elementconformstoprofile.mof",
        mof: include_str!("interop/cim_elementconformstoprofile.mof"),
    },
    Text {
        namespace: r"root\interop",
        name: "openwmi_registeredprofile.mof",
        mof: include_str!("interop/openwmi_registeredprofile.mof"),
    },
];

/// The classes that say which instances of [`CLASSES`] conform to a profile. Each is in root\\interop and
/// in root\\cimv2.
pub const PROFILES: &[Class] = &[
    Class::new::<ElementConformsToProfile<Win32Process>>(
        "OpenWMI_Process_ElementConformsToProfile_v1",
        "{5E0C8F52-6B1B-4C7A-9E57-2D5B0A5F7C0E}",
        include_str!("interop/openwmi_process_elementconformstoprofile_v1.mof"),
    ),
    Class::new::<ElementConformsToProfile<Win32Service>>(
        "OpenWMI_Service_ElementConformsToProfile_v1",
        "{5E0C8F52-6B1B-4C7A-9E57-2D5B0A5F7C0F}",
        include_str!("interop/openwmi_service_elementconformstoprofile_v1.mof"),
    ),
    Class::new::<ElementConformsToProfile<Win32DiskDrive>>(
        "OpenWMI_DiskDrive_ElementConformsToProfile_v1",
        "{5E0C8F52-6B1B-4C7A-9E57-2D5B0A5F7C10}",
        include_str!("interop/openwmi_diskdrive_elementconformstoprofile_v1.mof"),
    ),
];

/// Registers the providers of all classes, for the machine that `root` describes.
pub fn register(providers: &mut NativeProviders, root: &Arc<Root>) {
    for class in CLASSES.iter().chain(PROFILES) {
        let root = root.clone();
        providers.register(class.clsid, move |_| Ok(class.native(root.clone())));
    }
}

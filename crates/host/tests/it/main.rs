//! The classes of this crate on captured machines: what each property must be, and how the
//! providers keep their contract.
//!
//! `captured` reads the machines below `tests/fixtures`, `mock_systemd` answers for systemd on a
//! `private_bus`; the other files are one a class.

mod associations;
mod captured;
mod contract;
mod declaration;
mod elementconformstoprofile;
mod mock_systemd;
mod mof_texts;
mod private_bus;
mod reads;
mod win32_computersystem;
mod win32_diskdrive;
mod win32_diskdrivetodiskpartition;
mod win32_diskpartition;
mod win32_group;
mod win32_groupuser;
mod win32_logicaldisk;
mod win32_logicaldisktopartition;
mod win32_operatingsystem;
mod win32_process;
mod win32_process_methods;
mod win32_processor;
mod win32_service;
mod win32_service_methods;
mod win32_useraccount;

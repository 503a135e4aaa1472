//! Tests across the crates.

mod associations;
mod c3_methods;
mod calls;
mod explain;
mod f2_calls;
mod fetched;
mod first_start;
mod g11_namespace_security;
mod g12_configuration;
mod g15_method_calls;
mod g1_namespaces;
mod g25_masters;
mod g29_deleted_namespaces;
mod g2_system_classes;
mod g8_localized;
mod g9_compiler;
mod interop;
mod kill;
mod limits;
mod oracles;
mod providers;
mod pywbem;
mod rebuilt;
mod scripts;
mod security;
mod views;

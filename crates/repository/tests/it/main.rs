//! The repository from outside: what is written is read again, alone and among others, after
//! death and damage.

mod backup;
mod classes;
mod damage;
mod damaged_world;
mod durability;
mod growth;
mod instances;
mod processes;
mod references;
mod support;
mod values;

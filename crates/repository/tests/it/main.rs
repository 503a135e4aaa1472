//! The repository from outside: what is written is read again, alone and among others.

mod instances;
mod support;

//! What one operation sees of a namespace: a state of the store, joined with the classes of
//! providers.

pub mod computed;
mod operation_view;
mod provided;

pub use operation_view::View;
pub use provided::{Listing, Scope};

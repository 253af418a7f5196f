//! What C sees as memory: the genuine structs, the exported variables, blocks
//! from `malloc`, and the C half of functions with variable arguments.

pub(crate) mod answer_block;
// Its names are for the header that is made of it.
#[allow(dead_code, unreachable_pub)]
pub(crate) mod layout;
pub(crate) mod memory;
#[allow(unreachable_pub)] // exported to C by name
pub(crate) mod symbols;
pub(crate) mod variadic;

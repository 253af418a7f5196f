//! The C side: the header, its wrappers and the libraries' symbols against the
//! facts in `data/abi/`, which were taken from the genuine headers and libraries.

#[path = "abi/headers.rs"]
mod headers;
#[path = "abi/layout.rs"]
mod layout;
#[path = "abi/prototypes.rs"]
mod prototypes;
#[path = "support/abi.rs"]
mod support;
#[path = "abi/symbols.rs"]
mod symbols;
#[path = "abi/values.rs"]
mod values;

/// Everything in `required.tsv` up to this tier must be declared and exported.
/// 0 while entry points are being written, 1 when `dhcpctl_*` and what it needs
/// is complete, 2 when everything is.
const TIER_IN_FORCE: u8 = 0;

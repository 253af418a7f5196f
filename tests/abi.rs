//! The C side: the header, its wrappers and the libraries' symbols against the
//! facts in `data/abi/`, which were taken from the genuine headers and libraries.

#[path = "abi/compatibility.rs"]
mod compatibility;
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

/// Everything of these tiers in `required.tsv` must be declared and exported.
/// `[]` while entry points are being written, `[1]` when `dhcpctl_*` and what it
/// needs is complete, `[1, 2]` when everything is.
const TIERS_IN_FORCE: &[u8] = &[1, 2];

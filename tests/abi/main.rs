//! The C side: the header, its wrappers and the libraries' symbols against the
//! facts in `data/abi/`, which were taken from the genuine headers and libraries.

mod compatibility;
mod headers;
mod layout;
mod prototypes;
mod support;
mod symbols;
mod values;

/// Everything of these tiers in `required.tsv` must be declared and exported.
/// `[]` while entry points are being written, `[1]` when `dhcpctl_*` and what it
/// needs is complete, `[1, 2]` when everything is.
const TIERS_IN_FORCE: &[u8] = &[1, 2];

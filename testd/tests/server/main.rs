//! `omapi-testd` from outside: recorded sessions of dhcpd, what else is known of
//! it, and input that means harm.

mod client;
mod command;
mod facts;
mod golden;
mod json;
mod robust;
mod statements;

//! The shell: scripts and what they print, over OMAPI and over Kea, next to
//! what ISC's omshell makes of them.

mod cli;
mod golden;
mod kea;
mod live;
mod support;

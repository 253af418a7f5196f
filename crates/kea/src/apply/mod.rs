//! Making the planned changes of hosts and groups: with the commands of hook
//! libraries where the server has them, otherwise by a new configuration.

mod batch;
mod candidate;
mod with_commands;
mod with_config;

pub(crate) use batch::run;

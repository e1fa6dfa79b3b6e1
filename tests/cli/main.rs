//! Stories through the real program, with small scripts in place of the tools (`fakes/`): what only processes show.
//!
//! Nothing here needs a network, root, a VM or real time. What the steps decide is tested beside them.
#![cfg(target_os = "linux")]

mod aftermath;
mod calls;
mod canaries;
mod crashes;
mod fake_laptop;
mod hostile;
mod interruptions;
mod journey;
mod kills;
mod machine_output;
mod messages;
mod ownership;
mod refusals;
mod run;
mod secrets;
mod streams;
mod terminals;
mod two_at_once;

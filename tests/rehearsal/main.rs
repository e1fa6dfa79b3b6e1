//! The real binary in rehearsal: the whole journey, and what is done with a stack that is ready. Nothing is installed,
//! started or deleted.

#![expect(clippy::disallowed_methods, reason = "stories start the real binary")]

mod bundle;
mod causes;
mod demo;
mod journey;
mod logs;
mod matrix;
mod messages;
mod neighbours;
mod page;
mod secrets;
mod stage;
mod users;

//! One file for each thing a user asks for.

pub mod explain;
pub mod plan;

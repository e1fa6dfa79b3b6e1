//! Everything that people and programs read.
pub mod duration;

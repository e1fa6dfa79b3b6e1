//! Everything that people and programs read.

//! The door: parse, run the command, print a failure once, leave with its exit code.
#![allow(dead_code, reason = "being assembled")]

mod checkpoint;
mod cli;
mod cloud_init;
mod commands;
mod config;
mod event;
mod failure;
mod host;
mod journal;
mod plan;
mod rehearsal;
mod report;
mod runner;
mod state;
mod step;
mod steps;
mod text;
mod tools;
mod yaml;

fn main() {}

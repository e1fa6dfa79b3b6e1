//! One file for each command-line tool: the lines it is given and what its answers mean. Nothing here waits,
//! decides or remembers.

pub mod multipass;

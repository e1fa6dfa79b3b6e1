//! A host that tells what is run through it, and keeps what the tools said.

//! The journal.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| kafstack::drive::foreign::journal(bytes));

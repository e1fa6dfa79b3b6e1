//! A scenario for a rehearsal.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| kafstack::drive::foreign::scenario(bytes));

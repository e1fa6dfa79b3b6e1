//! The configuration, as a user writes it and as kafstack keeps it.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| kafstack::drive::foreign::configuration(bytes));

//! What tools answer.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| kafstack::drive::foreign::answers(bytes));

//! The marks of the wrapper in the VM.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| kafstack::drive::foreign::wrapper(bytes));

//! Output as it comes: into lines, without secrets, as text for a terminal. The first byte is the size of a chunk.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Some((chunk, rest)) = bytes.split_first() {
        kafstack::drive::foreign::output(rest, usize::from(*chunk) * 64);
    }
});

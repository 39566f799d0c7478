//! JSON is read within its bounds, and what is printed reads back.
#![no_main]

use ringfence_text::property;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    property::json_reads_back(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        property::json(text);
    }
});

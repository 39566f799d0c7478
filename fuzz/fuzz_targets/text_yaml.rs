//! YAML is read within its bounds, both readers agree, and what is printed reads back.
#![no_main]

use ringfence_text::property;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    property::yaml_reads_back(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        property::yaml(text);
    }
});

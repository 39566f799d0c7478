//! Bytes become text or a refusal that lies within them.
#![no_main]

use ringfence_text::property;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| property::decode(bytes));

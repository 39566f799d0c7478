//! Any text as a declaration.

#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| ringfence_declaration::property::text(text));

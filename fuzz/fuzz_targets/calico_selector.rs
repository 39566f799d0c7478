//! Any text as a Calico selector.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| ringfence_reach::property::calico_selector(text));

//! Any text as Terraform plans.

#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| ringfence_terraform::property::text(text));

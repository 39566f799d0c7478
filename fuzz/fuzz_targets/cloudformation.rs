//! Any text as a CloudFormation template and as a file of parameters.

#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| ringfence_cloudformation::property::text(text));

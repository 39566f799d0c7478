//! Any text as Kubernetes manifests.

#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| ringfence_kubernetes::property::text(text));

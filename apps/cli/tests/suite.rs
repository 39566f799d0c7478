//! The real binary, from outside: the contract, ugly input, the shipped example.

#![cfg(test)]
#![expect(clippy::disallowed_methods, reason = "tests read the repository and what lies beside it")]
#![expect(clippy::string_slice, reason = "fingerprints are ASCII")]

#[path = "suite/contract.rs"]
mod contract;
#[path = "suite/example.rs"]
mod example;
#[path = "workbench/folder.rs"]
mod folder;
#[path = "suite/forms.rs"]
mod forms;
#[path = "suite/policies.rs"]
mod policies;
#[path = "suite/scope.rs"]
mod scope;
#[path = "suite/suggest.rs"]
mod suggest;
#[path = "suite/ugly.rs"]
mod ugly;
#[path = "suite/ways_in.rs"]
mod ways_in;

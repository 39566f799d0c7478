//! Scope class of each resource, with its reasons.

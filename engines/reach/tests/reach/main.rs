//! The engine against the API definition: cases by hand, and a second evaluator on random clusters.

#[cfg(test)]
mod aws;
#[cfg(test)]
mod bad;
#[cfg(test)]
mod calico;
#[cfg(test)]
mod cluster;
#[cfg(test)]
mod entry;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod mesh;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod questions;
#[cfg(test)]
mod random;
#[cfg(test)]
mod semantics;
#[cfg(test)]
mod spec;
#[cfg(test)]
mod tiered;
#[cfg(test)]
mod tiers;
#[cfg(test)]
mod unknown;

//! The engine against the API definition: cases by hand, and a second evaluator on random clusters.

#[cfg(test)]
<<<<<<< HEAD
mod entry;
=======
mod cluster;
>>>>>>> e382b94 (reach: ClusterNetworkPolicy v1alpha2 in both tiers; nodes and domain names as peers, unknown values that may fail closed (the second version of the admin API))
#[cfg(test)]
mod fixture;
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

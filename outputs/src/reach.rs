//! Reach: who can talk to whom, as text, tables, JSON, pictures, and explained; suggested policies as YAML.

pub mod conflict;
pub mod csv;
pub mod diff;
pub mod entries;
pub mod explain;
pub mod exposure;
pub mod github;
pub mod graph;
pub mod idle;
pub mod json;
mod names;
mod pairs;
mod peers;
mod ports;
pub mod suggest;
pub mod txt;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;

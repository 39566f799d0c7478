//! Reach: who can talk to whom, as `txt`, as `json`, and explained.

pub mod explain;
pub mod json;
mod names;
pub mod txt;

#[cfg(test)]
mod tests;

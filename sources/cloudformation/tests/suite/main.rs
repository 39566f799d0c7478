//! Tests of the whole crate through its public door, on real YAML and JSON.

#[cfg(test)]
mod dump;
#[cfg(test)]
mod estates;
#[cfg(test)]
mod expressions;
#[cfg(test)]
mod inputs;
#[cfg(test)]
mod nested;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod templates;

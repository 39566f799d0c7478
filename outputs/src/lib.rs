//! Findings and facts as people and programs read them.

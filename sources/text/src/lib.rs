//! YAML and JSON into one located tree.

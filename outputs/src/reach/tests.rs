//! Tests of the reach writers.

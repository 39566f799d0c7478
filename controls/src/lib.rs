//! The catalogue of controls and its evaluator.

//! Bounds on hostile input.

/// How much one file may ask for. Reaching a bound is a located diagnostic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Bytes of decoded text.
    pub size: usize,
    /// Maps and lists inside each other.
    pub depth: usize,
    /// Values of all documents together.
    pub nodes: usize,
    /// Values that anchors, aliases and merge keys copy, in values of the usual size.
    pub copies: usize,
    /// Diagnostics; what is beyond is counted in one more.
    pub diagnostics: usize,
}

impl Default for Budget {
    /// A dump of a real cluster of 400 MB passes; the depth is such that code below may recurse.
    fn default() -> Self {
        Self { size: 1 << 30, depth: 512, nodes: 40_000_000, copies: 2_000_000, diagnostics: 256 }
    }
}

//! The map as a picture: namespaces with their workloads, who comes in on the left, where it goes on the
//! right. As `dot`, or laid out as SVG.
//!
//! ```text
//! ReachMap ─▶ gather: vertices and links     ─▶ twins: what has the same links is one vertex
//!          ─▶ nets: one for each target and set of ports, sources that recur become groups
//!          ─▶ draw: texts                    ─▶ dot
//!                                            ─▶ layout ─▶ svg
//! ```
//!
//! Nothing is left out to make it readable but what is said in the picture:
//! - workloads of a namespace with the same connections are one node that names them;
//! - where more than [`FAN`] sources share a destination, or one source has more than [`FAN`] of them, a
//!   letter stands for the sources instead of lines, and the legend says who they are;
//! - of more than [`PLAIN`] lines those between namespaces are folded: one line leads from namespace to
//!   namespace, and each workload names those who reach it from elsewhere;
//! - where there are still more than [`NODES`] nodes or [`LINES`] lines, a node is a namespace, and a line
//!   says that some workload of one may open the ports to some workload of the other;
//! - of more than [`NODES`] namespaces the most connected are drawn, and the number of the others is said.

mod doors;
mod dot;
mod draw;
mod gather;
mod groups;
mod layout;
mod nets;
mod outside;
mod svg;
mod text;
mod twins;

use std::io::{self, Write};

pub(super) use self::outside::in_words;

use ringfence_model::Estate;
use ringfence_model::fact::{Entry, Ports, ReachMap, ScopeFacts};

use self::draw::Drawing;

/// Nodes at most, before workloads become namespaces.
pub const NODES: usize = 110;
/// Lines at most, before those between namespaces are folded.
pub const PLAIN: usize = 70;
/// Lines at most, before workloads become namespaces.
pub const LINES: usize = 200;
/// Lines into or out of one node on the same ports, before a letter stands for them.
pub const FAN: usize = 5;

/// What a picture shows.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// The estate.
    pub estate: &'a Estate,
    /// Who reaches whom.
    pub map: &'a ReachMap,
    /// Classes to colour workloads by.
    pub scope: Option<&'a ScopeFacts>,
    /// Ways in from outside the cluster.
    pub entries: &'a [Entry],
    /// The ports that are asked for; the map holds no others.
    pub only: Option<&'a Ports>,
    /// Whether workloads without a connection are shown.
    pub lonely: bool,
}

/// Writes the graph in the language of Graphviz.
pub fn dot(out: &mut dyn Write, shown: Shown<'_>) -> io::Result<()> {
    dot::write(out, &Drawing::new(shown))
}

/// Writes the graph as a picture of its own: no scripts, no reference to anything outside.
pub fn svg(out: &mut dyn Write, shown: Shown<'_>) -> io::Result<()> {
    let drawing = Drawing::new(shown);
    svg::write(out, &drawing, &layout::of(&drawing))
}

#[cfg(test)]
mod tests;

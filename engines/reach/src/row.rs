//! Rows: what the policies that select a class say of every peer, in one direction.
//!
//! Classes that the same policies select share a row. A row is a few groups of peers that its rules do
//! not tell apart; whoever is in no group is denied.

mod absent;
mod build;
mod circumstance;
mod decide;
mod layer;
mod pair;
mod part;
mod prefix;
mod selected;
mod table;
mod tunnel;
mod weigh;

use std::ops::Range;

use ringfence_model::fact::RuleAction;
use roaring::RoaringBitmap;

use crate::condition::{Certainty, ConditionId};
use crate::policy::{Both, RuleId};
use crate::port::Mask;

pub(crate) use absent::{Address, Home, LetIn, Stranger};
pub(crate) use build::{Builder, Key};
pub(crate) use layer::{Layers, PeerClasses};
pub(crate) use pair::Pairing;
pub(crate) use table::lost_entries;
pub(crate) use weigh::Weighed;

/// One row.
#[derive(Debug, Default)]
pub(crate) struct Row {
    /// The policies that select, in the order of evaluation.
    pub(crate) policies: Vec<(u32, Certainty)>,
    pub(crate) groups: Vec<Group>,
    /// The classes whose row this is, sorted.
    pub(crate) members: Vec<u32>,
    /// The peers of all groups, group by group.
    peers: Vec<u32>,
    /// The hits of all groups, group by group.
    hits: Vec<Hit>,
}

/// Peers of which a row says the same.
#[derive(Debug)]
pub(crate) struct Group {
    peers: Peers,
    /// What is open for certain.
    pub(crate) sure: Mask,
    /// What is or may be open.
    pub(crate) maybe: Mask,
    /// What the difference hangs on.
    pub(crate) conditions: Box<[ConditionId]>,
    /// The rules that match.
    hits: Range<usize>,
}

/// Who is in a group.
#[derive(Debug)]
enum Peers {
    /// A stretch of [`Row::peers`], sorted.
    Listed(Range<usize>),
    /// Nearly everyone.
    Rest(RoaringBitmap),
}

/// A rule that matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hit {
    pub(crate) rule: RuleId,
    pub(crate) action: RuleAction,
    pub(crate) sure: Mask,
    pub(crate) maybe: Mask,
}

/// What one row says of one group.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Said<'a> {
    row: &'a Row,
    pub(crate) group: &'a Group,
}

impl<'a> Said<'a> {
    /// The rules that match.
    pub(crate) fn hits(self) -> &'a [Hit] {
        self.row.hits.get(self.group.hits.clone()).unwrap_or_default()
    }

    /// Calls `visit` for each peer, in ascending order.
    pub(crate) fn each_peer(self, visit: impl FnMut(u32)) {
        match &self.group.peers {
            Peers::Listed(_) => self.listed().iter().copied().for_each(visit),
            Peers::Rest(rest) => rest.iter().for_each(visit),
        }
    }

    /// Those of `of` that are in the group.
    pub(crate) fn among(self, of: &RoaringBitmap) -> RoaringBitmap {
        match &self.group.peers {
            Peers::Rest(rest) => rest & of,
            Peers::Listed(_) if (self.listed().len() as u64) < of.len() => {
                self.listed().iter().copied().filter(|peer| of.contains(*peer)).collect()
            }
            Peers::Listed(_) => of.iter().filter(|peer| self.listed().binary_search(peer).is_ok()).collect(),
        }
    }

    fn listed(self) -> &'a [u32] {
        match &self.group.peers {
            Peers::Listed(range) => self.row.peers.get(range.clone()).unwrap_or_default(),
            Peers::Rest(_) => &[],
        }
    }

    pub(crate) fn holds(self, peer: u32) -> bool {
        match &self.group.peers {
            Peers::Listed(_) => self.listed().binary_search(&peer).is_ok(),
            Peers::Rest(rest) => rest.contains(peer),
        }
    }
}

impl Row {
    /// What it says, group by group.
    pub(crate) fn said(&self) -> impl Iterator<Item = Said<'_>> {
        self.groups.iter().map(|group| Said { row: self, group })
    }

    /// What it says of the group with that index.
    pub(crate) fn said_at(&self, index: u32) -> Option<Said<'_>> {
        self.groups.get(index as usize).map(|group| Said { row: self, group })
    }

    /// What it says of `peer`; `None` for denied.
    pub(crate) fn said_of(&self, peer: u32) -> Option<Said<'_>> {
        self.said().find(|said| said.holds(peer))
    }
}

/// All rows, and the row of each class.
pub(crate) type Rows = Both<Table>;

/// The rows of one direction.
#[derive(Debug, Default)]
pub(crate) struct Table {
    pub(crate) rows: Vec<Row>,
    /// The row of each class.
    pub(crate) of_class: Vec<u32>,
}

impl Table {
    pub(crate) fn row(&self, class: u32) -> Option<&Row> {
        self.rows.get(*self.of_class.get(class as usize)? as usize)
    }
}

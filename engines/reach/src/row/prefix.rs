//! Rules as AWS's agent keeps them: a table of addresses, in which the longest prefix decides.
//!
//! ```text
//! host    the address of a peer that a selector matches
//! block   an `ipBlock`, or every address for a rule without peers
//! hole    an exception of one: denies, unless a rule has exactly that block
//! ```
//!
//! An entry takes over the ports of every wider block that does not except it (aws-network-policy-agent,
//! `ComputeMapEntriesFromEndpointRules`). It holds a limited number of ports; of more some are lost, and
//! which ones is not known.

use std::collections::BTreeSet;
use std::sync::Arc;

use ringfence_model::fact::{PortRange, RuleAction};

use super::decide::{Circumstances, Counted};
use super::layer::Layer;
use crate::address::Span;
use crate::condition::ConditionId;
use crate::port::Mask;

/// What a layer is in the table.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) kind: Kind,
    /// The exceptions of its block.
    pub(super) holes: Arc<[Span]>,
    /// Whether more of the block may be excepted than is known.
    pub(super) may_except: bool,
    /// Its ports one by one; `None` for every port of every protocol.
    pub(super) ports: Arc<[(Option<PortRange>, Mask)]>,
}

/// Kinds of entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Host,
    Block(Span),
    Hole(Span),
}

/// The table of a pod.
#[derive(Clone, Debug)]
pub(super) struct Table {
    /// How many ports an entry holds.
    pub(super) limit: usize,
    pub(super) too_many: ConditionId,
    pub(super) excepted: ConditionId,
}

/// Calls `then` with the layers as the engine of the row has them.
pub(super) fn settled<R>(
    on: &Circumstances,
    layers: &[Counted<'_>],
    then: impl FnOnce(&[Counted<'_>]) -> R,
) -> R {
    of_table(on.table.as_ref(), &on.none, layers, then)
}

/// Calls `then` with the layers as the table has them, which are those of peers that exactly they match.
pub(super) fn of_table<R>(
    table: Option<&Table>,
    none: &Mask,
    layers: &[Counted<'_>],
    then: impl FnOnce(&[Counted<'_>]) -> R,
) -> R {
    let Some(table) = table.filter(|table| table.differs(layers)) else { return then(layers) };
    let entries: Vec<Counted<'_>> = layers.iter().filter(|one| one.layer.entry.is_some()).copied().collect();
    let resolved = Lookup { table, none, entries: &entries }.resolve();
    let mut all: Vec<Counted<'_>> = Vec::with_capacity(layers.len());
    let mut resolved = Some(resolved.as_slice());
    for one in layers {
        match one.layer.entry {
            None => all.push(*one),
            // All entries are of one stage: they stand where the first of them stood.
            Some(_) => {
                all.extend(resolved.take().into_iter().flatten().map(|layer| Counted { layer, policy: None }))
            }
        }
    }
    then(&all)
}

impl Table {
    /// Whether the table says anything else than that rules add up.
    fn differs(&self, layers: &[Counted<'_>]) -> bool {
        let entries = || layers.iter().filter_map(|one| one.layer.entry.as_ref());
        let ports: usize = entries().map(|entry| entry.ports.len()).sum();
        ports > self.limit || entries().any(|entry| !entry.holes.is_empty() || entry.may_except)
    }
}

/// One look at the table, for peers that exactly `entries` match.
struct Lookup<'a, 'l> {
    table: &'a Table,
    none: &'a Mask,
    entries: &'a [Counted<'l>],
}

/// A set of ports, for certain and perhaps.
#[derive(Clone)]
struct Open {
    sure: Mask,
    maybe: Mask,
}

/// A block or hole that may hold the peer.
struct Candidate {
    span: Span,
    /// Whether it is in the table and holds the peer.
    certain: bool,
    open: Open,
    /// Whether more of it may be excepted than is known.
    may_except: bool,
}

impl<'l> Lookup<'_, 'l> {
    fn resolve(&self) -> Vec<Layer> {
        let blocks = self.blocks();
        let excepted =
            self.entries.iter().any(|one| one.layer.entry.as_ref().is_some_and(|entry| entry.may_except));
        let mut by_prefix = self.longest_prefix(&blocks);
        if excepted {
            by_prefix.sure = self.none.clone();
        }
        let mut open = self.with_hosts(&blocks, by_prefix);
        let too_many = self.limit(&mut open);
        let mut layers: Vec<Layer> = Vec::new();
        for one in self.entries.iter().filter(|one| one.layer.action == RuleAction::Allow) {
            let doubts =
                one.policy.into_iter().chain(too_many).chain(excepted.then_some(self.table.excepted));
            layers.push(settled_layer(
                one,
                one.layer.maybe.and(&open.sure),
                one.layer.maybe.and(&open.maybe),
                doubts,
            ));
        }
        layers.retain(|layer| !layer.maybe.is_empty());
        // What an exception closes stays closed after the rules that open: it is there to be told.
        for one in self.entries.iter().filter(|one| one.layer.action == RuleAction::Deny) {
            let certain = one.policy.is_none() && !one.layer.uncertain_peers;
            let sure = if certain { one.layer.maybe.minus(&open.maybe) } else { self.none.clone() };
            layers.push(settled_layer(one, sure, one.layer.maybe.minus(&open.sure), one.policy.into_iter()));
        }
        layers
    }

    /// The blocks that hold the peer or may, widest first, each with the ports of wider ones.
    fn blocks(&self) -> Vec<Candidate> {
        let mut spans: Vec<Span> = self.entries.iter().filter_map(|one| block_of(one)).collect();
        spans.sort_unstable_by_key(|span| (std::cmp::Reverse(span.last - span.first), *span));
        spans.dedup();
        let mut blocks: Vec<Candidate> = Vec::with_capacity(spans.len());
        for span in spans {
            let own = || self.entries.iter().filter(move |one| block_of(one) == Some(span));
            let mut open = Open { sure: self.none.clone(), maybe: self.none.clone() };
            for one in own() {
                open.maybe = open.maybe.or(&one.layer.maybe);
                if one.policy.is_none() {
                    open.sure = open.sure.or(&one.layer.sure);
                }
            }
            for wider in blocks.iter().filter(|wider| wider.span.covers(span)) {
                self.inherit(&mut open, wider, |hole| {
                    hole.overlap(Span { last: span.first, ..span }).is_some().then_some(true)
                });
            }
            let certain = own().any(|one| one.policy.is_none() && !one.layer.uncertain_peers);
            let may_except = own().any(|one| one.layer.entry.as_ref().is_some_and(|entry| entry.may_except));
            blocks.push(Candidate { span, certain, open, may_except });
        }
        blocks
    }

    /// Adds the ports of `wider`, unless one of its exceptions holds the heir; `in_hole`: for certain, perhaps.
    fn inherit(&self, open: &mut Open, wider: &Candidate, in_hole: impl Fn(Span) -> Option<bool>) {
        // A peer of which nothing is known may be the same block, with exceptions.
        let (mut certainly, mut perhaps) = (false, wider.may_except || self.has_unknown_peers());
        for one in self.entries.iter().filter(|one| block_of(one) == Some(wider.span)) {
            let holes = one.layer.entry.iter().flat_map(|entry| entry.holes.iter());
            for inside in holes.filter_map(|hole| in_hole(*hole)) {
                perhaps = true;
                certainly |= inside && one.policy.is_none();
            }
        }
        if !certainly {
            open.maybe = open.maybe.or(&wider.open.maybe);
        }
        if !perhaps && wider.certain {
            open.sure = open.sure.or(&wider.open.sure);
        }
    }

    fn has_unknown_peers(&self) -> bool {
        let entries = self.entries.iter().filter_map(|one| one.layer.entry.as_ref());
        entries.into_iter().any(|entry| entry.may_except && entry.kind == Kind::Host)
    }

    /// What the longest prefix opens: each of those that may hold the peer, up to the first that does.
    fn longest_prefix(&self, blocks: &[Candidate]) -> Open {
        let holes = self.holes(blocks);
        let mut candidates: Vec<&Candidate> = blocks.iter().chain(&holes).collect();
        candidates.sort_by_key(|one| (one.span.last - one.span.first, one.span));
        let mut found: Option<Open> = None;
        for one in candidates {
            let open = match found {
                None => one.open.clone(),
                Some(found) => {
                    Open { sure: found.sure.and(&one.open.sure), maybe: found.maybe.or(&one.open.maybe) }
                }
            };
            if one.certain {
                return open;
            }
            found = Some(open);
        }
        // Nothing is certain to be found, and what is not in the table is denied.
        Open { sure: self.none.clone(), maybe: found.map_or_else(|| self.none.clone(), |open| open.maybe) }
    }

    /// Exceptions that hold the peer or may, unless a rule has exactly that block.
    fn holes(&self, blocks: &[Candidate]) -> Vec<Candidate> {
        let closed = Open { sure: self.none.clone(), maybe: self.none.clone() };
        let mut holes: Vec<Candidate> = Vec::new();
        for one in self.entries {
            let Some(Kind::Hole(span)) = one.layer.entry.as_ref().map(|entry| entry.kind) else { continue };
            let exact = blocks.iter().find(|block| block.span == span);
            if exact.is_some_and(|_| self.is_in_table(span)) {
                continue;
            }
            let certain = one.policy.is_none() && !one.layer.uncertain_peers && exact.is_none();
            holes.push(Candidate { span, certain, open: closed.clone(), may_except: false });
        }
        holes
    }

    /// Whether a rule has exactly that block for certain, wherever the peer is.
    fn is_in_table(&self, span: Span) -> bool {
        self.entries.iter().any(|one| block_of(one) == Some(span) && one.policy.is_none())
    }

    /// An address that a selector names has an entry of its own, before every block.
    fn with_hosts(&self, blocks: &[Candidate], by_prefix: Open) -> Open {
        let is_host =
            |one: &&Counted<'l>| one.layer.entry.as_ref().is_some_and(|entry| entry.kind == Kind::Host);
        let hosts = || self.entries.iter().filter(is_host);
        if hosts().next().is_none() {
            return by_prefix;
        }
        let certain = |one: &Counted<'l>| one.policy.is_none() && !one.layer.uncertain_peers;
        let mut open = Open { sure: self.none.clone(), maybe: self.none.clone() };
        for one in hosts() {
            open.maybe = open.maybe.or(&one.layer.maybe);
            if certain(one) {
                open.sure = open.sure.or(&one.layer.sure);
            }
        }
        for block in blocks {
            self.inherit(&mut open, block, |hole| self.is_in_hole(hole));
        }
        if hosts().any(certain) {
            return open;
        }
        Open { sure: open.sure.and(&by_prefix.sure), maybe: open.maybe.or(&by_prefix.maybe) }
    }

    /// Whether the peer lies in an exception: for certain, perhaps; `None` for not at all.
    fn is_in_hole(&self, hole: Span) -> Option<bool> {
        let holding = self
            .entries
            .iter()
            .filter(|one| one.layer.entry.as_ref().is_some_and(|entry| entry.kind == Kind::Hole(hole)));
        holding.map(|one| !one.layer.uncertain_peers).max()
    }

    /// Of more ports than an entry holds only those are certain that no choice among them loses.
    fn limit(&self, open: &mut Open) -> Option<ConditionId> {
        let allowing = self.entries.iter().filter(|one| one.layer.maybe.touches(&open.maybe));
        let entries = allowing
            .filter(|one| one.layer.action == RuleAction::Allow)
            .filter_map(|one| one.layer.entry.as_ref());
        let mut seen: BTreeSet<Option<PortRange>> = BTreeSet::new();
        let distinct: Vec<&Mask> = entries
            .flat_map(|entry| entry.ports.iter())
            .filter(|(port, _)| seen.insert(*port))
            .map(|(_, mask)| mask)
            .collect();
        let lost = distinct.len().checked_sub(self.table.limit).filter(|lost| *lost > 0)?;
        open.sure = match lost > self.table.limit {
            true => self.none.clone(),
            false => open.sure.and(&covered(&distinct, lost, self.none)),
        };
        Some(self.table.too_many)
    }
}

/// The ports that more than `times` of `masks` hold.
fn covered(masks: &[&Mask], times: usize, none: &Mask) -> Mask {
    let mut at_least = vec![none.clone(); times + 1];
    for mask in masks {
        for count in (0..=times).rev() {
            let before = match count.checked_sub(1) {
                None => Some((*mask).clone()),
                Some(below) => at_least.get(below).map(|below| below.and(mask)),
            };
            at_least
                .get_mut(count)
                .zip(before)
                .into_iter()
                .for_each(|(slot, before)| *slot = slot.or(&before));
        }
    }
    at_least.pop().unwrap_or_else(|| none.clone())
}

fn block_of(one: &Counted<'_>) -> Option<Span> {
    match one.layer.entry.as_ref()?.kind {
        Kind::Block(span) => Some(span),
        Kind::Host | Kind::Hole(_) => None,
    }
}

/// The layer with what the table makes of it.
fn settled_layer(
    one: &Counted<'_>,
    sure: Mask,
    maybe: Mask,
    doubts: impl Iterator<Item = ConditionId>,
) -> Layer {
    let mut layer = Layer { sure, maybe, uncertain_peers: false, entry: None, ..one.layer.clone() };
    layer.doubts.extend(doubts);
    layer
}

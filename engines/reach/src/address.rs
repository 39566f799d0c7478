//! Addresses: `ipBlock`s as spans, and the space outside the cluster cut where they begin and end.
//!
//! No pod address is known before the pod runs. On EKS it comes from a subnet of the VPC, so an
//! unknown one is taken to lie somewhere in the private and shared blocks that AWS documents for pods:
//! a block that covers them all matches, one that overlaps them may match, any other does not.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use ringfence_model::fact::AddressRange;
use rustc_hash::FxHashMap;

/// Address family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Family {
    V4,
    V6,
}

impl Family {
    fn last(self) -> u128 {
        match self {
            Self::V4 => u32::MAX.into(),
            Self::V6 => u128::MAX,
        }
    }

    fn address(self, value: u128) -> IpAddr {
        match self {
            Self::V4 => Ipv4Addr::from(u32::try_from(value).unwrap_or(u32::MAX)).into(),
            Self::V6 => Ipv6Addr::from(value).into(),
        }
    }
}

/// Addresses `first..=last` of one family, as numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Span {
    pub(crate) family: Family,
    pub(crate) first: u128,
    pub(crate) last: u128,
}

fn number(address: IpAddr) -> (Family, u128) {
    match address {
        IpAddr::V4(v4) => (Family::V4, u32::from(v4).into()),
        IpAddr::V6(v6) => (Family::V6, v6.into()),
    }
}

impl From<IpNet> for Span {
    fn from(net: IpNet) -> Self {
        let (family, first) = number(net.network());
        Self { family, first, last: number(net.broadcast()).1 }
    }
}

impl From<AddressRange> for Span {
    fn from(range: AddressRange) -> Self {
        let (family, first) = number(range.first);
        Self { family, first, last: number(range.last).1 }
    }
}

impl From<Span> for AddressRange {
    fn from(span: Span) -> Self {
        Self { first: span.family.address(span.first), last: span.family.address(span.last) }
    }
}

impl Span {
    /// Every address of `family`.
    pub(crate) fn whole(family: Family) -> Self {
        Self { family, first: 0, last: family.last() }
    }

    /// An address block or a single address.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let net = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        net.ok().map(Self::from)
    }

    /// The IPv4 block of a first address and a prefix length.
    pub(crate) fn v4((address, length): ([u8; 4], u32)) -> Self {
        let first = u128::from(u32::from_be_bytes(address));
        Self { family: Family::V4, first, last: first + (u128::from(u32::MAX) >> length) }
    }

    /// What both have in common.
    pub(crate) fn overlap(self, other: Self) -> Option<Self> {
        let (first, last) = (self.first.max(other.first), self.last.min(other.last));
        (self.family == other.family && first <= last).then_some(Self { first, last, ..self })
    }

    /// Whether all of `other` lies in it.
    pub(crate) fn covers(self, other: Self) -> bool {
        self.overlap(other) == Some(other)
    }
}

/// `whole` minus `holes`, sorted.
pub(crate) fn minus(whole: Span, holes: &[Span]) -> Vec<Span> {
    let mut holes: Vec<Span> = holes.iter().filter_map(|hole| whole.overlap(*hole)).collect();
    holes.sort_unstable();
    let mut left = Vec::new();
    let mut next = Some(whole.first);
    for hole in holes {
        let Some(first) = next else { break };
        if first < hole.first {
            left.push(Span { first, last: hole.first.saturating_sub(1), ..whole });
        }
        next = (hole.last < whole.last).then(|| first.max(hole.last.saturating_add(1)));
    }
    left.extend(next.map(|first| Span { first, ..whole }));
    left
}

/// The same addresses, sorted, neither overlapping nor adjacent.
pub(crate) fn union(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_unstable();
    let mut joined: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        match joined
            .last_mut()
            .filter(|last| last.family == span.family && span.first <= last.last.saturating_add(1))
        {
            Some(last) => last.last = last.last.max(span.last),
            None => joined.push(span),
        }
    }
    joined
}

/// How a block lies to the addresses that pods can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cover {
    All,
    Some,
    None,
}

/// Where pod addresses come from: RFC 1918, and the shared blocks that the EKS user guide names for
/// custom networking.
pub(crate) const POD_SPACE: [([u8; 4], u32); 5] = [
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10),
    ([172, 16, 0, 0], 12),
    ([192, 168, 0, 0], 16),
    ([198, 19, 0, 0], 16),
];

fn pod_space() -> impl Iterator<Item = Span> {
    POD_SPACE.into_iter().map(Span::v4)
}

/// IPv6 pods have global or unique local addresses.
pub(crate) const POD_SPACE_V6: [(u128, u128); 2] =
    [(0x2000 << 112, (0x4000 << 112) - 1), (0xfc00 << 112, (0xfe00 << 112) - 1)];

/// All `ipBlock`s of a run, each once.
#[derive(Debug, Default)]
pub(crate) struct Blocks {
    all: Vec<Box<[Span]>>,
    ids: FxHashMap<Box<[Span]>, u32>,
    written: FxHashMap<u32, Written>,
    written_ids: FxHashMap<(Span, Box<[Span]>), u32>,
}

/// A block as it is written: where the longest prefix decides, its exceptions are blocks of their own.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    /// The block with its exceptions in it.
    pub(crate) whole: (Span, u32),
    /// The exceptions.
    pub(crate) holes: Box<[(Span, u32)]>,
}

impl Blocks {
    /// The block that holds exactly `spans`.
    pub(crate) fn id(&mut self, spans: Vec<Span>) -> u32 {
        let spans = spans.into_boxed_slice();
        let next = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        *self.ids.entry(spans).or_insert_with_key(|spans| {
            self.all.push(spans.clone());
            next
        })
    }

    /// The block that is written so.
    pub(crate) fn written(&mut self, whole: Span, mut holes: Vec<Span>) -> u32 {
        holes.sort_unstable();
        holes.dedup();
        let key = (whole, holes.into_boxed_slice());
        if let Some(id) = self.written_ids.get(&key) {
            return *id;
        }
        // A block of its own, whatever other way there is to write the same addresses.
        let id = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        self.all.push(minus(whole, &key.1).into_boxed_slice());
        let holes = key.1.iter().map(|hole| (*hole, self.id(vec![*hole]))).collect();
        let written = Written { whole: (whole, self.id(vec![whole])), holes };
        self.written.insert(id, written);
        self.written_ids.insert(key, id);
        id
    }

    /// All blocks of which it matters how they are written.
    pub(crate) fn all_written(&self) -> &FxHashMap<u32, Written> {
        &self.written
    }

    /// How a block is written, where that matters.
    pub(crate) fn as_written(&self, id: u32) -> Option<&Written> {
        self.written.get(&id)
    }

    pub(crate) fn get(&self, id: u32) -> &[Span] {
        self.all.get(id as usize).map(|spans| &**spans).unwrap_or_default()
    }

    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether a block of IPv6 addresses is among them.
    pub(crate) fn names_v6(&self) -> bool {
        self.all.iter().any(|spans| spans.iter().any(|span| span.family == Family::V6))
    }
}

/// How `block` lies to the addresses that a pod of unknown address may have.
pub(crate) fn cover_of_pods(block: &[Span]) -> Cover {
    let touches = |space: Span| block.iter().any(|span| span.overlap(space).is_some());
    let covers = |space: Span| block.iter().any(|span| span.covers(space));
    let v6 = POD_SPACE_V6.map(|(first, last)| Span { family: Family::V6, first, last });
    if pod_space().all(covers) {
        Cover::All
    } else if pod_space().chain(v6).any(touches) {
        Cover::Some
    } else {
        Cover::None
    }
}

/// Addresses that exactly the same blocks hold, next to one another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Interval {
    pub(crate) span: Span,
    /// Index into [`Space::signatures`].
    pub(crate) signature: u32,
}

/// The whole address space, cut where blocks begin and end.
#[derive(Debug, Default)]
pub(crate) struct Space {
    /// Sorted.
    pub(crate) intervals: Vec<Interval>,
    /// For each signature the blocks that hold its addresses, sorted.
    pub(crate) signatures: Vec<Box<[u32]>>,
}

impl Space {
    /// The space that the blocks `ids` cut.
    pub(crate) fn new(blocks: &Blocks, ids: &[u32], v6: bool) -> Self {
        let families: &[Family] = if v6 { &[Family::V4, Family::V6] } else { &[Family::V4] };
        let spans = cut(ids.iter().flat_map(|id| blocks.get(*id)), families);
        let mut holders: Vec<Vec<u32>> = vec![Vec::new(); spans.len()];
        for id in ids {
            for part in blocks.get(*id) {
                let start =
                    spans.partition_point(|span| (span.family, span.first) < (part.family, part.first));
                let inside = spans.iter().zip(&mut holders).skip(start);
                inside.take_while(|(span, _)| part.covers(**span)).for_each(|(_, holder)| holder.push(*id));
            }
        }
        let mut space = Self::default();
        let mut ids: FxHashMap<Vec<u32>, u32> = FxHashMap::default();
        for (span, holder) in spans.into_iter().zip(holders) {
            let next = u32::try_from(space.signatures.len()).unwrap_or(u32::MAX);
            let signature = *ids.entry(holder).or_insert_with_key(|holder| {
                space.signatures.push(holder.clone().into());
                next
            });
            space.intervals.push(Interval { span, signature });
        }
        space
    }

    /// The signature of one address; `None` for a family that is not looked at.
    pub(crate) fn signature(&self, address: IpAddr) -> Option<u32> {
        let (family, value) = number(address);
        let after =
            self.intervals.partition_point(|one| (one.span.family, one.span.first) <= (family, value));
        let interval = self.intervals.get(after.checked_sub(1)?)?;
        (interval.span.family == family).then_some(interval.signature)
    }

    /// The intervals that `span` touches.
    pub(crate) fn touched(&self, span: Span) -> impl Iterator<Item = &Interval> {
        let start = self
            .intervals
            .partition_point(|one| (one.span.family, one.span.last) < (span.family, span.first));
        self.intervals.iter().skip(start).take_while(move |one| one.span.overlap(span).is_some())
    }
}

fn cut<'a>(blocks: impl Iterator<Item = &'a Span>, families: &[Family]) -> Vec<Span> {
    let mut starts: Vec<(Family, u128)> = families.iter().map(|family| (*family, 0)).collect();
    for span in blocks.filter(|span| families.contains(&span.family)) {
        starts.push((span.family, span.first));
        if span.last < span.family.last() {
            starts.push((span.family, span.last + 1));
        }
    }
    starts.sort_unstable();
    starts.dedup();
    let next = starts.iter().skip(1).map(Some).chain([None]);
    let span = |((family, first), next): (&(Family, u128), Option<&(Family, u128)>)| {
        let last = next.filter(|next| next.0 == *family).map_or(family.last(), |next| next.1 - 1);
        Span { first: *first, last, ..Span::whole(*family) }
    };
    starts.iter().zip(next).map(span).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(text: &str) -> Span {
        text.parse::<IpNet>().unwrap().into()
    }

    fn blocks(all: &[(&str, &[&str])]) -> Blocks {
        let mut blocks = Blocks::default();
        for (cidr, except) in all {
            let holes: Vec<Span> = except.iter().map(|text| span(text)).collect();
            blocks.id(minus(span(cidr), &holes));
        }
        blocks
    }

    fn whole_space(blocks: &Blocks, v6: bool) -> Space {
        let ids: Vec<u32> = (0..).take(blocks.len()).collect();
        Space::new(blocks, &ids, v6)
    }

    #[track_caller]
    fn check(all: &[(&str, &[&str])], v6: bool, expected: &[&str]) {
        let space = whole_space(&blocks(all), v6);
        let found: Vec<String> = space
            .intervals
            .iter()
            .map(|one| {
                format!("{} {:?}", AddressRange::from(one.span), space.signatures[one.signature as usize])
            })
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn the_space_is_cut_at_blocks_and_exceptions() {
        check(&[], false, &["0.0.0.0-255.255.255.255 []"]);
        check(
            &[("0.0.0.0/0", &["10.0.0.0/8"])],
            false,
            &["0.0.0.0-9.255.255.255 [0]", "10.0.0.0-10.255.255.255 []", "11.0.0.0-255.255.255.255 [0]"],
        );
        check(
            &[("10.0.0.0/8", &[]), ("10.1.0.0/16", &["10.1.2.3/32"]), ("::/0", &[])],
            true,
            &[
                "0.0.0.0-9.255.255.255 []",
                "10.0.0.0-10.0.255.255 [0]",
                "10.1.0.0-10.1.2.2 [0, 1]",
                "10.1.2.3-10.1.2.3 [0]",
                "10.1.2.4-10.1.255.255 [0, 1]",
                "10.2.0.0-10.255.255.255 [0]",
                "11.0.0.0-255.255.255.255 []",
                "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff [2]",
            ],
        );
    }

    #[test]
    fn an_unknown_pod_address_lies_in_private_space() {
        let cover = |cidr, except: &[&str]| cover_of_pods(blocks(&[(cidr, except)]).get(0));
        assert_eq!(cover("0.0.0.0/0", &[]), Cover::All);
        assert_eq!(cover("0.0.0.0/0", &["169.254.169.254/32"]), Cover::All);
        assert_eq!(cover("0.0.0.0/0", &["10.0.0.0/8"]), Cover::Some);
        assert_eq!(cover("10.20.144.0/23", &[]), Cover::Some);
        assert_eq!(cover("203.0.113.0/24", &[]), Cover::None);
        assert_eq!(cover("::/0", &[]), Cover::Some);
    }

    #[test]
    fn an_address_has_the_signature_of_its_interval() {
        let space = whole_space(&blocks(&[("10.0.0.0/8", &[])]), false);
        let blocks_of = |text: &str| {
            let signature = space.signature(text.parse().unwrap())?;
            Some(space.signatures[signature as usize].to_vec())
        };
        assert_eq!(blocks_of("10.255.255.255"), Some(vec![0]));
        assert_eq!(blocks_of("11.0.0.0"), Some(vec![]));
        assert_eq!(blocks_of("::1"), None);
    }
}

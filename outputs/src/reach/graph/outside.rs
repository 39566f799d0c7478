//! What addresses outside the cluster are called: by block, or by what is missing from them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ringfence_model::fact::AddressRange;

/// Blocks that are written out at most.
const SAID: usize = 4;

/// A title, what stands beside it, and lines below: `internet`; `10.0.0.0/8`, `private`; `any other address`,
/// `internet included`, `not 10.0.0.0/8`.
pub(super) fn called(ranges: &[AddressRange]) -> (String, &'static str, Vec<String>) {
    let [v4, v6] = [Family::V4, Family::V6].map(|family| Space::new(family, ranges));
    let (missing4, missing6) = (v4.rest(), v6.rest());
    let has = |space: &Space| !space.spans.is_empty();
    if has(&v4) && missing4.spans.is_empty() && (!has(&v6) || missing6.spans.is_empty()) {
        return ("any address".to_owned(), "internet included", Vec::new());
    }
    let mut blocks = [v4.blocks(), v6.blocks()].concat();
    let private = if v4.is_off_the_internet() && v6.is_off_the_internet() { "private" } else { "" };
    if let [one] = blocks.as_slice() {
        return (one.clone(), private, Vec::new());
    }
    let missing: Vec<&Space> = [(&v4, &missing4), (&v6, &missing6)]
        .into_iter()
        .filter(|(one, _)| has(one))
        .map(|(_, rest)| rest)
        .collect();
    let without: Vec<String> = missing.iter().flat_map(|space| space.blocks()).collect();
    if blocks.len() > SAID && without.len() < blocks.len() {
        let lines = said(without.iter().map(|block| format!("not {block}")).collect());
        let internet = missing.iter().all(|space| space.is_off_the_internet());
        return match (internet, missing.iter().all(|space| space.covers_private())) {
            (true, true) => ("internet".to_owned(), "", lines),
            (true, false) => ("any other address".to_owned(), "internet included", lines),
            (false, _) => ("any other address".to_owned(), "", lines),
        };
    }
    blocks.sort_by_key(|block| block.contains(':'));
    (format!("{} address blocks", blocks.len()), private, said(blocks))
}

/// The same in a sentence: `the internet`, `10.0.0.0/8`, `any address but 10.0.0.0/8`.
pub(in crate::reach) fn in_words(ranges: &[AddressRange]) -> String {
    let (title, _, lines) = called(ranges);
    match (title.as_str(), lines.as_slice()) {
        ("any address", _) => "any address outside".to_owned(),
        ("internet", _) => "the internet".to_owned(),
        ("any other address", lines) => {
            let blocks = lines.iter().map(|line| line.strip_prefix("not ").unwrap_or(line));
            format!("any address outside but {}", blocks.collect::<Vec<_>>().join(", "))
        }
        (title, []) => title.to_owned(),
        (_, lines) => lines.join(", "),
    }
}

fn said(mut lines: Vec<String>) -> Vec<String> {
    // One more line takes no more room than saying that there is one more.
    if lines.len() > SAID + 1 {
        let more = lines.len() - SAID;
        lines.truncate(SAID);
        lines.push(format!("and {more} more"));
    }
    lines
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    V4,
    V6,
}

impl Family {
    fn bits(self) -> u32 {
        if self == Self::V4 { 32 } else { 128 }
    }

    fn top(self) -> u128 {
        if self == Self::V4 { u128::from(u32::MAX) } else { u128::MAX }
    }

    /// Addresses that are not routed on the internet (RFC 6890; for IPv6 all but 2000::/3): start and prefix.
    fn off_the_internet(self) -> &'static [(u128, u32)] {
        match self {
            Self::V4 => &[
                (0, 8),
                (0x0a00_0000, 8),
                (0x6440_0000, 10),
                (0x7f00_0000, 8),
                (0xa9fe_0000, 16),
                (0xac10_0000, 12),
                (0xc000_0000, 24),
                (0xc0a8_0000, 16),
                (0xc612_0000, 15),
                (0xe000_0000, 3),
            ],
            Self::V6 => &[(0, 3), (0x4 << 124, 2), (0x8 << 124, 1)],
        }
    }
}

/// Addresses of one family as numbers `first..=last`, sorted, none touching the next.
struct Space {
    family: Family,
    spans: Vec<(u128, u128)>,
}

impl Space {
    fn new(family: Family, ranges: &[AddressRange]) -> Self {
        let of_family = ranges.iter().filter_map(|range| match (range.first, range.last, family) {
            (IpAddr::V4(first), IpAddr::V4(last), Family::V4) => {
                Some((u128::from(u32::from(first)), u128::from(u32::from(last))))
            }
            (IpAddr::V6(first), IpAddr::V6(last), Family::V6) => Some((first.into(), last.into())),
            _ => None,
        });
        let mut all: Vec<(u128, u128)> = of_family.collect();
        all.sort_unstable();
        let mut spans: Vec<(u128, u128)> = Vec::new();
        for (first, last) in all {
            match spans.last_mut() {
                Some(before) if first <= before.1.saturating_add(1) => before.1 = before.1.max(last),
                _ => spans.push((first, last)),
            }
        }
        Self { family, spans }
    }

    /// The other addresses of the family.
    fn rest(&self) -> Self {
        let top = self.family.top();
        let mut spans = Vec::new();
        let mut next = Some(0);
        for (first, last) in &self.spans {
            if let Some(from) = next.filter(|from| from < first) {
                spans.push((from, first.saturating_sub(1)));
            }
            next = last.checked_add(1).filter(|next| *next <= top);
        }
        spans.extend(next.map(|from| (from, top)));
        Self { family: self.family, spans }
    }

    /// Whether none of it is routed on the internet.
    fn is_off_the_internet(&self) -> bool {
        let bits = self.family.bits();
        let covers = |block: &(u128, u32), span: &(u128, u128)| {
            let size = 1_u128.checked_shl(bits.saturating_sub(block.1)).unwrap_or(u128::MAX);
            block.0 <= span.0 && span.1 <= block.0.saturating_add(size.saturating_sub(1))
        };
        let blocks = self.family.off_the_internet();
        self.spans.iter().all(|span| blocks.iter().any(|block| covers(block, span)))
    }

    /// Whether the blocks that networks number their own hosts from (RFC 1918, RFC 4193) are all of it.
    fn covers_private(&self) -> bool {
        let own: &[(u128, u128)] = match self.family {
            Family::V4 => {
                &[(0x0a00_0000, 0x0aff_ffff), (0xac10_0000, 0xac1f_ffff), (0xc0a8_0000, 0xc0a8_ffff)]
            }
            Family::V6 => &[(0xfc << 120, (0xfe << 120) - 1)],
        };
        own.iter().all(|own| self.spans.iter().any(|span| span.0 <= own.0 && own.1 <= span.1))
    }

    /// The fewest blocks that are these addresses.
    fn blocks(&self) -> Vec<String> {
        let mut blocks = Vec::new();
        for (first, last) in &self.spans {
            let mut next = Some(*first);
            while let Some(start) = next.filter(|start| start <= last) {
                let free = start.trailing_zeros().min(self.family.bits());
                let fits = |bits: &u32| end(start, *bits).is_some_and(|end| end <= *last);
                let bits = (0..=free).rev().find(fits).unwrap_or(0);
                blocks.push(self.block(start, self.family.bits().saturating_sub(bits)));
                next = end(start, bits).and_then(|end| end.checked_add(1));
            }
        }
        blocks
    }

    fn block(&self, start: u128, prefix: u32) -> String {
        let address: IpAddr = match self.family {
            Family::V4 => Ipv4Addr::from(u32::try_from(start).unwrap_or(u32::MAX)).into(),
            Family::V6 => Ipv6Addr::from(start).into(),
        };
        if prefix == self.family.bits() { address.to_string() } else { format!("{address}/{prefix}") }
    }
}

/// The last of `2^bits` addresses from `start`.
fn end(start: u128, bits: u32) -> Option<u128> {
    let more = 1_u128.checked_shl(bits).map_or(u128::MAX, |size| size.saturating_sub(1));
    start.checked_add(more)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(ranges: &[(&str, &str)], title: &str, aside: &str, lines: &[&str]) {
        let range = |(first, last): &(&str, &str)| AddressRange {
            first: first.parse().unwrap(),
            last: last.parse().unwrap(),
        };
        let ranges: Vec<AddressRange> = ranges.iter().map(range).collect();
        assert_eq!(
            called(&ranges),
            (title.to_owned(), aside, lines.iter().map(ToString::to_string).collect())
        );
    }

    const TOP6: &str = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";

    #[test]
    fn blocks_are_called_by_their_cidr() {
        check(&[("10.20.0.0", "10.20.1.255")], "10.20.0.0/23", "private", &[]);
        check(&[("203.0.113.9", "203.0.113.9")], "203.0.113.9", "", &[]);
        check(&[("fd00::", "fd00::ffff")], "fd00::/112", "private", &[]);
        check(&[("::", "::ff")], "::/120", "private", &[]);
        check(
            &[("10.0.0.0", "10.0.0.2"), ("fd00::1", "fd00::1")],
            "3 address blocks",
            "private",
            &["10.0.0.0/31", "10.0.0.2", "fd00::1"],
        );
    }

    #[test]
    fn ranges_that_touch_are_one() {
        let whole = ("any address", "internet included");
        check(&[("0.0.0.0", "9.255.255.255"), ("10.0.0.0", "255.255.255.255")], whole.0, whole.1, &[]);
        check(&[("::", TOP6), ("0.0.0.0", "255.255.255.255")], whole.0, whole.1, &[]);
    }

    #[test]
    fn wide_ranges_are_called_by_what_they_leave_out() {
        let but_ten = [("0.0.0.0", "9.255.255.255"), ("11.0.0.0", "255.255.255.255"), ("::", TOP6)];
        check(&but_ten, "any other address", "internet included", &["not 10.0.0.0/8"]);
        check(
            &[("0.0.0.0", "203.0.113.15"), ("203.0.113.32", "255.255.255.255")],
            "any other address",
            "",
            &["not 203.0.113.16/28"],
        );
        check(
            &[
                ("0.0.0.0", "9.255.255.255"),
                ("11.0.0.0", "172.15.255.255"),
                ("172.32.0.0", "192.167.255.255"),
                ("192.169.0.0", "255.255.255.255"),
            ],
            "internet",
            "",
            &["not 10.0.0.0/8", "not 172.16.0.0/12", "not 192.168.0.0/16"],
        );
    }

    #[test]
    fn many_blocks_are_counted() {
        let scattered: Vec<(String, String)> =
            (1..=7).map(|one| format!("10.0.{}.0", one * 2)).map(|one| (one.clone(), one)).collect();
        let ranges: Vec<(&str, &str)> = scattered.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        let lines = ["10.0.2.0", "10.0.4.0", "10.0.6.0", "10.0.8.0", "and 3 more"];
        check(&ranges, "7 address blocks", "private", &lines);
    }
}

//! Address ranges: alone, several together, and in prefix lists.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use ringfence_model::{Field, Resource};

use crate::cel::{Call, Outcome, Trouble, Value, View};
use crate::policy::Doubt;

pub(crate) const CIDR_IS_WORLD: &str = "whether an address range, or a list of them together, is the internet: the whole of it, however \
     spelled, or a part too wide to be one party (IPv4 shorter than `/8`, IPv6 shorter than `/16`)";

/// See [`CIDR_IS_WORLD`].
pub(crate) fn cidr_is_world<'e>(call: &Call<'_, '_, 'e>) -> Outcome<'e> {
    match call.value(0)?.view() {
        View::List(items) => together(items.iter()),
        View::Text(text) => Ok(Value::Bool(is_wide(&range(text).ok_or(Trouble::Argument(0, RANGE))?))),
        _ => Err(Trouble::Argument(0, RANGE)),
    }
}

const RANGE: &str = "an address range";

pub(crate) const CIDR_HOLDS: &str = "whether an address range holds another one";

/// See [`CIDR_HOLDS`].
pub(crate) fn cidr_holds<'e>(call: &Call<'_, '_, 'e>) -> Outcome<'e> {
    let of = |index| range(call.text(index)?).ok_or(Trouble::Argument(index, RANGE));
    Ok(Value::Bool(of(0)?.contains(&of(1)?)))
}

pub(crate) const PREFIX_LIST_IS_WORLD: &str = "whether the entries of a prefix list are the internet, as `cidr_is_world` has it; only a list that is \
     in the input has entries that are known, and one that AWS keeps (`com.amazonaws.…`) is not the internet";

/// See [`PREFIX_LIST_IS_WORLD`].
pub(crate) fn prefix_list_is_world<'e>(call: &Call<'_, '_, 'e>) -> Outcome<'e> {
    let value = call.value(0)?;
    let Some(node) = value.unresolved() else {
        let id = call.text(0)?;
        return if id.starts_with("com.amazonaws.") { Ok(Value::Bool(false)) } else { Err(unseen(id)) };
    };
    match call.input.world.target(node).filter(|list| list.kind.as_str() == "AWS::EC2::PrefixList") {
        Some(list) => entries(list),
        None => Err(Doubt::Unresolved(node).into()),
    }
}

/// The ranges of a prefix list. One without entries may have them as resources of their own.
fn entries<'e>(list: &'e Resource) -> Outcome<'e> {
    match list.body.child("Entries") {
        Field::Unresolved(node, _) => Err(Doubt::Unresolved(node).into()),
        Field::Present(node) if !node.items().is_empty() => {
            let range =
                |entry| Value::Node(ringfence_model::Node::child(entry, "Cidr").node().unwrap_or(entry));
            together(node.items().iter().map(range))
        }
        _ => Err(unseen(&list.name)),
    }
}

fn unseen<'e>(list: &str) -> Trouble<'e> {
    let why = format!("the entries of prefix list `{list}` are not in the input");
    Doubt::elsewhere("the template or plan with the entries of each prefix list", why).into()
}

/// Whether ranges are the internet when taken together.
fn together<'e>(ranges: impl Iterator<Item = Value<'e>>) -> Outcome<'e> {
    let (mut known, mut doubts) = (Vec::new(), Vec::new());
    for value in ranges {
        match (value.unresolved(), value.as_text().and_then(range)) {
            (Some(node), _) => doubts.push(Doubt::Unresolved(node)),
            (None, Some(range)) => known.push(range),
            (None, None) => {
                doubts.push(Doubt::mismatch("one of the values is not an address range", value.location()));
            }
        }
    }
    if IpNet::aggregate(&known).iter().any(is_wide) {
        return Ok(Value::Bool(true));
    }
    if doubts.is_empty() { Ok(Value::Bool(false)) } else { Err(doubts.into()) }
}

/// Whether `address`, a single one or a range, is that of some party and not of the internet.
pub(super) fn is_some_party(address: &str) -> bool {
    let single = || address.trim().parse::<IpAddr>().ok().map(IpNet::from);
    range(address).or_else(single).is_some_and(|range| !is_wide(&range))
}

/// Whether a range is the internet for all purposes. No registry hands out more than a `/8` or a `/16` of
/// IPv6 to anybody, so whoever writes less has everyone in mind: `0.0.0.0/1` and `128.0.0.0/1` together are
/// `0.0.0.0/0`, and `2000::/3` is all of IPv6 that is routed.
fn is_wide(range: &IpNet) -> bool {
    match range {
        IpNet::V4(range) => range.prefix_len() < 8,
        IpNet::V6(range) => range.prefix_len() < 16,
    }
}

/// The range that `cidr` spells. Host bits do not count, and IPv4 written as IPv6 is IPv4.
fn range(cidr: &str) -> Option<IpNet> {
    let (address, prefix) = cidr.trim().split_once('/')?;
    let prefix: u8 = prefix.parse().ok()?;
    let range = match (address.parse::<Ipv4Addr>(), address.parse::<Ipv6Addr>()) {
        (Ok(address), _) => IpNet::new(address.into(), prefix),
        (_, Ok(address)) => match (address.to_ipv4_mapped(), prefix.checked_sub(96)) {
            (Some(mapped), Some(prefix)) => IpNet::new(mapped.into(), prefix),
            _ => IpNet::new(address.into(), prefix),
        },
        _ => return None,
    };
    Some(range.ok()?.trunc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_world_has_many_spellings() {
        let check = |cidr, expected| assert_eq!(range(cidr).map(|one| is_wide(&one)), expected, "{cidr}");
        for cidr in ["0.0.0.0/0", "::/0", "0:0:0:0:0:0:0:0/0", "10.1.2.3/0", "0.0.0.0/00", " ::0/0 "] {
            check(cidr, Some(true));
        }
        for cidr in ["0.0.0.0/1", "128.0.0.0/1", "8.0.0.0/7", "2000::/3", "::/15", "::ffff:0.0.0.0/96"] {
            check(cidr, Some(true));
        }
        for cidr in ["10.0.0.0/8", "2001:db8::/32", "2600::/16", "0.0.0.0/32", "::ffff:10.0.0.0/104"] {
            check(cidr, Some(false));
        }
        for cidr in ["the-bank", "0.0.0.0", "0.0.0.0/33", "::/129", "/0", "1.2.3/0", "", "0.0.0.0/-1"] {
            check(cidr, None);
        }
    }

    #[test]
    fn a_party_has_an_address_or_a_range() {
        let check = |address, expected| assert_eq!(is_some_party(address), expected, "{address}");
        for address in ["203.0.113.7", "203.0.113.0/24", "2001:db8::1", "10.0.0.0/8"] {
            check(address, true);
        }
        for address in
            ["*", "203.0.113.*", "", "0.0.0.0/0", "0.0.0.0/1", "2000::/3", "the-bank", "${aws:SourceIp}"]
        {
            check(address, false);
        }
    }
}

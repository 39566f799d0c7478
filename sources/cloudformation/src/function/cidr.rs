//! `Fn::Cidr`: address blocks cut from a larger one.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ringfence_model::{Node, Origin, Text, Value};

use crate::evaluate::{Answer, Evaluator};

/// CloudFormation cuts at most this many blocks.
const MOST: u128 = 256;

impl Evaluator<'_> {
    /// `Fn::Cidr`: so many blocks with so many host bits. Without bits it stays unreadable.
    pub(crate) fn cidr(&mut self, argument: Node) -> Answer {
        let [block, count, bits] = self.arguments("Cidr", argument)?;
        let block = self.text("Cidr", block)?;
        let count = self.choice("Cidr", count)?;
        let bits = self.choice("Cidr", bits)?;
        let parsed = (count.trim().parse::<u128>(), bits.trim().parse::<u32>());
        let (Ok(count), Ok(bits)) = parsed else { return Err(self.wrong("Cidr")) };
        let Some(blocks) = cut(&block, count, bits) else { return Err(self.wrong("Cidr")) };
        let origin = self.at.map_or_else(|| Origin::derived("part of a block", None), Origin::Explicit);
        Ok(Value::List(blocks.into_iter().map(|block| Node::new(block, origin.clone())).collect()))
    }
}

/// The first `count` blocks of `block` that leave `bits` for hosts; `None` where they do not fit.
fn cut(block: &str, count: u128, bits: u32) -> Option<Vec<Text>> {
    let (address, prefix) = block.trim().split_once('/')?;
    let prefix: u32 = prefix.parse().ok()?;
    let (start, width): (u128, u32) = match address.parse().ok()? {
        IpAddr::V4(address) => (u128::from(address.to_bits()), 32),
        IpAddr::V6(address) => (address.to_bits(), 128),
    };
    let room = width.checked_sub(prefix)?;
    let fits =
        bits <= room && (1..=MOST).contains(&count) && (room - bits >= 8 || count <= 1 << (room - bits));
    if !fits {
        return None;
    }
    let base = if room == 128 { 0 } else { start >> room << room };
    let step = 1_u128.checked_shl(bits)?;
    (0..count)
        .map(|index| written(base.checked_add(index.checked_mul(step)?)?, width, width - bits))
        .collect()
}

fn written(address: u128, width: u32, prefix: u32) -> Option<Text> {
    let address = match width {
        32 => IpAddr::V4(Ipv4Addr::from_bits(u32::try_from(address).ok()?)),
        _ => IpAddr::V6(Ipv6Addr::from_bits(address)),
    };
    Some(Text::from(format!("{address}/{prefix}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(block: &str, count: u128, bits: u32, expected: Option<&[&str]>) {
        let blocks = cut(block, count, bits);
        let blocks = blocks.as_ref().map(|blocks| blocks.iter().map(Text::as_str).collect::<Vec<_>>());
        assert_eq!(blocks.as_deref(), expected, "{block} {count} {bits}");
    }

    #[test]
    fn blocks_are_cut_in_order() {
        check("10.0.0.0/16", 3, 8, Some(&["10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24"]));
        check("192.168.0.7/24", 2, 5, Some(&["192.168.0.0/27", "192.168.0.32/27"]));
        check("2001:db8::/56", 2, 64, Some(&["2001:db8::/64", "2001:db8:0:1::/64"]));
    }

    #[test]
    fn what_does_not_fit_is_no_list() {
        check("10.0.0.0/24", 3, 7, None);
        check("10.0.0.0/24", 0, 4, None);
        check("10.0.0.0/8", 257, 8, None);
        check("10.0.0.0/24", 1, 9, None);
        check("10.0.0.0/33", 1, 1, None);
        check("10.0.0.0", 1, 1, None);
        check("::/0", 1, 128, None);
    }
}

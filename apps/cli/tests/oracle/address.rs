//! Addresses of a random cluster: of pods, of blocks that hold some of them, of others.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::dice::Dice;

/// Where the pods of one cluster are, and which blocks are worth naming.
#[derive(Debug)]
pub(crate) struct Plan {
    pods: Vec<String>,
    blocks: Vec<IpNet>,
    outside: Vec<String>,
}

const BLOCKS_V4: [&str; 9] = [
    "0.0.0.0/0",
    "10.0.0.0/8",
    "10.0.0.0/16",
    "10.0.1.0/24",
    "10.0.1.0/28",
    "10.1.0.0/16",
    "203.0.113.0/24",
    "203.0.113.128/25",
    "198.51.100.7/32",
];
const OUTSIDE_V4: [&str; 9] = [
    "0.0.0.1",
    "8.8.8.8",
    "10.0.1.200",
    "10.1.7.7",
    "10.200.0.1",
    "169.254.169.254",
    "198.51.100.7",
    "203.0.113.5",
    "203.0.113.200",
];
const BLOCKS_V6: [&str; 7] = [
    "::/0",
    "fd00::/8",
    "fd00:0:1::/48",
    "fd00:0:1::/120",
    "2001:db8::/32",
    "2001:db8:1::/48",
    "64:ff9b::/96",
];
const OUTSIDE_V6: [&str; 6] =
    ["::1", "fd00:0:1::ffff", "fd00:9::1", "2001:db8::1", "2001:db8:1::1", "2600::1"];

impl Plan {
    pub(crate) fn new(dice: &mut Dice, pods: usize, v6: bool) -> Self {
        let address = |dice: &mut Dice, last: usize| match (v6, dice.below(8)) {
            (false, 0) => format!("203.0.113.{}", 100 + last * 5),
            (true, 0) => format!("2001:db8:1::{last:x}"),
            (false, _) => format!("10.{}.{}.{last}", dice.below(2), dice.below(2)),
            (true, _) => format!("fd00:0:{}::{last:x}", dice.below(2)),
        };
        // A kubelet reports addresses in their canonical form.
        let canonical = |text: String| text.parse::<IpAddr>().expect("an address").to_string();
        let pods: Vec<String> = (2..pods + 2).map(|last| canonical(address(dice, last))).collect();
        let (fixed, outside) =
            if v6 { (&BLOCKS_V6[..], &OUTSIDE_V6[..]) } else { (&BLOCKS_V4[..], &OUTSIDE_V4[..]) };
        let length = if v6 { [128, 126] } else { [32, 30] };
        let of_pods = pods.iter().flat_map(|pod| length.map(|length| format!("{pod}/{length}")));
        let blocks = fixed.iter().map(|text| (*text).to_owned()).chain(of_pods);
        Self {
            blocks: blocks.map(|text| text.parse().expect("a block")).collect(),
            outside: outside
                .iter()
                .filter(|one| !pods.iter().any(|pod| pod == *one))
                .map(|one| (*one).to_owned())
                .collect(),
            pods,
        }
    }

    /// One address a pod.
    pub(crate) fn pods(&self) -> &[String] {
        &self.pods
    }

    /// A few addresses outside the cluster.
    pub(crate) fn outside(&self, dice: &mut Dice) -> Vec<String> {
        dice.some(&self.outside, 2, 4)
    }

    /// A block, and holes in it; the API wants them smaller than the block. Host bits may be set, as the
    /// API allows.
    pub(crate) fn block(&self, dice: &mut Dice) -> (String, Vec<String>) {
        let block = dice.pick(&self.blocks);
        let inside = |hole: &&IpNet| hole.prefix_len() > block.prefix_len() && block.contains(*hole);
        let holes: Vec<IpNet> = self.blocks.iter().filter(inside).copied().collect();
        let holes = if dice.once_in(2) { dice.some(&holes, 0, 3) } else { Vec::new() };
        (block.to_string(), holes.iter().map(IpNet::to_string).collect())
    }
}

//! What AWS's controller and agent make of NetworkPolicies, one packet at a time: selectors become addresses,
//! addresses a table, and the longest prefix decides. IPv4.
//!
//! Shares no code with the engine.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::spec::{Cluster, End, Host, Number, Peer, Pod, Policy, Port, Rule};

/// A block of addresses: its first, and the length of its prefix.
type Block = (u32, u8);
/// Protocol, first port, last port; zero for what is not written, `*` for every protocol.
type Entry = (&'static str, u16, u16);

const LIMIT: usize = 24;

/// Whether a packet arrives; `None` where the agent loses entries, and for addresses of IPv6.
pub(crate) fn arrives(cluster: &Cluster, from: End, to: End, protocol: &str, port: u16) -> Option<bool> {
    let (source, target) = (address(cluster, from)?, address(cluster, to)?);
    let out = permits(cluster, "Egress", from, target, protocol, port);
    let into = permits(cluster, "Ingress", to, source, protocol, port);
    match (out, into) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (out, into) => Some(out? && into?),
    }
}

fn address(cluster: &Cluster, end: End) -> Option<u32> {
    let addresses = match end {
        End::Pod(index) => cluster.pods[index].addresses.clone(),
        End::Address(address) => vec![address],
    };
    addresses.into_iter().find_map(v4)
}

fn v4(address: IpAddr) -> Option<u32> {
    if let IpAddr::V4(v4) = address { Some(v4.into()) } else { None }
}

fn permits(
    cluster: &Cluster,
    direction: &str,
    end: End,
    peer: u32,
    protocol: &str,
    port: u16,
) -> Option<bool> {
    let End::Pod(index) = end else { return Some(true) };
    let pod = &cluster.pods[index];
    if pod.host != Host::No {
        return Some(true);
    }
    let selecting = cluster.policies.iter().filter(|policy| selects(policy, pod));
    let (mut isolated, mut lines) = (false, Vec::new());
    for policy in selecting {
        // Rules are written down whatever `policyTypes` says.
        lines.extend(resolve(cluster, policy, direction));
        isolated |= policy.concerns(direction);
    }
    if lines.is_empty() && !isolated {
        return Some(true);
    }
    // A line without an address of this family is no line, but isolates.
    let table = table(lines.into_iter().flatten().collect());
    let Some((_, entries)) = longest(&table, peer) else { return Some(false) };
    let Some(entries) = entries else { return Some(false) };
    let matches = |(of, first, last): &Entry| {
        (*of == "*" || *of == protocol) && (*first == 0 || *first == port || (port > *first && port <= *last))
    };
    if entries.len() <= LIMIT {
        return Some(entries.iter().any(matches));
    }
    (!entries.iter().any(matches)).then_some(false)
}

fn selects(policy: &Policy, pod: &Pod) -> bool {
    let labels = pod.labels.clone();
    pod.namespace == policy.namespace && policy.selector.selects(&labels)
}

/// An address of the table, what is excepted from it, and its ports.
struct Line {
    block: Block,
    except: Vec<Block>,
    ports: BTreeSet<Entry>,
}

/// The lines of a policy; one of the other family is `None`.
fn resolve(cluster: &Cluster, policy: &Policy, direction: &str) -> Vec<Option<Line>> {
    let rules = if direction == "Ingress" { &policy.ingress } else { &policy.egress };
    let selected: Vec<&Pod> = cluster.pods.iter().filter(|pod| selects(policy, pod)).collect();
    let mut lines = Vec::new();
    for rule in rules.iter().flatten() {
        let peers = rule.peers.clone().filter(|peers| !peers.is_empty());
        let for_blocks = ports(rule, if direction == "Ingress" { &selected } else { &[] });
        let Some(peers) = peers else {
            if let Some(ports) = for_blocks {
                lines.push(Some(Line { block: (0, 0), except: Vec::new(), ports }));
            }
            continue;
        };
        for peer in &peers {
            match peer {
                Peer::Block { cidr, except } => {
                    let Some(ports) = for_blocks.clone() else { continue };
                    let block = |(address, length): &(IpAddr, u8)| Some(masked(v4(*address)?, *length));
                    let except = except.iter().filter_map(block).collect();
                    lines.push(block(cidr).map(|block| Line { block, except, ports }));
                }
                Peer::Selected { .. } => {
                    for pod in cluster.pods.iter().filter(|pod| is_peer(cluster, policy, peer, pod)) {
                        let pods: &[&Pod] = if direction == "Ingress" { &selected } else { &[pod] };
                        let Some(ports) = ports(rule, pods) else { continue };
                        let address = pod.addresses.iter().find_map(|address| v4(*address));
                        lines.push(address.map(|address| Line {
                            block: (address, 32),
                            except: Vec::new(),
                            ports,
                        }));
                    }
                }
            }
        }
    }
    lines
}

fn is_peer(cluster: &Cluster, policy: &Policy, peer: &Peer, pod: &Pod) -> bool {
    let Peer::Selected { namespaces, pods } = peer else { return false };
    let namespace = &cluster.namespaces[pod.namespace];
    let mut labels: BTreeMap<&str, &str> = namespace.labels.clone();
    labels.insert("kubernetes.io/metadata.name", &namespace.name);
    let in_namespace = match namespaces {
        None => pod.namespace == policy.namespace,
        Some(selector) => selector.selects(&labels),
    };
    in_namespace && pods.as_ref().is_none_or(|selector| selector.selects(&pod.labels))
}

/// The ports of a rule, names as the numbers of all `pods`; `None` where it has ports and none is known.
fn ports(rule: &Rule, pods: &[&Pod]) -> Option<BTreeSet<Entry>> {
    let Some(written) = rule.ports.as_ref().filter(|ports| !ports.is_empty()) else {
        return Some([("*", 0, 0)].into());
    };
    let ports: BTreeSet<Entry> = written.iter().flat_map(|port| numbers(port, pods)).collect();
    (!ports.is_empty()).then_some(ports)
}

fn numbers(port: &Port, pods: &[&Pod]) -> Vec<Entry> {
    let protocol = port.protocol.unwrap_or("TCP");
    match &port.port {
        None => vec![(protocol, 0, 0)],
        Some(Number::Is(number)) => vec![(protocol, *number, port.end.unwrap_or(0))],
        Some(Number::Named(name)) => {
            let first = |pod: &&Pod| {
                pod.ports.iter().find(|one| one.0 == *name && one.1 == protocol).map(|one| one.2)
            };
            pods.iter().filter_map(first).map(|number| (protocol, number, 0)).collect()
        }
    }
}

/// The blocks with their ports; `None` denies.
type Table = BTreeMap<Block, Option<BTreeSet<Entry>>>;

fn table(mut lines: Vec<Line>) -> Table {
    lines.sort_by_key(|line| line.block.1);
    let mut known: BTreeMap<Block, (Vec<Block>, BTreeSet<Entry>)> = BTreeMap::new();
    for line in &lines {
        let inherited = |known: &BTreeMap<Block, (Vec<Block>, BTreeSet<Entry>)>| {
            let wider = known.iter().filter(|(block, (except, _))| {
                block.1 < line.block.1
                    && block.1 < 32
                    && inside(line.block.0, **block)
                    && !except.iter().any(|hole| inside(line.block.0, *hole))
            });
            wider.flat_map(|(_, (_, ports))| ports.clone()).collect::<BTreeSet<Entry>>()
        };
        let more = if known.contains_key(&line.block) { BTreeSet::new() } else { inherited(&known) };
        let (except, ports) = known.entry(line.block).or_default();
        except.extend(&line.except);
        ports.extend(&line.ports);
        ports.extend(more);
    }
    let mut table: Table = known.into_iter().map(|(block, (_, ports))| (block, Some(ports))).collect();
    for hole in lines.iter().flat_map(|line| &line.except) {
        table.entry(*hole).or_insert(None);
    }
    table
}

fn longest(table: &Table, address: u32) -> Option<(&Block, &Option<BTreeSet<Entry>>)> {
    table.iter().filter(|(block, _)| inside(address, **block)).max_by_key(|(block, _)| block.1)
}

fn masked(address: u32, length: u8) -> Block {
    (if length == 0 { 0 } else { address & (u32::MAX << (32 - length)) }, length)
}

fn inside(address: u32, block: Block) -> bool {
    masked(address, block.1) == block
}

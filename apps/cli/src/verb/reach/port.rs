//! `--port`: a map narrowed to some ports.

use std::sync::Arc;

use ringfence_model::WorkloadId;
use ringfence_model::fact::{PortRange, Ports, Protocol, ReachMap, ReachPair};

use crate::exit::Failure;

/// `443`, `443/TCP`, `8000-8080/UDP`; TCP where no protocol is written.
pub(super) fn port(text: &str) -> Result<Ports, Failure> {
    let usage = || Failure::usage(format!("`{text}` is no port"), "write `443`, `53/UDP` or `8000-8080/TCP`");
    let (numbers, protocol) = text.split_once('/').unwrap_or((text, "TCP"));
    let (start, end) = numbers.split_once('-').unwrap_or((numbers, numbers));
    let number = |text: &str| text.parse::<u16>().ok().filter(|number| *number > 0).ok_or_else(usage);
    let range = PortRange {
        protocol: Protocol::parse(protocol).ok_or_else(usage)?,
        start: number(start)?,
        end: number(end)?,
    };
    if range.start > range.end { Err(usage()) } else { Ok(Ports::new(vec![range])) }
}

/// The pairs of a map that are open on `only`, and only those ports of them.
pub(super) fn narrowed(map: &ReachMap, only: &Ports) -> ReachMap {
    let cut = |pair: &ReachPair| {
        let ports = pair.ports.intersection(only);
        (!ports.is_empty()).then(|| ReachPair { ports: Arc::new(ports), ..pair.clone() })
    };
    let open = |(id, ports): &(WorkloadId, Arc<Ports>)| {
        let ports = ports.intersection(only);
        (!ports.is_empty()).then(|| (*id, Arc::new(ports)))
    };
    let controller = map.controller.iter().filter_map(open).collect();
    ReachMap { pairs: map.pairs.iter().filter_map(cut).collect(), controller, ..map.clone() }
}

//! What is written in annotations: lists of ports.

use ringfence_model::fact::{PortRange, Ports, Protocol};

/// The port through which Istio's ztunnels and waypoints take connections (HBONE).
pub(crate) const HBONE: u16 = 15008;
/// The port on which a proxy of Linkerd takes connections of other proxies.
pub(crate) const LINKERD_INBOUND: u16 = 4143;

pub(crate) fn tcp(port: u16) -> PortRange {
    PortRange { protocol: Protocol::Tcp, start: port, end: port }
}

/// Every port of TCP.
pub(crate) fn all_tcp() -> PortRange {
    PortRange { protocol: Protocol::Tcp, start: 1, end: u16::MAX }
}

/// `8080,9000-9010`, with `*` for every port; `None` where an element is none of these.
pub(super) fn ports(text: &str) -> Option<Ports> {
    let elements = text.split(',').map(str::trim).filter(|element| !element.is_empty());
    elements.map(range).collect::<Option<Vec<PortRange>>>().map(Ports::new)
}

fn range(element: &str) -> Option<PortRange> {
    if element == "*" {
        return Some(all_tcp());
    }
    let (start, end) = element.split_once('-').unwrap_or((element, element));
    let number = |text: &str| text.trim().parse::<u16>().ok().filter(|port| *port > 0);
    let (start, end) = (number(start)?, number(end)?);
    (start <= end).then_some(PortRange { protocol: Protocol::Tcp, start, end })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_ports() {
        let read = |text| ports(text).map(|ports| ports.to_string());
        assert_eq!(read("8080, 9000-9010").as_deref(), Some("TCP 8080,9000-9010"));
        assert_eq!(read("").as_deref(), Some(""));
        assert_eq!(read("*").as_deref(), Some("TCP 1-65535"));
        assert_eq!(read("http"), None);
        assert_eq!(read("9010-9000"), None);
    }
}

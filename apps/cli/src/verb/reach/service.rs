//! A Service as the end of a question: `svc:NS/NAME`, `NS/NAME[Service]`, `NS/svc/NAME`, each with `:PORT` for
//! one port of it.
//!
//! Nobody talks to a Service: what is asked is its pods, on the ports to which it leads.

use ringfence_model::fact::Ports;
use ringfence_model::{Diagnostic, Estate, ResourceId};
use ringfence_reach::{Behind, Endpoints, Reach};

use crate::exit::Failure;

/// What a Service stands for.
pub(super) struct Service {
    pub(super) endpoints: Endpoints,
    /// The ports to which it leads.
    pub(super) ports: Ports,
    /// What to know about it.
    pub(super) notes: Vec<Diagnostic>,
}

/// The Service that an argument names; `None` where it does not speak of one.
pub(super) fn service(text: &str, estate: &Estate, reach: &Reach) -> Option<Result<Service, Failure>> {
    let (label, port) = parts(text)?;
    let found: Vec<ResourceId> =
        estate.find(&label).into_iter().filter(|id| estate.of_kind("v1/Service").contains(id)).collect();
    if found.is_empty() {
        let message = format!("no Service is called `{text}`");
        return Some(Err(Failure::usage(message, "write svc:NAMESPACE/NAME, or svc:NAMESPACE/NAME:PORT")));
    }
    let mut all = Service { endpoints: Endpoints::default(), ports: Ports::default(), notes: Vec::new() };
    for id in found {
        let Behind { endpoints, ports, names, words } = Endpoints::behind(estate, id, port);
        all.endpoints = all.endpoints.and(endpoints);
        all.ports = all.ports.union(&ports);
        for name in names {
            // Names that no rule speaks of are like any other address outside, of which nobody knows which.
            let known = reach.names().iter().any(|known| known.eq_ignore_ascii_case(&name));
            let end = if known { Endpoints::name(&name) } else { Endpoints::outside() };
            all.endpoints = all.endpoints.and(end);
        }
        let location = estate.resource(id).and_then(|one| one.location());
        all.notes.extend(words.into_iter().map(|word| Diagnostic::note("service", word).at(location)));
    }
    if all.endpoints.is_empty() {
        let message = format!("nothing is behind `{text}`");
        let help = "a Service leads to the pods that its selector finds, on the ports that it lists";
        return Some(Err(Failure::usage(message, help)));
    }
    Some(Ok(all))
}

/// The label of a Service and a port of it.
fn parts(text: &str) -> Option<(String, Option<&str>)> {
    let (name, port) = match text.rsplit_once(':') {
        Some((name, port)) if name != "svc" && name != "service" => (name, Some(port)),
        _ => (text, None),
    };
    let plain = ["svc:", "service:"].into_iter().find_map(|prefix| name.strip_prefix(prefix));
    if let Some(plain) = plain {
        return Some((format!("{plain}[Service]"), port));
    }
    if name.ends_with("[Service]") {
        return Some((name.to_owned(), port));
    }
    let mut steps = name.split('/');
    match (steps.next(), steps.next(), steps.next(), steps.next()) {
        (Some(namespace), Some("svc" | "service"), Some(name), None) => {
            Some((format!("{namespace}/{name}[Service]"), port))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn services_are_named_in_several_ways() {
        let found = |text: &str| parts(text).map(|(label, port)| (label, port.map(str::to_owned)));
        let some = |port: Option<&str>| Some(("pay/api[Service]".to_owned(), port.map(str::to_owned)));
        for text in ["svc:pay/api", "service:pay/api", "pay/api[Service]", "pay/svc/api", "pay/service/api"] {
            assert_eq!(found(text), some(None), "{text}");
            assert_eq!(found(&format!("{text}:https")), some(Some("https")), "{text}");
        }
        for text in ["pay/api", "pay/api[Pod]", "10.0.0.0/8", "fd00::1", "pay/*", "internet", "::/0"] {
            assert_eq!(found(text), None, "{text}");
        }
    }
}

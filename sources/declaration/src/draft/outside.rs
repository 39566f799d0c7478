//! Hosts outside that workloads are configured to call.

use std::collections::{BTreeMap, BTreeSet};

use ringfence_model::{Estate, Location, Node, Resource, pod_spec};

use super::names;

/// Hosts that are written down; more are not looked at.
const MOST: usize = 200;
/// A longer value is a document, not an address.
const LONGEST: usize = 16 << 10;
/// Names of payment companies, as they stand in their hosts.
const COMPANIES: &[&str] = &[
    "adyen",
    "amex",
    "americanexpress",
    "braintree",
    "braintreegateway",
    "chase",
    "cybersource",
    "datatrans",
    "elavon",
    "firstdata",
    "fiserv",
    "globalpayments",
    "ingenico",
    "klarna",
    "mastercard",
    "mollie",
    "nets",
    "nexi",
    "paypal",
    "stripe",
    "sumup",
    "visa",
    "worldline",
    "worldpay",
];

/// A host outside.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Host {
    pub(super) name: String,
    /// The variable or key that names it.
    pub(super) key: String,
    pub(super) at: Option<Location>,
    /// Whether its name or the key's speaks of payments.
    pub(super) pays: bool,
}

/// All hosts outside, by name, each with the first place that names it.
pub(super) fn find(estate: &Estate) -> Vec<Host> {
    let mut hosts: BTreeMap<String, Host> = BTreeMap::new();
    let namespaces = namespaces(estate);
    for resource in estate.resources().iter().filter(|resource| resource.instance_of.is_none()) {
        visit(resource, &mut |key, node| {
            for name in node.as_str().filter(|text| text.len() <= LONGEST).into_iter().flat_map(urls) {
                let outside = is_outside(name) && !is_service(name, &namespaces);
                if hosts.len() < MOST && outside && !hosts.contains_key(name) {
                    let host = Host {
                        name: name.to_owned(),
                        key: key.to_owned(),
                        at: node.location(),
                        pays: pays(name, key),
                    };
                    hosts.insert(name.to_owned(), host);
                }
            }
        });
    }
    hosts.into_values().collect()
}

/// Calls `each` for every configured value: environment variables and config maps.
fn visit(resource: &Resource, each: &mut impl FnMut(&str, &Node)) {
    if resource.kind.as_str() == "v1/ConfigMap" {
        let data = resource.body.get("data").map(Node::entries).unwrap_or_default();
        data.iter().for_each(|entry| each(&entry.key, &entry.node));
    }
    let Some(spec) = pod_spec(&resource.kind, &resource.body).and_then(|field| field.present()) else {
        return;
    };
    for list in ["initContainers", "containers"] {
        for container in spec.get(list).map(Node::items).unwrap_or_default() {
            for variable in container.get("env").map(Node::items).unwrap_or_default() {
                if let (Some(name), Some(value)) = (variable.text("name"), variable.get("value")) {
                    each(name, value);
                }
            }
        }
    }
}

/// The hosts of all addresses in a text.
fn urls(text: &str) -> impl Iterator<Item = &str> {
    text.split("://").skip(1).filter_map(|rest| {
        let authority =
            rest.split(|one: char| one.is_whitespace() || "/?#\"'`,;)}>|".contains(one)).next()?;
        let host = authority.rsplit('@').next()?;
        host.split(':').next()
    })
}

fn namespaces(estate: &Estate) -> BTreeSet<&str> {
    let kubernetes = estate.resources().iter().filter(|resource| resource.kind.is_kubernetes());
    kubernetes.filter_map(|resource| resource.place.namespace.as_deref()).collect()
}

/// `NAME.NAMESPACE` is how pods of a cluster call a Service of another namespace.
fn is_service(host: &str, namespaces: &BTreeSet<&str>) -> bool {
    host.split_once('.').is_some_and(|(_, namespace)| namespaces.contains(namespace))
}

fn is_outside(host: &str) -> bool {
    const INSIDE: &[&str] =
        &["svc", "local", "localhost", "internal", "cluster", "amazonaws.com", "api.aws", "amazonaws.com.cn"];
    let name = |one: char| one.is_ascii_alphanumeric() || "-.".contains(one);
    let labels: Vec<&str> = host.split('.').collect();
    let last_is_name =
        labels.last().is_some_and(|last| last.len() > 1 && last.chars().all(|one| one.is_ascii_alphabetic()));
    let inside = INSIDE
        .iter()
        .any(|end| host == *end || host.strip_suffix(end).is_some_and(|before| before.ends_with('.')));
    labels.len() >= 2
        && last_is_name
        && !inside
        && host.len() <= 253
        && host.chars().all(name)
        && !labels.contains(&"")
        && !labels.contains(&"svc")
}

fn pays(host: &str, key: &str) -> bool {
    let company = names::words(host).iter().any(|word| COMPANIES.contains(&word.as_str()));
    company
        || names::part(host).is_some_and(|(part, _)| part != names::Part::Front)
        || names::part(key).is_some_and(|(part, _)| part != names::Part::Front)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_of_the_estate_are_not_outside() {
        let namespaces = ["cde"].into();
        assert!(is_service("vault.cde", &namespaces));
        assert!(!is_service("api.example.com", &namespaces));
    }

    #[test]
    fn hosts_are_taken_out_of_addresses() {
        let hosts = |text| urls(text).collect::<Vec<_>>();
        assert_eq!(hosts("https://api.acquirer.example/v1"), ["api.acquirer.example"]);
        assert_eq!(hosts("a=http://u:p@x.example:8080,amqp://y.example"), ["x.example", "y.example"]);
        assert_eq!(hosts("no address"), [""; 0]);
    }

    #[test]
    fn what_is_inside_is_no_third_party() {
        for (host, expected) in [
            ("api.acquirer.example", true),
            ("vault.cde.svc", false),
            ("vault.cde.svc.cluster.local", false),
            ("sqs.eu-west-1.amazonaws.com", false),
            ("localhost", false),
            ("10.0.0.1", false),
            ("${HOST}.example", false),
            ("", false),
        ] {
            assert_eq!(is_outside(host), expected, "{host}");
        }
        assert!(
            pays("api.stripe.com", "URL")
                && pays("x.example", "ACQUIRER_URL")
                && !pays("x.example", "LOG_URL")
        );
    }
}

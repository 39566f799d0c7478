//! MeshConfig: the settings of a mesh that decide about policies, from the ConfigMap `istio`.

use ringfence_model::{Estate, Resource, Text};

/// Where Istio is installed unless someone says otherwise.
pub(super) const DEFAULT_ROOT: &str = "istio-system";
/// The trust domain unless someone says otherwise; in policies a name for whatever it is.
pub(super) const DEFAULT_DOMAIN: &str = "cluster.local";

/// Settings of one mesh.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Config {
    pub(super) root: Root,
    /// The trust domain; `None` where it is not in the input.
    pub(super) trust_domain: Option<Text>,
    /// Whether proxies use mutual TLS among themselves without being told to.
    pub(super) plain_by_default: bool,
}

/// The namespace whose policies hold for all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Root {
    Named(Text),
    /// The settings are not in the input: [`DEFAULT_ROOT`].
    #[default]
    Assumed,
}

/// The settings of each cluster that shows them.
pub(super) fn read(estate: &Estate) -> Vec<(Option<Text>, Config)> {
    let maps = estate.of_kind("v1/ConfigMap").iter().filter_map(|id| estate.resource(*id));
    let mut found: Vec<&Resource> = maps.filter(|map| is_settings(map)).collect();
    // The default revision first; others only where there is no default one.
    found.sort_by(|a, b| (a.name.len(), &a.name, &a.place).cmp(&(b.name.len(), &b.name, &b.place)));
    let mut configs: Vec<(Option<Text>, Config)> = Vec::new();
    for map in found {
        if configs.iter().any(|(cluster, _)| *cluster == map.place.cluster) {
            continue;
        }
        if let Some(text) = map.body.get("data").and_then(|data| data.child("mesh").present()?.as_str()) {
            configs.push((map.place.cluster.clone(), settings(map, text)));
        }
    }
    configs
}

fn is_settings(map: &Resource) -> bool {
    map.name == "istio"
        || map.name.strip_prefix("istio-").is_some_and(|_| map.body.get("data.mesh").is_some())
}

fn settings(map: &Resource, text: &str) -> Config {
    Config {
        root: Root::Named(scalar(text, "rootNamespace").unwrap_or(map.namespace()).into()),
        trust_domain: Some(scalar(text, "trustDomain").unwrap_or(DEFAULT_DOMAIN).into()),
        plain_by_default: scalar(text, "enableAutoMtls") == Some("false"),
    }
}

/// The value of a key at the top of a YAML text in block style, as Istio's charts write it.
fn scalar<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let mut values = text.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
    let value = values.next()?.split(" #").next().unwrap_or_default().trim();
    Some(value.trim_matches(['"', '\''])).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_stand_at_the_top() {
        let text =
            "defaultConfig:\n  rootNamespace: no\nrootNamespace: \"mesh-root\" # here\ntrustDomain: td\n";
        assert_eq!(scalar(text, "rootNamespace"), Some("mesh-root"));
        assert_eq!(scalar(text, "trustDomain"), Some("td"));
        assert_eq!(scalar(text, "enableAutoMtls"), None);
    }
}

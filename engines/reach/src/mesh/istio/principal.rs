//! Principals, namespaces and service accounts of sources, as peers.
//!
//! A principal reads `<trust domain>/ns/<namespace>/sa/<service account>`. `*` at its beginning or end
//! stands for anything; `cluster.local` for whatever the trust domain is called (not in ambient mode).

use ringfence_model::Text;

use super::super::peers::{Accounts, Identities};
use super::config::{Config, DEFAULT_DOMAIN};
use crate::policy::{PeerSpec, Reading};

/// Reads what names a source.
pub(super) struct Principals<'a> {
    pub(super) identities: Identities<'a>,
    pub(super) config: &'a Config,
    /// Whether ztunnel reads it, which replaces no trust domain and takes `*` in namespaces at the ends only.
    pub(super) by_ztunnel: bool,
}

impl Principals<'_> {
    /// `principals`.
    pub(super) fn principal(&self, reading: &mut Reading<'_>, value: &str) -> Vec<PeerSpec> {
        if value == "*" {
            return vec![self.identities.any(reading)];
        }
        let domain = self.config.trust_domain.as_deref().unwrap_or(DEFAULT_DOMAIN);
        let value = self.localised(value, domain);
        let mut found = match exact(&value, domain) {
            Some((namespace, account)) => {
                vec![self.identities.of(reading, Some(vec![namespace]), Some(vec![account]))]
            }
            None => self.pattern(reading, &value, domain),
        };
        if self.config.trust_domain.is_none() && names_another(&value, domain) {
            let why = "the trust domain of the mesh is not in the input";
            found.push(PeerSpec::Unknown(reading.conditions.id(why)));
        }
        found
    }

    /// With the trust domain of the mesh in place of a name for it.
    fn localised(&self, value: &str, domain: &str) -> String {
        let mut parts = value.splitn(2, '/');
        match (parts.next(), parts.next()) {
            (Some(DEFAULT_DOMAIN), Some(rest)) if !self.by_ztunnel && rest.split('/').count() == 4 => {
                format!("{domain}/{rest}")
            }
            _ => value.to_owned(),
        }
    }

    fn pattern(&self, reading: &mut Reading<'_>, value: &str, domain: &str) -> Vec<PeerSpec> {
        let whole = |namespace: &str, account: &str| format!("{domain}/ns/{namespace}/sa/{account}");
        let pattern = Pattern::of(value);
        let of_namespace = |namespace: &str| match pattern {
            Pattern::Prefix(prefix) => {
                let base = whole(namespace, "");
                if base.starts_with(prefix) {
                    Accounts::All
                } else if prefix.starts_with(&base) {
                    Accounts::Some
                } else {
                    Accounts::None
                }
            }
            Pattern::Suffix(_) => Accounts::Some,
            Pattern::Exact(_) => Accounts::None,
        };
        self.identities.matching(reading, value, of_namespace, |namespace, account| {
            pattern.matches(&whole(namespace, account))
        })
    }

    /// `namespaces`.
    pub(super) fn namespace(&self, reading: &mut Reading<'_>, value: &str) -> Vec<PeerSpec> {
        match value {
            "*" => vec![self.identities.any(reading)],
            _ if !value.contains('*') => {
                vec![self.identities.of(reading, Some(vec![value.into()]), None)]
            }
            _ if self.by_ztunnel => {
                let pattern = Pattern::of(value);
                self.identities.in_namespaces(reading, |name| pattern.matches(name)).into_iter().collect()
            }
            _ => {
                let found = self.identities.in_namespaces(reading, |name| ringfence_model::glob(value, name));
                found.into_iter().collect()
            }
        }
    }

    /// `serviceAccounts`: `name` or `namespace/name`.
    pub(super) fn account(&self, reading: &mut Reading<'_>, value: &str, own: &str) -> Vec<PeerSpec> {
        let (namespace, account) = value.split_once('/').unwrap_or((own, value));
        vec![self.identities.of(reading, Some(vec![namespace.into()]), Some(vec![account.into()]))]
    }

    /// `trustDomains`.
    pub(super) fn domain(&self, reading: &mut Reading<'_>, value: &str) -> Vec<PeerSpec> {
        let domain = self.config.trust_domain.as_deref().unwrap_or(DEFAULT_DOMAIN);
        if Pattern::of(value).matches(domain) {
            return vec![self.identities.any(reading)];
        }
        if self.config.trust_domain.is_some() {
            return Vec::new();
        }
        vec![PeerSpec::Unknown(reading.conditions.id("the trust domain of the mesh is not in the input"))]
    }
}

/// Namespace and service account of a principal without wildcards; `None` where it has another form.
fn exact(value: &str, domain: &str) -> Option<(Text, Text)> {
    let rest = value.strip_prefix(domain)?.strip_prefix("/ns/")?;
    let (namespace, account) = rest.split_once("/sa/")?;
    let plain = !namespace.contains(['/', '*']) && !account.contains(['/', '*']);
    plain.then(|| (namespace.into(), account.into()))
}

/// Whether a principal names a trust domain other than `domain`.
fn names_another(value: &str, domain: &str) -> bool {
    match Pattern::of(value) {
        // Whatever comes before `/ns/` is any domain.
        Pattern::Suffix(suffix) => {
            !suffix.is_empty() && !suffix.starts_with("/ns/") && suffix.contains("/ns/")
        }
        Pattern::Prefix(prefix) | Pattern::Exact(prefix) => {
            let named = prefix.split('/').next().unwrap_or_default();
            !named.is_empty()
                && named != domain
                && !(matches!(Pattern::of(value), Pattern::Prefix(_)) && domain.starts_with(prefix))
        }
    }
}

/// A text with `*` at one end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pattern<'a> {
    Exact(&'a str),
    Prefix(&'a str),
    Suffix(&'a str),
}

impl<'a> Pattern<'a> {
    /// `*` at the beginning counts before one at the end, which is then itself.
    fn of(text: &'a str) -> Self {
        match (text.strip_prefix('*'), text.strip_suffix('*')) {
            (Some(suffix), _) => Self::Suffix(suffix),
            (None, Some(prefix)) => Self::Prefix(prefix),
            (None, None) => Self::Exact(text),
        }
    }

    fn matches(self, text: &str) -> bool {
        match self {
            Self::Exact(exact) => text == exact,
            Self::Prefix(prefix) => text.starts_with(prefix),
            Self::Suffix(suffix) => text.ends_with(suffix),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn principals_without_wildcards() {
        let read = |value| exact(value, "cluster.local").map(|(ns, sa)| format!("{ns} {sa}"));
        assert_eq!(read("cluster.local/ns/pay/sa/api").as_deref(), Some("pay api"));
        assert_eq!(read("cluster.local/ns/pay/sa/*"), None);
        assert_eq!(read("other/ns/pay/sa/api"), None);
    }

    #[test]
    fn another_trust_domain_is_seen() {
        for (value, expected) in [
            ("cluster.local/ns/a/sa/b", false),
            ("prod/ns/a/sa/b", true),
            ("*/ns/a/sa/b", false),
            ("*/sa/b", false),
            ("*.local/ns/a/sa/b", true),
            ("cluster.local/ns/a/*", false),
            ("cluster.*", false),
            ("prod/*", true),
        ] {
            assert_eq!(names_another(value, "cluster.local"), expected, "{value}");
        }
    }
}

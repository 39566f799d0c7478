//! Virtual labels: what selectors of some engines ask of a pod besides its labels.
//!
//! ```text
//! @namespace          name of its namespace
//! @serviceaccount     name of its service account
//! @sa.<key>           labels of that service account
//! @ns.<key>           labels of its namespace
//! @istio, @linkerd, … what it is to a mesh (mesh::mark)
//! ```
//!
//! No key of a real label holds `@`. Pods get them only where a selector asks for one.

use ringfence_model::{Estate, Field, Labels, Resource, Text, Workload, pod_spec};
use rustc_hash::FxHashMap;

use crate::calico::Seen;
use crate::mesh::Marks;
use crate::namespace::Namespaces;
use crate::selector::{KnownLabels, Selectors, Unknown};

/// The name of the pod's namespace.
pub(crate) const NAMESPACE: &str = "@namespace";
/// The name of the pod's service account.
pub(crate) const SERVICE_ACCOUNT: &str = "@serviceaccount";
/// Before the key of a label of the pod's service account.
pub(crate) const OF_SERVICE_ACCOUNT: &str = "@sa.";

/// Before the key of a label of the pod's namespace.
pub(crate) const OF_NAMESPACE: &str = "@ns.";

/// The service account of pods that name none.
const DEFAULT: &str = "default";

/// Gives pods their virtual labels.
#[derive(Debug)]
pub(crate) struct Identities<'a> {
    /// The virtual labels that selectors ask for.
    asked: Vec<Text>,
    /// Labels of service accounts, by cluster, namespace and name.
    accounts: FxHashMap<(Option<&'a Text>, &'a str, &'a str), &'a Resource>,
}

impl<'a> Identities<'a> {
    pub(crate) fn new(estate: &'a Estate, selectors: &Selectors) -> Self {
        let asked = selectors.virtual_keys();
        let mut accounts = FxHashMap::default();
        if asked.iter().any(|key| key.starts_with(OF_SERVICE_ACCOUNT)) {
            for account in estate.of_kind("v1/ServiceAccount").iter().filter_map(|id| estate.resource(*id)) {
                let key = (account.place.cluster.as_ref(), account.namespace(), account.name.as_str());
                accounts.insert(key, account);
            }
        }
        Self { asked, accounts }
    }

    /// The labels of a pod with the virtual ones among them; `None` where no selector asks for any.
    pub(crate) fn of(
        &self,
        workload: &Workload,
        resource: &Resource,
        known: &KnownLabels<'_>,
        namespaces: &Namespaces,
        marks: Option<&Marks>,
    ) -> Option<(Labels, Unknown)> {
        if self.asked.is_empty() {
            return None;
        }
        let account = service_account(pod_spec(&resource.kind, &resource.body).unwrap_or(Field::Absent));
        let mut more = vec![(Text::const_new(NAMESPACE), workload.namespace.clone())];
        let mut unknown: Vec<Text> = Vec::new();
        match &account {
            Some(name) => {
                more.push((Text::const_new(SERVICE_ACCOUNT), name.clone()));
                self.add_account(workload, name, &mut more, &mut unknown);
            }
            None => unknown.extend(self.asked.iter().filter(|key| is_of_account(key)).cloned()),
        }
        if let Some(marks) = marks {
            more.extend(marks.known.iter().cloned());
            unknown.extend(marks.unknown.iter().cloned());
        }
        self.add_namespace(workload, namespaces, &mut more, &mut unknown);
        let labels = known.labels.iter().map(|(key, value)| (Text::from(key), Text::from(value)));
        let unknown = match &known.unknown {
            Unknown::Rest => Unknown::Rest,
            Unknown::Nothing if unknown.is_empty() => Unknown::Nothing,
            Unknown::Nothing => Unknown::Keys(unknown),
            Unknown::Keys(keys) => Unknown::Keys(keys.iter().cloned().chain(unknown).collect()),
        };
        Some((labels.chain(more).collect(), unknown))
    }

    /// Adds those labels of the namespace that are asked for.
    fn add_namespace(
        &self,
        workload: &Workload,
        namespaces: &Namespaces,
        more: &mut Vec<(Text, Text)>,
        unknown: &mut Vec<Text>,
    ) {
        for asked in &self.asked {
            let Some(key) = asked.strip_prefix(OF_NAMESPACE) else { continue };
            let namespace = namespaces.find(workload.cluster.as_ref(), &workload.namespace);
            match namespace.map_or(Seen::Unknown, |namespace| namespaces.label(namespace, key)) {
                Seen::Value(value) => more.push((asked.clone(), value.into())),
                Seen::Absent => {}
                Seen::Unknown => unknown.push(asked.clone()),
            }
        }
    }

    /// Adds the labels of a service account; those of one that is not in the input are not known.
    fn add_account(
        &self,
        workload: &Workload,
        name: &Text,
        more: &mut Vec<(Text, Text)>,
        unknown: &mut Vec<Text>,
    ) {
        let asked = || self.asked.iter().filter(|key| key.starts_with(OF_SERVICE_ACCOUNT));
        if asked().next().is_none() {
            return;
        }
        let key = (workload.cluster.as_ref(), workload.namespace.as_str(), name.as_str());
        let prefixed = |key: &str| Text::from(format!("{OF_SERVICE_ACCOUNT}{key}"));
        let account = self.accounts.get(&key);
        match account.map(|account| (Labels::of(&account.body), Unknown::of(Field::Present(&account.body)))) {
            None | Some((_, Unknown::Rest)) => unknown.extend(asked().cloned()),
            Some((labels, rest)) => {
                more.extend(labels.iter().map(|(key, value)| (prefixed(key), Text::from(value))));
                if let Unknown::Keys(keys) = rest {
                    unknown.extend(keys.iter().map(|key| prefixed(key)));
                }
            }
        }
    }
}

fn is_of_account(key: &str) -> bool {
    key == SERVICE_ACCOUNT || key.starts_with(OF_SERVICE_ACCOUNT)
}

/// The service account of a pod; `None` where it is not known.
pub(crate) fn service_account(spec: Field<'_>) -> Option<Text> {
    let spec = match spec {
        Field::Absent => return Some(Text::const_new(DEFAULT)),
        Field::Unresolved(..) => return None,
        Field::Present(spec) => spec,
    };
    for key in ["serviceAccountName", "serviceAccount"] {
        match spec.field(key) {
            Field::Absent => {}
            Field::Unresolved(..) => return None,
            Field::Present(name) => match name.as_str() {
                Some("") => {}
                name => return name.map(Text::from),
            },
        }
    }
    Some(Text::const_new(DEFAULT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_names_no_service_account_has_the_default_one() {
        assert_eq!(service_account(Field::Absent).as_deref(), Some("default"));
    }
}

//! Identities as peers: pods by namespace and service account, as far as they present a certificate.

use std::collections::BTreeMap;

use ringfence_model::Text;
use ringfence_model::selector::Requirement;

use super::workloads::{Here, Seen};
use super::{exists, is, pods};
use crate::identity::{NAMESPACE, SERVICE_ACCOUNT};
use crate::namespace::ClusterId;
use crate::policy::{PeerSpec, Reading};

/// Identities of one cluster and one mesh.
#[derive(Clone, Copy, Debug)]
pub(super) struct Identities<'a> {
    /// The mark that shows a certificate.
    pub(super) mark: &'static str,
    pub(super) cluster: ClusterId,
    pub(super) name: Option<&'a Text>,
    pub(super) seen: &'a Seen,
}

/// Which accounts of a namespace a pattern matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Accounts {
    All,
    Some,
    None,
}

impl Identities<'_> {
    /// Whoever has an identity.
    pub(super) fn any(&self, reading: &mut Reading<'_>) -> PeerSpec {
        self.of(reading, None, None)
    }

    /// Those of these namespaces with these service accounts; `None` for all.
    pub(super) fn of(
        &self,
        reading: &mut Reading<'_>,
        namespaces: Option<Vec<Text>>,
        accounts: Option<Vec<Text>>,
    ) -> PeerSpec {
        let mut requirements: Vec<Requirement> = vec![exists(self.mark)];
        requirements.extend(namespaces.map(|names| is(NAMESPACE, names)));
        requirements.extend(accounts.map(|names| is(SERVICE_ACCOUNT, names)));
        PeerSpec::Pods(pods(reading, self.cluster, requirements))
    }

    /// Those of the namespaces of which `matches` holds.
    pub(super) fn in_namespaces(
        &self,
        reading: &mut Reading<'_>,
        matches: impl Fn(&str) -> bool,
    ) -> Option<PeerSpec> {
        let names = self.seen.of_cluster(self.name).map(|(name, _)| name);
        let names: Vec<Text> = names.filter(|name| matches(name)).cloned().collect();
        (!names.is_empty()).then(|| self.of(reading, Some(names), None))
    }

    /// Those that a pattern matches: `of_namespace` says which accounts of a namespace, `one` judges a single
    /// one. A pod whose account is not known may match wherever some account may.
    pub(super) fn matching(
        &self,
        reading: &mut Reading<'_>,
        pattern: &str,
        of_namespace: impl Fn(&str) -> Accounts,
        one: impl Fn(&str, &str) -> bool,
    ) -> Vec<PeerSpec> {
        let mut groups: BTreeMap<Option<Vec<Text>>, Vec<Text>> = BTreeMap::new();
        for (name, here) in self.seen.of_cluster(self.name) {
            let accounts = match of_namespace(name) {
                Accounts::None => continue,
                Accounts::All => None,
                Accounts::Some => Some(accounts(here, pattern, |account| one(name, account))),
            };
            if accounts.as_ref().is_none_or(|accounts| !accounts.is_empty()) {
                groups.entry(accounts).or_default().push(name.clone());
            }
        }
        groups.into_iter().map(|(accounts, names)| self.of(reading, Some(names), accounts)).collect()
    }
}

/// The accounts that match; no account is named like a pattern, but one that is not known may be any.
fn accounts(here: &Here, pattern: &str, matches: impl Fn(&str) -> bool) -> Vec<Text> {
    let known = here.accounts.iter().filter(|account| matches(account)).cloned();
    known.chain(here.hides_account.then(|| Text::from(pattern))).collect()
}

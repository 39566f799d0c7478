//! Suggested policies: what the declared flows of a namespace ask for, before it is written as YAML.

use super::{Peer, Ports};
use crate::selector::Selector;
use crate::{ResourceId, Text, WorkloadId};

/// The policies that allow exactly what is declared for one namespace.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Suggestion {
    /// The cluster, where known.
    pub cluster: Option<Text>,
    /// The namespace.
    pub namespace: Text,
    /// The policy of all pods first, the others by name.
    pub policies: Vec<SuggestedPolicy>,
    /// What is declared and left out, and belongs to no workload that is known: one clause each.
    pub left_out: Vec<String>,
    /// What was decided for the reader: one clause each.
    pub notes: Vec<String>,
    /// The workloads of the cluster's DNS that every pod may ask though nothing declares it.
    pub dns: Vec<(WorkloadId, Ports)>,
    /// Workloads of the namespace for which nothing is declared.
    pub undeclared: Vec<WorkloadId>,
    /// The present NetworkPolicies of the namespace, whose place it takes.
    pub replaced: Vec<ResourceId>,
}

/// One suggested NetworkPolicy. It always holds for both directions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SuggestedPolicy {
    /// Its name.
    pub name: Text,
    /// The pods it holds for; the empty one for every pod of the namespace.
    pub selector: Selector,
    /// The workloads whose pods these are; none stands for every pod.
    pub covers: Vec<WorkloadId>,
    /// Who may come in.
    pub ingress: Vec<SuggestedRule>,
    /// Who may be called.
    pub egress: Vec<SuggestedRule>,
    /// What is declared for these workloads and left out: one clause each.
    pub left_out: Vec<String>,
}

/// One rule of a suggested policy.
#[derive(Clone, Debug, PartialEq)]
pub struct SuggestedRule {
    /// The other ends, at least one.
    pub peers: Vec<SuggestedPeer>,
    /// On which ports, at least one.
    pub ports: Ports,
    /// What declares it: one clause each.
    pub because: Vec<String>,
}

/// The other end of a suggested rule.
#[derive(Clone, Debug, PartialEq)]
pub enum SuggestedPeer {
    /// Pods of one namespace.
    Pods {
        /// The namespace; `None` for the policy's own.
        namespace: Option<Text>,
        /// Which of its pods; `None` for all.
        selector: Option<Selector>,
    },
    /// Addresses.
    Block {
        /// The block.
        cidr: Text,
        /// What is left out of it.
        except: Vec<Text>,
    },
}

/// Connections that one estate opens and another does not: from each of some to each of others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Connection {
    /// Who connects.
    pub from: Vec<Peer>,
    /// Who answers.
    pub to: Vec<Peer>,
    /// On what.
    pub ports: Ports,
}

/// The first of many connections, and how many more there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Connections {
    /// The first ones.
    pub first: Vec<Connection>,
    /// How many there are besides.
    pub more: usize,
}

/// What a suggestion changes, seen through reach of the estate with and without it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SuggestedChange {
    /// May be open today and is closed then.
    pub closed: Connections,
    /// Is closed today and is open then.
    pub opened: Connections,
    /// Is closed today and may be open then, depending on addresses or labels that are not known.
    pub perhaps: Connections,
    /// Is declared and not certainly open then: something else closes it, or is not known.
    pub still_closed: Connections,
    /// Is certainly open then between pods, and not declared.
    pub beyond: Connections,
}

//! Mutual TLS between two classes: demanded, offered, or absent.

use ringfence_model::fact::Mtls;

use super::{Meaning, Mesh};
use crate::class::Traits;
use crate::condition::Certainty;
use crate::policy::Policies;

/// What a policy says of connections to some ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Nothing but mutual TLS.
    Strict,
    /// Mutual TLS and plaintext.
    Permissive,
    /// Nothing but plaintext.
    Disable,
    Unknown,
}

impl Mesh {
    /// Whether a class has something in common with others; `None` for certainly not.
    pub(crate) fn has(&self, traits: &Traits, wanted: Meaning) -> Option<Certainty> {
        let held = traits.sets.iter().find(|(set, _)| self.meanings.get(set) == Some(&wanted));
        held.map(|(_, certainty)| *certainty)
    }

    /// Mutual TLS of connections from `source` (absent: not a pod) to `destination`, which `policies` select
    /// in this order.
    pub(crate) fn mtls(
        &self,
        all: &Policies,
        source: Option<&Traits>,
        destination: &Traits,
        policies: &[(u32, Certainty)],
    ) -> Mtls {
        let has = |traits: &Traits, meanings: &[Meaning]| {
            meanings.iter().filter_map(|meaning| self.has(traits, *meaning)).min()
        };
        let answers = has(destination, &[Meaning::Ambient, Meaning::Sidecar, Meaning::Linkerd]);
        let asks = source.map(|source| has(source, &[Meaning::Identity])).unwrap_or_default();
        match (answers, self.mode(all, policies)) {
            (None, _) => Mtls::Absent,
            (Some(Some(_)), _) | (_, Said::Unknown) => Mtls::Unknown,
            (_, Said::Differs) => Mtls::Differs,
            (_, Said::All(Mode::Strict)) => Mtls::Required,
            (_, Said::All(Mode::Disable)) => Mtls::Absent,
            (_, Said::All(_)) => match asks {
                None => Mtls::Absent,
                Some(None) => Mtls::Permissive,
                Some(Some(_)) => Mtls::Unknown,
            },
        }
    }

    /// What policies say of all ports: the first that speaks of one counts.
    fn mode(&self, all: &Policies, policies: &[(u32, Certainty)]) -> Said {
        let mut ports: Vec<(Option<u16>, Mode)> = Vec::new();
        let selecting =
            policies.iter().filter_map(|(index, certainty)| Some((all.all.get(*index as usize)?, certainty)));
        for (policy, certainty) in selecting {
            let Some(modes) = self.modes.get(&policy.resource) else { continue };
            if certainty.is_some() {
                return Said::Unknown;
            }
            for (port, mode) in modes {
                if !ports.iter().any(|(known, _)| known == port || known.is_none()) {
                    ports.push((*port, *mode));
                }
            }
        }
        let rest = ports.iter().find(|(port, _)| port.is_none()).map_or(Mode::Permissive, |(_, mode)| *mode);
        if ports.iter().any(|(_, mode)| *mode == Mode::Unknown) {
            Said::Unknown
        } else if ports.iter().any(|(_, mode)| *mode != rest) {
            Said::Differs
        } else {
            Said::All(rest)
        }
    }
}

/// What is said of all ports together.
enum Said {
    All(Mode),
    /// Not the same of all.
    Differs,
    Unknown,
}

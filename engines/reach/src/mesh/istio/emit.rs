//! What one kind of proxy makes of a written rule.
//!
//! Envoy takes a connection for HTTP or for a stream of bytes. On a stream an ALLOW rule with any
//! demand that is about HTTP is dropped as a whole, so that less is let in, and in a DENY rule that
//! demand alone is dropped, so that more is refused (istio: `pilot/pkg/security/authz/model`, `checkError`).
//! ztunnel sees streams only.

use ringfence_model::fact::{PortRange, Ports, RuleAction};

use super::super::protocol::Profile;
use super::clause::{Clause, every_port};
use super::written::WrittenRule;
use crate::condition::ConditionId;
use crate::policy::{PeerSpec, PortSpec, Reading, Rule, Term};

/// What a policy does with what its rules match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect<'a> {
    Allow,
    Deny,
    /// Someone else decides.
    Custom(&'a str),
}

/// Which kind of proxy enforces, and on what.
#[derive(Clone, Debug)]
pub(super) enum Proxy {
    /// Beside the pod; with what Services say of ports.
    Sidecar(Profile),
    /// Standing for itself: who connects need not present a certificate.
    Gateway,
    Ztunnel,
}

/// What holds for all rules of a policy on one kind of proxy.
#[derive(Clone, Debug)]
pub(super) struct Emission<'a> {
    pub(super) effect: Effect<'a>,
    pub(super) proxy: Proxy,
    /// `ns/name[AuthorizationPolicy]`.
    pub(super) label: &'a str,
    /// Whether the pods take nothing but mutual TLS, so that nobody comes without a certificate.
    pub(super) strict: bool,
    /// Why clients may come without a certificate.
    pub(super) plaintext: Option<ConditionId>,
}

/// How many combinations of `from` and `to` one rule may have.
const COMBINATIONS: usize = 4096;

/// Said of a rule that goes by what a client's own proxy presents.
const BYPASS: &str = "a client that bypasses its own proxy comes without a principal";

impl Emission<'_> {
    /// The rules that the proxy has for one written rule.
    pub(super) fn rules(&self, written: &WrittenRule, reading: &mut Reading<'_>) -> Vec<Rule> {
        let has_http = written.clauses().any(|clause| !clause.http.is_empty());
        if written.clauses().any(|clause| clause.invalid) {
            return Vec::new();
        }
        let nothing = [Clause::default()];
        let from: &[Clause] = if written.from.is_empty() { &nothing } else { &written.from };
        let to: &[Clause] = if written.to.is_empty() { &nothing } else { &written.to };
        let mut rules = Vec::new();
        if from.len().saturating_mul(to.len()) > COMBINATIONS {
            let why = format!("`{}` of `{}` is too long to be evaluated", written.element, self.label);
            let when = Some(reading.conditions.id(&why));
            return vec![Rule { id: written.id, action: self.action(), peers: None, ports: None, when }];
        }
        for from in from {
            for to in to {
                let parts: Vec<&Clause> = [from, to].into_iter().chain(&written.when).collect();
                self.emit(written, &joined(&parts), has_http, reading, &mut rules);
            }
        }
        together(rules)
    }

    fn action(&self) -> RuleAction {
        match self.effect {
            Effect::Allow => RuleAction::Allow,
            Effect::Deny | Effect::Custom(_) => RuleAction::Deny,
        }
    }

    /// One combination of clauses.
    fn emit(
        &self,
        written: &WrittenRule,
        clause: &Joined,
        has_http: bool,
        reading: &mut Reading<'_>,
        rules: &mut Vec<Rule>,
    ) {
        let every = every_port();
        let ports = clause.ports.as_ref().unwrap_or(&every);
        let mut push =
            |ports: Ports, more: &[String]| self.push(written, clause, ports, more, reading, rules);
        match (&self.proxy, self.effect) {
            (Proxy::Ztunnel, Effect::Custom(_)) => {}
            (Proxy::Ztunnel, Effect::Allow) if has_http => {}
            (Proxy::Ztunnel, Effect::Deny) if clause.only_http => {
                push(ports.clone(), &[ONLY_HTTP.to_owned()]);
            }
            (Proxy::Ztunnel, _) | (_, Effect::Custom(_)) => push(ports.clone(), &[]),
            (proxy, Effect::Allow) if has_http => {
                let profile = proxy.profile();
                let rest = ports.minus(&profile.tcp);
                if clause.http.is_empty() {
                    push(rest.intersection(&profile.http), &[]);
                    push(rest.minus(&profile.http), &[AS_HTTP.to_owned()]);
                } else {
                    push(rest, &clause.http);
                }
            }
            (proxy, Effect::Deny) if !clause.http.is_empty() => {
                let profile = proxy.profile();
                push(ports.intersection(&profile.tcp), &[]);
                push(ports.minus(&profile.tcp), &clause.http);
            }
            (_, Effect::Allow | Effect::Deny) => push(ports.clone(), &[]),
        }
    }

    /// Adds the rule for some ports, and what it would match if a client came without a certificate.
    fn push(
        &self,
        written: &WrittenRule,
        clause: &Joined,
        ports: Ports,
        more: &[String],
        reading: &mut Reading<'_>,
        rules: &mut Vec<Rule>,
    ) {
        if ports.is_empty() {
            return;
        }
        let identity =
            |negated: bool| clause.needs.iter().any(|need| need.identity && need.term.negated == negated);
        let mut texts: Vec<String> = more.iter().chain(&clause.other).cloned().collect();
        if let Effect::Custom(provider) = self.effect {
            texts.push(format!("the external authorizer `{}` decides", ringfence_model::mask(provider)));
        }
        if matches!(self.proxy, Proxy::Gateway) && (identity(true) || identity(false)) {
            texts.push("whether the gateway asks clients for a certificate is not known".to_owned());
        }
        let bypass = !self.strict;
        let is_deny = self.action() == RuleAction::Deny;
        if is_deny && identity(false) && bypass {
            texts.push(BYPASS.to_owned());
        }
        let mut when = self.when(written, &texts, reading);
        if identity(true) || identity(false) {
            when = when.or(self.plaintext);
        }
        let terms = clause.needs.iter().map(|need| &need.term);
        let (id, action, ports) = (written.id, self.action(), specs(ports));
        rules.push(Rule { id, action, peers: peers(terms.cloned().collect()), ports: ports.clone(), when });
        // Who comes without a certificate is not among those whom the rule leaves out.
        let plain = if is_deny {
            self.plaintext
        } else {
            self.when(written, &[BYPASS.to_owned()], reading).filter(|_| bypass).or(self.plaintext)
        };
        if identity(true) && !identity(false) && plain.is_some() {
            let terms = clause.needs.iter().filter(|need| !need.identity).map(|need| need.term.clone());
            texts.extend((bypass && !is_deny).then(|| BYPASS.to_owned()));
            let when = self.when(written, &texts, reading).or(plain);
            rules.push(Rule { id, action, peers: peers(terms.collect()), ports, when });
        }
    }

    fn when(
        &self,
        written: &WrittenRule,
        texts: &[String],
        reading: &mut Reading<'_>,
    ) -> Option<ConditionId> {
        if texts.is_empty() {
            return None;
        }
        let text = format!("`{}` of `{}`: {}", written.element, self.label, texts.join("; "));
        Some(reading.conditions.id(&text))
    }
}

/// Said of a clause without HTTP in a rule with HTTP: on a stream, Envoy drops the whole rule.
const AS_HTTP: &str = "only where the proxy takes the connection for HTTP";
/// The documentation says that such a rule refuses everything, the code of ztunnel that it refuses nothing.
const ONLY_HTTP: &str = "ztunnel judges no HTTP, and its documentation and code differ on what is left";

impl Proxy {
    fn profile(&self) -> Profile {
        match self {
            Self::Sidecar(profile) => profile.clone(),
            Self::Gateway | Self::Ztunnel => Profile::default(),
        }
    }
}

/// Clauses all of which must hold.
#[derive(Debug, Default)]
struct Joined {
    needs: Vec<super::clause::Need>,
    ports: Option<Ports>,
    http: Vec<String>,
    other: Vec<String>,
    /// Whether one of them is about HTTP and nothing else.
    only_http: bool,
}

fn joined(parts: &[&Clause]) -> Joined {
    let mut joined = Joined::default();
    for part in parts {
        joined.needs.extend(part.needs.iter().cloned());
        joined.http.extend(part.http.iter().cloned());
        joined.other.extend(part.other.iter().cloned());
        joined.only_http |= !part.http.is_empty() && !part.below_http;
        if let Some(ports) = &part.ports {
            joined.ports =
                Some(joined.ports.as_ref().map_or(ports.clone(), |known| known.intersection(ports)));
        }
    }
    joined
}

/// Rules that differ in their peers only become one.
fn together(rules: Vec<Rule>) -> Vec<Rule> {
    let mut joined: Vec<Rule> = Vec::with_capacity(rules.len());
    for rule in rules {
        let same = |known: &&mut Rule| (known.when, &known.ports) == (rule.when, &rule.ports);
        match (joined.iter_mut().rev().find(same), rule.peers.clone()) {
            (Some(known), Some(more)) => {
                known.peers = known.peers.take().map(|peers| peers.into_iter().chain(more).collect());
            }
            (Some(known), None) => known.peers = None,
            (None, _) => joined.push(rule),
        }
    }
    joined
}

/// Those of whom every term holds; `None` for everyone.
fn peers(mut terms: Vec<Term>) -> Option<Vec<PeerSpec>> {
    match terms.as_slice() {
        [] => None,
        [one] if !one.negated => terms.pop().map(|one| one.any),
        _ => Some(vec![PeerSpec::Each(terms.into())]),
    }
}

/// The ports of a rule; `None` for all.
fn specs(ports: Ports) -> Option<Vec<PortSpec>> {
    if ports == every_port() {
        return None;
    }
    let range = |range: &PortRange| PortSpec::Range(PortRange { start: range.start.max(1), ..*range });
    Some(ports.ranges().iter().filter(|range| range.end > 0).map(range).collect())
}

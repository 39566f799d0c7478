//! Scope class of each resource, with its reasons.
//!
//! ```text
//! declared flows ─▶ what holds card data ─▶ reach: who is connected ─▶ links: what could impact it
//!                   (card)                  (network)                  (effect, service)
//! ```
//!
//! INVARIANT: nothing is out of scope here: the identity and impact tests are not evaluated yet, so
//! whatever nothing ties to the CDE is `unknown`, and unknown is judged as in scope. Where no flow is
//! declared everything is presumed in scope.
//!
//! INVARIANT: the network test passes only where every declared flow resolves: a part of the CDE that
//! is not found could be what a resource is connected to.

mod branch;
mod card;
mod classified;
mod crossing;
mod declared;
mod effect;
mod flow;
mod marks;
mod network;
mod service;
mod suggest;
mod token;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;

pub use declared::Declared;
pub use suggest::{Home, Options, change, suggest};

use ringfence_model::declaration::{Declaration, EndpointTarget};
use ringfence_model::fact::{Answer, ScopeClass, ScopeFacts, TestState, Tests};
use ringfence_model::{Diagnostic, Estate, Reason, Subject};
use ringfence_reach::Reach;

use flow::Flows;
use marks::Marks;

/// The scope class of every resource, and what could not be resolved.
pub fn scope(estate: &Estate, declaration: &Declaration, reach: &Reach) -> (ScopeFacts, Vec<Diagnostic>) {
    let (declared, mut diagnostics) = Declared::new(estate, declaration);
    let parties = parties(declaration);
    let marks = if flow::any(declaration) {
        let flows = Flows::resolve(estate, declaration);
        diagnostics.extend(flows.diagnostics());
        computed(estate, &flows, reach)
    } else {
        presumed(estate)
    };
    let presumed = !flow::any(declaration);
    let facts = marks.finish(&declared, presumed);
    (ScopeFacts { facts, presumed, parties }, diagnostics)
}

/// The answers to an engine query; `None` for a query that is not of this engine.
pub fn ask(
    query: &str,
    estate: &Estate,
    declaration: &Declaration,
    facts: &ScopeFacts,
    reach: &Reach,
) -> Option<Vec<Answer>> {
    match query {
        "scope.flows-resolve" => Some(branch::answers(estate, declaration)),
        "scope.classified" => Some(classified::answers(estate, declaration)),
        "reach.out-of-scope-to-cde" => Some(crossing::answers(estate, declaration, facts, reach)),
        _ => None,
    }
}

fn computed<'a>(estate: &'a Estate, flows: &Flows<'a>, reach: &Reach) -> Marks<'a> {
    let mut marks = Marks::new(estate);
    card::mark(&mut marks, flows);
    card::mark_keys(&mut marks, flows);
    network::mark(&mut marks, flows, reach);
    flow::mark_influences(&mut marks, flows);
    card::mark_protected(&mut marks, flows);
    token::mark(&mut marks, flows, reach);
    effect::mark(&mut marks);
    marks
}

fn presumed(estate: &Estate) -> Marks<'_> {
    let mut marks = Marks::new(estate);
    let why = "no flow of card data is declared, so everything is presumed in scope";
    let reason = marks.reason(Reason::new(why, None));
    for (id, _) in estate.iter() {
        marks.mark(id, ScopeClass::Cde, Tests::default(), reason);
    }
    marks
}

/// Who is outside: listed, never classed.
fn parties(declaration: &Declaration) -> Vec<(String, &'static str)> {
    let endpoints = declaration.endpoints.iter().filter_map(|endpoint| match &endpoint.target {
        EndpointTarget::Internet => Some(("internet".to_owned(), "untrusted")),
        EndpointTarget::CustomerBrowser => Some(("customer-browser".to_owned(), "untrusted")),
        EndpointTarget::ThirdParty(name) => Some((name.to_string(), "third-party")),
        _ => None,
    });
    let third = declaration.third_parties.iter().flatten().map(|one| (one.name.to_string(), "third-party"));
    let mut parties: Vec<_> = endpoints.chain(third).collect();
    parties.sort();
    parties.dedup();
    parties
}

/// What an answer is about where it concerns the estate as a whole.
fn estate_subject() -> Subject {
    Subject { kind: "Estate".into(), name: "estate".into(), ..Subject::default() }
}

/// Tests of which these are shown not to hold.
const fn failed(network: bool, segment: bool, identity: bool, impact: bool) -> Tests {
    const fn state(failed: bool) -> TestState {
        if failed { TestState::Failed } else { TestState::NotEvaluated }
    }
    Tests {
        network: state(network),
        segment: state(segment),
        identity: state(identity),
        impact: state(impact),
    }
}

//! References within a declaration: names that must exist, ids that must be unique, hops without a cycle.

use std::collections::{BTreeMap, BTreeSet};

use ringfence_model::declaration::{DataElement, Declaration, EndpointTarget, Flow, Hop, Located};
use ringfence_model::{Diagnostic, Text};

use crate::report::{Report, shown};
use crate::suggest;

/// Reports every reference that leads nowhere or back to itself, and every id that is given twice.
pub(crate) fn check(declaration: &Declaration, report: &mut Report) {
    let names = Names::of(declaration);
    unique("endpoint", declaration.endpoints.iter().map(|endpoint| &endpoint.name), report);
    unique("third party", declaration.third_parties.iter().flatten().map(|party| &party.name), report);
    unique("flow", declaration.flows.iter().flatten().map(|flow| &flow.id), report);
    unique("account", declaration.accounts.iter().flatten().map(|account| &account.id), report);
    for endpoint in &declaration.endpoints {
        names.third_party(declaration, &endpoint.target, endpoint.location, report);
        let backups = endpoint.storage.iter().flat_map(|storage| storage.backups.iter().flatten());
        endpoint.influences.iter().chain(backups).for_each(|name| names.endpoint(name, report));
    }
    for flow in declaration.flows.iter().flatten() {
        check_flow(flow, &names, report);
    }
}

/// What may be referred to.
struct Names<'a> {
    endpoints: BTreeSet<&'a str>,
    /// Third parties by name: those listed and, where no list is given, those that endpoints name.
    parties: BTreeSet<&'a str>,
}

impl<'a> Names<'a> {
    fn of(declaration: &'a Declaration) -> Self {
        let listed = declaration.third_parties.iter().flatten().map(|party| party.name.as_str());
        let named = declaration.endpoints.iter().filter_map(|endpoint| match &endpoint.target {
            EndpointTarget::ThirdParty(name) => Some(name.as_str()),
            _ => None,
        });
        Self {
            endpoints: declaration.endpoints.iter().map(|endpoint| endpoint.name.as_str()).collect(),
            parties: listed.chain(named).collect(),
        }
    }

    fn endpoint(&self, name: &Located<Text>, report: &mut Report) {
        if !self.endpoints.contains(name.as_str()) && !report.overflows() {
            let help = suggest::help(name, "endpoints", self.endpoints.iter().copied());
            let message = format!("no endpoint is called {}", shown(name));
            report.error("declaration-unknown-name", name.location, message, help);
        }
    }

    fn third_party(
        &self,
        declaration: &Declaration,
        target: &EndpointTarget,
        location: Option<ringfence_model::Location>,
        report: &mut Report,
    ) {
        let (EndpointTarget::ThirdParty(name), Some(listed)) = (target, &declaration.third_parties) else {
            return;
        };
        if declaration.third_party(name).is_none() {
            let help = suggest::help(name, "third parties", listed.iter().map(|party| party.name.as_str()));
            let message = format!("{} is not in `third-parties`", shown(name));
            report.error("declaration-unknown-name", location, message, help);
        }
    }

    fn key_holder(&self, element: &DataElement, hop: &Hop, report: &mut Report) {
        let DataElement::Encrypted { key_holder: Some(name), .. } = element else { return };
        if !self.endpoints.contains(name.as_str()) && !self.parties.contains(name.as_str()) {
            let known = self.endpoints.iter().chain(&self.parties).copied();
            let message = format!("no endpoint or third party is called {}", shown(name));
            report.error(
                "declaration-unknown-name",
                hop.location,
                message,
                suggest::help(name, "names", known),
            );
        }
    }
}

fn unique<'a>(noun: &str, ids: impl Iterator<Item = &'a Located<Text>>, report: &mut Report) {
    let mut first: BTreeMap<&str, &Located<Text>> = BTreeMap::new();
    for id in ids {
        match first.get(id.as_str()) {
            None => _ = first.insert(id.as_str(), id),
            Some(earlier) => report.push(
                Diagnostic::error("declaration-duplicate", format!("{noun} {} is there twice", shown(id)))
                    .at(id.location)
                    .related(earlier.location, "here first")
                    .help("give each its own, or remove one of them"),
            ),
        }
    }
}

fn check_flow(flow: &Flow, names: &Names<'_>, report: &mut Report) {
    unique("hop", flow.hops.iter().map(|hop| &hop.id), report);
    if flow.hops.is_empty() {
        let message = format!("flow {} has no hop", shown(&flow.id));
        report.error("declaration-missing-key", flow.id.location, message, "write its hops".to_owned());
    }
    let ids: BTreeSet<&str> = flow.hops.iter().map(|hop| hop.id.as_str()).collect();
    for hop in &flow.hops {
        names.endpoint(&hop.from, report);
        names.endpoint(&hop.to, report);
        for id in hop.after.iter().filter(|id| !ids.contains(id.as_str())) {
            let message = format!("no hop of flow {} is called {}", shown(&flow.id), shown(id));
            report.error(
                "declaration-unknown-name",
                id.location,
                message,
                suggest::help(id, "hops", ids.iter().copied()),
            );
        }
        hop.request.iter().chain(&hop.response).for_each(|element| names.key_holder(element, hop, report));
        let backups = hop.storage.iter().flat_map(|storage| storage.backups.iter().flatten());
        backups.for_each(|name| names.endpoint(name, report));
        if hop.no_storage && hop.storage.is_some() {
            let message = format!("hop {} says both `no-storage` and what is stored", shown(&hop.id));
            report.error("declaration-conflict", hop.id.location, message, "keep one of them".to_owned());
        }
    }
    cycle(flow, report);
}

/// One cycle of `after`, if there is one; each is found once those before it are corrected.
fn cycle(flow: &Flow, report: &mut Report) {
    let hops: BTreeMap<&str, &Hop> = flow.hops.iter().map(|hop| (hop.id.as_str(), hop)).collect();
    let mut settled = BTreeSet::new();
    for start in hops.keys().copied() {
        // The path from `start` along `after`, each with how many of its predecessors were followed.
        let mut path: Vec<(&str, usize)> = vec![(start, 0)];
        while let Some((id, next)) = path.last_mut() {
            let before = hops.get(id).and_then(|hop| hop.after.get(*next)).filter(|_| !settled.contains(id));
            let Some(before) = before else {
                settled.insert(*id);
                path.pop();
                continue;
            };
            *next += 1;
            let before = before.as_str();
            if let Some(at) = path.iter().position(|(id, _)| *id == before) {
                return report_cycle(path.iter().skip(at).map(|(id, _)| *id).collect(), &hops, report);
            }
            if !settled.contains(before) {
                path.push((before, 0));
            }
        }
    }
}

fn report_cycle(mut ids: Vec<&str>, hops: &BTreeMap<&str, &Hop>, report: &mut Report) {
    // From against `after` into the order of time, starting where the search did.
    ids.reverse();
    ids.rotate_right(1);
    let first = ids.first().copied().unwrap_or_default();
    let chain: Vec<String> = ids.iter().chain([&first]).take(20).map(|id| shown(id)).collect();
    let hop = hops.get(first);
    let last = ids.last().copied().unwrap_or_default();
    let closing = hop.and_then(|hop| hop.after.iter().find(|id| id.as_str() == last));
    let at = closing.and_then(|id| id.location).or(hop.and_then(|hop| hop.id.location));
    let message = format!("hops follow each other in a circle: {}", chain.join(" → "));
    report.error(
        "declaration-cycle",
        at,
        message,
        "leave `after` out on the hop where the flow starts".to_owned(),
    );
}

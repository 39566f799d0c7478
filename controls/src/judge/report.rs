//! Findings: what people read of a ruling.

use std::sync::Arc;

use ringfence_model::fact::{Answer, ScopeFact};
use ringfence_model::{
    Diagnostic, Finding, Location, Missing, Reason, Resource, ResourceId, Subject, Verdict, masked,
};

use super::element::{self, Step};
use super::fingerprint::fingerprint;
use super::{Case, Ruling, Run, place};
use crate::cel::excerpt;
use crate::control::{Control, Fault};
use crate::policy::{Doubts, Item, Readings};

impl<'e> Run<'_, 'e> {
    /// The finding of a ruling. The condition is evaluated once more, this time with what it reads.
    pub(super) fn finding(
        &self,
        case: &Case<'e>,
        item: Option<Item<'e>>,
        trail: &[Step<'e>],
        verdict: Verdict,
        ruling: Ruling<'e>,
    ) -> Finding {
        let element = element::path(trail);
        let identity = element::identity(trail);
        let mut readings = Readings::default();
        let ruling = match item {
            Some(item) => self.rule(case, item, &element, Some(&mut readings)),
            None => ruling,
        };
        let doubts = if let Ruling::Unknown(doubts) = ruling { doubts } else { Vec::new() };
        let mut subject = Subject::of(case.resource);
        subject.container = element::container(trail);
        let primary = place::primary(case, item, trail);
        let who = who(case, &subject, trail, &element);
        let missing = missing(&doubts);
        let reasons = reasons(readings, &doubts, nothing(case, item, verdict));
        Finding {
            verdict,
            locations: locations(primary, &doubts),
            message: self.message(case, item, &element, verdict, &who),
            reasons: unrepeated(reasons, &missing),
            missing,
            fingerprint: fingerprint(case.control.id(), &subject, &identity, self.duplicates.rank(case.id)),
            subject,
            ..base(case.control)
        }
    }

    /// The message of a control states its fault; `who` is free of it or not.
    fn message(
        &self,
        case: &Case<'e>,
        item: Option<Item<'e>>,
        element: &str,
        verdict: Verdict,
        who: &str,
    ) -> String {
        let front = case.control.front();
        let said = |item| front.message.render(&self.input(case, item, element));
        match (verdict, item) {
            (Verdict::NotApplicable, _) => excuse(case.control).to_owned(),
            (Verdict::Fail, item) => said(item.unwrap_or(Item::Node(case.root))),
            (Verdict::Unknown, Some(item)) => format!("cannot tell whether {}", said(item)),
            (Verdict::Unknown, None) => {
                masked(format!("cannot tell whether {who} is free of the fault: {}", front.title))
            }
            (Verdict::Pass, _) => masked(format!("{who} is free of the fault: {}", front.title)),
        }
    }

    /// The finding that a control does not concern a resource.
    pub(super) fn skipped(
        &self,
        control: &Control,
        id: ResourceId,
        resource: &Resource,
        why: &str,
        fact: Option<&ScopeFact>,
    ) -> Finding {
        let subject = Subject::of(resource);
        let stated = Reason::new(why, resource.location());
        Finding {
            verdict: Verdict::NotApplicable,
            locations: resource.location().into_iter().collect(),
            message: why.to_owned(),
            reasons: fact.map_or_else(|| vec![stated], |fact| fact.reasons.to_vec()),
            fingerprint: fingerprint(control.id(), &subject, "", self.duplicates.rank(id)),
            subject,
            ..base(control)
        }
    }
}

/// What is judged, for people.
fn who(case: &Case<'_>, subject: &Subject, trail: &[Step<'_>], element: &str) -> String {
    match (&subject.container, trail) {
        (Some(container), [_, _]) => format!("container `{}`", excerpt(container)),
        (_, []) => format!("`{}`", case.resource.name),
        _ => format!("`{element}` of `{}`", case.resource.name),
    }
}

/// Why a resource without elements passes.
fn nothing(case: &Case<'_>, item: Option<Item<'_>>, verdict: Verdict) -> Option<Reason> {
    let nothing = verdict == Verdict::Pass && item.is_none();
    nothing.then(|| Reason::new("it has no element that the control judges", case.resource.location()))
}

/// Why a control does not concern what it looked at.
pub(super) fn excuse(control: &Control) -> &str {
    control.front().when_not.as_deref().unwrap_or("the control does not concern it")
}

/// The finding of an engine's answer; `twin` tells answers about the same apart.
pub(super) fn answered(control: &Control, answer: Answer, twin: usize) -> Finding {
    let Answer { subject, element, verdict, message, locations, reasons, missing } = answer;
    Finding {
        verdict,
        locations,
        message: masked(message),
        reasons: unrepeated(reasons, &missing),
        missing,
        fingerprint: fingerprint(control.id(), &subject, &element, twin),
        subject,
        ..base(control)
    }
}

/// What stands in for an answer that no engine gives.
pub(super) fn unanswered(query: &str) -> Answer {
    let missing = Missing {
        remedy: format!("an engine that answers `{query}`"),
        why: format!("no engine answers `{query}`"),
    };
    Answer {
        subject: estate(),
        element: query.to_owned(),
        verdict: Verdict::Unknown,
        message: format!("`{query}` has no answer"),
        locations: Vec::new(),
        reasons: Vec::new(),
        missing: vec![missing],
    }
}

/// The estate as a whole.
fn estate() -> Subject {
    Subject {
        kind: "Estate".into(),
        account: None,
        region: None,
        cluster: None,
        namespace: None,
        name: "estate".into(),
        address: None,
        container: None,
    }
}

/// What all findings of a control have in common.
fn base(control: &Control) -> Finding {
    Finding {
        control: Arc::clone(control.id()),
        row: Arc::clone(control.row()),
        name: Arc::clone(control.name()),
        severity: control.severity(),
        remedy: Arc::clone(control.remedy()),
        requirements: Arc::clone(control.requirements()),
        verdict: Verdict::Unknown,
        subject: estate(),
        locations: Vec::new(),
        message: String::new(),
        reasons: Vec::new(),
        missing: Vec::new(),
        fingerprint: ringfence_model::Fingerprint(String::new()),
    }
}

fn locations(primary: Option<Location>, doubts: &Doubts<'_>) -> Vec<Location> {
    let mut locations: Vec<Location> = primary.into_iter().collect();
    for location in doubts.iter().filter_map(crate::policy::Doubt::location) {
        if !locations.contains(&location) {
            locations.push(location);
        }
    }
    locations
}

/// How many obstacles are pointed at; more would not be read.
const MOST: usize = 12;

fn reasons(readings: Readings, doubts: &Doubts<'_>, nothing: Option<Reason>) -> Vec<Reason> {
    let mut reasons = readings.into_reasons();
    // What is nowhere in the input is among the missing, and has no place to point at.
    for location in doubts.iter().filter_map(crate::policy::Doubt::location).take(MOST) {
        if !reasons.iter().any(|reason| reason.location == Some(location)) {
            reasons.push(Reason::new("this leaves it open", Some(location)));
        }
    }
    reasons.extend(nothing);
    reasons
}

/// `reasons` without what is said again of the `missing`, which come with what would resolve them.
fn unrepeated(mut reasons: Vec<Reason>, missing: &[Missing]) -> Vec<Reason> {
    let is_missing = |text: &str| missing.iter().any(|one| one.why == text);
    reasons.retain(|reason| reason.location.is_some() || !is_missing(&reason.text));
    for reason in &mut reasons {
        let shorter = missing.iter().find_map(|one| reason.text.strip_suffix(&*one.why)?.strip_suffix(": "));
        if let Some(shorter) = shorter {
            reason.text = shorter.to_owned();
        }
    }
    reasons
}

fn missing(doubts: &Doubts<'_>) -> Vec<Missing> {
    let mut missing: Vec<Missing> = Vec::new();
    for doubt in doubts {
        let one = doubt.missing();
        let one = Missing { remedy: masked(one.remedy), why: masked(one.why) };
        if !missing.contains(&one) {
            missing.push(one);
        }
    }
    missing
}

/// A mistake of a control file as a diagnostic. Controls that come with the program have no file of the run.
pub(crate) fn broken(control: &Control, fault: &Fault) -> Diagnostic {
    let (line, column) = control.position(fault.range.start);
    let message = match control.file() {
        Some(_) => format!("control `{}`: {}", control.id(), fault.message),
        None => {
            format!("control `{}` ({}.md:{line}:{column}): {}", control.id(), control.name(), fault.message)
        }
    };
    let location = control.file().map(|file| Location::new(file, fault.range.start, fault.range.end));
    let diagnostic = Diagnostic::error("broken-control", masked(message)).at(location);
    match &fault.help {
        Some(help) => diagnostic.help(help.clone()),
        None => diagnostic,
    }
}

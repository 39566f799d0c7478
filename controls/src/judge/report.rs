//! Findings: what people read of a ruling.

use std::sync::Arc;

use ringfence_model::fact::{Answer, ScopeFact};
use ringfence_model::{
    Diagnostic, Finding, Location, Missing, Reason, Resource, ResourceId, Subject, Verdict, masked,
};

use super::element::{self, Step};
use super::fingerprint::fingerprint;
use super::{Case, Ruling, Run, place};
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
        let mut readings = Readings::default();
        let ruling = match item {
            Some(item) => self.rule(case, item, &element, Some(&mut readings)),
            None => ruling,
        };
        let doubts = if let Ruling::Unknown(doubts) = ruling { doubts } else { Vec::new() };
        let mut subject = Subject::of(case.resource);
        subject.container = element::container(trail);
        let primary = place::primary(case, item, trail);
        Finding {
            verdict,
            locations: locations(primary, &doubts),
            message: self.message(case, item, &element, verdict),
            reasons: reasons(readings, &doubts, self.nothing(case, item, verdict)),
            missing: missing(&doubts),
            fingerprint: fingerprint(case.control.id(), &subject, &element, self.duplicates.rank(case.id)),
            subject,
            ..base(case.control)
        }
    }

    fn message(&self, case: &Case<'e>, item: Option<Item<'e>>, element: &str, verdict: Verdict) -> String {
        let front = case.control.front();
        if verdict == Verdict::NotApplicable {
            return front.when_not.as_deref().unwrap_or("its condition does not hold").to_owned();
        }
        if item.is_none() {
            let what = lower_first(&front.title);
            return match verdict {
                Verdict::Unknown => format!("cannot tell of `{}`: {what}", case.resource.name),
                _ => format!("`{}` has nothing of the kind: {what}", case.resource.name),
            };
        }
        let said = front.message.render(&self.input(case, item.unwrap_or(Item::Node(case.root)), element));
        match verdict {
            Verdict::Fail => said,
            Verdict::Unknown => format!("cannot tell whether {said}"),
            _ => format!("not so: {said}"),
        }
    }

    /// Why a resource without elements passes.
    fn nothing(&self, case: &Case<'e>, item: Option<Item<'e>>, verdict: Verdict) -> Option<Reason> {
        let nothing = verdict == Verdict::Pass && item.is_none();
        nothing.then(|| Reason::new("it has no element that the control judges", case.resource.location()))
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

/// The finding of an engine's answer.
pub(super) fn answered(control: &Control, answer: Answer) -> Finding {
    let Answer { subject, element, verdict, message, locations, reasons, missing } = answer;
    Finding {
        verdict,
        locations,
        message: masked(message),
        reasons,
        missing,
        fingerprint: fingerprint(control.id(), &subject, &element, 0),
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
        reasons: vec![Reason::new(missing.why.clone(), None)],
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

fn reasons(readings: Readings, doubts: &Doubts<'_>, nothing: Option<Reason>) -> Vec<Reason> {
    let mut reasons = readings.into_reasons();
    // What is nowhere in the input is among the missing, and has no place to point at.
    for doubt in doubts.iter().filter(|doubt| doubt.location().is_some()) {
        let why = masked(doubt.missing().why);
        // What was read of an unresolved value says the same with its name.
        let known = reasons.iter().any(|reason| reason.text.ends_with(&why));
        if !known {
            reasons.push(Reason::new(why, doubt.location()));
        }
    }
    reasons.extend(nothing);
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

fn lower_first(title: &str) -> String {
    let mut characters = title.chars();
    match (characters.next(), title.chars().nth(1)) {
        (Some(first), Some(second)) if !second.is_uppercase() => {
            first.to_lowercase().chain(characters).collect()
        }
        _ => title.to_owned(),
    }
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

//! `ringfence scope`: each class with its reasons and the state of its four tests; `ringfence.scope/1`.
//!
//! ```text
//! 3 cde, 2 connected-to, 40 unknown; unknown counts as in scope
//! outside: internet (untrusted), Acme Payments (third-party)
//!
//! cde
//!   cde/vault[StatefulSet], cde/tokenizer[Deployment]
//!     hop `pay` of flow `sale` takes card numbers to it (ringfence.yaml:12:5)
//!     network failed · segment failed · identity not-evaluated · impact failed
//! ```
//!
//! Resources that are what they are for the same reasons stand together.

use std::io::{self, Write};

use ringfence_model::fact::{ScopeClass, ScopeFact, TestState, Tests};
use rustc_hash::FxHashMap;

use crate::assessment::Assessment;
use crate::excerpt::reason_line;
use crate::json::{self, Pen};
use crate::look::{Look, Tone};
use crate::prose::{counted, grouped, wrap};
use crate::shown;

/// Members of one group that are named; JSON names all.
const NAMED: usize = 12;
/// Groups of one class that are shown.
const GROUPS: usize = 40;

/// Writes the classes, summary first.
pub fn terminal(out: &mut dyn Write, assessment: &Assessment<'_>, look: Look) -> io::Result<()> {
    summary(out, assessment, look)?;
    let mut groups = groups(assessment);
    for class in ScopeClass::ALL {
        let of_class: Vec<Group<'_>> = groups.extract_if(.., |group| group.fact.class == class).collect();
        if of_class.is_empty() {
            continue;
        }
        writeln!(out, "\n{}", look.paint(tone(class), class.as_str()))?;
        for group in of_class.iter().take(GROUPS) {
            group.write(out, assessment, look)?;
        }
        if of_class.len() > GROUPS {
            let more = counted(of_class.len() - GROUPS, "more group");
            writeln!(
                out,
                "  {}",
                look.paint(Tone::Faint, format!("… and {more} (`--format json` lists all)"))
            )?;
        }
    }
    Ok(())
}

fn summary(out: &mut dyn Write, assessment: &Assessment<'_>, look: Look) -> io::Result<()> {
    let counts: Vec<String> = assessment
        .classes()
        .filter(|(_, count)| *count > 0)
        .map(|(class, count)| format!("{} {}", grouped(count), class.as_str()))
        .collect();
    let counts = if counts.is_empty() { "nothing to class".to_owned() } else { counts.join(", ") };
    let note = if assessment.scope.presumed {
        "; presumed: no flow of card data is declared (`ringfence init` drafts them)"
    } else if assessment.classes().any(|(class, count)| class == ScopeClass::Unknown && count > 0) {
        "; unknown counts as in scope"
    } else {
        ""
    };
    for line in wrap(&format!("{counts}{note}"), look.columns()) {
        writeln!(out, "{}", look.paint(Tone::Strong, line))?;
    }
    let parties: Vec<String> = assessment
        .scope
        .parties
        .iter()
        .map(|(name, standing)| format!("{} ({standing})", shown::line(name)))
        .collect();
    if !parties.is_empty() {
        for line in wrap(&format!("outside: {}", parties.join(", ")), look.columns()) {
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}

/// Resources of one class, for the same reasons.
struct Group<'a> {
    fact: &'a ScopeFact,
    members: Vec<&'a ScopeFact>,
}

/// All groups in the order of their first member; pods stand for nothing beside their controller.
fn groups<'a>(assessment: &Assessment<'a>) -> Vec<Group<'a>> {
    let mut at: FxHashMap<(ScopeClass, [TestState; 4], Vec<&str>), usize> = FxHashMap::default();
    let mut groups: Vec<Group<'a>> = Vec::new();
    for fact in &assessment.scope.facts {
        let resource = assessment.estate.resource(fact.resource);
        if resource.is_none_or(|resource| resource.instance_of.is_some()) {
            continue;
        }
        let reasons = fact.reasons.iter().map(|reason| reason.text.as_str()).collect();
        let index = *at.entry((fact.class, states(&fact.tests), reasons)).or_insert(groups.len());
        match groups.get_mut(index) {
            Some(group) => group.members.push(fact),
            None => groups.push(Group { fact, members: vec![fact] }),
        }
    }
    groups
}

impl Group<'_> {
    fn write(&self, out: &mut dyn Write, assessment: &Assessment<'_>, look: Look) -> io::Result<()> {
        let labels: Vec<String> =
            self.members.iter().take(NAMED).filter_map(|fact| label(assessment, fact)).collect();
        let more = self.members.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {} more", grouped(more)) } else { String::new() };
        for line in wrap(&format!("{}{more}", labels.join(", ")), look.columns().saturating_sub(2)) {
            writeln!(out, "  {}", look.paint(Tone::Strong, line))?;
        }
        for (index, reason) in self.fact.reasons.iter().enumerate() {
            let alike =
                |fact: &&ScopeFact| fact.reasons.get(index).map(|one| one.location) == Some(reason.location);
            // A place that is only that of the first member says nothing of the others.
            let text = if self.members.iter().all(alike) {
                reason_line(assessment.sources(), reason)
            } else {
                shown::line(&reason.text).into_owned()
            };
            for line in wrap(&text, look.columns().saturating_sub(4)) {
                writeln!(out, "    {line}")?;
            }
        }
        writeln!(out, "    {}", look.paint(Tone::Faint, tests(&self.fact.tests)))
    }
}

/// The label, and what people say of the resource where that is something else.
fn label(assessment: &Assessment<'_>, fact: &ScopeFact) -> Option<String> {
    let label = assessment.estate.resource(fact.resource)?.label();
    let label = shown::line(&label);
    Some(match fact.declared.filter(|declared| *declared != fact.class) {
        Some(declared) => format!("{label} (declared {})", declared.as_str()),
        None => label.into_owned(),
    })
}

fn states(tests: &Tests) -> [TestState; 4] {
    [tests.network, tests.segment, tests.identity, tests.impact]
}

fn tests(tests: &Tests) -> String {
    let names = ["network", "segment", "identity", "impact"];
    let texts: Vec<String> =
        names.iter().zip(states(tests)).map(|(name, state)| format!("{name} {}", state.as_str())).collect();
    texts.join(" · ")
}

fn tone(class: ScopeClass) -> Tone {
    match class {
        ScopeClass::Cde => Tone::High,
        ScopeClass::ConnectedTo => Tone::Medium,
        ScopeClass::SecurityImpacting => Tone::Low,
        ScopeClass::Unknown => Tone::Unknown,
        ScopeClass::OutOfScope => Tone::Good,
    }
}

/// Writes `ringfence.scope/1`: the scope entries of the assessment, and who is outside.
pub fn json(out: &mut dyn Write, assessment: &Assessment<'_>) -> io::Result<()> {
    let mut pen = Pen::new(out);
    pen.raw("{\"schema\":\"ringfence.scope/1\",\n\"presumed\":");
    pen.raw(if assessment.scope.presumed { "true" } else { "false" });
    pen.raw(",\n\"parties\":[");
    for (name, standing) in &assessment.scope.parties {
        pen.item()?;
        pen.raw("{\"name\":");
        pen.text(name);
        pen.key("standing");
        pen.word(standing);
        pen.raw("}");
    }
    pen.raw("],\n\"scope\":[");
    json::scopes(&mut pen, assessment)?;
    pen.raw("]}\n");
    pen.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Fixture, written};

    #[test]
    fn a_presumption_is_said_first_and_resources_of_one_reason_stand_together() {
        let mut fixture = Fixture::payments();
        fixture.scope.facts.truncate(2);
        let text = written(|out| terminal(out, &fixture.assessment(), Look::plain()));
        insta::assert_snapshot!(text, @r"
2 cde; presumed: no flow of card data is declared (`ringfence init` drafts them)
outside: internet (untrusted)

cde
  cde/tokenizer[Deployment], cde/vault[Deployment]
    no flow is declared
    network failed · segment not-evaluated · identity not-evaluated · impact not-evaluated
");
    }

    #[test]
    fn classes_come_widest_first_with_what_people_say_of_them() {
        let mut fixture = Fixture::payments();
        fixture.scope.presumed = false;
        for (fact, class) in fixture.scope.facts.iter_mut().zip([ScopeClass::Unknown, ScopeClass::Cde]) {
            (fact.presumed, fact.class, fact.declared) = (false, class, Some(ScopeClass::Cde));
        }
        let text = written(|out| terminal(out, &fixture.assessment(), Look::plain()));
        insta::assert_snapshot!(text, @r"
2 cde, 1 unknown; unknown counts as in scope
outside: internet (untrusted)

cde
  cde/vault[Deployment], cde[Namespace]
    no flow is declared
    network failed · segment not-evaluated · identity not-evaluated · impact not-evaluated

unknown
  cde/tokenizer[Deployment] (declared cde)
    no flow is declared
    network failed · segment not-evaluated · identity not-evaluated · impact not-evaluated
");
    }

    #[test]
    fn card_numbers_in_names_are_masked() {
        let mut fixture = Fixture::new(&[], &["4111111111111111"]).0;
        fixture.scope.parties = vec![("4111 1111 1111 1111".to_owned(), "third-party")];
        let forms = [
            written(|out| terminal(out, &fixture.assessment(), Look::plain())),
            written(|out| json(out, &fixture.assessment())),
        ];
        for text in forms {
            assert!(
                !text.contains("4111111111111111") && !text.contains("4111 1111") && text.contains("1111"),
                "{text}"
            );
        }
    }

    #[test]
    fn json_is_well_formed_and_names_the_parties() {
        let fixture = Fixture::payments();
        let text = written(|out| json(out, &fixture.assessment()));
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["parties"][0], serde_json::json!({"name": "internet", "standing": "untrusted"}));
        assert_eq!(value["scope"].as_array().map(Vec::len), Some(fixture.scope.facts.len()));
    }
}

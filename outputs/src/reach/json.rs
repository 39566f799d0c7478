//! `ringfence.reach/1`: the whole map in factored form.
//!
//! ```text
//! classes: peers that no rule tells apart      sets: lists of classes
//! pairs:   every class of set `from` may open `ports` to every class of set `to`
//! rules:   what pairs refer to
//! ```

use std::io::{self, Write};
use std::sync::Arc;

use ringfence_model::fact::{DecidingRule, Decision, Peer, Ports, ReachClass, ReachMap, ReachPair};
use ringfence_model::{Estate, Resource, Subject, Text};
use rustc_hash::FxHashMap;

use crate::json::{Pen, position, subject};

/// Writes the map.
pub fn write(out: &mut dyn Write, estate: &Estate, map: &ReachMap) -> io::Result<()> {
    let mut pen = Pen::new(out);
    pen.raw("{\"schema\":\"ringfence.reach/1\",\"profile\":");
    pen.word(map.profile);
    pen.raw(",\n\"classes\":[");
    for one in &map.classes {
        pen.item()?;
        class(&mut pen, estate, one, &map.names);
    }
    pen.raw("],\n\"sets\":[");
    for set in &map.sets {
        pen.item()?;
        numbers(&mut pen, set);
    }
    pen.raw("],\n\"pairs\":[");
    let mut texts = FxHashMap::default();
    for one in &map.pairs {
        pen.item()?;
        pair(&mut pen, one, &mut texts);
    }
    pen.raw("],\n\"rules\":[");
    for one in &map.rules {
        pen.item()?;
        rule(&mut pen, estate, one);
    }
    pen.raw("]}\n");
    pen.finish()
}

fn class(pen: &mut Pen<'_>, estate: &Estate, class: &ReachClass, names: &[Text]) {
    pen.raw("{\"members\":[");
    for (index, member) in class.members.iter().enumerate() {
        pen.raw(if index > 0 { "," } else { "" });
        match member {
            Peer::External(range) => {
                pen.raw("{\"external\":");
                pen.word(&range.to_string());
                pen.raw("}");
            }
            Peer::Landmark(landmark) => {
                pen.raw("{\"landmark\":");
                pen.word(landmark.as_str());
                pen.raw("}");
            }
            Peer::Name(name) => {
                pen.raw("{\"dns\":");
                pen.text(names.get(*name as usize).map(Text::as_str).unwrap_or_default());
                pen.raw("}");
            }
            Peer::Workload(id) => {
                let workload = estate.workload(*id);
                let whole = |one: &ringfence_model::Workload| Subject {
                    kind: one.kind.clone(),
                    cluster: one.cluster.clone(),
                    namespace: Some(one.namespace.clone()),
                    name: one.name.clone(),
                    ..Subject::default()
                };
                subject(pen, &workload.map(whole).unwrap_or_default());
            }
        }
    }
    pen.raw("],\"pods\":");
    pen.number(class.pods);
    pen.raw("}");
}

fn pair<'a>(pen: &mut Pen<'_>, pair: &'a ReachPair, texts: &mut FxHashMap<&'a Ports, Arc<str>>) {
    pen.raw("{\"from\":");
    pen.number(pair.from);
    pen.raw(",\"to\":");
    pen.number(pair.to);
    match &pair.decision {
        Decision::Allow => pen.raw(",\"decision\":\"allow\""),
        Decision::Deny => pen.raw(",\"decision\":\"deny\""),
        Decision::Depends(condition) => {
            pen.raw(",\"decision\":\"depends\"");
            pen.key("condition");
            pen.text(condition);
        }
    }
    pen.key("ports");
    pen.word(texts.entry(&pair.ports).or_insert_with(|| pair.ports.to_string().into()));
    pen.key("rules");
    numbers(pen, &pair.rules);
    pen.raw("}");
}

fn rule(pen: &mut Pen<'_>, estate: &Estate, rule: &DecidingRule) {
    pen.raw("{\"policy\":");
    let policy = estate.resource(rule.policy);
    subject(pen, &policy.map(|policy: &Resource| Subject::of(policy)).unwrap_or_default());
    pen.key("element");
    pen.word(&rule.element);
    if let Some(location) = rule.location {
        pen.raw(",");
        position(pen, estate.sources(), location);
    }
    pen.raw("}");
}

fn numbers(pen: &mut Pen<'_>, numbers: &[u32]) {
    pen.raw("[");
    for (index, number) in numbers.iter().enumerate() {
        pen.raw(if index > 0 { "," } else { "" });
        pen.number(*number);
    }
    pen.raw("]");
}

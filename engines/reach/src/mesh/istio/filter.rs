//! What changes proxies in ways that are not evaluated: EnvoyFilter, WasmPlugin.

use ringfence_model::fact::RuleAction;
use ringfence_model::selector::Selector;
use ringfence_model::{Diagnostic, Field, Node, Resource};

use super::super::rank::Stage;
use super::super::{Mesh, is, mark};
use super::{Istio, Rooted};
use crate::policy::{Api, Policy, Reading, Rule, Rules, Scope};

const KINDS: &[&str] =
    &["networking.istio.io/v1alpha3/EnvoyFilter", "extensions.istio.io/v1alpha1/WasmPlugin"];

pub(super) fn read_all(
    istio: &Istio<'_>,
    reading: &mut Reading<'_>,
    mesh: &Mesh,
    policies: &mut Vec<Policy>,
) {
    for (id, object) in istio.objects(KINDS) {
        if !is_inbound(object) {
            continue;
        }
        let cluster = reading.namespaces.cluster_id(object.place.cluster.as_ref());
        let namespace = reading.namespaces.id(object.place.cluster.as_ref(), &object.namespace().into());
        let everywhere = reading.selectors.id(Selector::default());
        let scope = match istio.is_root(&mesh.marks, object, reading) {
            Rooted::No => Scope::Within(namespace),
            Rooted::Yes | Rooted::Perhaps(_) => Scope::Matching(cluster, everywhere),
        };
        let mut selector = selector(object);
        selector.requirements.push(is(mark::ISTIO, [mark::GATEWAY.into(), mark::SIDECAR.into()]));
        selector.requirements.sort();
        let selector = reading.selector(selector, &object.label());
        let why = format!("`{}` changes the proxy and is not evaluated", object.label());
        let when = Some(reading.conditions.id(&why));
        let rule = reading.rule(id, "spec", object.location());
        reading.diagnostics.push(
            Diagnostic::warning("mesh-filter-not-evaluated", format!("{why}: it may refuse connections"))
                .at(object.location())
                .help("connections to the pods that it selects are reported as depends"),
        );
        let rule = Rule { id: rule, action: RuleAction::Deny, peers: None, ports: None, when };
        policies.push(Policy {
            resource: id,
            location: object.location(),
            cluster,
            namespace: Some(namespace),
            api: Api::Mesh,
            rank: Stage::Filter.rank(0),
            stage: 0,
            slot: 0,
            name: (object.namespace().into(), object.name.clone()),
            subject: reading.sets.id(scope, selector),
            selector,
            doubt: None,
            ingress: Some(Rules { doubt: None, isolates: false, rules: vec![rule] }),
            egress: None,
        });
    }
}

fn selector(object: &Resource) -> Selector {
    let spec = object.body.get("spec");
    let labels = spec.and_then(|spec| spec.get("workloadSelector")).and_then(|one| one.get("labels"));
    match (labels, spec.map_or(Field::Absent, |spec| spec.field("selector"))) {
        (Some(labels), _) => Selector::of_labels(labels),
        (None, field) => Selector::read(field).unwrap_or_default(),
    }
}

/// Whether it concerns what comes in; a patch without context concerns everything.
fn is_inbound(object: &Resource) -> bool {
    let patches = object.body.get("spec").and_then(|spec| spec.get("configPatches")).map(Node::items);
    let outbound = |patch: &Node| patch.text("match.context") == Some("SIDECAR_OUTBOUND");
    patches.is_none_or(|patches| patches.is_empty() || !patches.iter().all(outbound))
}

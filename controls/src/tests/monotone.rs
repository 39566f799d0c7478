//! INVARIANT: knowing less never changes an answer, it only takes answers away. So nothing that becomes
//! unknown can turn a fail into a pass.

use std::sync::LazyLock;

use proptest::prelude::*;
use ringfence_model::declaration::{Administrator, Declaration, Located};
use ringfence_model::fact::ScopeFacts;
use ringfence_model::{Cause, Estate, EstateBuilder, Kind, Node, Origin, Resource, Stage, Value, pod_spec};

use super::build::{Json, json, node};
use crate::policy::{Condition, Input, Item};
use crate::world::World;
use crate::{Catalogue, Policy};

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(Catalogue::built_in);

/// Words that the policies of the catalogue read: they make random bodies interesting.
fn words() -> Vec<String> {
    let mut words = Vec::new();
    for control in CATALOGUE.controls() {
        if let Policy::Cel(source) = control.policy() {
            let all = source.split(|one: char| !one.is_alphanumeric());
            words.extend(all.filter(|word| word.len() > 2).map(str::to_owned));
        }
    }
    words.sort();
    words.dedup();
    words
}

fn body() -> impl Strategy<Value = Json> {
    let scalar = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(|one| json!(one)),
        (-1i64..30000).prop_map(|one| json!(one)),
        prop::sample::select(words()).prop_map(|one| json!(one)),
        prop::sample::select(vec![
            "0.0.0.0/0",
            "10.0.0.0/8",
            "true",
            "*",
            "Allow",
            "tcp",
            "-1",
            "r.example.com/a",
            "alias/aws/x",
            "alias/x",
            ""
        ])
        .prop_map(|one| json!(one)),
    ];
    scalar.prop_recursive(5, 60, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(|items| json!(items)),
            prop::collection::btree_map(prop::sample::select(words()), inner, 0..6)
                .prop_map(|map| json!(map)),
        ]
    })
}

/// How many values a body has.
fn count(node: &Node) -> usize {
    1 + node.items().iter().map(count).sum::<usize>()
        + node.entries().iter().map(|entry| count(&entry.node)).sum::<usize>()
}

/// The body with its `at`-th value not known.
fn forget(node: &Node, at: &mut usize) -> Node {
    if *at == 0 {
        *at = usize::MAX;
        return Node::unresolved(Cause::KnownAfterApply, None, node.origin.clone());
    }
    *at = at.saturating_sub(1);
    let value = match &node.value {
        Value::List(items) => items.iter().map(|item| forget(item, at)).collect::<Vec<_>>().into(),
        Value::Map(map) => {
            let entries = map.entries().iter().map(|entry| (entry.key.clone(), forget(&entry.node, at)));
            entries.collect::<ringfence_model::Map>().into()
        }
        other => other.clone(),
    };
    Node::new(value, node.origin.clone())
}

fn estate(kind: &str, body: Node) -> Estate {
    let mut resource = Resource::new(Kind::new(kind), "thing", body, Stage::Manifest);
    resource.place.namespace = Some("cde".into());
    resource.origin = Origin::derived("test", None);
    let mut builder = EstateBuilder::default();
    builder.extend([resource]);
    builder.finish().0
}

/// What a condition says of the body as a whole, with the body as the element and as the pod.
fn answer(condition: &dyn Condition, kind: &str, body: &Node, declaration: &Declaration) -> Option<bool> {
    let estate = estate(kind, body.clone());
    let scope = ScopeFacts::default();
    let world = World::new(&estate, declaration, &scope);
    let (id, resource) = estate.iter().next().unwrap();
    let pod = pod_spec(&resource.kind, &resource.body).or(Some(resource.body.as_field()));
    let input = Input { world: &world, id, resource, pod, item: Item::Node(&resource.body), path: "" };
    condition.holds(&input, None).ok()
}

fn declaration(given: bool) -> Declaration {
    let mut declaration = Declaration::default();
    if given {
        let list = Some(vec![Located::new("r.example.com".into(), None), Located::new("CHOWN".into(), None)]);
        declaration.registries = list.clone();
        declaration.capabilities = list.clone();
        let named = |name| Administrator { kind: None, name };
        declaration.administrators = list.map(|list| list.into_iter().map(named).collect());
        declaration.entry_points = Some(Vec::new());
        declaration.accounts = Some(Vec::new());
    }
    declaration
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn knowing_less_never_changes_an_answer(body in body(), seed in any::<prop::sample::Index>(), given in any::<bool>()) {
        let whole = node(&body);
        let mut at = seed.index(count(&whole));
        let less = forget(&whole, &mut at);
        for control in CATALOGUE.controls().filter(|one| matches!(one.policy(), Policy::Cel(_))) {
            let compiled = control.compiled().as_ref().unwrap();
            let kind = control.kinds().find(|kind| kind.contains("::")).unwrap_or("test/v1/Thing");
            let declaration = declaration(given);
            for condition in [Some(&compiled.policy), compiled.when.as_ref()].into_iter().flatten() {
                let before = answer(&**condition, kind, &whole, &declaration);
                let after = answer(&**condition, kind, &less, &declaration);
                prop_assert!(after.is_none() || after == before, "{}: {:?} became {:?}", control.id(), before, after);
            }
        }
    }

    #[test]
    fn an_absent_list_stands_for_any_list(body in body()) {
        let whole = node(&body);
        for control in CATALOGUE.controls().filter(|one| one.needs().next().is_some()) {
            let Ok(compiled) = control.compiled() else { continue };
            let kind = control.kinds().find(|kind| kind.contains("::")).unwrap_or("test/v1/Thing");
            let absent = answer(&*compiled.policy, kind, &whole, &declaration(false));
            let asks = matches!(control.policy(), Policy::Cel(source) if source.contains("\" in declaration"));
            if !asks && matches!(control.policy(), Policy::Cel(_)) {
                let given = answer(&*compiled.policy, kind, &whole, &declaration(true));
                prop_assert!(absent.is_none() || given.is_none() || absent == given, "{}", control.id());
            }
        }
    }
}

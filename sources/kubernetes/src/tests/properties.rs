//! Properties: nothing panics, and the order of keys says nothing.

use proptest::prelude::*;
use ringfence_model::{Key, Map, Node, Value};

use super::{node, unresolved};
use crate::{read, recognises, unrendered};

const WORDS: &[&str] = &[
    "apiVersion",
    "kind",
    "metadata",
    "spec",
    "name",
    "namespace",
    "labels",
    "annotations",
    "items",
    "List",
    "PodList",
    "v1",
    "apps/v1",
    "Pod",
    "Deployment",
    "ConfigMap",
    "aws-auth",
    "kube-system",
    "data",
    "mapRoles",
    "mapUsers",
    "mapAccounts",
    "- rolearn: x",
    "template",
    "containers",
    "securityContext",
    "privileged",
    "env",
    "value",
    "{{ x }}",
    "NetworkPolicy",
    "networking.k8s.io/v1",
    "podSelector",
    "matchLabels",
    "ingress",
    "from",
    "ports",
    "resources",
    "",
];

fn tree() -> impl Strategy<Value = Node> {
    let word = prop::sample::select(WORDS);
    let leaf = prop_oneof![
        5 => word.clone().prop_map(node),
        1 => any::<String>().prop_map(|text| node(text.as_str())),
        1 => any::<bool>().prop_map(node),
        1 => any::<i64>().prop_map(node),
        1 => Just(node(Value::Null)),
        1 => Just(unresolved()),
    ];
    leaf.prop_recursive(6, 120, 8, move |inner| {
        let entries = prop::collection::btree_map(word.clone(), inner.clone(), 0..8);
        prop_oneof![
            prop::collection::vec(inner, 0..5).prop_map(node),
            entries.prop_map(|map| node(
                map.into_iter().map(|(key, node)| (Key::from(key), node)).collect::<Map>()
            )),
        ]
    })
}

/// An object of a kind that is checked, with anything below.
fn object() -> impl Strategy<Value = Node> {
    let kinds = prop::sample::select(vec![
        ("v1", "Pod"),
        ("v1", "ConfigMap"),
        ("apps/v1", "Deployment"),
        ("networking.k8s.io/v1", "NetworkPolicy"),
        ("rbac.authorization.k8s.io/v1", "Role"),
    ]);
    (kinds, tree(), tree()).prop_map(|((version, kind), spec, data)| {
        super::map([
            ("apiVersion", node(version)),
            ("kind", node(kind)),
            ("metadata", super::map([("name", node("aws-auth")), ("namespace", node("kube-system"))])),
            ("spec", spec),
            ("data", data),
        ])
    })
}

proptest! {
    #[test]
    fn any_tree_is_read(document in prop_oneof![tree(), object()]) {
        let _ = (recognises(&document), unrendered(&document));
        let (resources, diagnostics) = read(document);
        prop_assert!(resources.iter().all(|resource| !resource.name.is_empty()));
        prop_assert!(diagnostics.iter().all(|one| one.location.is_some()));
    }

    #[test]
    fn any_text_is_read(text in any::<String>()) {
        crate::property::text(&text);
    }

    #[test]
    fn the_order_of_keys_says_nothing(document in object()) {
        let (mut one, told) = read(document.clone());
        let (mut other, told_again) = read(reversed(document));
        prop_assert_eq!(told.len(), told_again.len());
        let (one, other) = (one.remove(0), other.remove(0));
        prop_assert_eq!((&one.kind, &one.place, &one.name), (&other.kind, &other.place, &other.name));
        prop_assert_eq!(one.body, reversed(other.body));
    }
}

fn reversed(mut node: Node) -> Node {
    if let Value::Map(map) = node.value {
        let mut entries = map.into_entries();
        entries.iter_mut().for_each(|entry| entry.node = reversed(entry.node.clone()));
        entries.reverse();
        return Node::new(Map::new(entries), node.origin);
    }
    if let Value::List(items) = node.value {
        node.value = Value::List(items.into_vec().into_iter().map(reversed).collect());
    }
    node
}

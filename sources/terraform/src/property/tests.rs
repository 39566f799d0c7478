//! Nothing panics, whatever the plan; and what is unknown or sensitive stays so.

use proptest::prelude::*;
use ringfence_model::{Entry, FileId, Location, Map, Node, Sources, Value};
use ringfence_text::Budget;

const PLANS: &[&str] = &[
    include_str!("../../tests/plans/eks.json"),
    include_str!("../../tests/plans/iam.json"),
    include_str!("../../tests/plans/kubernetes.json"),
    include_str!("../../tests/plans/modules.json"),
    include_str!("../../tests/plans/network.json"),
    include_str!("../../tests/plans/s3.json"),
    include_str!("../../tests/plans/security-groups.json"),
    include_str!("../../tests/plans/services.json"),
    include_str!("../../tests/plans/state.json"),
    include_str!("../../tests/plans/stores.json"),
    include_str!("../../tests/plans/wrong-shapes.json"),
];

fn file() -> FileId {
    Sources::default().add("plan.json", "")
}

fn parsed(text: &str) -> Node {
    ringfence_text::json(file(), text, &Budget::default()).0.remove(0)
}

/// Any value, with the words that plans have.
fn value() -> impl Strategy<Value = Node> {
    let word = prop::sample::select(vec![
        "",
        "true",
        "aws_kms_key.k.arn",
        "module.a.b",
        "var.x",
        "each.value",
        "data.x.y.json",
        "0.0.0.0/0",
        "{\"a\":",
        "aws_s3_bucket",
        "sg-0a1b2c3d4e5f60718",
        "arn:aws:kms:x:y:z",
        "kubernetes_pod",
        "4111111111111111",
    ]);
    let key = prop::sample::select(vec![
        "values",
        "type",
        "name",
        "address",
        "resources",
        "child_modules",
        "ingress",
        "cidr_blocks",
        "bucket",
        "policy",
        "references",
        "constant_value",
        "expressions",
        "root_module",
        "spec",
        "container",
        "statement",
        "tags",
        "id",
        "arn",
    ]);
    let node = |value: Value| Node::explicit(value, Location::start_of(file()));
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        word.prop_map(|word| Value::Text(word.into())),
    ]
    .prop_map(node);
    leaf.prop_recursive(4, 24, 4, move |inner| {
        let list = prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from);
        let map = prop::collection::btree_map(key.clone(), inner, 0..4);
        let map =
            map.prop_map(|map| map.into_iter().map(|(key, node)| (key.into(), node)).collect::<Map>().into());
        prop_oneof![list, map].prop_map(node)
    })
}

/// Puts `value` in the place of the n-th value of `node`, counted from the root.
fn replace(node: &mut Node, at: &mut usize, value: &Node) {
    if *at == 0 {
        *node = value.clone();
    }
    *at = at.wrapping_sub(1);
    match &mut node.value {
        Value::List(items) => items.iter_mut().for_each(|item| replace(item, at, value)),
        Value::Map(map) => map.nodes_mut().for_each(|item| replace(item, at, value)),
        _ => {}
    }
}

fn count(node: &Node) -> usize {
    let below: usize = match &node.value {
        Value::List(items) => items.iter().map(count).sum(),
        Value::Map(map) => map.entries().iter().map(|entry| count(&entry.node)).sum(),
        _ => 0,
    };
    below + 1
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_tree_is_read(tree in value()) {
        super::tree(tree);
    }

    #[test]
    fn any_part_of_a_plan_may_be_anything(plan in 0..PLANS.len(), at in any::<prop::sample::Index>(), odd in value()) {
        let mut document = parsed(PLANS[plan]);
        let mut at = at.index(count(&document));
        replace(&mut document, &mut at, &odd);
        super::tree(document);
    }

    #[test]
    fn any_text_is_read(text in "[\\[\\]{}\":,a-z0-9 ]{0,64}") {
        super::text(&text);
    }
}

#[test]
fn blocks_inside_each_other_end() {
    let depth = 240;
    let block = format!("{}{{}}{}", "[{\"and_statement\": ".repeat(depth), "}]".repeat(depth));
    for (kind, attribute) in [("aws_wafv2_web_acl", "rule"), ("kubernetes_pod", "spec")] {
        let plan = format!(
            r#"{{"format_version": "1.2", "terraform_version": "1.11.4", "planned_values": {{"root_module": {{"resources":
            [{{"address": "{kind}.x", "type": "{kind}", "name": "x", "values": {{"{attribute}": [{{"statement": {block}}}]}}}}]}}}}}}"#
        );
        super::text(&plan);
    }
}

#[test]
fn modules_that_lead_back_to_themselves_end() {
    let references = "\"module.a.o\", \"module.b.o\", \"var.x\"".to_owned();
    let output = format!(
        r#"{{"outputs": {{"o": {{"expression": {{"references": [{references}]}}}}}}, "module_calls": CALLS}}"#
    );
    let mut module = output.replace("CALLS", "{}");
    for _ in 0..12 {
        let call =
            format!(r#"{{"expressions": {{"x": {{"references": [{references}]}}}}, "module": {module}}}"#);
        module = output.replace("CALLS", &format!(r#"{{"a": {call}, "b": {{}}}}"#));
    }
    let plan = format!(
        r#"{{"format_version": "1.2", "terraform_version": "1.11.4",
        "planned_values": {{"root_module": {{"resources": [{{"address": "aws_sqs_queue.q", "type": "aws_sqs_queue", "name": "q", "values": {{}}}}]}}}},
        "resource_changes": [{{"address": "aws_sqs_queue.q", "change": {{"after_unknown": {{"kms_master_key_id": true}}}}}}],
        "configuration": {{"root_module": {{"resources": [{{"address": "aws_sqs_queue.q", "expressions": {{"kms_master_key_id": {{"references": ["module.a.o"]}}}}}}],
        "module_calls": {{"a": {{"module": {module}}}}}}}}}}}"#
    );
    let (resources, _) = crate::read(parsed(&plan), "plan");
    assert!(
        resources[0].body.child("KmsMasterKeyId").node().is_some_and(|node| node.as_unresolved().is_some())
    );
}

/// Every text in a body, whole.
fn texts(node: &Node, found: &mut Vec<String>) {
    match &node.value {
        Value::Text(text) => found.push(text.to_string()),
        Value::List(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Map(map) => map.entries().iter().for_each(|Entry { node, .. }| texts(node, found)),
        _ => {}
    }
}

#[test]
fn sensitive_values_are_nowhere_and_their_places_are_known() {
    let text = include_str!("../../tests/plans/sensitive.json");
    let document = parsed(text);
    let places = crate::sensitive(&document);
    let (resources, diagnostics) = crate::read(document, "plan");
    let mut found = Vec::new();
    resources.iter().for_each(|resource| texts(&resource.body, &mut found));
    assert!(!found.iter().any(|text| text.contains("horse")), "{found:?}");
    assert!(!format!("{diagnostics:?}").contains("horse"));
    let mut shown = text.to_owned();
    for place in places {
        let (start, end) = (place.start as usize, place.end as usize);
        shown.replace_range(start..end, &"x".repeat(end - start));
    }
    assert!(!shown.contains("horse"), "{shown}");
}

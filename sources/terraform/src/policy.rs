//! Policies: JSON texts as trees, and the statements of `aws_iam_policy_document`.

use ringfence_model::{Cause, Diagnostic, Entry, Key, Location, Map, Node, Origin, Value};

/// The tree that the JSON in `text` describes, or why there is none.
pub(crate) fn of_text(text: &str, attribute: &str, origin: Origin) -> (Node, Option<Diagnostic>) {
    let location = origin.location();
    let because = format!("read from the text of `{attribute}`");
    match location.and_then(|location| ringfence_text::embedded_json(text, because, location)) {
        Some(document) => (Node { origin, ..document }, None),
        None => {
            let cause = Cause::Unreadable(format!("JSON text of `{attribute}`").into());
            (Node::unresolved(cause, None, origin), Some(broken(attribute, location)))
        }
    }
}

fn broken(attribute: &str, location: Option<Location>) -> Diagnostic {
    Diagnostic::error("terraform-json", format!("the text of `{attribute}` is not JSON"))
        .at(location)
        .help("make the text with `jsonencode` or `aws_iam_policy_document`")
}

/// The policy that the values of an `aws_iam_policy_document` make.
pub(crate) fn of_data_source(values: Node) -> Option<Node> {
    let origin = values.origin.clone();
    let Value::Map(mut map) = values.value else { return None };
    let version = map.remove("version").filter(|node| node.value != Value::Null);
    let others =
        ["source_policy_documents", "override_policy_documents", "source_json", "override_json"].into_iter();
    let others: Vec<Node> =
        others.filter_map(|name| map.remove(name)).filter(|node| !is_empty(node)).collect();
    let statements = map.remove("statement").map(items).unwrap_or_default();
    let mut statements: Vec<Node> = statements.into_iter().map(statement).collect();
    // Statements of other documents are there, but not known here.
    statements.extend(others.into_iter().map(|node| {
        let cause = Cause::Function("aws_iam_policy_document".into());
        Node::unresolved(cause, None, node.origin)
    }));
    let statements = Node::new(statements, origin.clone());
    let entries =
        version.map(|node| entry("Version", node)).into_iter().chain([entry("Statement", statements)]);
    Some(Node::new(Map::new(entries.collect()), origin))
}

/// Names of a statement's simple parts.
const PARTS: &[(&str, &str)] = &[
    ("sid", "Sid"),
    ("effect", "Effect"),
    ("actions", "Action"),
    ("not_actions", "NotAction"),
    ("resources", "Resource"),
    ("not_resources", "NotResource"),
];

fn statement(node: Node) -> Node {
    let origin = node.origin.clone();
    let Value::Map(map) = node.value else { return node };
    let mut entries = Vec::new();
    for Entry { key, node } in map.into_entries() {
        if is_empty(&node) {
            continue;
        }
        match &*key {
            "principals" => entries.push(entry("Principal", principals(node))),
            "not_principals" => entries.push(entry("NotPrincipal", principals(node))),
            "condition" => entries.push(entry("Condition", conditions(node))),
            name => {
                let part = PARTS.iter().find(|part| part.0 == name);
                entries.extend(part.map(|part| entry(part.1, node)));
            }
        }
    }
    if entries.iter().all(|entry| &*entry.key != "Effect") {
        let because = "a statement of `aws_iam_policy_document` allows unless it says otherwise";
        entries.push(entry("Effect", Node::new("Allow", Origin::derived(because, origin.location()))));
    }
    Node::new(Map::new(entries), origin)
}

/// `[{type, identifiers}]` as `{type: identifiers}`, and everyone as `*`.
fn principals(node: Node) -> Node {
    let origin = node.origin.clone();
    if node.as_unresolved().is_some() {
        return node;
    }
    let mut map = Map::default();
    for principal in items(node) {
        let Some(kind) = principal.text("type").map(Key::from) else {
            return unreadable("principals", &origin);
        };
        let identifiers = taken(principal, "identifiers");
        if &*kind == "*" {
            return Node::new("*", origin);
        }
        append(&mut map, kind, identifiers.unwrap_or_else(|| unreadable("principals", &origin)));
    }
    Node::new(map, origin)
}

/// `[{test, variable, values}]` as `{test: {variable: values}}`.
fn conditions(node: Node) -> Node {
    let origin = node.origin.clone();
    if node.as_unresolved().is_some() {
        return node;
    }
    let mut tests = Map::default();
    for condition in items(node) {
        let (Some(test), Some(variable)) =
            (condition.text("test").map(Key::from), condition.text("variable").map(Key::from))
        else {
            return unreadable("condition", &origin);
        };
        let values = taken(condition, "values").unwrap_or_else(|| unreadable("condition", &origin));
        if tests.get(&test).is_none() {
            tests.set(Key::clone(&test), Node::new(Map::default(), values.origin.clone()));
        }
        if let Some(Node { value: Value::Map(variables), .. }) = tests.get_mut(&test) {
            append(variables, variable, values);
        }
    }
    Node::new(tests, origin)
}

/// Adds to the list under `key`.
fn append(map: &mut Map, key: Key, node: Node) {
    let Some(there) = map.get_mut(&key) else { return map.set(key, node) };
    let before = std::mem::replace(&mut there.value, Value::Null);
    let mut all = items(Node { value: before, origin: there.origin.clone() });
    all.extend(items(node));
    there.value = Value::from(all);
}

fn unreadable(what: &str, origin: &Origin) -> Node {
    Node::unresolved(Cause::Unreadable(format!("`{what}`").into()), None, origin.clone())
}

fn taken(node: Node, key: &str) -> Option<Node> {
    if let Value::Map(mut map) = node.value { map.remove(key) } else { None }
}

/// The elements of a list; anything else is its own only element.
fn items(node: Node) -> Vec<Node> {
    match node.value {
        Value::List(items) => items.into_vec(),
        Value::Null => Vec::new(),
        value => vec![Node { value, origin: node.origin }],
    }
}

fn is_empty(node: &Node) -> bool {
    match &node.value {
        Value::Null => true,
        Value::Text(text) => text.is_empty(),
        Value::List(items) => items.is_empty(),
        _ => false,
    }
}

fn entry(key: &str, node: Node) -> Entry {
    Entry { key: key.into(), node }
}

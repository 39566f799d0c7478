//! Lists of objects: `List`, and the typed lists that the API answers with (`PodList`).

use ringfence_model::{Diagnostic, Field, Node, Origin, Text, Value};

use crate::{Result, start};

/// What the items of a typed list need not say themselves.
#[derive(Clone, Debug)]
pub(crate) struct Inherited {
    api_version: Text,
    kind: Text,
    origin: Origin,
}

impl Inherited {
    /// Sets `apiVersion` and `kind` of an item where they are absent and what is written agrees.
    pub(crate) fn apply(&self, item: &mut Node) {
        let rows = [("apiVersion", &self.api_version), ("kind", &self.kind)];
        let agrees = |(key, value): &(&str, &Text)| match item.child(key) {
            Field::Absent => true,
            Field::Present(node) => node.as_str() == Some(value),
            Field::Unresolved(..) => false,
        };
        if !rows.iter().all(agrees) {
            return;
        }
        for (key, value) in rows {
            if item.child(key) == Field::Absent {
                item.set(key, Node::new(value.clone(), self.origin.clone()));
            }
        }
    }
}

/// An object, or the items of a list and what they inherit.
pub(crate) enum Opened {
    Object(Node),
    List(Vec<Node>, Option<Inherited>),
}

/// Takes the items out of `node` if it is a list.
///
/// A kind whose name merely ends in `List` is an object where it has a name and no `items`.
pub(crate) fn open(mut node: Node, api_version: &Text, kind: &Text) -> Result<Opened> {
    let Some(item_kind) = kind.strip_suffix("List") else { return Ok(Opened::Object(node)) };
    let location = start(&node).location();
    let named =
        ["metadata.name", "metadata.generateName"].iter().any(|path| node.field(path) != Field::Absent);
    let items = match &mut node.value {
        Value::Map(map) if !named || matches!(map.get("items"), Some(items) if !is_scalar(items)) => {
            map.remove("items")
        }
        _ => return Ok(Opened::Object(node)),
    };
    let inherited = (!item_kind.is_empty()).then(|| Inherited {
        api_version: api_version.clone(),
        kind: item_kind.into(),
        origin: Origin::derived(format!("it is an item of a `{kind}`"), location),
    });
    let Some(items) = items else {
        let diagnostic = Diagnostic::error("items-missing", format!("`{kind}` has no `items`"));
        return Err(Box::new(diagnostic.at(location).help("set `items`")));
    };
    let at = items.location().or(location);
    let (message, help) = match items.value {
        Value::List(items) => return Ok(Opened::List(items.into_vec(), inherited)),
        Value::Null => return Ok(Opened::List(Vec::new(), inherited)),
        Value::Unresolved(unresolved) => (
            format!("`items` of `{kind}` is not known: {}", unresolved.cause.describe()),
            format!("give {}", unresolved.cause.remedy()),
        ),
        other => (
            format!("`items` of `{kind}` is {}, not a list", other.noun()),
            "write a list as `items`".to_owned(),
        ),
    };
    Err(Box::new(Diagnostic::error("items-not-list", message).at(at).help(help)))
}

/// Whether a named object may hold this as `items` without being a list of objects.
fn is_scalar(items: &Node) -> bool {
    !matches!(items.value, Value::List(_) | Value::Unresolved(_))
}

//! The `aws-auth` ConfigMap: who may enter an EKS cluster, written as YAML within texts.
//!
//! The texts become lists, so that nobody else has to parse them. Their values are derived and point
//! at the text, whose lines cannot be told from within a YAML scalar.

use std::sync::Arc;

use ringfence_model::{
    Cause, Derivation, Diagnostic, FileId, Level, Location, Node, Origin, Resource, Sources, Unresolved,
    Value,
};
use ringfence_text::{Budget, relocate};

/// Keys of `data` that hold a list.
const LISTS: &[&str] = &["mapRoles", "mapUsers", "mapAccounts"];
/// What an entry for a principal says: a list of groups, else texts.
const PRINCIPAL: &[&str] = &["rolearn", "userarn", "username", "groups"];

/// Whether this is the ConfigMap that EKS reads.
pub(crate) fn is(resource: &Resource) -> bool {
    resource.kind.as_str() == "v1/ConfigMap"
        && resource.name == "aws-auth"
        && resource.namespace() == "kube-system"
}

/// Turns the texts into lists. One that cannot be read becomes unresolved.
pub(crate) fn open(resource: &mut Resource) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    let Some(data) = resource.body.get_mut("data") else { return diagnostics };
    for key in LISTS {
        let Some(node) = data.get_mut(key) else { continue };
        let Value::Text(text) = &node.value else { continue };
        let (value, fault) = parse(key, text, node.location());
        node.value = value;
        diagnostics.extend(fault);
    }
    diagnostics
}

fn parse(key: &str, text: &str, location: Option<Location>) -> (Value, Option<Diagnostic>) {
    let refuse = |why: &str| {
        let message = format!("`data.{key}` of `kube-system/aws-auth[ConfigMap]` {why}");
        let help = "write a YAML list; EKS ignores the whole text as it is";
        let diagnostic = Diagnostic::error("aws-auth-unreadable", message).at(location).help(help);
        (unreadable(key), Some(diagnostic))
    };
    let (mut documents, diagnostics) = ringfence_text::read(inner(), text, &Budget::default());
    if diagnostics.iter().any(|one| one.level == Level::Error) || documents.len() > 1 {
        return refuse("is no YAML list");
    }
    let origin = Origin::Derived(Arc::new(Derivation {
        because: format!("read from the text of `data.{key}`"),
        location,
    }));
    match documents.pop().map(|document| document.value) {
        None | Some(Value::Null) => (Value::List(Box::default()), None),
        Some(Value::List(mut items)) => {
            items.iter_mut().for_each(|item| relocate(item, &origin));
            let wrong = items.iter_mut().filter_map(|item| settle(key, item)).count();
            match wrong {
                0 => (Value::List(items), None),
                _ => {
                    let message = format!(
                        "{wrong} entries of `data.{key}` of `kube-system/aws-auth[ConfigMap]` cannot be read"
                    );
                    let help = "each names `rolearn` or `userarn`, `username` and a list of `groups`; an account is twelve digits";
                    (
                        Value::List(items),
                        Some(Diagnostic::error("aws-auth-unreadable", message).at(location).help(help)),
                    )
                }
            }
        }
        Some(_) => refuse("is no YAML list"),
    }
}

/// The text has no file of its own; every place in it is replaced by that of the text.
fn inner() -> FileId {
    Sources::default().add("data", "")
}

fn unreadable(what: &str) -> Value {
    let cause = Cause::Unreadable(format!("`data.{what}`").into());
    Value::Unresolved(Box::new(Unresolved { cause, target: None }))
}

/// Makes what cannot be meant unresolved; `Some` where there was such a thing.
fn settle(key: &str, item: &mut Node) -> Option<()> {
    if key == "mapAccounts" {
        return match &item.value {
            Value::Text(_) => None,
            // YAML reads twelve digits as a number, the authenticator as a text.
            Value::Int(number) => {
                item.value = Value::Text(format!("{number:012}").into());
                None
            }
            _ => {
                item.value = unreadable(key);
                Some(())
            }
        };
    }
    let Value::Map(map) = &mut item.value else {
        item.value = unreadable(key);
        return Some(());
    };
    let mut wrong = None;
    for name in PRINCIPAL {
        let Some(node) = map.get_mut(name) else { continue };
        let fine = match &node.value {
            Value::Null | Value::Unresolved(_) => true,
            Value::List(groups) => *name == "groups" && groups.iter().all(|group| group.as_str().is_some()),
            value => *name != "groups" && matches!(value, Value::Text(_)),
        };
        if !fine {
            node.value = unreadable(key);
            wrong = Some(());
        }
    }
    wrong
}

//! Objects of the Kubernetes provider.

use ringfence_model::{
    Cause, Diagnostic, Entry, Field, Kind, Map, Node, Origin, Resource, Stage, Text, Value,
};
use ringfence_text::{Budget, relocate};

/// The whole object of a translated body: with `apiVersion` and `kind` before what the plan says.
pub(crate) fn complete(kind: &Kind, body: Node) -> Node {
    let origin = body.origin;
    let (api_version, name) = kind.as_str().rsplit_once('/').unwrap_or(("", kind.as_str()));
    let part = |key: &str, text: &str| Entry { key: key.into(), node: Node::new(text, origin.clone()) };
    let mut entries = vec![part("apiVersion", api_version), part("kind", name)];
    if let Value::Map(map) = body.value {
        entries.append(&mut map.into_entries());
    }
    Node::new(Map::new(entries), origin)
}

/// The objects of a `kubernetes_manifest`, which has one as a value, or of a `kubectl_manifest`, which
/// has it as a text.
pub(crate) fn manifest(values: Node, origin: &Origin) -> (Vec<Node>, Vec<Diagnostic>) {
    let Value::Map(mut map) = values.value else { return (Vec::new(), vec![missing(origin)]) };
    if let Some(object) = map.remove("manifest").filter(|node| node.value != Value::Null) {
        return (vec![object], Vec::new());
    }
    let Some(Node { value: Value::Text(text), origin: place }) = map.remove("yaml_body") else {
        return (Vec::new(), vec![missing(origin)]);
    };
    let Some(location) = place.location() else { return (Vec::new(), vec![missing(origin)]) };
    let (mut objects, problems) = ringfence_text::yaml(location.file, &text, &Budget::default());
    let derived = Origin::derived("read from the text of `yaml_body`", Some(location));
    objects.iter_mut().for_each(|object| relocate(object, &derived));
    let problems =
        problems.into_iter().map(|problem| Diagnostic { related: Vec::new(), ..problem.at(location) });
    (objects, problems.collect())
}

fn missing(origin: &Origin) -> Diagnostic {
    Diagnostic::error("terraform-shape", "a manifest is not known")
        .at(origin.location())
        .help("assess the manifest itself")
}

/// An object as a resource. Its name is the object's; Terraform's where the plan does not know it.
pub(crate) fn resource(body: Node, terraform_name: &str) -> Result<Resource, Diagnostic> {
    let kind = match (body.text("apiVersion"), body.text("kind")) {
        (Some(api_version), Some(kind)) => Kind::kubernetes(api_version, kind),
        _ => {
            return Err(Diagnostic::error("terraform-shape", "a manifest has no `apiVersion` and `kind`")
                .help("assess the manifest itself"));
        }
    };
    let name = body.text("metadata.name").unwrap_or(terraform_name).to_owned();
    let namespace = match body.field("metadata.namespace") {
        Field::Present(node) => node.as_str().map(Text::from),
        _ => None,
    };
    let mut resource = Resource::new(kind, name, body, Stage::Manifest);
    resource.place.namespace = namespace;
    if resource.kind.as_str() == "v1/ConfigMap" && resource.name == "aws-auth" {
        open_aws_auth(&mut resource.body);
    }
    Ok(resource)
}

/// Who may enter an EKS cluster is a list, written as a text within the object.
fn open_aws_auth(body: &mut Node) {
    for key in ["mapRoles", "mapUsers", "mapAccounts"] {
        let Some(node) = body.get_mut("data").and_then(|data| data.get_mut(key)) else { continue };
        let (Value::Text(text), Some(location)) = (&node.value, node.location()) else { continue };
        let (documents, problems) = ringfence_text::read(location.file, text, &Budget::default());
        let derived = Origin::derived(format!("read from the text of `data.{key}`"), Some(location));
        let mut lists = documents.into_iter().filter(|document| matches!(document.value, Value::List(_)));
        node.value = match (lists.next(), problems.is_empty()) {
            (Some(mut list), true) => {
                relocate(&mut list, &derived);
                list.value
            }
            _ => {
                let cause = Cause::Unreadable(format!("`data.{key}`").into());
                Node::unresolved(cause, None, derived).value
            }
        };
    }
}

//! A pod as injectors see it: metadata, containers, namespace.

use ringfence_model::{Field, Node, Resource, Stage, pod_spec, pod_template};

/// What is written under a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written<'a> {
    Absent,
    Is(&'a str),
    /// Not known.
    Unknown,
}

impl Written<'_> {
    pub(super) fn is(self, text: &str) -> bool {
        self == Written::Is(text)
    }

    pub(super) fn or(self, other: Self) -> Self {
        if self == Written::Absent { other } else { self }
    }
}

/// Whether something holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Yes,
    No,
    Unknown,
}

/// One pod, or the template of many.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pod<'a> {
    template: Field<'a>,
    spec: Field<'a>,
    /// Whether it is running, so that whatever injects has done so.
    pub(super) observed: bool,
    pub(super) namespace: Namespace<'a>,
}

/// What is known of a namespace: its object, where it is in the input, and only once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Namespace<'a> {
    pub(super) name: &'a str,
    pub(super) object: Option<&'a Resource>,
}

impl<'a> Namespace<'a> {
    pub(super) fn label(self, key: &str) -> Written<'a> {
        self.object.map_or(Written::Unknown, |object| written(&object.body, "metadata.labels", key))
    }

    pub(super) fn annotation(self, key: &str) -> Written<'a> {
        self.object.map_or(Written::Unknown, |object| written(&object.body, "metadata.annotations", key))
    }
}

impl<'a> Pod<'a> {
    pub(super) fn new(resource: &'a Resource, namespace: Namespace<'a>) -> Self {
        let template = pod_template(&resource.kind).map_or(Field::Absent, |path| resource.body.field(path));
        let spec = pod_spec(&resource.kind, &resource.body).unwrap_or(Field::Absent);
        let running = ["status.phase", "status.podIP", "status.podIPs", "metadata.uid"];
        let is_pod = resource.kind.as_str() == "v1/Pod";
        let observed = is_pod
            && (resource.stage == Stage::Live
                || running.iter().any(|path| !matches!(resource.body.field(path), Field::Absent)));
        Self { template, spec, observed, namespace }
    }

    pub(super) fn label(&self, key: &str) -> Written<'a> {
        self.metadata("metadata.labels", key)
    }

    pub(super) fn annotation(&self, key: &str) -> Written<'a> {
        self.metadata("metadata.annotations", key)
    }

    fn metadata(&self, map: &str, key: &str) -> Written<'a> {
        match self.template {
            Field::Absent => Written::Absent,
            Field::Unresolved(..) => Written::Unknown,
            Field::Present(template) => written(template, map, key),
        }
    }

    pub(super) fn host_network(&self) -> Answer {
        match self.spec {
            Field::Absent => Answer::No,
            Field::Unresolved(..) => Answer::Unknown,
            Field::Present(spec) => truth(spec.field("hostNetwork")),
        }
    }

    /// What is written of a field of the pod spec that is true or false.
    pub(super) fn is_false(&self, path: &str) -> bool {
        self.spec.present().and_then(|spec| spec.get(path)).and_then(Node::as_bool) == Some(false)
    }

    /// A container of that name, native sidecars among them.
    pub(super) fn container(&self, name: &str) -> Option<&'a Node> {
        let spec = self.spec.present()?;
        let lists = ["containers", "initContainers"].into_iter().filter_map(|key| spec.get(key));
        lists.flat_map(Node::items).find(|container| container.text("name") == Some(name))
    }

    /// Whether containers may be missing from what is known.
    pub(super) fn hides_containers(&self) -> bool {
        let Field::Present(spec) = self.spec else { return matches!(self.spec, Field::Unresolved(..)) };
        ["containers", "initContainers"].iter().any(|key| matches!(spec.field(key), Field::Unresolved(..)))
    }

    /// The number of a port by its name.
    pub(super) fn port(&self, name: &str) -> Option<u16> {
        let spec = self.spec.present()?;
        let lists = ["containers", "initContainers"].into_iter().filter_map(|key| spec.get(key));
        let ports = lists.flat_map(Node::items).filter_map(|one| one.get("ports")).flat_map(Node::items);
        let mut named = ports.filter(|port| port.text("name") == Some(name));
        named.next()?.get("containerPort").and_then(Node::as_int).and_then(|port| u16::try_from(port).ok())
    }
}

/// What is written below `object` under a key that may hold dots.
pub(super) fn written<'a>(object: &'a Node, map: &str, key: &str) -> Written<'a> {
    let field = match object.field(map) {
        Field::Present(map) => map.child(key),
        other => other,
    };
    match field {
        Field::Absent => Written::Absent,
        Field::Unresolved(..) => Written::Unknown,
        Field::Present(node) => node.as_str().map_or(Written::Unknown, Written::Is),
    }
}

fn truth(field: Field<'_>) -> Answer {
    match field {
        Field::Absent => Answer::No,
        Field::Unresolved(..) => Answer::Unknown,
        Field::Present(node) => match node.as_bool() {
            Some(true) => Answer::Yes,
            Some(false) => Answer::No,
            None => Answer::Unknown,
        },
    }
}

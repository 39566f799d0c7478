//! `ConfigMap cilium-config`: how the agents of a cluster are set.
//!
//! What it does not name has the default of Cilium 1.20 (`pkg/option/config.go`, `pkg/defaults`,
//! `daemon/cmd/daemon_main.go`).

use ringfence_model::{Estate, Field, Location, Node, Resource, ResourceId, Text};

/// The settings of one cluster.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Config<'a> {
    found: Option<(ResourceId, &'a Resource)>,
}

/// How strictly policies are enforced (`enable-policy`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// A pod is isolated once a policy asks for it.
    Default,
    /// Every pod is isolated.
    Always,
    /// No policy is enforced.
    Never,
}

/// A setting; `Err` with the reason where it is not known.
pub(crate) type Known<T> = Result<T, String>;

impl<'a> Config<'a> {
    /// That of a cluster. Of several, the one of `kube-system`.
    pub(crate) fn of(estate: &'a Estate, cluster: Option<&Text>) -> Self {
        let all = estate.of_kind("v1/ConfigMap").iter();
        let named = all.filter_map(|id| Some((*id, estate.resource(*id)?)));
        let here = named.filter(|(_, resource)| {
            resource.name == "cilium-config" && resource.place.cluster.as_ref() == cluster
        });
        let key = |found: &(ResourceId, &Resource)| {
            (found.1.namespace() != "kube-system", found.1.namespace().to_owned())
        };
        Self { found: here.min_by_key(key) }
    }

    /// Whether it is in the input.
    pub(crate) fn is_there(self) -> bool {
        self.found.is_some()
    }

    pub(crate) fn resource(self) -> Option<ResourceId> {
        self.found.map(|(id, _)| id)
    }

    /// Where a setting is written.
    pub(crate) fn location(self, key: &str) -> Option<Location> {
        let (_, resource) = self.found?;
        let node = self.node(key).and_then(|field| field.node());
        node.and_then(Node::location).or(resource.location())
    }

    fn node(self, key: &str) -> Option<Field<'a>> {
        let (_, resource) = self.found?;
        match resource.body.field("data") {
            Field::Present(data) => Some(data.child(key)),
            other => Some(other),
        }
    }

    /// The text of a setting; `None` where it is not named.
    fn text(self, key: &str) -> Known<Option<&'a str>> {
        let unknown = || Err(format!("`{key}` of `cilium-config` is not known"));
        match self.node(key) {
            None | Some(Field::Absent) => Ok(None),
            Some(Field::Unresolved(..)) => unknown(),
            Some(Field::Present(node)) => match (node.as_str(), node.as_bool()) {
                (Some(text), _) => Ok(Some(text.trim()).filter(|text| !text.is_empty())),
                (None, Some(true)) => Ok(Some("true")),
                (None, Some(false)) => Ok(Some("false")),
                (None, None) => unknown(),
            },
        }
    }

    /// A setting that is on or off.
    pub(crate) fn switch(self, key: &str, default: bool) -> Known<bool> {
        match self.text(key)? {
            None => Ok(default),
            Some("true" | "True" | "TRUE" | "1" | "t" | "T") => Ok(true),
            Some("false" | "False" | "FALSE" | "0" | "f" | "F") => Ok(false),
            Some(_) => Err(format!("`{key}` of `cilium-config` is neither `true` nor `false`")),
        }
    }

    /// `enable-policy`, and `policy-audit-mode`, under which nothing is dropped.
    pub(crate) fn mode(self) -> Known<Mode> {
        if self.switch("policy-audit-mode", false)? {
            return Ok(Mode::Never);
        }
        match self.text("enable-policy")?.map(str::to_ascii_lowercase).as_deref() {
            None | Some("default") => Ok(Mode::Default),
            Some("always") => Ok(Mode::Always),
            Some("never") => Ok(Mode::Never),
            Some(_) => {
                Err("`enable-policy` of `cilium-config` is not `default`, `always` or `never`".to_owned())
            }
        }
    }

    /// The setting that turns enforcement off.
    pub(crate) fn off_key(self) -> &'static str {
        match self.switch("policy-audit-mode", false) {
            Ok(true) => "policy-audit-mode",
            _ => "enable-policy",
        }
    }

    /// Whether a pod's own node always reaches it (`allow-localhost`). By default it does on Kubernetes
    /// (`daemon/cmd/daemon.go`: "Kubernetes demands that the localhost can always reach local pods").
    pub(crate) fn allows_own_node(self) -> Known<bool> {
        match self.text("allow-localhost")? {
            None | Some("auto" | "always") => Ok(true),
            Some("policy") => Ok(false),
            Some(_) => {
                Err("`allow-localhost` of `cilium-config` is not `auto`, `always` or `policy`".to_owned())
            }
        }
    }

    /// Whether `policy-cidr-match-mode` has `what` among what blocks match besides the outside.
    pub(crate) fn blocks_match(self, what: &str) -> Known<bool> {
        let modes = self.text("policy-cidr-match-mode")?.unwrap_or_default();
        Ok(modes.split([',', ' ']).any(|mode| mode == what))
    }

    /// The name of the cluster in its mesh; `None` where the input does not show it.
    pub(crate) fn cluster_name(self) -> Option<&'a str> {
        match self.text("cluster-name") {
            Ok(Some(name)) => Some(name),
            Ok(None) if self.is_there() => Some("default"),
            _ => None,
        }
    }

    /// Which labels identify pods, as `labels` has it: patterns with spaces between them.
    pub(crate) fn labels(self) -> Known<Option<&'a str>> {
        self.text("labels")
    }
}

//! What a finding is about, in the words of the output contract.

use crate::{Resource, Text};

/// The identity of what is judged. Absent parts are omitted in outputs.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject {
    /// Kubernetes kind (`Deployment`), CloudFormation type, `Flow` or `Estate`.
    pub kind: Text,
    /// AWS account id.
    pub account: Option<Text>,
    /// AWS region.
    pub region: Option<Text>,
    /// EKS cluster.
    pub cluster: Option<Text>,
    /// Kubernetes namespace.
    pub namespace: Option<Text>,
    /// Kubernetes name, logical id, Terraform resource name or flow id.
    pub name: Text,
    /// Terraform address, or `stack/LogicalId` where the stack is known.
    pub address: Option<Text>,
    /// The container, where one is judged.
    pub container: Option<Text>,
}

impl Subject {
    /// The subject that `resource` is.
    pub fn of(resource: &Resource) -> Self {
        let place = resource.place.clone();
        Self {
            kind: resource.kind.name().into(),
            account: place.account,
            region: place.region,
            cluster: place.cluster,
            namespace: place.namespace,
            name: resource.name.clone(),
            address: resource.address.clone().filter(|address| *address != resource.name),
            container: None,
        }
    }

    /// `ns/name[Kind]` or `kind/name`, for people.
    pub fn label(&self) -> String {
        let Self { kind, name, .. } = self;
        let address = self.address.as_ref().unwrap_or(name);
        match &self.namespace {
            Some(namespace) => format!("{namespace}/{name}[{kind}]"),
            None if kind.contains("::") => format!("{kind}/{address}"),
            None => format!("{address}[{kind}]"),
        }
    }
}

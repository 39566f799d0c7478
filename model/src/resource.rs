//! Resources: one shape for Kubernetes objects and AWS resources.

use crate::{Key, Kind, Location, Node, Origin, Place, Satellite, Text};

/// A resource of the estate; index into [`Estate::resources`](crate::Estate::resources).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceId(pub(crate) u32);

impl ResourceId {
    pub(crate) fn at(index: usize) -> Self {
        Self(u32::try_from(index).unwrap_or(u32::MAX))
    }

    /// Its index among the estate's resources.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Where in its life a resource was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// A CloudFormation template or a Terraform plan.
    Template,
    /// A Kubernetes manifest.
    Manifest,
    /// A running account or cluster.
    Live,
}

/// One thing of the estate.
#[derive(Clone, Debug)]
pub struct Resource {
    /// Its kind.
    pub kind: Kind,
    /// Where it lives.
    pub place: Place,
    /// Kubernetes name, CloudFormation logical id or Terraform resource name.
    pub name: Text,
    /// The template or plan it is declared in; what addresses hold in.
    pub scope: Option<Key>,
    /// Logical id or Terraform address, unique within `scope`.
    pub address: Option<Text>,
    /// Kubernetes: the whole object. AWS: the properties, under their CloudFormation names.
    pub body: Node,
    /// Where it is declared; a synthesised resource is derived.
    pub origin: Origin,
    /// Where in its life it was seen.
    pub stage: Stage,
    /// For a resource that is only a part of another one (`AWS::EC2::SecurityGroupIngress`).
    pub satellite: Option<Box<Satellite>>,
    /// The workload that this pod or replica set is an instance of; instances are not judged again. A pod
    /// that does not run as its controller's template says has none, and
    /// [`Estate::workload_of`](crate::Estate::workload_of) tells its workload.
    pub instance_of: Option<ResourceId>,
}

impl Resource {
    /// A resource with nothing but what every resource has.
    pub fn new(kind: Kind, name: impl Into<Text>, body: Node, stage: Stage) -> Self {
        let origin = body.origin.clone();
        Self {
            kind,
            place: Place::default(),
            name: name.into(),
            scope: None,
            address: None,
            body,
            origin,
            stage,
            satellite: None,
            instance_of: None,
        }
    }

    /// Where it is declared.
    pub fn location(&self) -> Option<Location> {
        self.origin.location()
    }

    /// The namespace; empty for what has none.
    pub fn namespace(&self) -> &str {
        self.place.namespace.as_deref().unwrap_or("")
    }

    /// `ns/name[Kind]`, `name[Kind]` or `AWS::Type/name`: how people and declarations name it.
    pub fn label(&self) -> String {
        let Self { kind, name, .. } = self;
        match (&self.place.namespace, kind.is_kubernetes()) {
            (Some(namespace), true) => format!("{namespace}/{name}[{}]", kind.name()),
            (None, true) => format!("{name}[{}]", kind.name()),
            _ => format!("{kind}/{}", self.address.as_deref().filter(|_| !kind.is_aws()).unwrap_or(name)),
        }
    }
}

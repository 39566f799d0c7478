//! Kinds: CloudFormation type names, or Kubernetes group/version/kind.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

/// The kind of a resource, in one spelling whatever the source: `AWS::EKS::Cluster`,
/// `apps/v1/Deployment`, `v1/Pod`. A Terraform type without mapping keeps its own name (`aws_foo`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kind(Arc<str>);

impl Kind {
    /// The kind spelled `name`.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self(name.into())
    }

    /// The Kubernetes kind of an object's `apiVersion` and `kind`.
    pub fn kubernetes(api_version: &str, kind: &str) -> Self {
        Self(format!("{api_version}/{kind}").into())
    }

    /// The whole spelling.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What people call it: `Deployment`, or the whole CloudFormation type.
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The API group of a Kubernetes kind; empty for the core group.
    pub fn group(&self) -> Option<&str> {
        let (api_version, _) = self.0.rsplit_once('/')?;
        Some(api_version.rsplit_once('/').map_or("", |(group, _)| group))
    }

    /// Whether this is an AWS resource under its CloudFormation name.
    pub fn is_aws(&self) -> bool {
        self.0.starts_with("AWS::")
    }

    /// Whether this is a Kubernetes object.
    pub fn is_kubernetes(&self) -> bool {
        self.0.contains('/')
    }

    /// Whether `wanted` names this kind: its whole spelling, or for Kubernetes the kind alone.
    pub fn is(&self, wanted: &str) -> bool {
        &*self.0 == wanted || (self.is_kubernetes() && self.name() == wanted)
    }
}

impl Borrow<str> for Kind {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_apart() {
        let deployment = Kind::kubernetes("apps/v1", "Deployment");
        assert_eq!((deployment.name(), deployment.group()), ("Deployment", Some("apps")));
        assert_eq!(Kind::kubernetes("v1", "Pod").group(), Some(""));
        assert!(deployment.is("Deployment") && deployment.is("apps/v1/Deployment"));
        let cluster = Kind::new("AWS::EKS::Cluster");
        assert!(cluster.is_aws() && !cluster.is_kubernetes() && cluster.group().is_none());
        assert!(!Kind::new("aws_foo").is_aws());
    }
}

//! Where a resource lives.

use crate::Text;

/// Account, region, cluster and namespace, each as far as the input says.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// AWS account id, twelve digits.
    pub account: Option<Text>,
    /// AWS region.
    pub region: Option<Text>,
    /// Name of the EKS cluster.
    pub cluster: Option<Text>,
    /// Kubernetes namespace; absent for cluster-wide objects and AWS resources.
    pub namespace: Option<Text>,
}

//! What the Kubernetes API and AWS fill in where nothing is written, with the document that says so.
//!
//! Only defaults that a control or an engine rests on are listed. They are set as
//! [`Origin::Default`], so that no control ever guesses and every report can say
//! "not set; the provider's default".

use crate::{Document, Map, Node, Origin, Resource, Value};

/// A value as a table can hold it.
#[derive(Clone, Copy, Debug)]
enum Filled {
    Bool(bool),
    Text(&'static str),
    World,
}

/// One default: kind, dotted path of the property, value, document.
struct Row(&'static str, &'static str, Filled, &'static Document);

static EKS_VPC: Document = Document {
    title: "AWS CloudFormation: AWS::EKS::Cluster ResourcesVpcConfig",
    address: "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-eks-cluster-resourcesvpcconfig.html",
};
static RDS: Document = Document {
    title: "AWS CloudFormation: AWS::RDS::DBInstance",
    address: "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-rds-dbinstance.html",
};
static ECR: Document = Document {
    title: "AWS CloudFormation: AWS::ECR::Repository",
    address: "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ecr-repository.html",
};
static TRAIL: Document = Document {
    title: "AWS CloudFormation: AWS::CloudTrail::Trail",
    address: "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudtrail-trail.html",
};
static SERVICE: Document = Document {
    title: "Kubernetes: Service",
    address: "https://kubernetes.io/docs/concepts/services-networking/service/",
};
static SERVICE_ACCOUNT: Document = Document {
    title: "Kubernetes: Configure Service Accounts for Pods",
    address: "https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/",
};

static ROWS: &[Row] = &[
    Row("AWS::EKS::Cluster", "ResourcesVpcConfig.EndpointPublicAccess", Filled::Bool(true), &EKS_VPC),
    Row("AWS::EKS::Cluster", "ResourcesVpcConfig.EndpointPrivateAccess", Filled::Bool(false), &EKS_VPC),
    Row("AWS::EKS::Cluster", "ResourcesVpcConfig.PublicAccessCidrs", Filled::World, &EKS_VPC),
    Row("AWS::RDS::DBInstance", "StorageEncrypted", Filled::Bool(false), &RDS),
    Row("AWS::ECR::Repository", "ImageTagMutability", Filled::Text("MUTABLE"), &ECR),
    Row("AWS::CloudTrail::Trail", "IsMultiRegionTrail", Filled::Bool(false), &TRAIL),
    Row("AWS::CloudTrail::Trail", "IsOrganizationTrail", Filled::Bool(false), &TRAIL),
    Row("AWS::CloudTrail::Trail", "EnableLogFileValidation", Filled::Bool(false), &TRAIL),
    Row("v1/ServiceAccount", "automountServiceAccountToken", Filled::Bool(true), &SERVICE_ACCOUNT),
    Row("v1/Service", "spec.type", Filled::Text("ClusterIP"), &SERVICE),
];

/// Fills in the defaults of `resource`. What is written, null aside, or unresolved stays as it is.
pub fn apply(resource: &mut Resource) {
    let kind = resource.kind.clone();
    for Row(_, path, value, document) in ROWS.iter().filter(|row| row.0 == kind.as_str()) {
        let steps: Vec<&str> = path.split('.').collect();
        fill(&mut resource.body, &steps, *value, document);
    }
}

fn fill(node: &mut Node, steps: &[&str], value: Filled, document: &'static Document) {
    let Some((step, rest)) = steps.split_first() else { return };
    let Value::Map(_) = node.value else { return };
    let absent = node.get_mut(step).is_none_or(|there| there.value == Value::Null);
    if rest.is_empty() {
        if absent {
            node.set(*step, filled(value, document));
        }
        return;
    }
    if absent {
        node.set(*step, Node::new(Map::default(), Origin::Default(document)));
    }
    if let Some(next) = node.get_mut(step) {
        fill(next, rest, value, document);
    }
}

fn filled(value: Filled, document: &'static Document) -> Node {
    let node = |value: Value| Node::new(value, Origin::Default(document));
    match value {
        Filled::Bool(value) => node(value.into()),
        Filled::Text(text) => node(text.into()),
        Filled::World => node(Value::from(vec![node("0.0.0.0/0".into())])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Cause, Field, Key, Kind, Stage};

    fn cluster(vpc: Option<Node>) -> Resource {
        let entries = vpc.map(|node| (Key::from("ResourcesVpcConfig"), node));
        let body = Node::new(entries.into_iter().collect::<Map>(), Origin::derived("test", None));
        let mut cluster = Resource::new(Kind::new("AWS::EKS::Cluster"), "c", body, Stage::Template);
        apply(&mut cluster);
        cluster
    }

    #[test]
    fn a_bare_cluster_is_public_by_default() {
        let body = cluster(None).body;
        let public = body.get("ResourcesVpcConfig.EndpointPublicAccess").unwrap();
        assert_eq!(public.as_bool(), Some(true));
        assert!(
            matches!(&public.origin, Origin::Default(document) if document.address.contains("eks-cluster"))
        );
        assert_eq!(body.text("ResourcesVpcConfig.PublicAccessCidrs.0"), Some("0.0.0.0/0"));
    }

    #[test]
    fn an_unresolved_block_gets_no_defaults() {
        let unknown = Node::unresolved(Cause::KnownAfterApply, None, Origin::derived("test", None));
        let body = cluster(Some(unknown)).body;
        assert!(matches!(body.field("ResourcesVpcConfig.EndpointPublicAccess"), Field::Unresolved(..)));
    }
}

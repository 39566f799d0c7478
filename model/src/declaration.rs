//! The declaration (`ringfence.yaml`): where card data flows, and what people say of the estate.
//!
//! `ringfence-declaration` reads it; scope, reach and controls use it. Every part keeps its place in
//! the file, because a finding about a flow points at the line of the flow.

mod flow;
mod words;

use std::ops::Deref;

use crate::fact::{PortRange, ScopeClass};
use crate::{FileId, Location, Text};

pub use flow::{
    Channel, DataElement, Endpoint, EndpointTarget, Flow, FlowStage, Hop, PlainElement, Protection, Role,
    SadTime, Storage, Transform,
};
use words::words;

/// A value with the place where it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Where it is written.
    pub location: Option<Location>,
}

impl<T> Located<T> {
    /// `value`, written at `location`.
    pub fn new(value: T, location: Option<Location>) -> Self {
        Self { value, location }
    }
}

impl<T> Deref for Located<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// What `ringfence.yaml` says. A list that is absent is `None`: a control that needs it answers
/// `unknown` and names the key; an empty list is an answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Declaration {
    /// The file; absent where there is none.
    pub file: Option<FileId>,
    /// `entity:`, what the assessed party is.
    pub entity: Option<Entity>,
    /// `sources:`, what to read and where it belongs.
    pub sources: Vec<SourceEntry>,
    /// `exclude:`, globs of paths not to read.
    pub exclude: Vec<Located<Text>>,
    /// `third-parties:`, who outside handles card data.
    pub third_parties: Option<Vec<ThirdParty>>,
    /// `endpoints:`, the named ends of hops.
    pub endpoints: Vec<Endpoint>,
    /// `flows:`.
    pub flows: Option<Vec<Flow>>,
    /// `classes:`.
    pub classes: Option<Vec<ClassEntry>>,
    /// `registries:`, image registry hosts or hosts with a path.
    pub registries: Option<Vec<Located<Text>>>,
    /// `administrators:`, who may administer a cluster.
    pub administrators: Option<Vec<Administrator>>,
    /// `system-agents:`, workloads that may touch the node, as `ns/name[Kind]`.
    pub system_agents: Option<Vec<Located<Text>>>,
    /// `capabilities:`, Linux capabilities that may be added.
    pub capabilities: Option<Vec<Located<Text>>>,
    /// `entry-points:`, where the internet may come in.
    pub entry_points: Option<Vec<EntryPoint>>,
    /// `register:`, permitted services and ports.
    pub register: Option<Vec<RegisterEntry>>,
    /// `accounts:`, AWS accounts by twelve-digit id.
    pub accounts: Option<Vec<Account>>,
    /// `exceptions:`.
    pub exceptions: Vec<Exception>,
    /// `attestations:`.
    pub attestations: Vec<Attestation>,
}

words! {
    /// What the assessed party is.
    Entity {
        Merchant = "merchant": "takes card payments for goods or services of its own",
        ServiceProvider = "service-provider": "handles card data, or its security, for others",
    }
}

/// One entry of `sources:`.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceEntry {
    /// Path from the folder of `ringfence.yaml`.
    pub path: Located<Text>,
    /// EKS cluster that the manifests belong to.
    pub cluster: Option<Text>,
    /// AWS account of the template or plan.
    pub account: Option<Text>,
    /// AWS region of the template or plan.
    pub region: Option<Text>,
    /// CloudFormation stack name; the file's stem where absent.
    pub stack: Option<Text>,
}

/// A company outside that handles card data (PCI DSS 12.8).
#[derive(Clone, Debug, PartialEq)]
pub struct ThirdParty {
    /// Its name, as endpoints refer to it.
    pub name: Located<Text>,
    /// What it does (12.8.1).
    pub service: Option<Text>,
    /// Its attestation of compliance (12.8.4); `None` where there is none or none is said.
    pub attestation: Option<Attested>,
    /// Who answers for which requirement (12.8.5).
    pub responsibility: Option<Responsibility>,
}

/// A third party's attestation of compliance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attested {
    /// Which document: kind, date, assessor.
    pub reference: Located<Text>,
    /// Until when it holds, `YYYY-MM-DD`.
    pub valid_until: Option<Located<Text>>,
}

/// Who answers for which requirement of a third party's service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Responsibility {
    /// For all requirements that are not listed.
    pub otherwise: Option<Party>,
    /// Requirement by requirement.
    pub requirements: Vec<(Located<Text>, Party)>,
}

words! {
    /// Who answers for a requirement.
    Party {
        ThirdParty = "third-party": "the third party alone",
        Entity = "entity": "the assessed entity alone",
        Shared = "shared": "both, each for a part",
    }
}

/// One entry of `classes:`: a declared class and what it covers.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassEntry {
    /// The declared class.
    pub class: ScopeClass,
    /// What the resources are for.
    pub function: Option<Text>,
    /// Who answers for them.
    pub owner: Option<Text>,
    /// Which resources it covers; all parts that are given must match.
    pub matches: ClassMatch,
    /// Where it is written.
    pub location: Option<Location>,
}

/// Which resources an entry covers. Parts that are empty do not restrict.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClassMatch {
    /// Namespaces by name; `*` and `prefix-*` are globs.
    pub namespaces: Vec<Text>,
    /// Labels of the object or, for a workload, of its pods.
    pub labels: crate::selector::Selector,
    /// Labels of the namespace.
    pub namespace_labels: crate::selector::Selector,
    /// AWS tags, all of which must be there.
    pub tags: Vec<(Text, Text)>,
    /// `ns/name[Kind]`, `AWS::Type/name` or Terraform addresses; `*` is a glob.
    pub resources: Vec<Text>,
    /// Kinds.
    pub kinds: Vec<Text>,
    /// AWS accounts.
    pub accounts: Vec<Text>,
    /// EKS clusters.
    pub clusters: Vec<Text>,
}

/// Someone who may administer a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Administrator {
    /// What kind of subject it is; `None` where the entry is a plain text, which stands for any kind.
    pub kind: Option<AdministratorKind>,
    /// As bindings have it; a service account is `system:serviceaccount:NAMESPACE:NAME`.
    pub name: Located<Text>,
}

words! {
    /// Kinds of subjects that may administer a cluster. A user may be called like a group, so that the name
    /// alone does not say who is meant.
    AdministratorKind {
        Group = "group": "a Kubernetes group",
        User = "user": "a Kubernetes user",
        Arn = "arn": "an IAM role or user",
        ServiceAccount = "service-account": "a service account",
    }
}

/// Where the internet may come in.
#[derive(Clone, Debug, PartialEq)]
pub struct EntryPoint {
    /// `ns/name[Kind]` or `AWS::Type/name`.
    pub resource: Located<Text>,
    /// Ports, e.g. `443/TCP`; empty permits none.
    pub ports: Vec<Located<PortRange>>,
    /// What it is for (PCI DSS 1.2.5).
    pub purpose: Option<Text>,
    /// Who approved it.
    pub approver: Option<Text>,
    /// Date of the next review, `YYYY-MM-DD`.
    pub review: Option<Text>,
}

/// A permitted service between two parties (PCI DSS 1.2.5).
#[derive(Clone, Debug, PartialEq)]
pub struct RegisterEntry {
    /// Who connects: `ns/name[Kind]`, `ns/*`, a CIDR, `internet`, a class or the name of an endpoint.
    pub from: Located<Text>,
    /// To whom, in the same words.
    pub to: Located<Text>,
    /// Ports, e.g. `443/TCP`.
    pub ports: Vec<Located<PortRange>>,
    /// What it is for.
    pub purpose: Option<Text>,
    /// Who approved it.
    pub approver: Option<Text>,
    /// Date of the next review, `YYYY-MM-DD`.
    pub review: Option<Text>,
}

/// An AWS account.
#[derive(Clone, Debug, PartialEq)]
pub struct Account {
    /// Twelve digits.
    pub id: Located<Text>,
    /// Its name.
    pub name: Option<Text>,
    /// The class of everything in it.
    pub class: Option<ScopeClass>,
}

/// A finding that is accepted for a time.
#[derive(Clone, Debug, PartialEq)]
pub struct Exception {
    /// Control id or row.
    pub control: Located<Text>,
    /// Label of the subject.
    pub subject: Located<Text>,
    /// Why.
    pub reason: Text,
    /// Who answers for it.
    pub owner: Text,
    /// What stands in for the control.
    pub compensating_control: Option<Text>,
    /// Until when, `YYYY-MM-DD`; an expired one does not count.
    pub expires: Text,
}

/// What a person states and signs.
#[derive(Clone, Debug, PartialEq)]
pub struct Attestation {
    /// Requirement id.
    pub requirement: Located<Text>,
    /// The statement.
    pub statement: Text,
    /// Who states it.
    pub by: Text,
    /// When, `YYYY-MM-DD`.
    pub date: Text,
}

impl Declaration {
    /// The endpoint called `name`.
    pub fn endpoint(&self, name: &str) -> Option<&Endpoint> {
        self.endpoints.iter().find(|endpoint| *endpoint.name == name)
    }

    /// The third party called `name`.
    pub fn third_party(&self, name: &str) -> Option<&ThirdParty> {
        self.third_parties.as_ref()?.iter().find(|party| *party.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check<T: Copy + PartialEq + std::fmt::Debug>(
        all: &[T],
        words: &[(&str, &str)],
        as_str: fn(T) -> &'static str,
        parse: fn(&str) -> Option<T>,
    ) {
        let spelled: Vec<&str> = all.iter().copied().map(as_str).collect();
        assert_eq!(spelled, words.iter().map(|word| word.0).collect::<Vec<_>>());
        for (value, word) in all.iter().zip(&spelled) {
            assert_eq!(parse(word), Some(*value), "{word}");
        }
        assert_eq!(parse(""), None);
    }

    /// Also proves that no word is spelled twice, since it would be read as the first one.
    #[test]
    fn every_word_is_read_as_it_is_spelled() {
        check(Channel::ALL, Channel::WORDS, Channel::as_str, Channel::parse);
        check(FlowStage::ALL, FlowStage::WORDS, FlowStage::as_str, FlowStage::parse);
        check(Role::ALL, Role::WORDS, Role::as_str, Role::parse);
        check(Protection::ALL, Protection::WORDS, Protection::as_str, Protection::parse);
        check(Transform::ALL, Transform::WORDS, Transform::as_str, Transform::parse);
        check(PlainElement::ALL, PlainElement::WORDS, PlainElement::as_str, PlainElement::parse);
        check(SadTime::ALL, SadTime::WORDS, SadTime::as_str, SadTime::parse);
        check(Party::ALL, Party::WORDS, Party::as_str, Party::parse);
        check(Entity::ALL, Entity::WORDS, Entity::as_str, Entity::parse);
        check(
            AdministratorKind::ALL,
            AdministratorKind::WORDS,
            AdministratorKind::as_str,
            AdministratorKind::parse,
        );
    }

    #[test]
    fn only_clear_account_data_counts_as_such() {
        let encrypted = DataElement::Encrypted { key_holder: None, holds: vec![DataElement::Pan] };
        let elements = [DataElement::Pan, DataElement::Sad { after_authorisation: true }];
        assert!(elements.iter().all(DataElement::is_account_data));
        let elements = [encrypted, DataElement::Token, DataElement::Truncated, DataElement::Expiry];
        assert!(!elements.iter().any(DataElement::is_account_data));
    }
}

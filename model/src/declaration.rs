//! The declaration (`ringfence.yaml`): where card data flows, and what people say of the estate.
//!
//! `ringfence-declaration` reads it; scope, reach and controls use it. Every part keeps its place in
//! the file, because a finding about a flow points at the line of the flow.

use std::ops::Deref;

use crate::fact::ScopeClass;
use crate::{FileId, Location, Text};

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
    pub third_parties: Vec<ThirdParty>,
    /// `endpoints:`, the named ends of hops.
    pub endpoints: Vec<Endpoint>,
    /// `flows:`.
    pub flows: Option<Vec<Flow>>,
    /// `classes:`.
    pub classes: Option<Vec<ClassEntry>>,
    /// `registries:`, image registry hosts or hosts with a path.
    pub registries: Option<Vec<Located<Text>>>,
    /// `administrators:`, as written in bindings: group, user, `system:serviceaccount:NS:NAME` or ARN.
    pub administrators: Option<Vec<Located<Text>>>,
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

/// What the assessed party is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entity {
    /// `merchant`.
    Merchant,
    /// `service-provider`.
    ServiceProvider,
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
    /// Its attestation of compliance: reference and date of expiry (`YYYY-MM-DD`).
    pub attestation: Option<Text>,
    /// Until when the attestation holds.
    pub valid_until: Option<Text>,
    /// Who answers for which requirement (12.8.5): `third-party`, `entity` or `shared`.
    pub responsibility: Option<Text>,
}

/// A named end of hops.
#[derive(Clone, Debug, PartialEq)]
pub struct Endpoint {
    /// The name by which hops refer to it.
    pub name: Located<Text>,
    /// What it is.
    pub target: EndpointTarget,
    /// Where the target is written.
    pub location: Option<Location>,
    /// Card data this endpoint touches without a hop: names of endpoints whose payment page it makes
    /// (`influences:`, PCI DSS 6.4.3 and 11.6.1).
    pub influences: Vec<Located<Text>>,
    /// What a store keeps and for how long.
    pub storage: Option<Storage>,
}

/// What an endpoint is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndpointTarget {
    /// `workload:`, `ns/name` or `ns/name[Kind]`.
    Workload(Text),
    /// `service:`, a Kubernetes Service, `ns/name`.
    Service(Text),
    /// `resource:`, `AWS::Type/name` or a Terraform address.
    Resource(Text),
    /// `internet`.
    Internet,
    /// `customer-browser`.
    CustomerBrowser,
    /// `person:`, a person or role by name.
    Person(Text),
    /// `role:`, an IAM role or Kubernetes group by name.
    Role(Text),
    /// `site:`, a place: a shop, a call centre, an office.
    Site(Text),
    /// `third-party:`, by its name.
    ThirdParty(Text),
}

/// What a store keeps, how long, and how it is disposed of (PCI DSS 3.2.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Storage {
    /// `retention:`, e.g. `400 days`.
    pub retention: Option<Text>,
    /// `disposal:`, how card data leaves it.
    pub disposal: Option<Text>,
    /// `backups:`, endpoints or places that hold copies.
    pub backups: Vec<Text>,
}

/// How the card came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channel {
    /// `card-present`.
    CardPresent,
    /// `mail-telephone`.
    MailTelephone,
    /// `e-commerce`.
    ECommerce,
}

/// Which part of a payment's life a flow is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FlowStage {
    /// `authorisation`.
    Authorisation,
    /// `capture`.
    Capture,
    /// `settlement`.
    Settlement,
    /// `refund`.
    Refund,
    /// `chargeback`.
    Chargeback,
    /// `report`.
    Report,
    /// `other`.
    Other,
}

/// A declared path of card data: a graph of hops.
#[derive(Clone, Debug, PartialEq)]
pub struct Flow {
    /// Its id.
    pub id: Located<Text>,
    /// One sentence for people.
    pub title: Option<Text>,
    /// How the card came in.
    pub channel: Channel,
    /// Which part of a payment's life it is.
    pub stage: FlowStage,
    /// Its hops, in the order written.
    pub hops: Vec<Hop>,
}

/// One movement of data between two endpoints.
#[derive(Clone, Debug, PartialEq)]
pub struct Hop {
    /// Its id, unique in the flow.
    pub id: Located<Text>,
    /// Name of the endpoint that opens the connection.
    pub from: Located<Text>,
    /// Name of the endpoint that answers.
    pub to: Located<Text>,
    /// What `to` does with the data.
    pub roles: Vec<Role>,
    /// Ids of the hops that this one follows; none for an entry of the flow.
    pub after: Vec<Located<Text>>,
    /// Whether it happens later, by queue, file or batch.
    pub asynchronous: bool,
    /// Ports of `to`, e.g. `443/TCP`; empty where not said.
    pub ports: Vec<Located<Text>>,
    /// How the data is protected on the way.
    pub protection: Vec<Protection>,
    /// What goes from `from` to `to`.
    pub request: Vec<DataElement>,
    /// What comes back.
    pub response: Vec<DataElement>,
    /// What happens to the data at `to`.
    pub transforms: Vec<Transform>,
    /// `no-storage: true`: `to` keeps nothing.
    pub no_storage: bool,
    /// What `to` keeps of this hop, where it is a store.
    pub storage: Option<Storage>,
    /// Where the hop is written.
    pub location: Option<Location>,
}

/// What a hop's receiver does with the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// `receive`.
    Receive,
    /// `process`.
    Process,
    /// `store`.
    Store,
    /// `transmit`.
    Transmit,
    /// `dispose`.
    Dispose,
}

/// How data is protected on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protection {
    /// `tls`.
    Tls,
    /// `mtls`.
    MutualTls,
    /// `field-encryption`.
    FieldEncryption,
    /// `none`.
    None,
}

/// An element of account data, or what stands in for it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum DataElement {
    /// `pan`.
    Pan,
    /// `sad`, sensitive authentication data; whether authorisation is over (3.3.1).
    Sad {
        /// True for `sad: after-authorisation`.
        after_authorisation: bool,
    },
    /// `expiry`.
    Expiry,
    /// `name`.
    Name,
    /// `token`.
    Token,
    /// `payment-token`, an EMV payment token.
    PaymentToken,
    /// `truncated`.
    Truncated,
    /// `hash`.
    Hash,
    /// `encrypted`, with who holds the key.
    Encrypted {
        /// Name of the endpoint or third party that holds the key; `None` where not said.
        key_holder: Option<Text>,
    },
}

impl DataElement {
    /// Whether it is account data in clear: card number or sensitive authentication data (PCI DSS 4.0.1 §2).
    pub fn is_account_data(&self) -> bool {
        matches!(self, Self::Pan | Self::Sad { .. })
    }
}

/// What happens to the data at the receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transform {
    /// `tokenise`.
    Tokenise,
    /// `detokenise`.
    Detokenise,
    /// `truncate`.
    Truncate,
    /// `encrypt`.
    Encrypt,
    /// `decrypt`.
    Decrypt,
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

/// Where the internet may come in.
#[derive(Clone, Debug, PartialEq)]
pub struct EntryPoint {
    /// `ns/name[Kind]` or `AWS::Type/name`.
    pub resource: Located<Text>,
    /// Ports, e.g. `443/TCP`; empty permits none.
    pub ports: Vec<Located<Text>>,
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
    /// Who connects.
    pub from: Located<Text>,
    /// To whom.
    pub to: Located<Text>,
    /// Ports, e.g. `443/TCP`.
    pub ports: Vec<Located<Text>>,
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
}

//! Flows of card data: graphs of hops between named endpoints.

use super::Located;
use super::words::words;
use crate::fact::PortRange;
use crate::{Location, Text};

/// A declared path of card data: a graph of hops.
#[derive(Clone, Debug, PartialEq)]
pub struct Flow {
    /// Its id.
    pub id: Located<Text>,
    /// One sentence for people.
    pub title: Option<Text>,
    /// How the card came in; a settlement serves several.
    pub channels: Vec<Channel>,
    /// Which parts of a payment's life it is; a sale is authorisation and capture at once.
    pub stages: Vec<FlowStage>,
    /// Its hops, in the order written.
    pub hops: Vec<Hop>,
}

/// One movement of data between two endpoints.
#[derive(Clone, Debug, PartialEq)]
pub struct Hop {
    /// Its id, unique in the flow.
    pub id: Located<Text>,
    /// One sentence for people.
    pub title: Option<Text>,
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
    pub ports: Vec<Located<PortRange>>,
    /// How the data is protected on the way; empty where not said.
    pub protection: Vec<Protection>,
    /// What goes from `from` to `to`.
    pub request: Vec<DataElement>,
    /// What comes back.
    pub response: Vec<DataElement>,
    /// What happens to the data at `to`.
    pub transforms: Vec<Transform>,
    /// `no-storage: true`: `to` keeps nothing of this hop.
    pub no_storage: bool,
    /// What `to` keeps of this hop, where it is a store.
    pub storage: Option<Storage>,
    /// Where the hop is written.
    pub location: Option<Location>,
}

impl Flow {
    /// The hop with that id.
    pub fn hop(&self, id: &str) -> Option<&Hop> {
        self.hops.iter().find(|hop| *hop.id == id)
    }
}

impl Hop {
    /// Whether account data in clear goes either way.
    pub fn carries_account_data(&self) -> bool {
        self.request.iter().chain(&self.response).any(DataElement::is_account_data)
    }
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
    /// One sentence for people.
    pub title: Option<Text>,
    /// EKS cluster of a workload or service, where several have one of that name.
    pub cluster: Option<Text>,
    /// AWS account of a resource, where several have one of that name.
    pub account: Option<Text>,
    /// Address blocks of what is outside the estate (a bank, a site), as CIDRs.
    pub addresses: Vec<Located<Text>>,
    /// Card data this endpoint touches without a hop: names of endpoints whose payment page it makes
    /// (`influences:`, PCI DSS 6.4.3 and 11.6.1).
    pub influences: Vec<Located<Text>>,
    /// What a store keeps and for how long, unless the hop says otherwise.
    pub storage: Option<Storage>,
}

/// What an endpoint is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndpointTarget {
    /// `workload:`, `ns/name` or `ns/name[Kind]`.
    Workload(Text),
    /// `service:`, a Kubernetes Service, `ns/name`.
    Service(Text),
    /// `resource:`, `AWS::Type/name`, a Terraform address or `ns/name[Kind]`.
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
    /// `retention:`, e.g. `400 days` or `180 days after settlement`.
    pub retention: Option<Text>,
    /// `disposal:`, how card data leaves it.
    pub disposal: Option<Text>,
    /// `backups:`, names of the endpoints that hold copies; `None` where not said, empty where there are none.
    pub backups: Option<Vec<Located<Text>>>,
}

words! {
    /// How the card came in.
    Channel {
        CardPresent = "card-present": "the card is read by a terminal",
        MailTelephone = "mail-telephone": "the cardholder writes or calls (MOTO)",
        ECommerce = "e-commerce": "the cardholder enters it on a web page or in an app",
    }
}

words! {
    /// Which part of a payment's life a flow is.
    FlowStage {
        Authorisation = "authorisation": "the issuer is asked whether the card may be charged",
        Capture = "capture": "the authorised amount is claimed",
        Settlement = "settlement": "captured payments are cleared with the acquirer",
        Refund = "refund": "money goes back to the card",
        Chargeback = "chargeback": "a payment is disputed",
        Report = "report": "figures, reconciliation and fraud analysis",
        Other = "other": "anything else that moves card data",
    }
}

words! {
    /// What a hop's receiver does with the data.
    Role {
        Receive = "receive": "takes card data in from outside",
        Process = "process": "computes with it",
        Store = "store": "keeps it; say for how long, or `no-storage`",
        Transmit = "transmit": "takes it to pass it on",
        Dispose = "dispose": "deletes it for good; the branch ends here",
    }
}

words! {
    /// How data is protected on the way.
    Protection {
        Tls = "tls": "TLS, the server proves who it is",
        MutualTls = "mtls": "TLS, both ends prove who they are",
        FieldEncryption = "field-encryption": "the data itself is encrypted (JWE, point-to-point encryption)",
        None = "none": "in clear",
    }
}

words! {
    /// What happens to the data at the receiver.
    Transform {
        Tokenise = "tokenise": "a card number goes in, a token comes out",
        Detokenise = "detokenise": "a token goes in, a card number comes out",
        Truncate = "truncate": "digits are removed for good",
        Hash = "hash": "a keyed hash is made of it",
        Mask = "mask": "hidden from display, recording or tone; what follows does not hold it",
        Encrypt = "encrypt": "encrypted; what follows carries `encrypted`",
        Decrypt = "decrypt": "decrypted; what follows carries it in clear",
    }
}

words! {
    /// Data elements that need nothing else said.
    PlainElement {
        Pan = "pan": "the card number in clear",
        Expiry = "expiry": "the expiry date",
        Name = "name": "the cardholder's name",
        Token = "token": "a token that only its vault can turn back",
        PaymentToken = "payment-token": "an EMV payment token (network token), usable in place of the card number",
        Truncated = "truncated": "a card number of which digits were removed for good",
        Hash = "hash": "a keyed hash of a card number",
    }
}

words! {
    /// When sensitive authentication data (full track, card verification code, PIN) is there.
    SadTime {
        Before = "before-authorisation": "until the issuer has answered",
        After = "after-authorisation": "once the issuer has answered; only an issuer may keep it (3.3.1)",
    }
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
        /// What is inside; a card number where not said.
        holds: Vec<DataElement>,
    },
}

impl From<PlainElement> for DataElement {
    fn from(element: PlainElement) -> Self {
        match element {
            PlainElement::Pan => Self::Pan,
            PlainElement::Expiry => Self::Expiry,
            PlainElement::Name => Self::Name,
            PlainElement::Token => Self::Token,
            PlainElement::PaymentToken => Self::PaymentToken,
            PlainElement::Truncated => Self::Truncated,
            PlainElement::Hash => Self::Hash,
        }
    }
}

impl DataElement {
    /// Whether it is account data in clear: card number or sensitive authentication data (PCI DSS 4.0.1 §2).
    pub fn is_account_data(&self) -> bool {
        matches!(self, Self::Pan | Self::Sad { .. })
    }
}

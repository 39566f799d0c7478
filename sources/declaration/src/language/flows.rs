//! The flow language: endpoints, flows, hops, data and storage.

use ringfence_model::declaration::{Channel, FlowStage, PlainElement, Protection, Role, SadTime, Transform};

use super::{Choice, Key, Record, Shape, optional, required};
use crate::form;

/// The keys of an endpoint of which exactly one says what it is.
pub(crate) const TARGETS: &[&str] = &[
    "workload",
    "service",
    "resource",
    "internet",
    "customer-browser",
    "person",
    "role",
    "site",
    "third-party",
];

const NAMES: Shape = Shape::Many(&Shape::Text(&form::NAME));

pub(crate) static ENDPOINT: Record = Record {
    noun: "an endpoint",
    name: "endpoint",
    about: "One end of hops. Exactly one key says what it is.",
    keys: &[
        optional(
            "workload",
            Shape::Text(&form::WORKLOAD),
            "What runs pods: `NAMESPACE/NAME` or `NAMESPACE/NAME[KIND]`.",
        ),
        optional("service", Shape::Text(&form::SERVICE), "A Kubernetes Service: `NAMESPACE/NAME`."),
        optional(
            "resource",
            Shape::Text(&form::RESOURCE),
            "An AWS resource as `AWS::TYPE/NAME` (logical id, Terraform or physical name), a Terraform address, \
             or another Kubernetes object as `NAMESPACE/NAME[KIND]`.",
        ),
        optional("internet", Shape::Marker, "Anyone on the internet: `internet: {}`."),
        optional(
            "customer-browser",
            Shape::Marker,
            "The cardholder's browser or app: `customer-browser: {}`. It is nobody's system component, but what \
             makes the page that it shows is.",
        ),
        optional("person", Shape::Text(&form::NAME), "People by what they do, e.g. `call centre agent`."),
        optional(
            "role",
            Shape::Text(&form::NAME),
            "An IAM role or Kubernetes group that people or jobs take on.",
        ),
        optional(
            "site",
            Shape::Text(&form::NAME),
            "A place with its equipment: a shop, a call centre, an office.",
        ),
        optional(
            "third-party",
            Shape::Text(&form::NAME),
            "A company outside, by its name in `third-parties`: payment provider, acquirer, telephone carrier.",
        ),
        TITLE,
        optional(
            "cluster",
            Shape::Text(&form::NAME),
            "The EKS cluster of a workload or service, where several have one of that name.",
        ),
        optional(
            "account",
            Shape::Text(&form::ACCOUNT_ID),
            "The AWS account of a resource, where several have one of that name.",
        ),
        optional(
            "addresses",
            Shape::Many(&Shape::Text(&form::CIDR)),
            "Address blocks of what lies outside the estate, so that network rules towards it can be told.",
        ),
        optional(
            "influences",
            NAMES,
            "Names of the endpoints whose payment page this one makes or can change, though no card number passes \
             it: the server of a page with a provider's iframe or redirect, a tag manager, a content network \
             (PCI DSS 6.4.3, 11.6.1). It counts as security-impacting.",
        ),
        optional(
            "storage",
            Shape::Record(&STORAGE),
            "What this store keeps, unless the hop that stores says otherwise.",
        ),
    ],
    choice: Choice::OneOf(TARGETS),
};

const TITLE: Key = optional("title", Shape::Text(&form::PROSE), "One sentence for people.");
const RETENTION: Key = optional(
    "retention",
    Shape::Text(&form::RETENTION),
    "How long it is kept (PCI DSS 3.2.1): `13 months`, `180 days after settlement`, `1 hour`.",
);
const DISPOSAL: Key = optional(
    "disposal",
    Shape::Text(&form::PROSE),
    "How it is deleted when the time is over: lifecycle rule, job, crypto-shredding.",
);
const BACKUPS: Key =
    optional("backups", NAMES, "Names of the endpoints that hold copies. `[]` says that there are none.");

pub(crate) static STORAGE: Record = Record {
    noun: "a storage",
    name: "storage",
    about: "What is kept, how long, and how it is deleted (PCI DSS 3.2.1).",
    keys: &[RETENTION, DISPOSAL, BACKUPS],
    choice: Choice::AtLeastOne,
};

pub(crate) static FLOW: Record = Record {
    noun: "a flow",
    name: "flow",
    about: "One path of card data: a graph of hops. Hops branch where several name the same one in `after`.",
    keys: &[
        required("id", Shape::Text(&form::ID), "Its id, unique in the file."),
        TITLE,
        required(
            "channel",
            Shape::Many(&Shape::Word(Channel::WORDS)),
            "How the card came in; several for what serves several, such as settlement.",
        ),
        required(
            "stage",
            Shape::Many(&Shape::Word(FlowStage::WORDS)),
            "Which part of a payment's life it is; a sale is authorisation and capture at once.",
        ),
        required("hops", Shape::List(&Shape::Record(&HOP)), "The movements of data, in any order."),
    ],
    choice: Choice::Free,
};

pub(crate) static HOP: Record = Record {
    noun: "a hop",
    name: "hop",
    about: "One movement of data between two endpoints, and what the receiver does with it.",
    keys: &[
        required("id", Shape::Text(&form::ID), "Its id, unique in the flow."),
        TITLE,
        required(
            "from",
            Shape::Text(&form::NAME),
            "The endpoint that opens the connection or sends the file.",
        ),
        required("to", Shape::Text(&form::NAME), "The endpoint that answers or receives."),
        required("role", Shape::Many(&Shape::Word(Role::WORDS)), "What `to` does with the data."),
        optional(
            "after",
            NAMES,
            "Ids of the hops that this one follows. A hop without it is an entry of the flow.",
        ),
        optional(
            "asynchronous",
            Shape::Bool,
            "True where it happens later: by queue, file or batch. What lies between is stored.",
        ),
        optional(
            "ports",
            Shape::Many(&Shape::Text(&form::PORT)),
            "Ports of `to`: `443/TCP`, `8000-8080/TCP`.",
        ),
        optional(
            "protection",
            Shape::Many(&Shape::Word(Protection::WORDS)),
            "How it is protected on the way.",
        ),
        required("data", Shape::Record(&DATA), "What goes each way."),
        optional(
            "transforms",
            Shape::Many(&Shape::Word(Transform::WORDS)),
            "What happens to the data at `to`. Detokenising is a hop of its own: a token goes in, a card number \
             comes back.",
        ),
        optional("no-storage", Shape::Bool, "True where `to` keeps nothing of it, not even for a while."),
        optional(
            "storage",
            Shape::Record(&STORAGE),
            "What `to` keeps of it. Or write the three keys on the hop.",
        ),
        RETENTION,
        DISPOSAL,
        BACKUPS,
    ],
    choice: Choice::Free,
};

pub(crate) static DATA: Record = Record {
    noun: "data",
    name: "data",
    about: "What goes each way. The two differ: a card number goes out, a token comes back. A direction that \
            is left out, or empty, carries no account data.",
    keys: &[
        optional("request", Shape::Many(&ELEMENT), "What goes from `from` to `to`."),
        optional("response", Shape::Many(&ELEMENT), "What comes back."),
    ],
    choice: Choice::AtLeastOne,
};

static ELEMENT: Shape = Shape::Either(&Shape::Word(PlainElement::WORDS), &QUALIFIED);

static QUALIFIED: Record = Record {
    noun: "a data element",
    name: "data-element",
    about: "A data element of which more must be said.",
    keys: &[
        optional("sad", Shape::Word(SadTime::WORDS), SAD),
        optional(
            "encrypted",
            Shape::Record(&ENCRYPTED),
            "Encrypted data. It is out of scope only where neither \
             the key nor anyone able to decrypt is in the same environment.",
        ),
    ],
    choice: Choice::OneOf(&["sad", "encrypted"]),
};

const SAD: &str = "Sensitive authentication data: full track, card verification code, PIN or PIN block.";

static ENCRYPTED: Record = Record {
    noun: "encrypted data",
    name: "encrypted",
    about: "Encrypted data, with who can decrypt it.",
    keys: &[
        required("key-holder", Shape::Text(&form::NAME), "The endpoint or third party that holds the key."),
        optional(
            "holds",
            Shape::Many(&Shape::Either(&Shape::Word(PlainElement::WORDS), &INNER)),
            "What is inside; `pan` where it is left out.",
        ),
    ],
    choice: Choice::Free,
};

static INNER: Record = Record {
    noun: "a data element",
    name: "encrypted-element",
    about: "A data element of which more must be said.",
    keys: &[optional("sad", Shape::Word(SadTime::WORDS), SAD)],
    choice: Choice::OneOf(&["sad"]),
};

//! The language as a table: every key with its shape and its explanation.
//!
//! The checks, the suggestions and the editor schema all come from here, so that none of them can
//! say something else.

pub(crate) mod flows;
mod lists;

use crate::form::{self, Form};
use flows::{ENDPOINT, FLOW};
use lists::{
    ACCOUNT, ADMINISTRATOR, ATTESTATION, CLASS, ENTRY_POINT, EXCEPTION, REGISTERED, SOURCE, SYSTEM_AGENT,
    THIRD_PARTY,
};
use ringfence_model::declaration::Entity;

/// A word with its explanation.
pub(crate) type Word = (&'static str, &'static str);

/// What may stand as a value.
#[derive(Debug)]
pub(crate) enum Shape {
    /// A text of some form.
    Text(&'static Form),
    /// A truth value.
    Bool,
    /// One of these words.
    Word(&'static [Word]),
    /// A list.
    List(&'static Shape),
    /// One value, or a list of them.
    Many(&'static Shape),
    /// A map with fixed keys.
    Record(&'static Record),
    /// A map from names that the writer chooses.
    Named(&'static Record),
    /// A text or word, or a map that says more.
    Either(&'static Shape, &'static Record),
    /// Nothing more to say: `{}`.
    Marker,
    /// Labels, or a label selector of the Kubernetes API.
    Labels,
    /// A map from texts to texts.
    Tags,
}

/// A map with fixed keys.
#[derive(Debug)]
pub(crate) struct Record {
    /// What it is, with its article: `a hop`.
    pub(crate) noun: &'static str,
    /// Its name in the editor schema.
    pub(crate) name: &'static str,
    /// What it is for.
    pub(crate) about: &'static str,
    /// Its keys, in the order that people write them.
    pub(crate) keys: &'static [Key],
    /// Which of the optional keys must be there.
    pub(crate) choice: Choice,
}

/// Which of the optional keys must be there.
#[derive(Debug)]
pub(crate) enum Choice {
    /// Any or none.
    Free,
    /// Exactly one of these.
    OneOf(&'static [&'static str]),
    /// One or more of all keys.
    AtLeastOne,
}

/// A key of a record.
#[derive(Debug)]
pub(crate) struct Key {
    /// As written.
    pub(crate) name: &'static str,
    /// What it means.
    pub(crate) about: &'static str,
    /// Whether it must be there.
    pub(crate) required: bool,
    /// What may stand there.
    pub(crate) shape: Shape,
}

impl Record {
    /// The key called `name`.
    pub(crate) fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }
}

const fn required(name: &'static str, shape: Shape, about: &'static str) -> Key {
    Key { name, about, required: true, shape }
}

const fn optional(name: &'static str, shape: Shape, about: &'static str) -> Key {
    Key { name, about, required: false, shape }
}

/// The whole file.
pub(crate) static DECLARATION: Record = Record {
    noun: "a declaration",
    name: "declaration",
    about: "Where card data flows, and what people say of the estate. A list that is left out is unknown, \
            and what needs it is reported as unknown; an empty list is an answer.",
    keys: &[
        required("schema", Shape::Text(&form::SCHEMA), "The version of this language."),
        optional("entity", Shape::Word(Entity::WORDS), "What the assessed party is."),
        optional("sources", Shape::List(&SOURCE), "What to read, and where it belongs."),
        optional(
            "exclude",
            Shape::List(&Shape::Text(&form::GLOB)),
            "Paths not to read, as globs from the folder of this file. Every skip is counted.",
        ),
        optional(
            "third-parties",
            Shape::List(&Shape::Record(&THIRD_PARTY)),
            "Companies outside that handle card data or could affect its security (PCI DSS 12.8). Where the \
             list is given, it must hold every third party that an endpoint names.",
        ),
        optional(
            "endpoints",
            Shape::Named(&ENDPOINT),
            "The ends of hops, each under a short name that hops refer to.",
        ),
        optional(
            "flows",
            Shape::List(&Shape::Record(&FLOW)),
            "Every path of card data from entry to disposal (PCI DSS 1.2.4, 12.5.2). Without it everything is \
             presumed in scope; an empty list says that there is no card data at all.",
        ),
        optional(
            "classes",
            Shape::List(&Shape::Record(&CLASS)),
            "What people say of resources: class, function, owner (PCI DSS 12.5.1). Segmentation controls \
             compare this with what the network allows.",
        ),
        optional(
            "registries",
            Shape::List(&Shape::Text(&form::REGISTRY)),
            "Registries that images may come from: a host, or a host with a path.",
        ),
        optional(
            "administrators",
            Shape::List(&Shape::Either(&Shape::Text(&form::NAME), &ADMINISTRATOR)),
            "Who may administer a cluster (PCI DSS 7.2.2): people, groups, roles and service accounts. An entry \
             that is a plain text stands for a subject of any kind.",
        ),
        optional(
            "system-agents",
            Shape::List(&Shape::Either(&Shape::Text(&form::WORKLOAD), &SYSTEM_AGENT)),
            "Workloads that may touch the node (network plugins, log and security agents).",
        ),
        optional(
            "capabilities",
            Shape::List(&Shape::Text(&form::CAPABILITY)),
            "Linux capabilities that containers may add, without the prefix `CAP_`.",
        ),
        optional(
            "entry-points",
            Shape::List(&Shape::Record(&ENTRY_POINT)),
            "Where the internet may come in (PCI DSS 1.4.2).",
        ),
        optional(
            "register",
            Shape::List(&Shape::Record(&REGISTERED)),
            "Permitted services, protocols and ports, with the business need (PCI DSS 1.2.5).",
        ),
        optional("accounts", Shape::List(&Shape::Record(&ACCOUNT)), "The AWS accounts of the estate."),
        optional(
            "exceptions",
            Shape::List(&Shape::Record(&EXCEPTION)),
            "Findings that are accepted for a time. An expired exception does not count.",
        ),
        optional(
            "attestations",
            Shape::List(&Shape::Record(&ATTESTATION)),
            "What a person states for a requirement that no file can show.",
        ),
    ],
    choice: Choice::Free,
};

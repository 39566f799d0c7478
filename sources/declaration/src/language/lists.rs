//! The lists beside the flows: who, what and where is permitted.

use ringfence_model::declaration::Party;

use super::{Choice, Record, Shape, Word, optional, required};
use crate::form;

/// Classes that a person may declare; `unknown` is left out by leaving the entry out.
const CLASSES: &[Word] = &[
    ("cde", "stores, processes or transmits card data, or is connected without restriction to what does"),
    ("connected-to", "connected to the CDE, narrowed by a control"),
    (
        "security-impacting",
        "could affect the security of the CDE: identity, deployment, name resolution, page servers",
    ),
    ("out-of-scope", "none of the others; segmentation controls hold it to that"),
];

pub(super) static SOURCE: Shape = Shape::Either(&Shape::Text(&form::PATH), &SOURCE_ENTRY);

static SOURCE_ENTRY: Record = Record {
    noun: "a source",
    name: "source",
    about: "A file or folder, and where what it describes belongs.",
    keys: &[
        required("path", Shape::Text(&form::PATH), "From the folder of this file."),
        optional("cluster", Shape::Text(&form::NAME), "The EKS cluster that the manifests belong to."),
        optional("account", Shape::Text(&form::ACCOUNT_ID), "The AWS account of the template or plan."),
        optional("region", Shape::Text(&form::NAME), "The AWS region of the template or plan."),
        optional("stack", Shape::Text(&form::NAME), "The CloudFormation stack; else the name of the file."),
    ],
    choice: Choice::Free,
};

pub(super) static THIRD_PARTY: Record = Record {
    noun: "a third party",
    name: "third-party",
    about: "A company outside that handles card data or could affect its security.",
    keys: &[
        required("name", Shape::Text(&form::NAME), "The name that endpoints and `key-holder` refer to."),
        optional("service", Shape::Text(&form::PROSE), "What it does (PCI DSS 12.8.1)."),
        optional(
            "attestation",
            Shape::Record(&ATTESTED),
            "Its attestation of compliance (PCI DSS 12.8.4). Leave it out where there is none.",
        ),
        optional(
            "responsibility",
            Shape::Either(&Shape::Word(Party::WORDS), &RESPONSIBILITY),
            "Who answers for which requirement (PCI DSS 12.8.5): one word for all, or requirement by requirement.",
        ),
    ],
    choice: Choice::Free,
};

static ATTESTED: Record = Record {
    noun: "an attestation",
    name: "third-party-attestation",
    about: "An attestation of compliance.",
    keys: &[
        required("reference", Shape::Text(&form::PROSE), "Which document: kind, version, assessor, date."),
        optional("valid-until", Shape::Text(&form::DATE), "The last day on which it counts."),
    ],
    choice: Choice::Free,
};

const REQUIREMENTS: Shape = Shape::Many(&Shape::Text(&form::REQUIREMENT));

static RESPONSIBILITY: Record = Record {
    noun: "a responsibility",
    name: "responsibility",
    about: "Who answers for which requirement.",
    keys: &[
        optional("third-party", REQUIREMENTS, "Requirements that the third party alone answers for."),
        optional("entity", REQUIREMENTS, "Requirements that the assessed entity alone answers for."),
        optional("shared", REQUIREMENTS, "Requirements that both answer for, each for a part."),
        optional("otherwise", Shape::Word(Party::WORDS), "Who answers for all that is not listed."),
    ],
    choice: Choice::AtLeastOne,
};

pub(super) static CLASS: Record = Record {
    noun: "a class entry",
    name: "class",
    about: "What people say of the resources that match. The first entry that matches counts.",
    keys: &[
        required("class", Shape::Word(CLASSES), "The declared class."),
        optional("function", Shape::Text(&form::PROSE), "What the resources are for (PCI DSS 12.5.1)."),
        optional("owner", Shape::Text(&form::PROSE), "The person or team that answers for them."),
        required("match", Shape::Record(&MATCH), "Which resources it covers."),
    ],
    choice: Choice::Free,
};

const TEXTS: Shape = Shape::Many(&Shape::Text(&form::NAME));

static MATCH: Record = Record {
    noun: "a match",
    name: "match",
    about: "Which resources an entry covers. All keys that are given must match; of a list, any item.",
    keys: &[
        optional("namespaces", TEXTS, "Kubernetes namespaces; `*` and `prefix-*` are globs."),
        optional(
            "labels",
            Shape::Labels,
            "Labels of the object or, for a workload, of its pods: plain labels, or `matchLabels` and \
             `matchExpressions`.",
        ),
        optional("namespace-labels", Shape::Labels, "Labels of the namespace, likewise."),
        optional("tags", Shape::Tags, "AWS tags, all of which must be there."),
        optional(
            "resources",
            TEXTS,
            "`NAMESPACE/NAME[KIND]`, `AWS::TYPE/NAME` or Terraform addresses; `*` is a glob.",
        ),
        optional("kinds", TEXTS, "Kinds: `Deployment`, `AWS::RDS::DBInstance`."),
        optional("accounts", Shape::Many(&Shape::Text(&form::ACCOUNT_ID)), "AWS accounts."),
        optional("clusters", TEXTS, "EKS clusters."),
    ],
    choice: Choice::AtLeastOne,
};

pub(super) static ADMINISTRATOR: Record = Record {
    noun: "an administrator",
    name: "administrator",
    about: "Someone who may administer a cluster. Exactly one key says who.",
    keys: &[
        optional("group", Shape::Text(&form::NAME), "A Kubernetes group."),
        optional("user", Shape::Text(&form::NAME), "A Kubernetes user."),
        optional("arn", Shape::Text(&form::ARN), "An IAM role or user."),
        optional("service-account", Shape::Text(&form::SERVICE), "A service account: `NAMESPACE/NAME`."),
        optional("reason", Shape::Text(&form::PROSE), "Why (PCI DSS 7.2.2)."),
    ],
    choice: Choice::OneOf(&["group", "user", "arn", "service-account"]),
};

pub(super) static SYSTEM_AGENT: Record = Record {
    noun: "a system agent",
    name: "system-agent",
    about: "A workload that may touch the node.",
    keys: &[
        required("workload", Shape::Text(&form::WORKLOAD), "`NAMESPACE/NAME[KIND]`."),
        optional("reason", Shape::Text(&form::PROSE), "Why it must."),
    ],
    choice: Choice::Free,
};

const PORTS: Shape = Shape::Many(&Shape::Text(&form::PORT));
const PURPOSE: &str = "The business need (PCI DSS 1.2.5).";
const APPROVER: &str = "Who approved it.";
const REVIEW: &str = "When it is looked at again (PCI DSS 1.2.7).";

pub(super) static ENTRY_POINT: Record = Record {
    noun: "an entry point",
    name: "entry-point",
    about: "A place where the internet may come in.",
    keys: &[
        required("resource", Shape::Text(&form::RESOURCE), "`NAMESPACE/NAME[KIND]` or `AWS::TYPE/NAME`."),
        required("ports", PORTS, "Ports that may be open to the internet: `443/TCP`."),
        optional("purpose", Shape::Text(&form::PROSE), PURPOSE),
        optional("approver", Shape::Text(&form::PROSE), APPROVER),
        optional("review", Shape::Text(&form::DATE), REVIEW),
    ],
    choice: Choice::Free,
};

const PEER: Shape = Shape::Text(&form::PEER);

pub(super) static REGISTERED: Record = Record {
    noun: "a register entry",
    name: "register-entry",
    about: "A permitted service.",
    keys: &[
        required(
            "from",
            PEER,
            "Who connects: `NAMESPACE/NAME[KIND]`, `NAMESPACE/*`, an address block, `internet`, a class, or the name \
             of an endpoint.",
        ),
        required("to", PEER, "To whom, in the same words."),
        required("ports", PORTS, "`443/TCP`, `8000-8080/TCP`."),
        optional("purpose", Shape::Text(&form::PROSE), PURPOSE),
        optional("approver", Shape::Text(&form::PROSE), APPROVER),
        optional("review", Shape::Text(&form::DATE), REVIEW),
    ],
    choice: Choice::Free,
};

pub(super) static ACCOUNT: Record = Record {
    noun: "an account",
    name: "account",
    about: "An AWS account of the estate.",
    keys: &[
        required("id", Shape::Text(&form::ACCOUNT_ID), "Its twelve digits, in quotes."),
        optional("name", Shape::Text(&form::NAME), "Its name."),
        optional(
            "class",
            Shape::Word(CLASSES),
            "The declared class of everything in it that no entry of `classes` matches.",
        ),
    ],
    choice: Choice::Free,
};

pub(super) static EXCEPTION: Record = Record {
    noun: "an exception",
    name: "exception",
    about: "A finding that is accepted for a time.",
    keys: &[
        required(
            "control",
            Shape::Text(&form::NAME),
            "A control (`WL05.2`) or a row with all of its controls (`WL05`).",
        ),
        required(
            "subject",
            Shape::Text(&form::NAME),
            "The subject as findings print it: `NAMESPACE/NAME[KIND]`, `AWS::TYPE/NAME`.",
        ),
        required("reason", Shape::Text(&form::PROSE), "Why it is accepted."),
        required("owner", Shape::Text(&form::PROSE), "Who answers for it."),
        optional("compensating-control", Shape::Text(&form::PROSE), "What stands in for the control."),
        required("expires", Shape::Text(&form::DATE), "The last day on which it counts."),
    ],
    choice: Choice::Free,
};

pub(super) static ATTESTATION: Record = Record {
    noun: "an attestation",
    name: "attestation",
    about: "What a person states for a requirement that no file can show.",
    keys: &[
        required("requirement", Shape::Text(&form::REQUIREMENT), "The requirement, in quotes: \"12.10.1\"."),
        required("statement", Shape::Text(&form::PROSE), "The statement."),
        required("by", Shape::Text(&form::PROSE), "Who states it."),
        required("date", Shape::Text(&form::DATE), "When."),
    ],
    choice: Choice::Free,
};

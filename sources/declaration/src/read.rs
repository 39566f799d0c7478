//! A checked document into the model's declaration.
//!
//! What the check has refused is left out here without a word: it is reported already.

mod flow;
mod value;

use ringfence_model::declaration::{
    Account, Administrator, AdministratorKind, Attestation, Attested, ClassEntry, ClassMatch, Declaration,
    Entity, EntryPoint, Exception, Party, RegisterEntry, Responsibility, SourceEntry, ThirdParty,
};
use ringfence_model::fact::ScopeClass;
use ringfence_model::selector::Selector;
use ringfence_model::{FileId, Node, Text};

use crate::check::labels;
use value::{list, located, many, ports, records, text, word};

/// All of a document that can be read.
pub(crate) fn declaration(file: FileId, document: &Node) -> Declaration {
    Declaration {
        file: Some(file),
        entity: word(document, "entity", Entity::parse),
        sources: list(document, "sources", source).unwrap_or_default(),
        exclude: list(document, "exclude", value::item).unwrap_or_default(),
        third_parties: list(document, "third-parties", third_party),
        endpoints: records(document, "endpoints", flow::endpoint),
        flows: list(document, "flows", flow::flow),
        classes: list(document, "classes", class),
        registries: list(document, "registries", value::item),
        administrators: list(document, "administrators", administrator),
        system_agents: list(document, "system-agents", |item| {
            value::item(item).or_else(|| located(item, "workload"))
        }),
        capabilities: list(document, "capabilities", value::item),
        entry_points: list(document, "entry-points", entry_point),
        register: list(document, "register", registered),
        accounts: list(document, "accounts", account),
        exceptions: list(document, "exceptions", exception).unwrap_or_default(),
        attestations: list(document, "attestations", attestation).unwrap_or_default(),
    }
}

fn source(item: &Node) -> Option<SourceEntry> {
    Some(SourceEntry {
        path: value::item(item).or_else(|| located(item, "path"))?,
        cluster: text(item, "cluster"),
        account: text(item, "account"),
        region: text(item, "region"),
        stack: text(item, "stack"),
    })
}

fn third_party(item: &Node) -> Option<ThirdParty> {
    let attested = |node: &Node| {
        Some(Attested { reference: located(node, "reference")?, valid_until: located(node, "valid-until") })
    };
    Some(ThirdParty {
        name: located(item, "name")?,
        service: text(item, "service"),
        attestation: item.get("attestation").and_then(attested),
        responsibility: item.get("responsibility").map(responsibility),
    })
}

fn responsibility(node: &Node) -> Responsibility {
    if let Some(word) = node.as_str() {
        return Responsibility { otherwise: Party::parse(word), requirements: Vec::new() };
    }
    let of = |party: &Party| {
        let party = *party;
        many(node, party.as_str(), value::item).into_iter().map(move |requirement| (requirement, party))
    };
    Responsibility {
        otherwise: word(node, "otherwise", Party::parse),
        requirements: Party::ALL.iter().flat_map(of).collect(),
    }
}

fn class(item: &Node) -> Option<ClassEntry> {
    Some(ClassEntry {
        class: word(item, "class", ScopeClass::parse)?,
        function: text(item, "function"),
        owner: text(item, "owner"),
        matches: class_match(item.get("match")?),
        location: item.location(),
    })
}

fn class_match(node: &Node) -> ClassMatch {
    let texts = |key: &str| many(node, key, |item| item.as_str().map(Text::from));
    let selector = |key: &str| node.get(key).map_or_else(Selector::default, labels);
    let tags = node.get("tags").map(Node::entries).unwrap_or_default();
    ClassMatch {
        namespaces: texts("namespaces"),
        labels: selector("labels"),
        namespace_labels: selector("namespace-labels"),
        tags: tags
            .iter()
            .filter_map(|tag| Some((Text::from(&*tag.key), tag.node.as_str()?.into())))
            .collect(),
        resources: texts("resources"),
        kinds: texts("kinds"),
        accounts: texts("accounts"),
        clusters: texts("clusters"),
    }
}

/// As bindings name subjects: a service account is `system:serviceaccount:NAMESPACE:NAME`.
fn administrator(item: &Node) -> Option<Administrator> {
    if let Some(name) = value::item(item) {
        return Some(Administrator { kind: None, name });
    }
    let named = |kind: &AdministratorKind| Some((*kind, located(item, kind.as_str())?));
    let (kind, mut name) = AdministratorKind::ALL.iter().find_map(named)?;
    if kind == AdministratorKind::ServiceAccount {
        name.value = format!("system:serviceaccount:{}", name.replacen('/', ":", 1)).into();
    }
    Some(Administrator { kind: Some(kind), name })
}

fn entry_point(item: &Node) -> Option<EntryPoint> {
    Some(EntryPoint {
        resource: located(item, "resource")?,
        ports: ports(item, "ports"),
        purpose: text(item, "purpose"),
        approver: text(item, "approver"),
        review: text(item, "review"),
    })
}

fn registered(item: &Node) -> Option<RegisterEntry> {
    Some(RegisterEntry {
        from: located(item, "from")?,
        to: located(item, "to")?,
        ports: ports(item, "ports"),
        purpose: text(item, "purpose"),
        approver: text(item, "approver"),
        review: text(item, "review"),
    })
}

fn account(item: &Node) -> Option<Account> {
    Some(Account {
        id: located(item, "id")?,
        name: text(item, "name"),
        class: word(item, "class", ScopeClass::parse),
    })
}

fn exception(item: &Node) -> Option<Exception> {
    Some(Exception {
        control: located(item, "control")?,
        subject: located(item, "subject")?,
        reason: text(item, "reason")?,
        owner: text(item, "owner")?,
        compensating_control: text(item, "compensating-control"),
        expires: text(item, "expires")?,
    })
}

fn attestation(item: &Node) -> Option<Attestation> {
    Some(Attestation {
        requirement: located(item, "requirement")?,
        statement: text(item, "statement")?,
        by: text(item, "by")?,
        date: text(item, "date")?,
    })
}

//! Estates and declarations for tests.
//!
//! An estate is JSON: Kubernetes objects as they are, AWS resources as `{"Type", "Id", "Properties"}` with
//! `{"Ref": "Id"}` for references. A declaration is lines:
//!
//! ```text
//! end vault: workload cde/vault              browser, third-party NAME, resource LABEL, person, …
//! end web: workload shop/web; influences psp     also: keep 400 days, addresses CIDR, backups NAME
//! flow sale
//! hop a: browser > vault; receive no-storage; pan / token; after x; tokenise
//! class cde: namespaces=cde owner=pay function=vault
//! register shop/web > cde/*: 443/TCP 8000-8080/TCP
//! ```

use ringfence_model::declaration::{
    Channel, ClassEntry, DataElement, Declaration, Endpoint, EndpointTarget, Flow, FlowStage, Hop, Located,
    RegisterEntry, Role, Storage, Transform,
};
use ringfence_model::fact::{PortRange, Protocol, ScopeClass, ScopeFacts};
use ringfence_model::selector::{Operator, Requirement, Selector};
use ringfence_model::{
    Cause, Diagnostic, Estate, EstateBuilder, FileId, Kind, Location, Map, Node, Origin, Resource, Stage,
    Target, Text, Value,
};
use ringfence_reach::{Profile, Reach};
use serde_json::Value as Json;

/// Everything that the engine is asked with, and what it says.
pub(crate) struct Case {
    pub(crate) estate: Estate,
    pub(crate) declaration: Declaration,
    pub(crate) reach: Reach,
    pub(crate) facts: ScopeFacts,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl Case {
    pub(crate) fn new(resources: &Json, lines: &str) -> Self {
        let mut builder = EstateBuilder::default();
        let file = builder.sources_mut().add("ringfence.yaml", lines);
        builder.extend(resources.as_array().expect("a list").iter().map(object));
        let (estate, _) = builder.finish();
        let declaration = declaration(file, lines);
        let (reach, _) = Reach::new(&estate, Profile::Spec);
        let (facts, diagnostics) = crate::scope(&estate, &declaration, &reach);
        Self { estate, declaration, reach, facts, diagnostics }
    }

    /// `label class network segment identity impact`, tests by their first letter (`P`, `F`, `-`).
    pub(crate) fn line(&self, label: &str) -> String {
        let ids = self.estate.find(label);
        let fact = self.facts.of(*ids.first().unwrap_or_else(|| panic!("{label} is not there"))).unwrap();
        let tests = [fact.tests.network, fact.tests.segment, fact.tests.identity, fact.tests.impact];
        let letters: Vec<&str> = tests
            .iter()
            .map(|test| match test.as_str() {
                "passed" => "P",
                "failed" => "F",
                _ => "-",
            })
            .collect();
        format!("{} {}", fact.class.as_str(), letters.join(""))
    }

    pub(crate) fn why(&self, label: &str) -> Vec<String> {
        let ids = self.estate.find(label);
        let fact = ids.first().and_then(|id| self.facts.of(*id)).unwrap();
        fact.reasons.iter().map(|reason| reason.text.clone()).collect()
    }

    /// `verdict subject line: message` for each answer.
    pub(crate) fn answers(&self, query: &str) -> Vec<String> {
        let answers = crate::ask(query, &self.estate, &self.declaration, &self.facts, &self.reach).unwrap();
        let line = |location: &Location| self.estate.sources().position(*location).line.to_string();
        answers
            .iter()
            .map(|one| {
                let lines: Vec<String> = one.locations.iter().map(line).collect();
                format!("{} {} {}: {}", one.verdict, one.subject.label(), lines.join(","), one.message)
            })
            .collect()
    }
}

fn object(json: &Json) -> Resource {
    let text = |path: &str| json.pointer(path).and_then(Json::as_str);
    if let Some(kind) = text("/Type") {
        let body = node(json.get("Properties").unwrap_or(&Json::Null));
        let mut resource = Resource::new(Kind::new(kind), text("/Id").unwrap(), body, Stage::Template);
        (resource.scope, resource.address) = (Some("t".into()), text("/Id").map(Text::from));
        resource.place.account = text("/Account").map(Text::from);
        return resource;
    }
    let kind = Kind::kubernetes(text("/apiVersion").unwrap(), text("/kind").unwrap());
    let mut resource = Resource::new(kind, text("/metadata/name").unwrap(), node(json), Stage::Manifest);
    resource.place.namespace = text("/metadata/namespace").map(Text::from);
    resource.place.cluster = text("/cluster").map(Text::from);
    resource
}

fn node(json: &Json) -> Node {
    let origin = Origin::Default(&TEST);
    let value = match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(value) => Value::Int(value.as_i64().unwrap()),
        Json::String(text) => text.as_str().into(),
        Json::Array(items) => items.iter().map(node).collect::<Vec<_>>().into(),
        Json::Object(map) => match (map.get("Ref"), map.get("Unknown")) {
            (Some(Json::String(address)), _) => {
                let target = Target { scope: "t".into(), address: address.into(), attribute: None };
                return Node::unresolved(Cause::Assigned(address.into()), Some(target), origin);
            }
            (_, Some(Json::String(name))) => {
                return Node::unresolved(Cause::Parameter(name.into()), None, origin);
            }
            _ => map.iter().map(|(key, json)| (key.as_str().into(), node(json))).collect::<Map>().into(),
        },
    };
    Node::new(value, origin)
}

/// Resources of tests are neither derived nor written anywhere.
static TEST: ringfence_model::Document = ringfence_model::Document { title: "test", address: "" };

fn declaration(file: FileId, lines: &str) -> Declaration {
    let mut declaration = Declaration { file: Some(file), ..Declaration::default() };
    let mut start = 0;
    for line in lines.split_inclusive('\n') {
        let at = Location::new(file, start, start + line.len());
        start += line.len();
        let (head, rest) = line.trim().split_once(':').unwrap_or((line.trim(), ""));
        let (word, name) = head.split_once(' ').unwrap_or((head, ""));
        match word {
            "end" => declaration.endpoints.push(endpoint(name, rest, at)),
            "flow" => declaration.flows.get_or_insert_default().push(Flow {
                id: located(name, at),
                title: None,
                channels: vec![Channel::ECommerce],
                stages: vec![FlowStage::Authorisation],
                hops: Vec::new(),
            }),
            "hop" => declaration.flows.as_mut().unwrap().last_mut().unwrap().hops.push(hop(name, rest, at)),
            "class" => declaration.classes.get_or_insert_default().push(class(name, rest, at)),
            "classes" => declaration.classes = Some(Vec::new()),
            "register" => declaration.register.get_or_insert_default().push(registered(name, rest, at)),
            _ => assert_eq!(word, ""),
        }
    }
    declaration
}

fn located(text: &str, at: Location) -> Located<Text> {
    Located::new(text.trim().into(), Some(at))
}

fn endpoint(name: &str, rest: &str, at: Location) -> Endpoint {
    let mut parts = rest.split(';').map(str::trim);
    let (word, value) = parts.next().and_then(|part| part.split_once(' ')).unwrap_or((rest.trim(), ""));
    let value = Text::from(value);
    let target = match word {
        "workload" => EndpointTarget::Workload(value),
        "service" => EndpointTarget::Service(value),
        "resource" => EndpointTarget::Resource(value),
        "role" => EndpointTarget::Role(value),
        "person" => EndpointTarget::Person(value),
        "third-party" => EndpointTarget::ThirdParty(value),
        "browser" => EndpointTarget::CustomerBrowser,
        "internet" => EndpointTarget::Internet,
        other => panic!("{other}"),
    };
    let mut endpoint = Endpoint {
        name: located(name, at),
        target,
        location: Some(at),
        title: None,
        cluster: None,
        account: None,
        addresses: Vec::new(),
        influences: Vec::new(),
        storage: None,
    };
    for (key, value) in parts.filter_map(|part| part.split_once(' ')) {
        match key {
            "influences" => endpoint.influences.push(located(value, at)),
            "addresses" => endpoint.addresses.push(located(value, at)),
            "cluster" => endpoint.cluster = Some(value.into()),
            "keep" => {
                let storage = endpoint.storage.get_or_insert_default();
                (storage.retention, storage.disposal) = (Some(value.into()), Some("deleted".into()));
            }
            "backups" => {
                let storage: &mut Storage = endpoint.storage.get_or_insert_default();
                storage.backups.get_or_insert_default().push(located(value, at));
            }
            other => panic!("{other}"),
        }
    }
    endpoint
}

fn hop(id: &str, rest: &str, at: Location) -> Hop {
    let mut parts = rest.split(';').map(str::trim);
    let (from, to) = parts.next().and_then(|part| part.split_once('>')).unwrap();
    let roles = parts.next().unwrap_or("");
    let (request, response) =
        parts.next().map(|data| data.split_once('/').unwrap_or((data, ""))).unwrap_or_default();
    let mut hop = Hop {
        id: located(id, at),
        title: None,
        from: located(from, at),
        to: located(to, at),
        roles: roles.split_whitespace().filter_map(Role::parse).collect(),
        after: Vec::new(),
        asynchronous: false,
        ports: Vec::new(),
        protection: Vec::new(),
        request: request.split_whitespace().map(element).collect(),
        response: response.split_whitespace().map(element).collect(),
        transforms: Vec::new(),
        no_storage: roles.contains("no-storage"),
        storage: None,
        location: Some(at),
    };
    for part in parts {
        match part.split_once(' ') {
            Some(("ports", text)) => hop.ports.extend(text.split(' ').map(|text| ports(text, at))),
            Some(("after", ids)) => hop.after.extend(ids.split(' ').map(|id| located(id, at))),
            _ => hop.transforms.push(Transform::parse(part).unwrap_or_else(|| panic!("{part}"))),
        }
    }
    hop
}

/// `443/TCP`, `8000-8080/UDP`.
fn ports(text: &str, at: Location) -> Located<PortRange> {
    let (numbers, protocol) = text.split_once('/').unwrap();
    let (start, end) = numbers.split_once('-').unwrap_or((numbers, numbers));
    let range = PortRange {
        protocol: Protocol::parse(protocol).unwrap(),
        start: start.parse().unwrap(),
        end: end.parse().unwrap(),
    };
    Located::new(range, Some(at))
}

fn registered(ends: &str, rest: &str, at: Location) -> RegisterEntry {
    let (from, to) = ends.split_once('>').unwrap();
    RegisterEntry {
        from: located(from, at),
        to: located(to, at),
        ports: rest.split_whitespace().map(|text| ports(text, at)).collect(),
        purpose: None,
        approver: None,
        review: None,
    }
}

fn element(word: &str) -> DataElement {
    match word.split_once('=') {
        Some((_, holder)) => DataElement::Encrypted { key_holder: Some(holder.into()), holds: Vec::new() },
        None if word == "encrypted" => DataElement::Encrypted { key_holder: None, holds: Vec::new() },
        None if word == "sad" => DataElement::Sad { after_authorisation: false },
        None => {
            ringfence_model::declaration::PlainElement::parse(word).unwrap_or_else(|| panic!("{word}")).into()
        }
    }
}

fn without(key: &str, value: Option<&str>) -> Selector {
    let operator = value.map_or(Operator::DoesNotExist, |value| Operator::NotIn(vec![value.into()]));
    let requirements = vec![Requirement { key: key.into(), operator }];
    Selector { requirements, unreadable: Vec::new() }
}

fn class(name: &str, rest: &str, at: Location) -> ClassEntry {
    let mut entry = ClassEntry {
        class: ScopeClass::parse(name).unwrap(),
        function: None,
        owner: None,
        matches: Default::default(),
        location: Some(at),
    };
    for (key, value) in rest.split_whitespace().filter_map(|part| part.split_once('=')) {
        let matches = &mut entry.matches;
        let pair = || value.split_once('=').unwrap();
        match key {
            "function" => entry.function = Some(value.into()),
            "owner" => entry.owner = Some(value.into()),
            "namespaces" => matches.namespaces.push(value.into()),
            "resources" => matches.resources.push(value.into()),
            "kinds" => matches.kinds.push(value.into()),
            "accounts" => matches.accounts.push(value.into()),
            "clusters" => matches.clusters.push(value.into()),
            "labels" => matches.labels = Selector::exact([pair()]),
            "not-labels" => matches.labels = without(pair().0, Some(pair().1)),
            "without-label" => matches.labels = without(value, None),
            "namespace-labels" => matches.namespace_labels = Selector::exact([pair()]),
            "not-namespace-labels" => matches.namespace_labels = without(pair().0, Some(pair().1)),
            "tags" => matches.tags.push((pair().0.into(), pair().1.into())),
            other => panic!("{other}"),
        }
    }
    entry
}

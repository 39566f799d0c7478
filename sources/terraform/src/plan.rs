//! One plan into resources.

use std::collections::BTreeMap;

use ringfence_model::{
    Cause, Diagnostic, Key, Kind, Location, Map, Node, Origin, Place, Resource, Satellite, Stage, Text, Value,
};
use rustc_hash::FxHashMap;

use crate::configuration::{Expressions, Frame, Instance, Module};
use crate::format::{incomplete, planned, shape};
use crate::index::{Index, split_address};
use crate::provider::Providers;
use crate::reference::split_index;
use crate::table::{Mapping, Part, Table};
use crate::translate::Translation;
use crate::unknown::{Overlay, hide, relink};
use crate::{kubernetes, repeated, tally};

/// Reads a document that [`recognises`](crate::recognises) as Terraform's.
pub(crate) fn read(mut document: Node, scope: &str) -> (Vec<Resource>, Vec<Diagnostic>) {
    let planned = match planned(&mut document) {
        Ok(planned) => planned,
        Err(problem) => return (Vec::new(), vec![*problem]),
    };
    let configuration = document.get("configuration");
    let root = configuration.and_then(|node| node.get("root_module")).map(Module::of);
    let scope = Key::from(scope);
    let plan = Plan {
        index: Index::of(Key::clone(&scope), &planned, document.get("resource_changes")),
        providers: Providers::of(
            configuration,
            document.get("variables"),
            [document.get("prior_state.values.root_module"), planned.get("root_module")],
        ),
        scope,
    };
    let mut reader = Reader { diagnostics: incomplete(&document), ..Reader::default() };
    if let Value::Map(mut map) = planned.value
        && let Some(module) = map.remove("root_module")
    {
        reader.module(&plan, module, &Frame::root(root.as_ref()));
    }
    reader.finish(&plan)
}

/// What holds for the whole plan.
#[derive(Debug)]
struct Plan<'a> {
    scope: Key,
    index: Index<'a>,
    providers: Providers<'a>,
}

/// What was read so far.
#[derive(Debug, Default)]
struct Reader {
    resources: Vec<Resource>,
    diagnostics: Vec<Diagnostic>,
    /// Types without a mapping: how many there are, and where the first is.
    unmapped: BTreeMap<Text, (usize, Option<Location>)>,
    charts: Vec<(Text, Option<Location>)>,
    /// Owners that are named by several attributes, and parts that name one so.
    joined: FxHashMap<(Kind, String), Text>,
    waiting: Vec<(usize, String)>,
}

/// What every planned resource has.
#[derive(Debug)]
struct Header {
    kind: Text,
    name: Text,
    address: Text,
    origin: Origin,
}

impl Reader {
    fn module(&mut self, plan: &Plan<'_>, module: Node, frame: &Frame<'_, '_>) {
        let Value::Map(mut map) = module.value else {
            return self.diagnostics.push(shape("module", "a map", &module));
        };
        for resource in self.list(map.remove("resources"), "resources") {
            self.resource(plan, resource, frame);
        }
        for child in self.list(map.remove("child_modules"), "child_modules") {
            let address = child.text("address").unwrap_or_default().to_owned();
            let local = address.strip_prefix(frame.prefix).and_then(|local| local.strip_prefix("module."));
            let (name, index) = split_index(local.unwrap_or_default());
            let prefix = format!("{address}.");
            self.module(plan, child, &frame.child(name, index, &prefix));
        }
    }

    fn list(&mut self, node: Option<Node>, what: &str) -> Vec<Node> {
        match node {
            None => Vec::new(),
            Some(Node { value: Value::Null, .. }) => Vec::new(),
            Some(Node { value: Value::List(items), .. }) => items.into_vec(),
            Some(other) => {
                self.diagnostics.push(shape(what, "a list", &other));
                Vec::new()
            }
        }
    }

    fn resource(&mut self, plan: &Plan<'_>, node: Node, frame: &Frame<'_, '_>) {
        if node.text("mode") == Some("data") {
            return;
        }
        let origin = node.origin.clone();
        let Value::Map(mut map) = node.value else {
            return self.diagnostics.push(shape("resource", "a map", &node));
        };
        let Some(header) = self.header(&map, origin) else { return };
        let mut values =
            map.remove("values").unwrap_or_else(|| Node::new(Map::default(), header.origin.clone()));
        if values.value == Value::Null {
            values.value = Value::Map(Map::default());
        }
        let address = header.address.clone();
        let (base, index) = split_address(&address, frame.prefix);
        let base = base.strip_prefix(frame.prefix).unwrap_or(base);
        let written = frame.module.and_then(|module| module.resource(base));
        let change = plan.index.change(&address);
        let expressions = Expressions::of(written);
        let overlay = Overlay::new(&plan.index, frame, Instance { node: written, index });
        if let Some(unknown) = change.and_then(|change| change.child("after_unknown").node()) {
            overlay.apply(&mut values, unknown, &expressions);
        }
        let sensitive = map.remove("sensitive_values");
        let after = change.and_then(|change| change.child("after_sensitive").node());
        sensitive.iter().chain(after).for_each(|sensitive| hide(&mut values, sensitive));
        let place = plan.providers.place(written.and_then(|node| node.text("provider_config_key")), &values);
        relink_all(&mut values, &plan.index);
        let refers = |attribute: &str| overlay.refers_to(attribute, &expressions);
        self.translate(plan, header, place, values, &refers);
    }

    fn header(&mut self, map: &Map, whole: Origin) -> Option<Header> {
        let text = |key: &str| map.get(key).and_then(Node::as_str).filter(|text| !text.is_empty());
        let (kind, name, address) = (text("type"), text("name"), text("address"));
        let missing =
            [("address", address), ("type", kind), ("name", name)].into_iter().find(|part| part.1.is_none());
        if let Some((part, _)) = missing {
            let there = map.get(part).map(Node::location).unwrap_or_else(|| whole.location());
            let what = format!("a resource of the plan has no `{part}`");
            let help = "give the output of `terraform show -json` as it is";
            self.diagnostics.push(Diagnostic::error("terraform-shape", what).at(there).help(help));
        }
        let origin = map.get("address").map_or(whole, |node| node.origin.clone());
        Some(Header { kind: kind?.into(), name: name?.into(), address: address?.into(), origin })
    }

    fn translate(
        &mut self,
        plan: &Plan<'_>,
        header: Header,
        place: Place,
        values: Node,
        refers: &dyn Fn(&str) -> Option<ringfence_model::Target>,
    ) {
        let location = header.origin.location();
        if header.kind == "helm_release" {
            return self.charts.push((header.address, location));
        }
        if matches!(header.kind.as_str(), "kubernetes_manifest" | "kubectl_manifest") {
            return self.manifest(plan, &header, values);
        }
        let mappings = Table::built_in().of(&header.kind);
        let Some(mapping) = mappings.iter().find(|mapping| applies(mapping, &values)) else {
            self.unmapped.entry(header.kind.clone()).or_insert((0, location)).0 += 1;
            let kind = Kind::new(header.kind.as_str());
            return self.add(plan, header, kind, place, values, None);
        };
        let Value::Map(map) = values.value else {
            let body = self.nothing_known(values);
            return self.add(plan, header, mapping.kind.clone(), place, body, None);
        };
        let satellite = mapping.part.as_ref().and_then(|part| self.part(plan, part, &map, refers));
        self.join(mapping, &map, &header.address);
        let itself = plan.index.target(header.address.clone(), None);
        let bodies =
            Translation::new(itself, &mut self.diagnostics).resource(mapping.block, map, &header.origin);
        if mapping.kind.is_kubernetes() {
            let body = bodies.into_iter().next();
            let made = body.map(|body| kubernetes::complete(&mapping.kind, body));
            return made.into_iter().for_each(|body| self.object(plan, &header, body));
        }
        self.bodies(plan, header, mapping, place, bodies, satellite);
    }

    /// The body of a resource whose values are no map: nothing about it may pass.
    fn nothing_known(&mut self, values: Node) -> Node {
        if values.as_unresolved().is_some() {
            return values;
        }
        self.diagnostics.push(shape("values", "a map", &values));
        Node::unresolved(Cause::Unreadable("`values`".into()), None, values.origin)
    }

    /// Most resources have one body; a rule resource has one for each source it admits.
    fn bodies(
        &mut self,
        plan: &Plan<'_>,
        header: Header,
        mapping: &Mapping,
        place: Place,
        bodies: Vec<Node>,
        satellite: Option<Satellite>,
    ) {
        for (at, body) in bodies.into_iter().enumerate() {
            let address = match at {
                0 => header.address.clone(),
                _ => format!("{}#{}", header.address, at + 1).into(),
            };
            let (kind, name, origin) = (header.kind.clone(), header.name.clone(), header.origin.clone());
            let one = Header { kind, name, address, origin };
            self.add(plan, one, mapping.kind.clone(), place.clone(), body, satellite.clone());
        }
    }

    fn add(
        &mut self,
        plan: &Plan<'_>,
        header: Header,
        kind: Kind,
        place: Place,
        mut body: Node,
        satellite: Option<Satellite>,
    ) {
        body.origin = header.origin.clone();
        let mut resource = Resource::new(kind, header.name, body, Stage::Template);
        resource.origin = header.origin;
        resource.place = place;
        resource.scope = Some(Key::clone(&plan.scope));
        resource.address = Some(header.address);
        resource.satellite = satellite.map(Box::new);
        self.resources.push(resource);
    }

    /// What a part belongs to: by reference, by id, else by whatever text names it.
    fn part(
        &mut self,
        plan: &Plan<'_>,
        part: &Part,
        values: &Map,
        refers: &dyn Fn(&str) -> Option<ringfence_model::Target>,
    ) -> Option<Satellite> {
        let (attribute, others) = part.owners.split_first()?;
        let named = values.get(attribute).filter(|node| node.value != Value::Null)?;
        let mut owner = named.clone();
        if let (Value::Text(text), []) = (&named.value, others) {
            let by_id = || plan.index.target(plan.index.owner(text, &part.kind)?.clone(), None);
            if let Some(target) = refers(attribute).or_else(by_id) {
                let cause = Cause::Assigned(target.address.clone());
                owner = Node::unresolved(cause, Some(target), named.origin.clone());
            }
        }
        if !others.is_empty() {
            self.waiting.push((self.resources.len(), identity(&part.owners, values)?));
        }
        Some(Satellite { owner_kind: part.kind.clone(), owner, fold: part.fold.clone() })
    }

    /// Remembers an owner that parts name by several attributes.
    fn join(&mut self, mapping: &Mapping, values: &Map, address: &Text) {
        if mapping.kind.as_str() == "AWS::EKS::AccessEntry"
            && let Some(identity) = identity(&["cluster_name", "principal_arn"], values)
        {
            self.joined.entry((mapping.kind.clone(), identity)).or_insert_with(|| address.clone());
        }
    }

    fn manifest(&mut self, plan: &Plan<'_>, header: &Header, values: Node) {
        let (objects, problems) = kubernetes::manifest(values, &header.origin);
        self.diagnostics.extend(problems);
        objects.into_iter().for_each(|object| self.object(plan, header, object));
    }

    fn object(&mut self, plan: &Plan<'_>, header: &Header, body: Node) {
        match kubernetes::resource(body, &header.name) {
            Ok(mut resource) => {
                resource.origin = header.origin.clone();
                resource.scope = Some(Key::clone(&plan.scope));
                resource.address = Some(header.address.clone());
                self.resources.push(resource);
            }
            Err(problem) => self.diagnostics.push(problem.at(header.origin.location())),
        }
    }

    fn finish(mut self, plan: &Plan<'_>) -> (Vec<Resource>, Vec<Diagnostic>) {
        for (at, identity) in std::mem::take(&mut self.waiting) {
            let resource = self.resources.get_mut(at);
            let Some(satellite) = resource.and_then(|resource| resource.satellite.as_mut()) else { continue };
            let owner = self.joined.get(&(satellite.owner_kind.clone(), identity)).cloned();
            if let Some(target) = owner.and_then(|address| plan.index.target(address, None)) {
                let cause = Cause::Assigned(target.address.clone());
                satellite.owner = Node::unresolved(cause, Some(target), satellite.owner.origin.clone());
            }
        }
        repeated::remove(&mut self.resources);
        tally::shorten(&mut self.diagnostics);
        self.diagnostics.extend(tally::unmapped(&self.unmapped));
        self.diagnostics.extend(tally::charts(&self.charts));
        (self.resources, self.diagnostics)
    }
}

fn applies(mapping: &Mapping, values: &Node) -> bool {
    mapping.when.is_none_or(|(attribute, wanted)| values.text(attribute) == Some(wanted))
}

/// Ids become references, but for those of the resource itself.
fn relink_all(values: &mut Node, index: &Index<'_>) {
    let Value::Map(map) = &mut values.value else { return };
    if !index.has_ids() {
        return;
    }
    let own = ["id", "arn", "key_id", "owner_id"];
    let names: Vec<Key> = map.entries().iter().map(|entry| Key::clone(&entry.key)).collect();
    for name in names.iter().filter(|name| !own.contains(&&***name)) {
        if let Some(node) = map.get_mut(name) {
            relink(node, index);
        }
    }
}

/// What several attributes say together; none where one of them is not known at all.
fn identity(attributes: &[&str], values: &Map) -> Option<String> {
    let part = |attribute: &&str| match &values.get(attribute)?.value {
        Value::Text(text) => Some(text.to_string()),
        Value::Unresolved(unresolved) => Some(format!("@{}", unresolved.target.as_ref()?.address)),
        _ => None,
    };
    let parts: Option<Vec<String>> = attributes.iter().map(part).collect();
    Some(parts?.join("\n"))
}

//! Values of a Terraform resource into canonical properties, as the table says.

use ringfence_model::{Cause, Diagnostic, Entry, Key, Map, Node, Origin, Target, Value};

use crate::change::{change, is_absent};
use crate::draft::{elements, merge, put, written};
use crate::table::{BlockId, How, Rule, Step, Table, Target as To};

/// Blocks inside each other; no provider comes near it.
const DEPTH: usize = 64;
/// Bytes that the sources of one rule may take, each with the rest of the rule.
const SPREAD: usize = 4 << 20;

/// One resource on its way.
#[derive(Debug)]
pub(crate) struct Translation<'t> {
    /// A reference to the resource itself.
    pub(crate) itself: Option<Target>,
    /// What goes wrong.
    pub(crate) diagnostics: &'t mut Vec<Diagnostic>,
    table: &'static Table,
    depth: usize,
}

/// What a block becomes: its properties, several times where it spreads.
type Objects = Vec<Vec<Entry>>;

impl<'t> Translation<'t> {
    pub(crate) fn new(itself: Option<Target>, diagnostics: &'t mut Vec<Diagnostic>) -> Self {
        Self { itself, diagnostics, table: Table::built_in(), depth: 0 }
    }

    /// The bodies that the values of a resource become: one, or one for each rule it stands for.
    pub(crate) fn resource(&mut self, block: BlockId, values: Map, origin: &Origin) -> Vec<Node> {
        let mut objects = self.objects(block, values, origin);
        if objects.is_empty() {
            objects.push(Vec::new());
        }
        for entries in &mut objects {
            self.defaults(block, entries, origin);
        }
        objects.into_iter().map(|entries| Node::new(Map::new(entries), origin.clone())).collect()
    }

    /// Terraform removes what AWS would fill in: said where nothing is configured.
    fn defaults(&self, block: BlockId, entries: &mut Vec<Entry>, origin: &Origin) {
        for rule in self.table.block(block).rules().iter().filter(|rule| rule.otherwise_empty) {
            let Some([step]) = rule.path().map(Vec::as_slice) else { continue };
            if entries.iter().all(|entry| entry.key != step.key) {
                let because = format!("`{}` is not configured, and Terraform leaves none", rule.attribute);
                let none = Node::new(Vec::<Node>::new(), Origin::derived(because, origin.location()));
                merge(entries, &step.key, none);
            }
        }
    }

    /// The objects of one block, with what all of them have.
    fn objects(&mut self, block: BlockId, values: Map, origin: &Origin) -> Objects {
        let mut objects = Objects::new();
        if self.table.block(block).spreads {
            objects = self.spread(block, values);
        } else {
            let mut entries = Vec::with_capacity(values.entries().len());
            self.fill(block, values, &mut entries);
            objects.push(entries);
        }
        for (path, word) in &self.table.block(block).constants {
            objects.iter_mut().for_each(|entries| put(entries, path, written(word, origin), None));
        }
        objects
    }

    /// One object for each source of a rule.
    fn spread(&mut self, block: BlockId, values: Map) -> Objects {
        let is_spread = |entry: &Entry| self.table.rule(block, &entry.key).is_some_and(|rule| rule.spread);
        let (sources, rest): (Vec<Entry>, Vec<Entry>) =
            values.into_entries().into_iter().partition(is_spread);
        let mut shared = Vec::new();
        self.fill(block, Map::new(rest), &mut shared);
        let mut objects = Objects::new();
        let count: usize = sources.iter().map(|entry| entry.node.items().len().max(1)).sum();
        if count.saturating_mul(shared.iter().map(weight).sum()) > SPREAD {
            return self.too_many(sources, shared);
        }
        for Entry { key, node } in sources {
            let Some(rule) = self.table.rule(block, &key) else { continue };
            let Some(path) = rule.path() else { continue };
            for source in elements(node) {
                let Some(source) = self.changed(rule, source) else { continue };
                let mut entries = shared.clone();
                put(&mut entries, path, source, None);
                objects.push(entries);
            }
        }
        objects
    }

    /// A rule with more sources than any firewall has: one rule from somewhere unknown stands for them.
    fn too_many(&mut self, sources: Vec<Entry>, mut shared: Vec<Entry>) -> Objects {
        let Some(Entry { key, node }) = sources.into_iter().next() else { return Objects::new() };
        self.diagnostics.push(
            Diagnostic::error("terraform-bound", format!("`{key}` has more sources than are read"))
                .at(node.location())
                .help("split the rule"),
        );
        let unknown =
            Node::unresolved(Cause::Bound("the rule has too many sources".into()), None, node.origin);
        for property in ["CidrIp", "CidrIpv6"] {
            merge(&mut shared, &property.into(), unknown.clone());
        }
        vec![shared]
    }

    fn changed(&mut self, rule: &Rule, node: Node) -> Option<Node> {
        change(&rule.how, rule.attribute, node, self.itself.as_ref(), self.diagnostics)
    }

    /// Puts every attribute where its rule says.
    fn fill(&mut self, block: BlockId, values: Map, entries: &mut Vec<Entry>) {
        let camel = self.table.block(block).camel;
        for Entry { key, node } in values.into_entries() {
            match self.table.rule(block, &key) {
                Some(rule) => self.rule(block, rule, node, entries),
                None if camel => self.camel(block, &key, node, entries),
                None => {}
            }
        }
    }

    fn rule(&mut self, block: BlockId, rule: &Rule, node: Node, entries: &mut Vec<Entry>) {
        let camel = self.table.block(block).camel;
        let is_block = is_blocks(&node);
        match (&rule.target, rule.block) {
            (To::Dropped, _) => {}
            (To::Parent, Some(inner)) => self.flatten(inner, node, entries),
            (To::Path(path), Some(inner)) if !camel || is_block => {
                self.blocks(rule, path, inner, node, entries)
            }
            (To::Path(path), _) if camel && is_block => self.blocks(rule, path, block, node, entries),
            // A name of blocks that is a plain attribute elsewhere: `port` of a probe.
            (To::Path(path), _) if camel && path.last().is_some_and(|step| step.list) => {
                if let Some(node) = self.changed(rule, node).filter(|node| !is_empty_list(node)) {
                    merge(entries, &camel_case(rule.attribute), node);
                }
            }
            (To::Path(path), _) => {
                if let Some(node) = self.changed(rule, node).filter(|node| !camel || !is_empty_list(node)) {
                    put(entries, path, node, rule.with.as_ref());
                }
            }
            (To::Parent, None) => {}
        }
    }

    /// The attributes of a block that has no object of its own.
    fn flatten(&mut self, inner: BlockId, node: Node, entries: &mut Vec<Entry>) {
        for part in elements(node) {
            match part.value {
                Value::Map(map) => self.fill(inner, map, entries),
                Value::Null => {}
                value => {
                    let part = self.unreadable(Node { value, origin: part.origin }, "block");
                    self.all_unknown(inner, &part, entries);
                }
            }
        }
    }

    /// Everything that a block could set is unknown.
    fn all_unknown(&self, block: BlockId, part: &Node, entries: &mut Vec<Entry>) {
        for rule in self.table.block(block).rules() {
            if let (Some(path), How::Copy) = (rule.path(), &rule.how) {
                put(entries, path, part.clone(), rule.with.as_ref());
            }
        }
    }

    /// Blocks into objects: a list of them, or the only one.
    fn blocks(&mut self, rule: &Rule, path: &[Step], inner: BlockId, node: Node, entries: &mut Vec<Entry>) {
        if is_absent(&node) {
            return;
        }
        let origin = node.origin.clone();
        if node.as_unresolved().is_some() {
            return put(entries, path, node, rule.with.as_ref());
        }
        if let How::Keyed(name) = rule.how {
            let map = self.keyed(rule.attribute, name, inner, node);
            return put(entries, path, map, None);
        }
        let list = path.last().is_some_and(|step| step.list);
        let mut objects = Vec::new();
        for part in elements(node) {
            self.block(rule.attribute, inner, part, &mut objects);
        }
        if list && (!objects.is_empty() || rule.otherwise_empty) {
            put(entries, path, Node::new(objects, origin), rule.with.as_ref());
        } else if let (false, Some(mut object)) = (list, objects.into_iter().next()) {
            // The line of the block says more than the line of its brace.
            object.origin = origin;
            put(entries, path, object, rule.with.as_ref());
        }
    }

    /// Blocks under the names that they bear. One that bears none hides all: it may be any of them.
    fn keyed(&mut self, attribute: &str, name: &str, inner: BlockId, node: Node) -> Node {
        let origin = node.origin.clone();
        let mut map = Map::default();
        for part in elements(node) {
            let key = part.text(name).map(Key::from);
            let mut objects = Vec::new();
            self.block(attribute, inner, part, &mut objects);
            match (key, objects.into_iter().next()) {
                (Some(key), Some(object)) => map.set(key, object),
                (_, Some(object)) if object.as_unresolved().is_some() => return object,
                (_, object) => {
                    let cause = Cause::Unreadable(format!("`{name}` of `{attribute}`").into());
                    return Node::unresolved(cause, None, object.map_or(origin, |object| object.origin));
                }
            }
        }
        Node::new(map, origin)
    }

    fn block(&mut self, attribute: &str, inner: BlockId, part: Node, objects: &mut Vec<Node>) {
        let origin = part.origin.clone();
        match part.value {
            Value::Map(_) if self.depth == DEPTH => objects.push(self.too_deep(attribute, &origin)),
            Value::Map(map) => {
                self.depth += 1;
                let made = self.objects(inner, map, &origin);
                self.depth -= 1;
                objects.extend(made.into_iter().map(|entries| Node::new(Map::new(entries), origin.clone())));
            }
            // A block without arguments is written, and empty.
            Value::Null => objects.push(Node::new(Map::default(), origin)),
            value => objects.push(self.unreadable(Node { value, origin }, attribute)),
        }
    }

    /// An attribute that has no rule, in a block of names that follow one.
    fn camel(&mut self, block: BlockId, name: &str, node: Node, entries: &mut Vec<Entry>) {
        if is_absent(&node) || is_empty_list(&node) {
            return;
        }
        let key = camel_case(name);
        if !is_blocks(&node) {
            return merge(entries, &key, node);
        }
        let origin = node.origin.clone();
        let mut objects = Vec::new();
        for part in elements(node) {
            self.block(name, block, part, &mut objects);
        }
        let many = objects.len() > 1;
        let mut objects = objects.into_iter();
        let node = match (many, objects.next()) {
            (false, Some(object)) => Node { value: object.value, origin },
            (_, first) => Node::new(first.into_iter().chain(objects).collect::<Vec<_>>(), origin),
        };
        merge(entries, &key, node);
    }

    fn too_deep(&mut self, attribute: &str, origin: &Origin) -> Node {
        self.diagnostics.push(
            Diagnostic::error("terraform-bound", format!("`{attribute}` lies deeper than {DEPTH} blocks"))
                .at(origin.location())
                .help("give the output of `terraform show -json` as it is"),
        );
        Node::unresolved(Cause::Bound(format!("`{attribute}` lies too deep").into()), None, origin.clone())
    }

    /// A value where a block should be. It is there, but says nothing.
    fn unreadable(&mut self, node: Node, attribute: &str) -> Node {
        if node.as_unresolved().is_some() {
            return node;
        }
        self.diagnostics.push(
            Diagnostic::error("terraform-shape", format!("`{attribute}` should hold blocks"))
                .at(node.location())
                .help("give the output of `terraform show -json` as it is"),
        );
        Node::unresolved(Cause::Unreadable(format!("`{attribute}`").into()), None, node.origin)
    }
}

/// Whether a value is a list of blocks; a map that is not in a list is an attribute.
fn is_blocks(node: &Node) -> bool {
    let Value::List(items) = &node.value else { return false };
    items.iter().any(|item| matches!(item.value, Value::Map(_)))
        || items.iter().any(|item| item.value == Value::Null)
}

/// About how many bytes a copy takes.
fn weight(entry: &Entry) -> usize {
    fn below(node: &Node) -> usize {
        64 + match &node.value {
            Value::Text(text) => text.len(),
            Value::List(items) => items.iter().map(below).sum(),
            Value::Map(map) => map.entries().iter().map(weight).sum(),
            _ => 0,
        }
    }
    below(&entry.node)
}

fn is_empty_list(node: &Node) -> bool {
    matches!(&node.value, Value::List(items) if items.is_empty())
}

/// `key_id` as `keyId`.
fn camel_case(name: &str) -> Key {
    let mut result = String::with_capacity(name.len());
    for (at, word) in name.split('_').enumerate() {
        let mut letters = word.chars();
        let first = letters.next();
        result.extend(first.map(|first| if at == 0 { first } else { first.to_ascii_uppercase() }));
        result.push_str(letters.as_str());
    }
    result.into()
}

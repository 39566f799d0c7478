//! The `configuration` part of a plan: what each attribute refers to, module by module.

use ringfence_model::{Entry, Node, Value};
use rustc_hash::FxHashMap;

use crate::reference::{Segment, longest, segments};

/// A module as it is written, whatever its number of instances.
#[derive(Debug, Default)]
pub(crate) struct Module<'a> {
    resources: FxHashMap<&'a str, &'a Node>,
    calls: FxHashMap<&'a str, (&'a Node, Module<'a>)>,
    outputs: Option<&'a Node>,
}

impl<'a> Module<'a> {
    /// The module that `node` describes.
    pub(crate) fn of(node: &'a Node) -> Self {
        let listed = node.get("resources").map(Node::items).unwrap_or_default();
        let resources = listed.iter().filter_map(|one| Some((one.text("address")?, one))).collect();
        let calls = node.get("module_calls").map(Node::entries).unwrap_or_default();
        let call = |entry: &'a Entry| {
            let module = entry.node.get("module").map(Module::of).unwrap_or_default();
            (&*entry.key, (&entry.node, module))
        };
        Self { resources, calls: calls.iter().map(call).collect(), outputs: node.get("outputs") }
    }

    /// The resource written as `address`: type and name, without index.
    pub(crate) fn resource(&self, address: &str) -> Option<&'a Node> {
        self.resources.get(address).copied()
    }
}

/// One instance of a module, and those around it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame<'a, 'p> {
    /// The instance that calls it; none for the root.
    pub(crate) parent: Option<&'p Frame<'a, 'p>>,
    /// The module, where the plan has its configuration.
    pub(crate) module: Option<&'p Module<'a>>,
    /// What addresses in it start with: empty, or `module.a["x"].` and so on.
    pub(crate) prefix: &'p str,
    /// The call that made it.
    pub(crate) call: Option<&'a Node>,
    /// The index of its instance, with brackets.
    pub(crate) index: &'p str,
}

impl<'a, 'p> Frame<'a, 'p> {
    /// The root module.
    pub(crate) fn root(module: Option<&'p Module<'a>>) -> Self {
        Self { parent: None, module, prefix: "", call: None, index: "" }
    }

    /// The instance of a module that this one calls.
    pub(crate) fn child<'c>(&'c self, name: &str, index: &'c str, prefix: &'c str) -> Frame<'a, 'c> {
        let found = self.module.and_then(|module| module.calls.get(name));
        Frame {
            parent: Some(self),
            module: found.map(|found| &found.1),
            prefix,
            call: found.map(|found| found.0),
            index,
        }
    }
}

/// The resource or call whose attribute is resolved: what `each` and `count` mean there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Instance<'a> {
    /// Its configuration.
    pub(crate) node: Option<&'a Node>,
    /// Its index, with brackets; empty where it has none.
    pub(crate) index: &'a str,
}

/// What a reference leads to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Found<'f> {
    /// A resource by type and name, the index asked for (empty for all or the same), and the attribute.
    Resource { base: &'f str, index: &'f str, same: &'f str, attribute: Option<&'f str> },
    /// A data source by type and name, the index, and the attribute.
    Data { base: &'f str, index: &'f str, attribute: Option<&'f str> },
    /// Nothing that could be followed: a local value, a variable of the root.
    Open,
}

/// How many references are followed for one value, and how many modules deep.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Steps {
    left: usize,
    depth: usize,
}

impl Default for Steps {
    /// A loop or a bush of hostile modules ends.
    fn default() -> Self {
        Self { left: 512, depth: 32 }
    }
}

/// What sees where references lead.
type Visit<'v, 'a> = &'v mut dyn FnMut(Found<'_>, &Frame<'a, '_>);

/// Follows every reference of an expression.
pub(crate) fn follow<'a>(
    expression: &'a Node,
    frame: &Frame<'a, '_>,
    instance: Instance<'_>,
    steps: &mut Steps,
    visit: Visit<'_, 'a>,
) {
    let references = expression.get("references").map(Node::items).unwrap_or_default();
    if steps.depth == 0 || references.len() > steps.left {
        return visit(Found::Open, frame);
    }
    steps.left -= references.len();
    steps.depth -= 1;
    let all = longest(references.iter().filter_map(Node::as_str));
    // `aws_subnet.s[each.key]` is listed as `aws_subnet.s` and `each.key`: the instance with the same index.
    let keyed = all.iter().any(|one| one.starts_with("each.") || one.starts_with("count."));
    for reference in &all {
        let path = segments(reference);
        let site = Site { frame, instance, keyed, alone: all.len() == 1 };
        site.one(&path, steps, visit);
    }
    steps.depth += 1;
}

struct Site<'s, 'a, 'p, 'i> {
    frame: &'s Frame<'a, 'p>,
    instance: Instance<'i>,
    keyed: bool,
    alone: bool,
}

impl<'a> Site<'_, 'a, '_, '_> {
    fn one(&self, path: &[Segment<'_>], steps: &mut Steps, visit: Visit<'_, 'a>) {
        let frame = self.frame;
        match path {
            [Segment { name: "var", .. }, variable, ..] => self.variable(variable.name, steps, visit),
            [Segment { name: "module", .. }, call, output, ..] => {
                self.output(call, output.name, steps, visit)
            }
            [Segment { name: "each", .. }, part, ..] if part.name == "value" => self.each(steps, visit),
            [Segment { name: "each" | "count" | "path" | "terraform" | "self", .. }, ..] => {
                if self.alone {
                    visit(Found::Open, frame);
                }
            }
            [Segment { name: "data", .. }, kind, name, rest @ ..] => {
                let base = format!("data.{}.{}", kind.name, name.name);
                let attribute = rest.first().map(|first| first.name);
                visit(Found::Data { base: &base, index: self.index(name.index), attribute }, frame);
            }
            [Segment { name: "local" | "module" | "var", .. }, ..] | [] | [_] => visit(Found::Open, frame),
            [kind, name, rest @ ..] => {
                let base = format!("{}.{}", kind.name, name.name);
                let same = if self.keyed { self.instance.index } else { "" };
                let attribute = rest.last().map(|last| last.name);
                visit(Found::Resource { base: &base, index: name.index, same, attribute }, frame);
            }
        }
    }

    fn index<'x>(&'x self, written: &'x str) -> &'x str {
        if written.is_empty() && self.keyed { self.instance.index } else { written }
    }

    /// What the caller of this module hands over.
    fn variable(&self, name: &str, steps: &mut Steps, visit: Visit<'_, 'a>) {
        let argument = self.frame.call.and_then(|call| call.get("expressions")?.child(name).present());
        match (argument, self.frame.parent) {
            (Some(argument), Some(parent)) => {
                let instance = Instance { node: self.frame.call, index: self.frame.index };
                follow(argument, parent, instance, steps, visit);
            }
            _ => visit(Found::Open, self.frame),
        }
    }

    /// What a called module hands back.
    fn output(&self, call: &Segment<'_>, output: &str, steps: &mut Steps, visit: Visit<'_, 'a>) {
        let index = self.index(call.index);
        let prefix = format!("{}module.{}{index}.", self.frame.prefix, call.name);
        let child = self.frame.child(call.name, index, &prefix);
        let outputs = child.module.and_then(|module| module.outputs);
        let expression = outputs.and_then(|outputs| outputs.child(output).present()?.get("expression"));
        match expression {
            Some(expression) => {
                follow(expression, &child, Instance { node: None, index: "" }, steps, visit);
            }
            None => visit(Found::Open, self.frame),
        }
    }

    /// What `for_each` goes over: of resources, the instance with the same index.
    fn each(&self, steps: &mut Steps, visit: Visit<'_, 'a>) {
        let over = self.instance.node.and_then(|node| node.get("for_each_expression"));
        let references = over.and_then(|over| over.get("references")).map(Node::items).unwrap_or_default();
        let all = longest(references.iter().filter_map(Node::as_str));
        if all.is_empty() || steps.depth == 0 || references.len() > steps.left {
            return visit(Found::Open, self.frame);
        }
        steps.left -= references.len();
        steps.depth -= 1;
        for reference in all {
            let instance = Instance { node: None, index: self.instance.index };
            let site = Site { frame: self.frame, instance, keyed: true, alone: true };
            site.one(&segments(reference), steps, visit);
        }
        steps.depth += 1;
    }
}

/// The expressions that a value may stem from: one object of expressions, or several where it is not
/// clear which block is meant. Empty where the plan has no configuration for it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Expressions<'a>(Vec<&'a Node>);

impl<'a> Expressions<'a> {
    /// Those of a resource.
    pub(crate) fn of(resource: Option<&'a Node>) -> Self {
        Self(resource.and_then(|node| node.get("expressions")).into_iter().collect())
    }

    /// Whether there are none, so that nothing can be said about what is configured.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is written for `name`: leaves with `references` or a constant, or blocks.
    pub(crate) fn of_attribute(&self, name: &str) -> Vec<&'a Node> {
        self.0.iter().filter_map(|one| one.child(name).node()).collect()
    }

    /// Those of the block `name` that `element` stems from. Blocks of sets are listed in another order
    /// than they are written in, so the constants must agree.
    pub(crate) fn block(&self, name: &str, element: &Node) -> Self {
        let written = self.of_attribute(name);
        let blocks: Vec<&Node> = written.iter().flat_map(|node| node.items()).collect();
        let agreeing: Vec<&Node> = blocks.iter().copied().filter(|block| agrees(block, element)).collect();
        if !blocks.is_empty() {
            return Self(if agreeing.is_empty() { blocks } else { agreeing });
        }
        // `ingress = [{…}]` is one expression for all that lies in it.
        Self(written.into_iter().filter(|node| is_leaf(node)).collect())
    }

    /// Whether these are expressions of something around the value, not of its attributes.
    pub(crate) fn around(&self) -> Option<&'a Node> {
        self.0.first().copied().filter(|node| is_leaf(node))
    }
}

/// Whether `node` is one expression, not an object of expressions.
pub(crate) fn is_leaf(node: &Node) -> bool {
    let entries = node.entries();
    !entries.is_empty() && entries.iter().all(|entry| matches!(&*entry.key, "references" | "constant_value"))
}

fn agrees(block: &Node, element: &Node) -> bool {
    block.entries().iter().all(|entry| match entry.node.child("constant_value").node() {
        Some(constant) => element.child(&entry.key).node().is_none_or(|there| alike(constant, there)),
        None => true,
    })
}

/// Whether two values are equal; only scalars can tell blocks apart.
fn alike(one: &Node, other: &Node) -> bool {
    match (&one.value, &other.value) {
        (Value::List(_) | Value::Map(_), _) | (_, Value::List(_) | Value::Map(_)) => true,
        (Value::Text(one), other) | (other, Value::Text(one)) => match other {
            Value::Text(other) => one == other,
            Value::Int(number) => *one == number.to_string(),
            Value::Bool(truth) => *one == truth.to_string(),
            _ => true,
        },
        (one, other) => one == other,
    }
}

//! Evaluation of a tree in place: what is a function becomes its value, or unresolved with its cause.

use ringfence_model::{Cause, Diagnostic, Entry, Key, Location, Map, Node, Target, Text, Unresolved, Value};

use crate::policy;
use crate::record::Record;
use crate::shape::{is_for_each, is_function};
use crate::stack::{Stack, World};

/// How deep values, conditions and imports may nest; each level is a few stack frames.
const DEPTH: usize = 200;

/// Why a function has no value.
#[derive(Clone, Debug)]
pub(crate) enum Halt {
    /// `AWS::NoValue`: whatever holds it is left out.
    Removed,
    /// It cannot be known.
    Unknown(Box<Unresolved>),
}

/// What a function evaluates to.
pub(crate) type Answer = Result<Value, Halt>;

impl Halt {
    pub(crate) fn unknown(cause: Cause, target: Option<Target>) -> Self {
        Self::Unknown(Box::new(Unresolved { cause, target }))
    }

    /// The same without target: a value that is merely chosen by a resource does not come from it.
    pub(crate) fn without_target(self) -> Self {
        match self {
            Self::Unknown(unresolved) => Self::unknown(unresolved.cause, None),
            Self::Removed => Self::Removed,
        }
    }
}

impl From<Box<Unresolved>> for Halt {
    fn from(unresolved: Box<Unresolved>) -> Self {
        Self::Unknown(unresolved)
    }
}

/// Evaluates trees of one stack.
#[derive(Debug)]
pub(crate) struct Evaluator<'a> {
    pub(crate) world: &'a World,
    pub(crate) index: usize,
    pub(crate) record: &'a mut Record,
    /// The innermost function, for diagnostics.
    pub(crate) at: Option<Location>,
    /// In the operands of a condition, where secret values may count because they are not shown.
    pub(crate) deciding: bool,
    /// In the branches of an `If` that may not be taken, where a reference to what is left out is no fault.
    pub(crate) supposing: bool,
    depth: usize,
}

impl<'a> Evaluator<'a> {
    pub(crate) fn new(world: &'a World, index: usize, record: &'a mut Record) -> Self {
        Self { world, index, record, at: None, deciding: false, supposing: false, depth: 0 }
    }

    /// The stack whose names hold; absent only for an index that was never given out.
    pub(crate) fn stack(&self) -> Option<&'a Stack> {
        self.world.stacks.get(self.index)
    }

    /// Makes `at` the place of diagnostics, if there is one; the place before.
    pub(crate) fn enter(&mut self, at: Option<Location>) -> Option<Location> {
        let outer = self.at;
        self.at = at.or(outer);
        outer
    }

    /// Goes on in another stack, at the same depth: chains of imports are bounded like nesting.
    pub(crate) fn in_stack<T>(&mut self, index: usize, work: impl FnOnce(&mut Evaluator<'_>) -> T) -> T {
        let (at, depth) = (self.at, self.depth);
        let (deciding, supposing) = (self.deciding, self.supposing);
        let record = &mut *self.record;
        work(&mut Evaluator { world: self.world, index, record, at, deciding, supposing, depth })
    }

    /// One level deeper; a bound, and a diagnostic, where there are too many.
    pub(crate) fn deeper<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, Halt>) -> Result<T, Halt> {
        if self.depth >= DEPTH {
            return self.record.bound("values nest too deeply", self.at);
        }
        self.depth += 1;
        let result = work(self);
        self.depth -= 1;
        result
    }

    /// Evaluates `node` in place. `false`: it is `AWS::NoValue`, and whatever holds it drops it.
    pub(crate) fn node(&mut self, node: &mut Node) -> bool {
        match &node.value {
            Value::Text(text) => {
                if let Some(cause) = dynamic(text) {
                    *node = Node::unresolved(cause, None, node.origin.clone());
                }
                true
            }
            Value::List(_) | Value::Map(_) => {
                let value = std::mem::replace(&mut node.value, Value::Null);
                let outer = self.enter(node.location());
                let answer = self.deeper(|evaluator| evaluator.collection(value));
                self.at = outer;
                match answer {
                    Ok(value) => node.value = value,
                    Err(Halt::Unknown(unresolved)) => node.value = Value::Unresolved(unresolved),
                    Err(Halt::Removed) => return false,
                }
                true
            }
            _ => true,
        }
    }

    fn collection(&mut self, value: Value) -> Answer {
        let map = match value {
            Value::List(items) => return Ok(Value::List(self.items(items))),
            Value::Map(map) => map,
            other => return Ok(other),
        };
        match Form::of(&map) {
            Form::Plain => Ok(Value::Map(Map::new(self.entries(map.into_entries())))),
            Form::Call => match map.into_entries().pop() {
                Some(entry) => self.call(&entry.key, entry.node),
                None => Ok(Value::Map(Map::default())),
            },
            Form::Loop => {
                let (entries, unknown) = self.expand(map.into_entries());
                match unknown {
                    Some(missing) => Err(missing.unresolved.into()),
                    None => Ok(Value::Map(Map::new(self.entries(entries)))),
                }
            }
            Form::Mixed(key) => Err(self.mixed(&key)),
        }
    }

    fn items(&mut self, items: Box<[Node]>) -> Box<[Node]> {
        let mut items = items.into_vec();
        items.retain_mut(|item| self.node(item));
        items.into_boxed_slice()
    }

    fn entries(&mut self, mut entries: Vec<Entry>) -> Vec<Entry> {
        entries.retain_mut(|Entry { key, node }| {
            policy::unwrap_text(key, node);
            let kept = self.node(node);
            policy::parse(key, node, self.record);
            kept
        });
        entries
    }

    /// A function's value; what it builds may be a dynamic reference.
    fn call(&mut self, key: &str, argument: Node) -> Answer {
        let value = self.function(key, argument)?;
        match &value {
            Value::Text(text) => dynamic(text).map_or(Ok(value), |cause| Err(Halt::unknown(cause, None))),
            _ => Ok(value),
        }
    }

    /// A function that does not stand alone in its map: an include adds to its neighbours, any other is a fault.
    fn mixed(&mut self, key: &str) -> Halt {
        if key == "Fn::Transform" {
            self.record.report(crate::stack::not_run(key).at(self.at));
        } else {
            self.record.report(
                Diagnostic::error("malformed-function", format!("`{key}` does not stand alone in its map"))
                    .at(self.at)
                    .help("leave the other keys out, or move the function below one of them"),
            );
        }
        Halt::unknown(Cause::Function(key.into()), None)
    }

    /// `node` evaluated, where it is known.
    pub(crate) fn known(&mut self, mut node: Node) -> Result<Node, Halt> {
        if !self.node(&mut node) {
            return Err(Halt::Removed);
        }
        match node.value {
            Value::Unresolved(unresolved) => Err(Halt::Unknown(unresolved)),
            _ => Ok(node),
        }
    }
}

/// What a map is.
enum Form {
    Plain,
    Call,
    Loop,
    Mixed(Key),
}

impl Form {
    fn of(map: &Map) -> Self {
        let entries = map.entries();
        if entries.iter().any(|entry| is_for_each(&entry.key)) {
            return Self::Loop;
        }
        match entries {
            [entry] if is_function(&entry.key) => Self::Call,
            [_] => Self::Plain,
            entries => {
                let mut functions = entries.iter().filter(|entry| entry.key.starts_with("Fn::"));
                functions.next().map_or(Self::Plain, |entry| Self::Mixed(entry.key.clone()))
            }
        }
    }
}

/// The cause, if `text` holds a dynamic reference (`{{resolve:ssm:…}}`), which only AWS can follow.
pub(crate) fn dynamic(text: &str) -> Option<Cause> {
    const START: &str = "{{resolve:";
    if !text.as_bytes().contains(&b'{') {
        return None;
    }
    let (_, rest) = text.split_once(START)?;
    let service: Text =
        rest.chars().take_while(|one| one.is_ascii_lowercase() || *one == '-').take(20).collect();
    Some(Cause::Function(Text::from(format!("{START}{service}:…}}}}"))))
}

//! What a run is given besides the templates.

use std::fmt;

use ringfence_model::{Node, Text};
use rustc_hash::FxHashMap;

/// One template, parsed.
#[derive(Debug)]
pub struct Template {
    /// The stack it is deployed as.
    pub stack: Text,
    /// The path of its file, by whose name a nested stack refers to it; may be empty.
    pub path: Text,
    /// The document; a local tag `!X v` is a map with the single key `!X`.
    pub document: Node,
    /// `AWS::AccountId` of this stack; that of the run where absent.
    pub account: Option<Text>,
    /// `AWS::Region` of this stack; that of the run where absent.
    pub region: Option<Text>,
}

/// A value for a template parameter.
#[derive(Clone, PartialEq, Eq)]
pub struct Parameter {
    /// The stack it is for; absent for every stack that declares the key.
    pub stack: Option<Text>,
    /// Name of the parameter.
    pub key: Text,
    /// Its value, as text.
    pub value: Text,
}

/// Everything that a person can tell a template from outside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inputs {
    /// Values for parameters. Of several for one parameter the last one for its stack counts, else the last one for all.
    pub parameters: Vec<Parameter>,
    /// `AWS::AccountId`.
    pub account: Option<Text>,
    /// `AWS::Region`.
    pub region: Option<Text>,
}

/// The given values by stack and name.
#[derive(Debug)]
pub(crate) struct Given<'a>(FxHashMap<(Option<&'a str>, &'a str), &'a Text>);

impl<'a> Given<'a> {
    pub(crate) fn of(inputs: &'a Inputs) -> Self {
        let one = |one: &'a Parameter| ((one.stack.as_deref(), one.key.as_str()), &one.value);
        Self(inputs.parameters.iter().map(one).collect())
    }

    /// The value for parameter `key` of `stack`.
    pub(crate) fn value(&self, stack: &str, key: &str) -> Option<&'a Text> {
        self.0.get(&(Some(stack), key)).or_else(|| self.0.get(&(None, key))).copied()
    }
}

// A value may be a password (`NoEcho`), so it is never shown.
impl fmt::Debug for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stack, key, value: _ } = self;
        f.debug_struct("Parameter").field("stack", stack).field("key", key).finish_non_exhaustive()
    }
}

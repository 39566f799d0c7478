//! A policy as a tree of operations, with every name resolved.

use std::sync::OnceLock;

use regex::Regex;

use super::function::Function;

/// One operation.
#[derive(Debug)]
pub(super) enum Expression {
    /// A value that is written in the policy.
    Literal(Literal),
    /// A variable that every policy has.
    Variable(Variable),
    /// The variable of an enclosing macro, counted from the outermost.
    Local(usize, Box<str>),
    /// `declaration.KEY` or `declaration["KEY"]`.
    Declared(&'static str),
    /// `has(declaration.KEY)` or `"KEY" in declaration`.
    IsDeclared(&'static str),
    /// `base.key`; `leaf` unless another selection follows.
    Select { base: Box<Self>, key: Box<str>, leaf: bool },
    /// `has(base.key)`.
    Has { base: Box<Self>, key: Box<str> },
    /// `base[index]`.
    Index(Box<[Self; 2]>),
    /// `!x`.
    Not(Box<Self>),
    /// `-x`.
    Negate(Box<Self>),
    /// `a && b`.
    And(Box<[Self; 2]>),
    /// `a || b`.
    Or(Box<[Self; 2]>),
    /// `a ? b : c`.
    If(Box<[Self; 3]>),
    /// `a + b` and the like.
    Arithmetic(Arithmetic, Box<[Self; 2]>),
    /// `a < b` and the like.
    Order(Order, Box<[Self; 2]>),
    /// `a == b`, or `a != b`.
    Equal { sides: Box<[Self; 2]>, negated: bool },
    /// `a in b`.
    In(Box<[Self; 2]>),
    /// `[a, b]`.
    List(Box<[Self]>),
    /// `{a: b}`.
    Map(Box<[[Self; 2]]>),
    /// `list.all(x, p)` and the like.
    Quantify { quantifier: Quantifier, range: Box<Self>, body: Box<Self> },
    /// `list.map(x, e)` and `list.filter(x, p)`.
    Gather { range: Box<Self>, guard: Option<Box<Self>>, element: Box<Self> },
    /// A call of a function.
    Call(&'static Function, Box<[Self]>),
    /// `text.matches(pattern)`.
    Matches { text: Box<Self>, pattern: Box<Pattern> },
}

/// A value that is written in the policy.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Literal {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Box<str>),
}

/// A variable that every policy has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Variable {
    /// The whole body.
    Object,
    /// The element that is judged.
    Item,
    /// The pod spec.
    Pod,
    /// What the resource is.
    Resource,
    /// What engines concluded of the resource.
    Facts,
}

impl Variable {
    /// All of them by name.
    pub(super) const ALL: [(&'static str, Self); 5] = [
        ("object", Self::Object),
        ("item", Self::Item),
        ("pod", Self::Pod),
        ("resource", Self::Resource),
        ("facts", Self::Facts),
    ];
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quantifier {
    All,
    Exists,
    ExistsOne,
}

/// A regular expression that is written in the policy, compiled when first needed: most runs have
/// nothing to match.
#[derive(Debug)]
pub(super) struct Pattern {
    pub(super) source: Box<str>,
    /// Where it is in the policy.
    pub(super) offset: usize,
    pub(super) compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    pub(super) fn regex(&self) -> Option<&Regex> {
        self.compiled.get_or_init(|| Regex::new(&self.source).ok()).as_ref()
    }

    /// Why it is no regular expression.
    pub(super) fn flaw(&self) -> Option<String> {
        let error = Regex::new(&self.source).err()?.to_string();
        let why = error.lines().last().unwrap_or_default().trim_start_matches("error: ");
        Some(format!("`{}` is not a regular expression: {why}", self.source))
    }
}

impl Expression {
    /// The text, if it is one that is written in the policy.
    pub(super) fn as_text(&self) -> Option<&str> {
        if let Self::Literal(Literal::Text(text)) = self { Some(text) } else { None }
    }

    /// Calls `see` for this operation and everything below it.
    pub(super) fn visit(&self, see: &mut dyn FnMut(&Self)) {
        see(self);
        self.children(&mut |child| child.visit(see));
    }

    /// Whether `wanted` is true of an operation.
    pub(super) fn any(&self, wanted: &dyn Fn(&Self) -> bool) -> bool {
        let mut found = false;
        self.visit(&mut |one| found |= wanted(one));
        found
    }

    fn children(&self, see: &mut dyn FnMut(&Self)) {
        match self {
            Self::Literal(_)
            | Self::Variable(_)
            | Self::Local(..)
            | Self::Declared(_)
            | Self::IsDeclared(_) => {}
            Self::Select { base: one, .. }
            | Self::Has { base: one, .. }
            | Self::Not(one)
            | Self::Negate(one)
            | Self::Matches { text: one, .. } => see(one),
            Self::Index(two)
            | Self::And(two)
            | Self::Or(two)
            | Self::Arithmetic(_, two)
            | Self::Order(_, two)
            | Self::Equal { sides: two, .. }
            | Self::In(two) => two.iter().for_each(see),
            Self::If(three) => three.iter().for_each(see),
            Self::List(many) | Self::Call(_, many) => many.iter().for_each(see),
            Self::Map(pairs) => pairs.iter().flatten().for_each(see),
            Self::Quantify { range, body, .. } => {
                see(range);
                see(body);
            }
            Self::Gather { range, guard, element } => {
                see(range);
                guard.iter().for_each(|guard| see(guard));
                see(element);
            }
        }
    }
}

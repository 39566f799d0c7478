//! Functions that a policy may call: those of CEL's standard library, and our [`vocabulary`](crate::vocabulary).

use super::value::{Value, View};
use crate::policy::{Doubt, Doubts, Input};
use crate::vocabulary;

/// A function: `name(a, b)` or `a.name(b)`.
#[derive(Debug)]
pub(crate) struct Function {
    /// Its name.
    pub(crate) name: &'static str,
    /// How many values it takes, the one before the dot included.
    pub(crate) arity: usize,
    /// One sentence for people who write controls; empty for those of CEL itself.
    pub(crate) help: &'static str,
    /// Whether its answer is among the reasons: it rests on more than its arguments.
    pub(super) told: bool,
    /// Keys of its arguments that it decides on, alternatives together: `IpProtocol|Protocol`.
    pub(super) reads: &'static [&'static str],
    pub(super) call: for<'a, 'w, 'e> fn(&Call<'a, 'w, 'e>) -> Outcome<'e>,
}

/// One call.
pub(crate) struct Call<'a, 'w, 'e> {
    /// What is judged.
    pub(crate) input: &'a Input<'w, 'e>,
    /// The arguments.
    pub(crate) values: &'a [Value<'e>],
}

/// What a call comes to.
pub(crate) type Outcome<'e> = Result<Value<'e>, Trouble<'e>>;

/// Why a call comes to nothing.
#[derive(Debug)]
pub(crate) enum Trouble<'e> {
    /// It cannot be told.
    Doubts(Doubts<'e>),
    /// The argument at that index is not what it should be.
    Argument(usize, &'static str),
}

impl<'e> From<Doubt<'e>> for Trouble<'e> {
    fn from(doubt: Doubt<'e>) -> Self {
        Self::Doubts(vec![doubt])
    }
}

impl<'e> From<Doubts<'e>> for Trouble<'e> {
    fn from(doubts: Doubts<'e>) -> Self {
        Self::Doubts(doubts)
    }
}

/// All functions, sorted by name.
pub(crate) static FUNCTIONS: &[Function] = &[
    function("administrator", 2, vocabulary::ADMINISTRATOR, vocabulary::administrator),
    function("allows_anyone", 1, vocabulary::ALLOWS_ANYONE, vocabulary::allows_anyone).reading(&[
        "Effect",
        "Principal|NotPrincipal",
        "Condition",
    ]),
    function("bool", 1, "", to_bool),
    function("cidr_holds", 2, vocabulary::CIDR_HOLDS, vocabulary::cidr_holds),
    function("cidr_is_world", 1, vocabulary::CIDR_IS_WORLD, vocabulary::cidr_is_world),
    function("contains", 2, "", |call| Ok(Value::Bool(call.text(0)?.contains(call.text(1)?)))),
    function("customer_key", 1, vocabulary::CUSTOMER_KEY, vocabulary::customer_key),
    function("declared_entry", 1, vocabulary::DECLARED_ENTRY, vocabulary::declared_entry)
        .reading(PORTS)
        .told(),
    function("double", 1, "", to_double),
    function("endsWith", 2, "", |call| Ok(Value::Bool(call.text(0)?.ends_with(call.text(1)?)))),
    function("flag", 1, vocabulary::FLAG, vocabulary::flag),
    function("image_registry", 1, vocabulary::IMAGE_REGISTRY, vocabulary::image_registry),
    function("int", 1, "", to_int),
    function("is_ephemeral", 1, vocabulary::IS_EPHEMERAL, vocabulary::is_ephemeral),
    function("is_reference", 1, vocabulary::IS_REFERENCE, vocabulary::is_reference),
    function("prefix_list_is_world", 1, vocabulary::PREFIX_LIST_IS_WORLD, vocabulary::prefix_list_is_world),
    function("quantity", 1, vocabulary::QUANTITY, vocabulary::quantity),
    function("rule_admits", 2, vocabulary::RULE_ADMITS, vocabulary::rule_admits).reading(PORTS),
    function("rule_allows", 1, vocabulary::RULE_ALLOWS, vocabulary::rule_allows).reading(&["RuleAction"]),
    function("rule_holds", 3, vocabulary::RULE_HOLDS, vocabulary::rule_holds).reading(PORTS),
    function("secret_source", 1, vocabulary::SECRET_SOURCE, vocabulary::secret_source),
    function("service_account", 1, vocabulary::SERVICE_ACCOUNT, vocabulary::service_account),
    function("size", 1, "", size),
    function("startsWith", 2, "", |call| Ok(Value::Bool(call.text(0)?.starts_with(call.text(1)?)))),
    function("string", 1, "", to_text),
];

const fn function(
    name: &'static str,
    arity: usize,
    help: &'static str,
    call: for<'a, 'w, 'e> fn(&Call<'a, 'w, 'e>) -> Outcome<'e>,
) -> Function {
    Function { name, arity, help, told: false, reads: &[], call }
}

impl Function {
    const fn reading(self, reads: &'static [&'static str]) -> Self {
        Self { reads, ..self }
    }

    const fn told(self) -> Self {
        Self { told: true, ..self }
    }
}

/// What rules of security groups and network ACLs say of ports.
const PORTS: &[&str] = &["IpProtocol|Protocol", "FromPort|PortRange", "ToPort|PortRange"];

/// The function called `name`.
pub(super) fn find(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.name == name)
}

/// The names of all functions and macros.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    let macros = ["all", "exists", "exists_one", "filter", "has", "map", "matches"];
    FUNCTIONS.iter().map(|function| function.name).chain(macros)
}

impl<'a, 'e> Call<'a, '_, 'e> {
    /// The argument at `index`.
    pub(crate) fn value(&self, index: usize) -> Result<&'a Value<'e>, Trouble<'e>> {
        self.values.get(index).ok_or(Trouble::Argument(index, "a value"))
    }

    /// The argument at `index` as a text.
    pub(crate) fn text(&self, index: usize) -> Result<&'a str, Trouble<'e>> {
        self.value(index)?.as_text().ok_or(Trouble::Argument(index, "a text"))
    }
}

fn size<'e>(call: &Call<'_, '_, 'e>) -> Outcome<'e> {
    let size = match call.value(0)?.view() {
        View::Text(text) => text.chars().count(),
        View::List(items) => items.len(),
        View::Map(entries) => entries.len(),
        _ => return Err(Trouble::Argument(0, "a text, a list or a map")),
    };
    i64::try_from(size).map(Value::Int).map_err(|_| Trouble::Argument(0, "a smaller list"))
}

fn to_int<'e>(call: &Call<'_, '_, 'e>) -> Outcome<'e> {
    let number = match call.value(0)?.view() {
        View::Int(number) => Some(number),
        View::Float(number) if number.abs() < 9.0e18 => Some(number.trunc() as i64),
        View::Text(text) => text.parse().ok(),
        _ => None,
    };
    number.map(Value::Int).ok_or(Trouble::Argument(0, "a whole number"))
}

fn to_double<'e>(call: &Call<'_, '_, 'e>) -> Outcome<'e> {
    let number = match call.value(0)?.view() {
        View::Int(number) => Some(number as f64),
        View::Float(number) => Some(number),
        View::Text(text) => text.parse().ok(),
        _ => None,
    };
    number.map(Value::Float).ok_or(Trouble::Argument(0, "a number"))
}

fn to_text<'e>(call: &Call<'_, '_, 'e>) -> Outcome<'e> {
    let text = match call.value(0)?.view() {
        View::Text(text) => text.to_owned(),
        View::Int(number) => number.to_string(),
        View::Float(number) => number.to_string(),
        View::Bool(value) => value.to_string(),
        _ => return Err(Trouble::Argument(0, "a text, a number or a truth value")),
    };
    Ok(Value::Text(text.into()))
}

fn to_bool<'e>(call: &Call<'_, '_, 'e>) -> Outcome<'e> {
    match call.value(0)?.view() {
        View::Bool(value) => Ok(Value::Bool(value)),
        View::Text("true" | "True" | "TRUE" | "t" | "1") => Ok(Value::Bool(true)),
        View::Text("false" | "False" | "FALSE" | "f" | "0") => Ok(Value::Bool(false)),
        _ => Err(Trouble::Argument(0, "true or false")),
    }
}

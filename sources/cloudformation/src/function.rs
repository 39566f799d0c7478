//! The intrinsic functions: which there are, and how their arguments are read.

mod cidr;
mod encode;
pub(crate) mod find;
mod list;
mod reference;
mod text;

use ringfence_model::{Cause, Diagnostic, Node, Text, Value};

use crate::evaluate::{Answer, Evaluator, Halt};
use crate::shape::{bare, scalar};
pub(crate) use find::Mappings;
pub(crate) use reference::PSEUDO;

/// The functions by their bare names, and what they take.
const FUNCTIONS: &[(&str, &str)] = &[
    ("And", "a list of conditions"),
    ("Base64", "a text"),
    ("Cidr", "`[block, count, bits]`"),
    ("Condition", "the name of a condition"),
    ("Equals", "`[value, value]`"),
    ("FindInMap", "`[map, key, key]`"),
    ("GetAZs", "a region"),
    ("GetAtt", "`resource.attribute` or `[resource, attribute]`"),
    ("If", "`[condition, value, value]`"),
    ("ImportValue", "the name of an export"),
    ("Join", "`[delimiter, list]`"),
    ("Length", "a list"),
    ("Not", "a list of one condition"),
    ("Or", "a list of conditions"),
    ("Ref", "the name of a parameter or resource"),
    ("Select", "`[index, list]`"),
    ("Split", "`[delimiter, text]`"),
    ("Sub", "a text, or `[text, map]`"),
    ("ToJsonString", "a map or a list"),
    ("Transform", "a map with `Name`"),
];

impl Evaluator<'_> {
    /// The value of the function `key` of `argument`.
    pub(crate) fn function(&mut self, key: &str, argument: Node) -> Answer {
        match bare(key) {
            "Ref" => self.reference_to(&argument),
            "GetAtt" => self.attribute_of(argument),
            "Sub" => self.sub(argument),
            "Join" => self.join(argument),
            "Select" => self.select(argument),
            "Split" => self.split(argument),
            "Length" => self.length(argument),
            "FindInMap" => self.find_in_map(argument),
            "If" => self.choose(argument),
            "ImportValue" => self.import(argument),
            "Base64" => self.base64(argument),
            "Cidr" => self.cidr(argument),
            "ToJsonString" => self.json(argument),
            "Transform" => Err(self.transform(&argument)),
            "GetAZs" => Err(Halt::unknown(Cause::Function("Fn::GetAZs".into()), None)),
            "And" | "Or" | "Not" | "Equals" | "Condition" => self.decide(key, argument),
            name => Err(self.no_function(key, name)),
        }
    }

    /// A condition function where a value is expected.
    fn decide(&mut self, key: &str, argument: Node) -> Answer {
        let origin = argument.origin.clone();
        let entry = ringfence_model::Entry { key: key.into(), node: argument };
        let node = Node::new(ringfence_model::Map::new(vec![entry]), origin);
        self.truth(&node).map(Value::Bool).map_err(|unresolved| Halt::from(unresolved).without_target())
    }

    fn transform(&mut self, argument: &Node) -> Halt {
        let name = argument.text("Name").unwrap_or("Fn::Transform");
        self.record.report(crate::stack::not_run(name).at(self.at));
        Halt::unknown(Cause::Function(name.into()), None)
    }

    fn no_function(&mut self, key: &str, name: &str) -> Halt {
        let otherwise = "write the value in its place";
        let help = if self.record.may_suggest() {
            let nearest = ringfence_model::nearest(name, FUNCTIONS.iter().map(|row| row.0));
            nearest.map_or_else(
                || otherwise.to_owned(),
                |near| format!("did you mean `{}{near}`?", key.strip_suffix(name).unwrap_or_default()),
            )
        } else {
            otherwise.to_owned()
        };
        self.record.report(
            Diagnostic::error("unknown-function", format!("`{key}` is not a function that is known"))
                .at(self.at)
                .help(help),
        );
        Halt::unknown(Cause::Function(key.into()), None)
    }

    /// That the arguments of `name` are not what it takes.
    pub(crate) fn malformed(&mut self, name: &str, takes: &str) -> Halt {
        let name = if name == "Ref" || name == "Condition" { name.to_owned() } else { format!("Fn::{name}") };
        self.record.report(
            Diagnostic::error("malformed-function", format!("the argument of `{name}` cannot be read"))
                .at(self.at)
                .help(format!("write {takes}")),
        );
        Halt::unknown(Cause::Unreadable(Text::from(format!("argument of `{name}`"))), None)
    }

    /// [`malformed`](Self::malformed), with what the table says.
    pub(crate) fn wrong(&mut self, name: &'static str) -> Halt {
        let takes = FUNCTIONS.iter().find(|row| row.0 == name).map_or("a value", |row| row.1);
        self.malformed(name, takes)
    }

    /// Exactly `N` arguments, not yet evaluated.
    pub(crate) fn arguments<const N: usize>(
        &mut self,
        name: &'static str,
        argument: Node,
    ) -> Result<[Node; N], Halt> {
        let Value::List(items) = argument.value else { return Err(self.wrong(name)) };
        items.into_vec().try_into().map_err(|_| self.wrong(name))
    }

    /// An argument evaluated and known. `AWS::NoValue` is none.
    pub(crate) fn argument(&mut self, name: &'static str, node: Node) -> Result<Node, Halt> {
        self.known(node).map_err(|halt| match halt {
            Halt::Removed => self.wrong(name),
            halt => halt,
        })
    }

    /// An argument as text.
    pub(crate) fn text(&mut self, name: &'static str, node: Node) -> Result<Text, Halt> {
        let node = self.argument(name, node)?;
        scalar(&node.value).ok_or_else(|| self.wrong(name))
    }

    /// An argument that chooses the value, as text.
    pub(crate) fn choice(&mut self, name: &'static str, node: Node) -> Result<Text, Halt> {
        self.text(name, node).map_err(Halt::without_target)
    }

    /// An argument as a list, whose items may be unresolved.
    pub(crate) fn list(&mut self, name: &'static str, node: Node) -> Result<Vec<Node>, Halt> {
        match self.argument(name, node)?.value {
            Value::List(items) => Ok(items.into_vec()),
            _ => Err(self.wrong(name)),
        }
    }

    /// `Fn::If`: only the branch that is taken is evaluated, so that the other may refer to what is not there.
    fn choose(&mut self, argument: Node) -> Answer {
        let [condition, yes, no] = self.arguments("If", argument)?;
        let truth = match &condition.value {
            Value::Text(name) => self.condition(name),
            Value::Map(_) | Value::Bool(_) => self.truth(&condition),
            _ => return Err(self.wrong("If")),
        };
        match truth {
            Ok(true) => self.branch(yes),
            Ok(false) => self.branch(no),
            Err(unresolved) => self.either(yes, no).ok_or(Halt::Unknown(unresolved).without_target()),
        }
    }

    fn branch(&mut self, mut node: Node) -> Answer {
        if self.node(&mut node) { Ok(node.value) } else { Err(Halt::Removed) }
    }

    /// The scalar that both branches come to, whatever the condition is.
    fn either(&mut self, yes: Node, no: Node) -> Option<Value> {
        let outer = std::mem::replace(&mut self.supposing, true);
        let (yes, no) = (self.branch(yes), self.branch(no));
        self.supposing = outer;
        match (yes, no) {
            (Ok(yes), Ok(no)) if scalar(&yes).is_some() && yes == no => Some(yes),
            _ => None,
        }
    }
}

/// What a value is, where a text was expected, for messages.
pub(crate) fn not_text(value: &Value) -> String {
    format!("{}, not a text", value.noun())
}

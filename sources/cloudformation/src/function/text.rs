//! `Fn::Sub` and `Fn::Join`: texts put together from parts, of which some may be unknown.

use ringfence_model::{Key, Node, Text, Unresolved, Value};
use rustc_hash::FxHashMap;

use crate::evaluate::{Answer, Evaluator, Halt, dynamic};
use crate::shape::scalar;

/// The longest text that is built. A whole template may be 1 MB.
const LONGEST: usize = 1 << 20;

impl Evaluator<'_> {
    /// `Fn::Sub`.
    pub(crate) fn sub(&mut self, argument: Node) -> Answer {
        let (text, variables) = match argument.value {
            Value::Text(text) => (text, FxHashMap::default()),
            Value::List(_) => self.sub_parts(argument)?,
            _ => return Err(self.wrong("Sub")),
        };
        if !text.contains("${") {
            return Ok(Value::Text(text));
        }
        let mut assembly = Assembly::default();
        for part in Parts(&text) {
            match part {
                Part::Literal(literal) => assembly.push(literal),
                Part::Variable(name) => {
                    let value = self.variable(name, &variables);
                    self.add(&mut assembly, "Sub", value)?;
                }
            }
        }
        self.finish(assembly)
    }

    fn sub_parts(&mut self, argument: Node) -> Result<(Text, FxHashMap<Key, Node>), Halt> {
        let [text, variables] = self.arguments("Sub", argument)?;
        let (Value::Text(text), Value::Map(map)) = (text.value, variables.value) else {
            return Err(self.wrong("Sub"));
        };
        let mut entries = map.into_entries();
        let kept = entries.iter_mut().all(|entry| self.node(&mut entry.node));
        let variables = || entries.into_iter().map(|entry| (entry.key, entry.node)).collect();
        if kept { Ok((text, variables())) } else { Err(self.wrong("Sub")) }
    }

    fn variable(&mut self, name: &str, variables: &FxHashMap<Key, Node>) -> Answer {
        if let Some(node) = variables.get(name) {
            return Ok(node.value.clone());
        }
        if name.contains('.') {
            let argument = Node::new(name, ringfence_model::Origin::derived("part of a text", self.at));
            return self.attribute_of(argument);
        }
        self.named(name)
    }

    /// Adds a part: known, or unknown with its cause.
    fn add(&mut self, assembly: &mut Assembly, name: &'static str, part: Answer) -> Result<(), Halt> {
        match part {
            Ok(Value::Unresolved(unresolved)) | Err(Halt::Unknown(unresolved)) => {
                assembly.unknown(unresolved)
            }
            Ok(value) => match scalar(&value) {
                Some(text) => assembly.push(&text),
                None => {
                    return Err(
                        self.malformed(name, &format!("texts; a part is {}", super::not_text(&value)))
                    );
                }
            },
            Err(Halt::Removed) => return Err(self.wrong(name)),
        }
        if assembly.text.len() > LONGEST {
            self.record.bound("a text grows too long", self.at)
        } else {
            Ok(())
        }
    }

    fn finish(&mut self, assembly: Assembly) -> Answer {
        let Assembly { text, unknown } = assembly;
        if text.len() > LONGEST {
            return self.record.bound("a text grows too long", self.at);
        }
        if let Some(cause) = dynamic(&text) {
            return Err(Halt::unknown(cause, unknown.and_then(|unknown| unknown.target)));
        }
        self.record.charge(0, text.len(), self.at)?;
        unknown.map_or(Ok(Value::Text(text.into())), |unknown| Err(Halt::Unknown(unknown)))
    }

    /// `Fn::Join`.
    pub(crate) fn join(&mut self, argument: Node) -> Answer {
        let [delimiter, items] = self.arguments("Join", argument)?;
        let delimiter = self.choice("Join", delimiter)?;
        let items = self.list("Join", items)?;
        let mut assembly = Assembly::default();
        for (index, item) in items.into_iter().enumerate() {
            if index > 0 {
                assembly.push(&delimiter);
            }
            self.add(&mut assembly, "Join", Ok(item.value))?;
        }
        self.finish(assembly)
    }
}

/// A text under construction.
#[derive(Debug, Default)]
struct Assembly {
    text: String,
    unknown: Option<Box<Unresolved>>,
}

impl Assembly {
    fn push(&mut self, part: &str) {
        self.text.push_str(part);
    }

    /// The first unknown part says why; one that names a resource goes before one that does not, because
    /// the text then points at that resource whatever the rest is.
    fn unknown(&mut self, part: Box<Unresolved>) {
        let better = self.unknown.as_ref().is_none_or(|have| have.target.is_none() && part.target.is_some());
        if better {
            self.unknown = Some(part);
        }
    }
}

/// A part of the text of an `Fn::Sub`.
#[derive(Debug, PartialEq, Eq)]
enum Part<'a> {
    Literal(&'a str),
    Variable(&'a str),
}

/// The parts of a text: `${Name}` is a variable, `${!Name}` the literal `${Name}`; what is not closed is literal.
struct Parts<'a>(&'a str);

impl<'a> Iterator for Parts<'a> {
    type Item = Part<'a>;

    fn next(&mut self) -> Option<Part<'a>> {
        if let Some((name, rest)) = self.0.strip_prefix("${").and_then(|rest| rest.split_once('}')) {
            // The mark is dropped by giving out `${` alone; the name follows as a literal.
            if let (true, Some(after)) = (name.starts_with('!'), self.0.strip_prefix("${!")) {
                self.0 = after;
                return Some(Part::Literal("${"));
            }
            self.0 = rest;
            return Some(Part::Variable(name.trim()));
        }
        let start = usize::from(self.0.starts_with("${")) * 2;
        let end = self.0.get(start..)?.find("${").map_or(self.0.len(), |at| at + start);
        let (literal, rest) = self.0.split_at_checked(end)?;
        self.0 = rest;
        (!literal.is_empty()).then_some(Part::Literal(literal))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[Part<'_>]) {
        assert_eq!(Parts(text).collect::<Vec<_>>(), expected, "{text}");
    }

    #[test]
    fn texts_fall_into_parts() {
        use Part::{Literal, Variable};
        check("", &[]);
        check("plain", &[Literal("plain")]);
        check("a${B}c", &[Literal("a"), Variable("B"), Literal("c")]);
        check("${A}${ B.C }", &[Variable("A"), Variable("B.C")]);
        check("${!A}-${A}", &[Literal("${"), Literal("A}-"), Variable("A")]);
        check("a${", &[Literal("a"), Literal("${")]);
        check("${open ${A}", &[Variable("open ${A")]);
        check("$${A}", &[Literal("$"), Variable("A")]);
    }
}

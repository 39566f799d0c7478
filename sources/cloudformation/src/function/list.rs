//! `Fn::Select`, `Fn::Split` and `Fn::Length`.

use ringfence_model::{Cause, Diagnostic, Node, Origin, Text, Value};

use crate::evaluate::{Answer, Evaluator, Halt};

impl Evaluator<'_> {
    /// `Fn::Select`.
    pub(crate) fn select(&mut self, argument: Node) -> Answer {
        let [index, items] = self.arguments("Select", argument)?;
        let index = self.choice("Select", index)?;
        let Ok(index) = index.trim().parse::<usize>() else { return Err(self.wrong("Select")) };
        let items = self.list("Select", items)?;
        let length = items.len();
        match items.into_iter().nth(index).map(|item| item.value) {
            Some(Value::Unresolved(unresolved)) => Err(Halt::Unknown(unresolved)),
            Some(value) => Ok(value),
            None => Err(self.past_the_end(index, length)),
        }
    }

    fn past_the_end(&mut self, index: usize, length: usize) -> Halt {
        let message = format!("`Fn::Select` asks for item {index} of a list of {length}");
        let help = "give an index from 0 to one less than the length";
        self.record.report(Diagnostic::error("no-such-item", message).at(self.at).help(help));
        Halt::unknown(Cause::Missing(Text::from(format!("item {index}"))), None)
    }

    /// `Fn::Split`.
    pub(crate) fn split(&mut self, argument: Node) -> Answer {
        let [delimiter, text] = self.arguments("Split", argument)?;
        let delimiter = self.choice("Split", delimiter)?;
        let text = self.text("Split", text)?;
        if delimiter.is_empty() {
            return Err(self.wrong("Split"));
        }
        self.record.charge(text.matches(delimiter.as_str()).count() + 1, text.len(), self.at)?;
        let origin = self.at.map_or_else(|| Origin::derived("part of a text", None), Origin::Explicit);
        Ok(Value::List(text.split(delimiter.as_str()).map(|part| Node::new(part, origin.clone())).collect()))
    }

    /// `Fn::Length`.
    pub(crate) fn length(&mut self, argument: Node) -> Answer {
        let items = self.list("Length", argument)?;
        Ok(Value::Int(i64::try_from(items.len()).unwrap_or(i64::MAX)))
    }
}

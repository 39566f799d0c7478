//! `Ref`, `Fn::GetAtt` and `Fn::ImportValue`: values that come from elsewhere.

use ringfence_model::{Cause, Diagnostic, Node, Target, Text, Value};

use crate::evaluate::{Answer, Evaluator, Halt};
use crate::record::{Standing, size};
use crate::stack::{Presence, Stack};

/// The pseudo parameters.
pub(crate) const PSEUDO: &[&str] = &[
    "AWS::AccountId",
    "AWS::NoValue",
    "AWS::NotificationARNs",
    "AWS::Partition",
    "AWS::Region",
    "AWS::StackId",
    "AWS::StackName",
    "AWS::URLSuffix",
];

impl<'a> Evaluator<'a> {
    /// `Ref`.
    pub(crate) fn reference_to(&mut self, argument: &Node) -> Answer {
        match argument.as_str() {
            Some(name) => self.named(name),
            None => Err(self.wrong("Ref")),
        }
    }

    /// What `name` stands for: a pseudo parameter, a parameter or a resource.
    pub(crate) fn named(&mut self, name: &str) -> Answer {
        if name.starts_with("AWS::") && PSEUDO.contains(&name) {
            return self.pseudo(name);
        }
        let Some(stack) = self.stack() else { return Err(Halt::Removed) };
        if stack.parameters.contains_key(name) {
            return self.parameter(stack, name);
        }
        Err(self.resource(stack, name, None))
    }

    /// `Fn::GetAtt`: `resource.attribute`, or both in a list, where the attribute may be a function.
    pub(crate) fn attribute_of(&mut self, argument: Node) -> Answer {
        let (name, attribute) = match argument.value {
            Value::Text(text) => match text.split_once('.') {
                Some((name, attribute)) => (Text::from(name), Ok(Text::from(attribute))),
                None => return Err(self.wrong("GetAtt")),
            },
            Value::List(items) => self.attribute_parts(items.into_vec())?,
            _ => return Err(self.wrong("GetAtt")),
        };
        let Some(stack) = self.stack() else { return Err(Halt::Removed) };
        match attribute {
            Ok(attribute) => Err(self.resource(stack, &name, Some(attribute))),
            // Which attribute is not known, but whose is.
            Err(Halt::Unknown(unresolved)) => match self.resource(stack, &name, None) {
                Halt::Unknown(one) => Err(Halt::unknown(unresolved.cause, one.target)),
                halt => Err(halt),
            },
            Err(halt) => Err(halt),
        }
    }

    fn attribute_parts(&mut self, items: Vec<Node>) -> Result<(Text, Result<Text, Halt>), Halt> {
        let mut items = items.into_iter();
        let (Some(first), Some(second)) = (items.next(), items.next()) else {
            return Err(self.wrong("GetAtt"));
        };
        let Some(name) = first.as_str().map(Text::from) else { return Err(self.wrong("GetAtt")) };
        let mut attribute = self.text("GetAtt", second);
        for rest in items {
            let rest = self.text("GetAtt", rest)?;
            attribute = attribute.map(|before| Text::from(format!("{before}.{rest}")));
        }
        Ok((name, attribute))
    }

    fn pseudo(&mut self, name: &str) -> Answer {
        let surroundings = |name: &'static str| Halt::unknown(Cause::Surroundings(name.into()), None);
        let place = self.stack().map(|stack| &stack.place);
        let region = place.and_then(|place| place.region.as_ref()).ok_or_else(|| surroundings("AWS::Region"));
        match name {
            "AWS::NoValue" => Err(Halt::Removed),
            "AWS::AccountId" => {
                let account = place.and_then(|place| place.account.clone());
                account.map(Value::Text).ok_or_else(|| surroundings("AWS::AccountId"))
            }
            "AWS::Region" => region.map(|region| Value::Text(region.clone())),
            "AWS::Partition" => region.map(|region| partition(region).0.into()),
            "AWS::URLSuffix" => region.map(|region| partition(region).1.into()),
            "AWS::StackName" => {
                Ok(Value::Text(self.stack().map(|stack| stack.name.clone()).unwrap_or_default()))
            }
            other => Err(Halt::unknown(Cause::Assigned(other.into()), None)),
        }
    }

    fn parameter(&mut self, stack: &'a Stack, name: &str) -> Answer {
        let Some(parameter) = stack.parameters.get(name) else { return Err(Halt::Removed) };
        let value = parameter.value.as_ref().map_err(|unresolved| Halt::Unknown(unresolved.clone()))?;
        if parameter.hidden && !self.deciding {
            let cause = Cause::Function(Text::from(format!("NoEcho parameter {name}")));
            return Err(Halt::unknown(cause, None));
        }
        match value {
            Value::List(items) => {
                let bytes = items.iter().map(|item| size(item).1).sum();
                self.record.charge(items.len(), bytes, self.at)?;
            }
            Value::Text(text) => self.record.charge(0, text.len(), self.at)?,
            _ => {}
        }
        let mut value = value.clone();
        if let (Value::List(items), Some(at)) = (&mut value, self.at) {
            items.iter_mut().for_each(|item| item.origin = ringfence_model::Origin::Explicit(at));
        }
        Ok(value)
    }

    /// A reference to a resource: assigned when it is created, so unresolved, but its target is known.
    fn resource(&mut self, stack: &Stack, name: &str, attribute: Option<Text>) -> Halt {
        match stack.names.get(name) {
            Some(Presence::There) => {
                let what = attribute
                    .as_ref()
                    .map_or_else(|| Text::from(name), |attribute| Text::from(format!("{name}.{attribute}")));
                let target = Target { scope: stack.scope.clone(), address: name.into(), attribute };
                Halt::unknown(Cause::Assigned(what), Some(target))
            }
            Some(Presence::LeftOut(condition)) => self.left_out(name, condition),
            Some(Presence::Broken) => Halt::unknown(Cause::Missing(name.into()), None),
            None => self.undefined(stack, name),
        }
    }

    fn left_out(&mut self, name: &str, condition: &str) -> Halt {
        if !self.supposing {
            self.record.report(
                Diagnostic::warning(
                    "reference-left-out",
                    format!("`{name}` is referred to, but its condition `{condition}` is false"),
                )
                .at(self.at)
                .help("make the reference depend on the same condition"),
            );
        }
        Halt::unknown(Cause::Missing(name.into()), None)
    }

    fn undefined(&mut self, stack: &Stack, name: &str) -> Halt {
        if let Some(kind) = module(stack, name) {
            return Halt::unknown(Cause::Function(kind.clone()), None);
        }
        if let Some(cause) = &stack.open {
            return Halt::unknown(cause.clone(), None);
        }
        let help = stack.suggest(name, self.record);
        self.record.report(
            Diagnostic::error("undefined-reference", format!("`{name}` is not defined in this template"))
                .at(self.at)
                .help(help),
        );
        Halt::unknown(Cause::Missing(name.into()), None)
    }

    /// `Fn::ImportValue`: the value that another stack exports, evaluated there.
    pub(crate) fn import(&mut self, argument: Node) -> Answer {
        let name = self.choice("ImportValue", argument)?;
        let place = self.stack().map(|stack| &stack.place);
        let Some(export) = place.and_then(|place| self.world.exports.find(&name, place)) else {
            return Err(Halt::unknown(Cause::Import(name), None));
        };
        let key = (export.stack, name);
        match self.record.imports.get(&key) {
            Some(Standing::Open) => return Err(self.import_cycle(key.1)),
            Some(Standing::Known(node)) => {
                let (node, (nodes, bytes)) = (node.clone(), size(node));
                self.record.charge(nodes, bytes, self.at)?;
                return settled(node);
            }
            None => {}
        }
        self.record.imports.insert(key.clone(), Standing::Open);
        let mut value = export.value.clone();
        let kept = self.in_stack(export.stack, |exporter| {
            (exporter.at, exporter.supposing) = (value.location(), false);
            exporter.node(&mut value)
        });
        if !kept {
            value.value = Value::Null;
        }
        self.record.imports.insert(key, Standing::Known(value.clone()));
        settled(value)
    }

    fn import_cycle(&mut self, name: Text) -> Halt {
        self.record.report(
            Diagnostic::error("import-cycle", format!("export `{name}` is made of itself"))
                .at(self.at)
                .help("break the cycle"),
        );
        Halt::unknown(Cause::Cycle(name), None)
    }
}

/// The type of the module that `name` belongs to: names of its resources start with its logical id.
fn module<'a>(stack: &'a Stack, name: &str) -> Option<&'a Text> {
    const LONGEST: usize = 255;
    if stack.modules.is_empty() {
        return None;
    }
    (1..=name.len().min(LONGEST)).find_map(|end| stack.modules.get(name.get(..end)?))
}

fn settled(node: Node) -> Answer {
    match node.value {
        Value::Unresolved(unresolved) => Err(Halt::Unknown(unresolved)),
        value => Ok(value),
    }
}

/// Partition and domain of a region.
fn partition(region: &str) -> (&'static str, &'static str) {
    const PARTITIONS: &[(&str, &str, &str)] = &[
        ("cn-", "aws-cn", "amazonaws.com.cn"),
        ("us-gov-", "aws-us-gov", "amazonaws.com"),
        ("us-iso-", "aws-iso", "c2s.ic.gov"),
        ("us-isob-", "aws-iso-b", "sc2s.sgov.gov"),
        ("eu-isoe-", "aws-iso-e", "cloud.adc-e.uk"),
        ("us-isof-", "aws-iso-f", "csp.hci.ic.gov"),
        ("eusc-", "aws-eusc", "amazonaws.eu"),
    ];
    let row = PARTITIONS.iter().find(|row| region.starts_with(row.0));
    row.map_or(("aws", "amazonaws.com"), |row| (row.1, row.2))
}

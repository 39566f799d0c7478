//! Label selectors of the Kubernetes API (`matchLabels`, `matchExpressions`).

use crate::{Field, Labels, Location, Node, Text, Value};

/// A label selector; the empty one selects everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Selector {
    /// All of them must hold.
    pub requirements: Vec<Requirement>,
    /// Parts that could not be read; where they decide, the answer is unknown.
    pub unreadable: Vec<Unreadable>,
}

/// One condition on one label.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Requirement {
    /// The label's key.
    pub key: Text,
    /// The condition.
    pub operator: Operator,
}

/// What must hold of a label.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operator {
    /// Present, with one of these values (sorted).
    In(Vec<Text>),
    /// Absent, or with none of these values (sorted).
    NotIn(Vec<Text>),
    /// Present.
    Exists,
    /// Absent.
    DoesNotExist,
}

/// A part of a selector that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Unreadable {
    /// Why, one clause.
    pub why: String,
    /// Where.
    pub location: Option<Location>,
}

impl Selector {
    /// Reads a selector; `None` where there is none (absent and empty differ in several APIs).
    pub fn read(field: Field<'_>) -> Option<Self> {
        match field {
            Field::Absent => None,
            Field::Unresolved(node, unresolved) => {
                let why = unresolved.cause.describe();
                Some(Self {
                    unreadable: vec![Unreadable { why, location: node.location() }],
                    ..Self::default()
                })
            }
            Field::Present(node) => Some(Self::of(node)),
        }
    }

    /// A selector for exact labels, as Services have it.
    pub fn exact<'a>(labels: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let requirement = |(key, value): (&str, &str)| Requirement {
            key: key.into(),
            operator: Operator::In(vec![value.into()]),
        };
        Self { requirements: labels.into_iter().map(requirement).collect(), unreadable: Vec::new() }
    }

    /// Reads a plain map of labels, as `spec.selector` of a Service.
    pub fn of_labels(node: &Node) -> Self {
        let mut selector = Self::default();
        if !matches!(node.value, Value::Map(_)) {
            selector.refuse("the labels are not a map".to_owned(), node);
        }
        for entry in node.entries() {
            selector.require_label(&entry.key, &entry.node);
        }
        selector
    }

    fn of(node: &Node) -> Self {
        let mut selector = Self::default();
        // What is no map would otherwise select everything.
        if !matches!(node.value, Value::Map(_)) {
            selector.refuse("the selector is not a map".to_owned(), node);
        }
        for entry in node.entries() {
            match (&*entry.key, entry.node.as_field()) {
                (_, Field::Absent) => {}
                ("matchLabels", Field::Present(labels)) => {
                    let labels = Self::of_labels(labels);
                    selector.requirements.extend(labels.requirements);
                    selector.unreadable.extend(labels.unreadable);
                }
                ("matchExpressions", Field::Present(list)) if matches!(list.value, Value::List(_)) => {
                    list.items().iter().for_each(|item| selector.require_expression(item));
                }
                (key, _) => selector.refuse(format!("`{key}` cannot be read"), &entry.node),
            }
        }
        selector.requirements.sort();
        selector.requirements.dedup();
        selector
    }

    fn require_label(&mut self, key: &str, value: &Node) {
        match value.as_str() {
            Some(text) => self
                .requirements
                .push(Requirement { key: key.into(), operator: Operator::In(vec![text.into()]) }),
            None => self.refuse(format!("the value of label `{key}` is not a text"), value),
        }
    }

    fn require_expression(&mut self, item: &Node) {
        let values = item.get("values").map(Node::items).unwrap_or_default();
        let texts: Option<Vec<Text>> = values.iter().map(|value| value.as_str().map(Text::from)).collect();
        let (Some(key), Some(name), Some(mut texts)) = (item.text("key"), item.text("operator"), texts)
        else {
            return self.refuse("the expression cannot be read".to_owned(), item);
        };
        texts.sort();
        texts.dedup();
        let operator = match (name, texts.is_empty()) {
            ("In", false) => Operator::In(texts),
            ("NotIn", false) => Operator::NotIn(texts),
            ("Exists", true) => Operator::Exists,
            ("DoesNotExist", true) => Operator::DoesNotExist,
            _ => {
                return self
                    .refuse(format!("operator `{name}` with {} values is invalid", texts.len()), item);
            }
        };
        self.requirements.push(Requirement { key: key.into(), operator });
    }

    fn refuse(&mut self, why: String, node: &Node) {
        self.unreadable.push(Unreadable { why, location: node.location() });
    }

    /// Whether `labels` are selected; `None` where an unreadable part decides.
    pub fn matches(&self, labels: &Labels) -> Option<bool> {
        if !self.requirements.iter().all(|requirement| requirement.holds(labels)) {
            return Some(false);
        }
        if self.unreadable.is_empty() { Some(true) } else { None }
    }

    /// Whether everything is selected.
    pub fn is_empty(&self) -> bool {
        self.requirements.is_empty() && self.unreadable.is_empty()
    }
}

impl Requirement {
    /// Whether `labels` fulfil it. `NotIn` and `DoesNotExist` hold for an absent key.
    pub fn holds(&self, labels: &Labels) -> bool {
        let value = labels.get(&self.key);
        match &self.operator {
            Operator::In(values) => value.is_some_and(|value| values.iter().any(|wanted| wanted == value)),
            Operator::NotIn(values) => value.is_none_or(|value| values.iter().all(|wanted| wanted != value)),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
        }
    }
}

impl Operator {
    /// Whether it holds for an object that lacks the key.
    pub fn is_negative(&self) -> bool {
        matches!(self, Self::NotIn(_) | Self::DoesNotExist)
    }
}

/// The labels of an object as far as they are known.
#[derive(Clone, Debug)]
pub struct KnownLabels<'a> {
    /// Those that are.
    pub labels: &'a Labels,
    /// Those that are not.
    pub unknown: Unknown,
}

/// Which labels are not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// None.
    Nothing,
    /// The values of these keys, which may also be absent.
    Keys(Vec<Text>),
    /// Whatever is not among the known ones.
    Rest,
}

impl Unknown {
    /// What cannot be known of the labels of `object` (what has `metadata.labels`).
    pub fn of(object: Field<'_>) -> Self {
        let labels = match object {
            Field::Present(node) => node.field("metadata.labels"),
            other => other,
        };
        match labels {
            Field::Absent => Self::Nothing,
            Field::Unresolved(..) => Self::Rest,
            Field::Present(labels) if !matches!(labels.value, Value::Map(_)) => Self::Rest,
            Field::Present(labels) => {
                let unread = labels.entries().iter().filter(|entry| entry.node.as_str().is_none());
                let keys: Vec<Text> = unread.map(|entry| Text::from(&*entry.key)).collect();
                if keys.is_empty() { Self::Nothing } else { Self::Keys(keys) }
            }
        }
    }
}

impl KnownLabels<'_> {
    /// Whether `selector` matches; `None` where an unknown label or an unreadable part decides.
    pub fn judge(&self, selector: &Selector) -> Option<bool> {
        match self.meets(&selector.requirements) {
            Some(true) if !selector.unreadable.is_empty() => None,
            answer => answer,
        }
    }

    /// Whether all `requirements` hold; `None` where an unknown label decides.
    pub fn meets<'r>(&self, requirements: impl IntoIterator<Item = &'r Requirement>) -> Option<bool> {
        let mut certain = true;
        for requirement in requirements {
            if self.is_unknown(&requirement.key) {
                certain = false;
            } else if !requirement.holds(self.labels) {
                return Some(false);
            }
        }
        certain.then_some(true)
    }

    /// Whether it cannot be told what value `key` has, or whether it is there.
    pub fn is_unknown(&self, key: &str) -> bool {
        match &self.unknown {
            Unknown::Nothing => false,
            Unknown::Keys(keys) => keys.iter().any(|unknown| unknown == key),
            Unknown::Rest => self.labels.get(key).is_none(),
        }
    }
}

/// Whether all answers are yes; `None` where an unknown one decides.
pub fn all(answers: impl IntoIterator<Item = Option<bool>>) -> Option<bool> {
    let mut certain = true;
    for answer in answers {
        match answer {
            Some(true) => {}
            Some(false) => return Some(false),
            None => certain = false,
        }
    }
    certain.then_some(true)
}

/// Whether any answer is yes; `None` where an unknown one decides.
pub fn any(answers: impl IntoIterator<Item = Option<bool>>) -> Option<bool> {
    all(answers.into_iter().map(|answer| answer.map(|yes| !yes))).map(|none| !none)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        pairs.iter().map(|(key, value)| (Text::from(*key), Text::from(*value))).collect()
    }

    #[test]
    fn negative_conditions_hold_for_absent_keys() {
        let not_in = Requirement { key: "tier".into(), operator: Operator::NotIn(vec!["web".into()]) };
        let absent = Requirement { key: "tier".into(), operator: Operator::DoesNotExist };
        assert!(not_in.holds(&labels(&[])) && absent.holds(&labels(&[])));
        assert!(!not_in.holds(&labels(&[("tier", "web")])));
        assert!(not_in.holds(&labels(&[("tier", "db")])));
    }

    #[test]
    fn what_has_the_wrong_shape_does_not_select_everything() {
        let origin = || crate::Origin::derived("test", None);
        let text = || Node::new("all", origin());
        let under = |key: &str, node: Node| {
            let map: crate::Map = [(key.into(), node)].into_iter().collect();
            Node::new(map, origin())
        };
        let shapes = [text(), under("matchLabels", text()), under("matchExpressions", text())];
        for node in shapes {
            let selector = Selector::read(Field::Present(&node)).unwrap();
            assert_eq!(selector.matches(&labels(&[("app", "a")])), None, "{node:?}");
        }
        assert_eq!(Selector::of_labels(&text()).matches(&labels(&[])), None);
    }

    #[test]
    fn an_unknown_label_decides_neither_way() {
        let some = labels(&[("app", "a")]);
        let judge = |unknown: Unknown, key: &str, operator: Operator| {
            let requirements = vec![Requirement { key: key.into(), operator }];
            let selector = Selector { requirements, unreadable: Vec::new() };
            KnownLabels { labels: &some, unknown }.judge(&selector)
        };
        let not_in = || Operator::NotIn(vec!["x".into()]);
        assert_eq!(judge(Unknown::Nothing, "tier", not_in()), Some(true));
        assert_eq!(judge(Unknown::Keys(vec!["tier".into()]), "tier", not_in()), None);
        assert_eq!(judge(Unknown::Keys(vec!["tier".into()]), "tier", Operator::Exists), None);
        assert_eq!(judge(Unknown::Rest, "tier", Operator::DoesNotExist), None);
        assert_eq!(judge(Unknown::Rest, "app", Operator::DoesNotExist), Some(false));
    }

    #[test]
    fn labels_that_are_no_map_are_not_known() {
        let origin = || crate::Origin::derived("test", None);
        let under = |key: &str, node: Node| {
            Node::new([(key.into(), node)].into_iter().collect::<crate::Map>(), origin())
        };
        let of = |labels: Node| Unknown::of(Field::Present(&under("metadata", under("labels", labels))));
        assert_eq!(of(Node::new("all", origin())), Unknown::Rest);
        assert_eq!(of(under("a", Node::new(1, origin()))), Unknown::Keys(vec!["a".into()]));
        assert_eq!(of(under("a", Node::new("x", origin()))), Unknown::Nothing);
    }

    #[test]
    fn an_unreadable_part_never_selects_nor_excludes_by_itself() {
        let mut selector = Selector::exact([("app", "a")]);
        selector.unreadable.push(Unreadable { why: "x".into(), location: None });
        assert_eq!(selector.matches(&labels(&[("app", "b")])), Some(false));
        assert_eq!(selector.matches(&labels(&[("app", "a")])), None);
    }
}

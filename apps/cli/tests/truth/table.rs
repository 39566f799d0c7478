//! The crosswalk as data: which control answers which peer's rule, and what was settled.

use serde_json::Value;

/// One peer's rule and the controls that answer it.
pub(crate) struct Mapping {
    /// The peer's set of cases.
    pub(crate) set: String,
    /// The peer's name of the rule.
    pub(crate) rule: String,
    /// Ours; empty where none of the controls asks that question.
    pub(crate) controls: Vec<String>,
    /// Why it is mapped, or not.
    pub(crate) reason: String,
    parameters: Vec<String>,
}

/// A disagreement that was looked at.
pub(crate) struct Settled {
    /// The peer's set of cases.
    pub(crate) set: String,
    /// The peer's name of the rule.
    pub(crate) rule: String,
    /// The case.
    pub(crate) case: String,
    /// The peer's label.
    pub(crate) expect: String,
    /// Our answer.
    pub(crate) ours: String,
    /// `peer wrong` or `different question`.
    pub(crate) class: String,
    /// The definition that settles it.
    pub(crate) citation: String,
}

/// All rows of the crosswalk.
pub(crate) fn mappings() -> Vec<Mapping> {
    rows(include_str!("crosswalk.tsv")).map(mapping).collect()
}

/// All settled rows.
pub(crate) fn settled() -> Vec<Settled> {
    rows(include_str!("crosswalk-settled.tsv")).map(settled_row).collect()
}

/// Why more than a tenth of a control's cases were settled, by control.
pub(crate) fn explained() -> Vec<(String, String)> {
    let row = |row: Vec<&str>| match row.as_slice() {
        [control, why] => ((*control).to_owned(), (*why).to_owned()),
        _ => panic!("two columns expected: {row:?}"),
    };
    rows(include_str!("explained.tsv")).map(row).collect()
}

fn rows(text: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    text.lines().skip(1).filter(|line| !line.is_empty()).map(|line| line.split('\t').collect())
}

fn mapping(row: Vec<&str>) -> Mapping {
    let [set, rule, controls, reason, rest @ ..] = row.as_slice() else { panic!("too few columns: {row:?}") };
    let parameters = rest.first().map_or("", |text| text.trim());
    Mapping {
        set: (*set).to_owned(),
        rule: (*rule).to_owned(),
        controls: controls.split(',').filter(|control| *control != "-").map(str::to_owned).collect(),
        reason: (*reason).to_owned(),
        parameters: parameters
            .split(';')
            .map(|part| part.trim().to_owned())
            .filter(|part| !part.is_empty())
            .collect(),
    }
}

fn settled_row(row: Vec<&str>) -> Settled {
    let [set, rule, case, expect, ours, class, citation] = row.as_slice() else {
        panic!("seven columns expected: {row:?}")
    };
    let text = |part: &&str| (*part).to_owned();
    Settled {
        set: text(set),
        rule: text(rule),
        case: text(case),
        expect: text(expect),
        ours: text(ours),
        class: text(class),
        citation: text(citation),
    }
}

impl Mapping {
    /// Whether the case asks our question: under its parameters (`if parameters.x`, `if !parameters.x`), and
    /// where the peer asks for less than we do, with a label that carries over (`only fail`).
    pub(crate) fn is_comparable(&self, expect: &str, parameters: &Value) -> bool {
        if self.parameters.iter().any(|part| part == "only fail") && expect != "fail" {
            return false;
        }
        self.parameters.iter().filter_map(|part| part.strip_prefix("if ")).all(|condition| {
            match condition.strip_prefix('!') {
                Some(path) => !is_there(at(path, parameters)),
                None => is_there(at(condition, parameters)),
            }
        })
    }

    /// A declaration with the lists that stand for the peer's parameters (`registries<-parameters.repos`).
    pub(crate) fn declaration(&self, parameters: &Value) -> String {
        let mut text = String::from("schema: ringfence.declaration/1\n");
        for (key, source) in self.parameters.iter().filter_map(|part| part.split_once("<-")) {
            let list = if source == "[]" { Value::Array(Vec::new()) } else { at(source, parameters).clone() };
            let list: Vec<&Value> =
                list.as_array().into_iter().flatten().filter(|one| is_value_of(key, one)).collect();
            let list = serde_json::to_string(&list).expect("a list can be written");
            text.push_str(&format!("{key}: {list}\n"));
        }
        text
    }
}

/// A peer's list of repositories may hold prefixes without a registry host, which no list of ours can hold.
fn is_value_of(key: &str, value: &Value) -> bool {
    let host = value.as_str().and_then(|text| text.split('/').next()).unwrap_or_default();
    key != "registries" || host.contains(['.', ':'])
}

fn at<'a>(path: &str, parameters: &'a Value) -> &'a Value {
    path.split('.').skip(1).fold(parameters, |value, key| &value[key])
}

fn is_there(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::Array(items) => !items.is_empty(),
        Value::Number(number) => number.as_i64() != Some(0),
        _ => true,
    }
}

//! Which labels of a pod Cilium keeps: selectors never see the others.
//!
//! `pkg/labelsfilter/filter.go`: patterns match at the start of a key; a label is dropped where a pattern
//! with `!` matches and none without it matches more of the key. Where any pattern without `!` is set,
//! only labels that one matches are kept.

use ringfence_model::Text;
use ringfence_model::selector::{Operator, Requirement, Selector, Unreadable};

use super::config::{Config, Known};

/// What the policies of Kubernetes become in a cluster where Cilium enforces.
#[derive(Clone, Debug)]
pub(crate) struct Keeps {
    /// Which labels of pods are kept; `Err` where that is not known.
    pub(super) labels: Result<LabelFilter, String>,
    /// Whether rules of a direction make a NetworkPolicy concern it.
    pub(crate) rules_imply_type: bool,
}

impl Keeps {
    /// Takes out of a selector of pods what asks for labels that are not kept, and calls `dropped` for each.
    pub(crate) fn narrow(&self, selector: &mut Selector, mut dropped: impl FnMut(&str)) {
        let virtual_or_kept = |key: &Text, filter: &LabelFilter| key.starts_with('@') || filter.keeps(key);
        match &self.labels {
            Err(why) if !selector.requirements.is_empty() => {
                selector.unreadable.push(Unreadable { why: why.clone(), location: None });
            }
            Err(_) => {}
            Ok(filter) => selector.requirements.retain_mut(|Requirement { key, operator }| {
                if virtual_or_kept(key, filter) {
                    return true;
                }
                dropped(key);
                // No pod has it.
                let negative = operator.is_negative();
                *operator = Operator::In(Vec::new());
                !negative
            }),
        }
    }
}

/// What is kept of the labels of pods.
#[derive(Clone, Debug, Default)]
pub(crate) struct LabelFilter {
    patterns: Vec<Pattern>,
    /// Whether only what a pattern matches is kept.
    only: bool,
}

#[derive(Clone, Debug)]
struct Pattern {
    drops: bool,
    parts: Vec<Part>,
}

/// A part of a pattern. Of regular expressions only these forms are known.
#[derive(Clone, Copy, Debug)]
enum Part {
    Byte(u8),
    /// `.`
    Any,
    /// `.*`
    Rest,
}

/// Those of the default list that concern labels of pods themselves.
const DEFAULT: [&str; 16] = [
    r"app\.kubernetes\.io",
    r"!io\.kubernetes",
    r"!kubernetes\.io",
    r"!statefulset\.kubernetes\.io/pod-name",
    r"!apps\.kubernetes\.io/pod-index",
    r"!batch\.kubernetes\.io/job-completion-index",
    r"!batch\.kubernetes\.io/controller-uid",
    r"!.*beta\.kubernetes\.io",
    r"!k8s\.io",
    "!pod-template-generation",
    "!pod-template-hash",
    "!controller-revision-hash",
    "!controller-uid",
    "!annotation.*",
    "!etcd_node",
    r"!topology\.kubernetes\.io",
];

impl LabelFilter {
    /// What a cluster keeps; `Err` where it is not known.
    pub(super) fn of(config: Config<'_>) -> Known<Self> {
        let own = config.labels()?.unwrap_or_default();
        let mut filter =
            Self { patterns: DEFAULT.iter().filter_map(|one| pattern(one)).collect(), only: false };
        for text in own.split_whitespace() {
            let Some(pattern) = pattern(text) else {
                return Err("`labels` of `cilium-config` holds a pattern that is not evaluated".to_owned());
            };
            filter.only |= !pattern.drops;
            filter.patterns.push(pattern);
        }
        Ok(filter)
    }

    /// Whether a label of a pod is kept.
    pub(crate) fn keeps(&self, key: &str) -> bool {
        let matched = |drops: bool| {
            let patterns = self.patterns.iter().filter(move |one| one.drops == drops);
            patterns.filter_map(|one| one.matched(key.as_bytes())).filter(|length| *length > 0)
        };
        let dropped = matched(true).min();
        let kept = matched(false).max().unwrap_or(0);
        (!self.only && dropped.is_none()) || kept > dropped.unwrap_or(0)
    }
}

impl Pattern {
    /// How much of a key it matches, from the start.
    fn matched(&self, key: &[u8]) -> Option<usize> {
        matched(&self.parts, key)
    }
}

/// As much as can be.
fn matched(parts: &[Part], key: &[u8]) -> Option<usize> {
    match parts {
        [] => Some(0),
        [Part::Rest, rest @ ..] => {
            (0..=key.len()).rev().find_map(|skip| Some(skip + matched(rest, key.get(skip..)?)?))
        }
        [part, rest @ ..] => {
            let (first, more) = key.split_first()?;
            let fits = match part {
                Part::Byte(byte) => byte == first,
                Part::Any | Part::Rest => true,
            };
            if fits { Some(1 + matched(rest, more)?) } else { None }
        }
    }
}

/// Reads a pattern, with or without its source; `None` for other forms of regular expressions.
fn pattern(text: &str) -> Option<Pattern> {
    let text = match text.split_once(':') {
        Some(("k8s" | "any" | "", text)) => text,
        // Of no label of a pod.
        Some(_) => return Some(Pattern { drops: true, parts: vec![Part::Byte(0)] }),
        None => text,
    };
    let (drops, text) = match text.strip_prefix('!') {
        Some(text) => (true, text),
        None => (false, text),
    };
    let mut parts = Vec::new();
    let mut bytes = text.bytes().peekable();
    while let Some(byte) = bytes.next() {
        parts.push(match byte {
            b'\\' => Part::Byte(bytes.next().filter(|next| !next.is_ascii_alphanumeric())?),
            b'.' if bytes.next_if_eq(&b'*').is_some() => Part::Rest,
            b'.' => Part::Any,
            b'^' if parts.is_empty() => continue,
            byte if byte.is_ascii_alphanumeric() || b"_-/".contains(&byte) => Part::Byte(byte),
            _ => return None,
        });
    }
    Some(Pattern { drops, parts })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(own: &str, kept: &[&str], dropped: &[&str]) {
        let mut filter = LabelFilter::of(Config::default()).unwrap();
        for one in own.split_whitespace() {
            let pattern = pattern(one).unwrap();
            filter.only |= !pattern.drops;
            filter.patterns.push(pattern);
        }
        let found = |keys: &[&str]| keys.iter().map(|key| filter.keeps(key)).collect::<Vec<_>>();
        assert_eq!(found(kept), vec![true; kept.len()], "{own}");
        assert_eq!(found(dropped), vec![false; dropped.len()], "{own}");
    }

    #[test]
    fn labels_of_kubernetes_itself_are_dropped() {
        check(
            "",
            &["app", "app.kubernetes.io/name", "tier", "team.example.com/x", "my.kubernetes.io/x"],
            &[
                "pod-template-hash",
                "statefulset.kubernetes.io/pod-name",
                "kubernetes.io/arch",
                "beta.kubernetes.io/os",
                "topology.kubernetes.io/zone",
                "annotation.x",
            ],
        );
    }

    #[test]
    fn patterns_of_the_configuration_are_added() {
        check("k8s:app", &["app", "app-x", "app.kubernetes.io/name"], &["tier", "pod-template-hash"]);
        check("!tier", &["app"], &["tier", "tier2"]);
        check("pod-template-hash.", &["pod-template-hash1"], &["pod-template-hash", "tier"]);
        assert!(pattern("a|b").is_none() && pattern(r"\d").is_none());
    }
}

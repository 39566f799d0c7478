//! Marks of templates (`{{ … }}`, `{% … %}`) that were not filled in.

use memchr::memchr2_iter;
use memchr::memmem;
use ringfence_model::{Cause, Location, Node, Unresolved, Value};

/// A mark is closed within so many bytes.
const LONGEST: usize = 1024;

/// Byte offset of the first template mark that stands where YAML has a key, a value or an item, not
/// in quotes. For text that cannot be read: in what can be read such marks may be meant as text.
pub fn looks_unrendered(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    memchr2_iter(b'{', b'%', bytes).find_map(|at| {
        let rest = bytes.get(at..)?;
        let close: &[u8] = match rest.get(..2)? {
            b"{{" => b"}}",
            b"{%" => b"%}",
            _ => return None,
        };
        let near = rest.get(..LONGEST).unwrap_or(rest);
        (is_structure(bytes.get(..at)?) && memmem::find(near, close).is_some()).then_some(at)
    })
}

/// Whether what precedes a mark on its line leaves it outside of quotes.
fn is_structure(before: &[u8]) -> bool {
    let last = before.iter().rev().find(|byte| !matches!(byte, b' ' | b'\t'));
    matches!(last, None | Some(b'\n' | b'\r' | b':' | b'-' | b'}'))
}

/// Which marks of templates count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marks {
    /// What only Helm fills in: `.Values`, `.Release`, `include`, … Marks of Argo, Prometheus and
    /// others, which the cluster itself fills in, do not count.
    Helm,
    /// Everything in double braces.
    Any,
}

/// Words that only charts use.
const HELM: &[&str] = &[
    ".Values",
    ".Release.",
    ".Chart.",
    ".Capabilities.",
    ".Template.",
    ".Files.",
    "include \"",
    "tpl (",
    "tpl .",
    "nindent",
    "toYaml",
];

/// Makes every text below `node` that holds such a mark unresolved ([`Cause::Unrendered`]); their places.
pub fn mark_unrendered(node: &mut Node, marks: Marks) -> Vec<Location> {
    let mut found = Vec::new();
    let mut pending = vec![node];
    while let Some(node) = pending.pop() {
        if node.as_str().is_some_and(|text| holds(text, marks)) {
            found.extend(node.location());
            node.value = Value::Unresolved(Box::new(Unresolved { cause: Cause::Unrendered, target: None }));
            continue;
        }
        match &mut node.value {
            Value::List(items) => pending.extend(items.iter_mut()),
            Value::Map(map) => pending.extend(map.nodes_mut()),
            _ => {}
        }
    }
    found.sort_unstable();
    found
}

fn holds(text: &str, marks: Marks) -> bool {
    let Some((_, after)) = text.split_once("{{") else { return false };
    after.contains("}}") && (marks == Marks::Any || HELM.iter().any(|word| after.contains(word)))
}

#[cfg(test)]
mod tests {
    use ringfence_model::{FileId, Sources};

    use super::*;
    use crate::Budget;

    #[track_caller]
    fn check(text: &str, expected: Option<usize>) {
        assert_eq!(looks_unrendered(text), expected, "{text:?}");
    }

    #[test]
    fn marks_outside_of_quotes_look_unrendered() {
        check("{{ x }}", Some(0));
        check("a: {{ x }}\n", Some(3));
        check("- {{x}}", Some(2));
        check("a:\n  {{- if x }}\n", Some(5));
        check("{% if x %}", Some(0));
        check("a: {{ x }}{{ y }}", Some(3));
    }

    #[test]
    fn marks_in_text_do_not() {
        check("a: \"{{ x }}\"", None);
        check("a: b {{ x }}", None);
        check("{\"a\": {\"b\": {}}}", None);
        check("a: {b: {}}", None);
        check("a: {{ never closed", None);
        check("100% {", None);
        check("", None);
    }

    fn document(text: &str) -> (FileId, Node) {
        let file = Sources::default().add("x", "");
        let (mut nodes, _) = crate::yaml(file, text, &Budget::default());
        (file, nodes.pop().unwrap())
    }

    /// Paths that are unresolved after marks were looked for.
    #[track_caller]
    fn check_marks(marks: Marks, expected: &[&str]) {
        let text = "a: \"{{ .Values.a }}\"\nb:\n- \"{{ include \\\"b\\\" . }}\"\n- \"{{workflow.name}}\"\nc: '{{ $labels.x }}'\nd: plain }} {{\n";
        let (_, mut node) = document(text);
        let places = mark_unrendered(&mut node, marks);
        let unresolved =
            |path: &&str| node.field(path).node().is_some_and(|node| node.as_unresolved().is_some());
        let found: Vec<&str> = ["a", "b.0", "b.1", "c", "d"].into_iter().filter(unresolved).collect();
        assert_eq!(found, expected);
        assert_eq!(places.len(), expected.len());
        assert_eq!(places.first().map(|place| (place.start, place.end)), Some((0, 20)));
    }

    #[test]
    fn only_marks_of_charts_count_unless_all_are_asked_for() {
        check_marks(Marks::Helm, &["a", "b.0"]);
        check_marks(Marks::Any, &["a", "b.0", "b.1", "c"]);
    }
}

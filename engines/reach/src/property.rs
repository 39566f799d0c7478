//! What holds for every input: the bodies of property tests and the fuzz target.

use ringfence_model::selector::{KnownLabels, Unknown};
use ringfence_model::{Labels, Text};

use crate::calico::Selector;

/// Reads any text as a Calico selector: a refusal names a place within it; what is understood is written in a
/// form that reads the same, and judges labels alike. What holds whatever an unknown label is holds for
/// every value of it.
pub fn calico_selector(text: &str) {
    let selector = match Selector::parse(text) {
        Ok(selector) => selector,
        Err(error) => return assert!(text.is_char_boundary(error.offset), "{error}"),
    };
    let normal = selector.to_string();
    let again = Selector::parse(&normal);
    assert_eq!(again.as_ref().map(Selector::to_string), Ok(normal.clone()));
    let again = again.unwrap_or(selector.clone());
    let rest = judge(&selector, &[], Unknown::Rest);
    let some = judge(&selector, &[("b", "x")], Unknown::Keys(vec!["a".into()]));
    for value in [None, Some("x"), Some("xy"), Some("")] {
        let a = value.map(|value| ("a", value));
        let labels: Vec<(&str, &str)> = [("b", "x")].into_iter().chain(a).collect();
        let known = judge(&selector, &labels, Unknown::Nothing);
        assert!(known.is_some(), "nothing is unknown");
        assert_eq!(judge(&again, &labels, Unknown::Nothing), known);
        assert!(rest.is_none() || rest == known, "{normal} on {labels:?}");
        assert!(some.is_none() || some == known, "{normal} on {labels:?}");
    }
}

fn judge(selector: &Selector, labels: &[(&str, &str)], unknown: Unknown) -> Option<bool> {
    let labels: Labels = labels.iter().map(|(key, value)| (Text::from(*key), Text::from(*value))).collect();
    selector.judge(&KnownLabels { labels: &labels, unknown })
}

#[cfg(test)]
mod tests;

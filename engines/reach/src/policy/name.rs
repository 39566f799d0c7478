//! Destinations by DNS name: kept as named destinations, since what they resolve to is not known.

use ringfence_model::Text;
use rustc_hash::FxHashMap;

/// A DNS name or pattern; index into [`DnsNames`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct DnsId(u32);

impl From<u32> for DnsId {
    fn from(number: u32) -> Self {
        Self(number)
    }
}

impl DnsId {
    pub(crate) fn number(self) -> u32 {
        self.0
    }
}

/// All DNS names and patterns that rules use. A `*` stands for any characters.
#[derive(Debug, Default)]
pub(crate) struct DnsNames {
    all: Vec<Text>,
    /// Whether a `*` stays within a label.
    by_label: Vec<bool>,
    ids: FxHashMap<(Text, bool), DnsId>,
}

impl DnsNames {
    /// The name spelled `text`; case and a final dot do not matter.
    pub(crate) fn id(&mut self, text: &str) -> DnsId {
        self.add(text, false)
    }

    /// The same for a pattern of which each `*` stays within a label.
    pub(crate) fn id_by_label(&mut self, text: &str) -> DnsId {
        self.add(text, text.contains('*'))
    }

    fn add(&mut self, text: &str, by_label: bool) -> DnsId {
        let text = Text::from(text.trim_end_matches('.').to_ascii_lowercase());
        if let Some(id) = self.ids.get(&(text.clone(), by_label)) {
            return *id;
        }
        let id = DnsId(u32::try_from(self.all.len()).unwrap_or(u32::MAX));
        self.all.push(text.clone());
        self.by_label.push(by_label);
        self.ids.insert((text, by_label), id);
        id
    }

    /// The names spelled `text`.
    pub(crate) fn find(&self, text: &Text) -> impl Iterator<Item = DnsId> {
        [false, true].into_iter().filter_map(|by_label| self.ids.get(&(text.clone(), by_label)).copied())
    }

    pub(crate) fn get(&self, id: DnsId) -> Option<&Text> {
        self.all.get(id.0 as usize)
    }

    pub(crate) fn all(&self) -> &[Text] {
        &self.all
    }

    /// The names that `pattern` covers: itself, and every name that it matches.
    pub(crate) fn covered(&self, pattern: DnsId) -> impl Iterator<Item = DnsId> {
        let of = |id: DnsId| Some((self.get(id)?, *self.by_label.get(id.0 as usize)?));
        let text = of(pattern);
        let covered = move |id: &DnsId| {
            let named = of(*id);
            named == text || text.zip(named).is_some_and(|(pattern, name)| covers(pattern, name))
        };
        (0..).map(DnsId).take(self.all.len()).filter(covered)
    }
}

/// Whether a pattern matches every name that `name` stands for; each with whether a `*` stays within a label.
fn covers((pattern, by_label): (&Text, bool), (name, narrow): (&Text, bool)) -> bool {
    if !by_label {
        return ringfence_model::glob(pattern, name);
    }
    // A pattern that goes over labels has a `*` that none within a label covers.
    let (mut labels, mut of_name) = (pattern.split('.'), name.split('.'));
    let fits = |label: &str| narrow || !label.contains('*');
    loop {
        match (labels.next(), of_name.next()) {
            (None, None) => return true,
            (Some(label), Some(name)) if fits(name) && ringfence_model::glob(label, name) => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_covers_names_and_narrower_patterns() {
        let mut names = DnsNames::default();
        let [wide, api, narrow, other] =
            ["*.example.com", "API.example.com.", "*.pay.example.com", "example.org"]
                .map(|one| names.id(one));
        assert_eq!(names.covered(wide).collect::<Vec<_>>(), [wide, api, narrow]);
        assert_eq!(names.covered(api).collect::<Vec<_>>(), [api]);
        assert_eq!(names.covered(other).collect::<Vec<_>>(), [other]);
    }

    #[test]
    fn a_star_may_stay_within_a_label() {
        let mut names = DnsNames::default();
        let [one, part] = ["*.example.com", "api*.example.com"].map(|one| names.id_by_label(one));
        let [any, api, deep] =
            ["*.example.com", "api1.example.com", "a.b.example.com"].map(|one| names.id(one));
        let covered = |names: &DnsNames, id| names.covered(id).collect::<Vec<_>>();
        assert_eq!(covered(&names, one), [one, part, api]);
        assert_eq!(covered(&names, part), [part, api]);
        assert_eq!(covered(&names, any), [one, part, any, api, deep]);
        assert_eq!(names.find(&"*.example.com".into()).collect::<Vec<_>>(), [any, one]);
    }
}

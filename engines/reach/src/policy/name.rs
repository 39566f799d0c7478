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
    ids: FxHashMap<Text, DnsId>,
}

impl DnsNames {
    /// The name spelled `text`; case and a final dot do not matter.
    pub(crate) fn id(&mut self, text: &str) -> DnsId {
        let text = Text::from(text.trim_end_matches('.').to_ascii_lowercase());
        if let Some(id) = self.ids.get(&text) {
            return *id;
        }
        let id = DnsId(u32::try_from(self.all.len()).unwrap_or(u32::MAX));
        self.all.push(text.clone());
        self.ids.insert(text, id);
        id
    }

    pub(crate) fn find(&self, text: &Text) -> Option<DnsId> {
        self.ids.get(text).copied()
    }

    pub(crate) fn get(&self, id: DnsId) -> Option<&Text> {
        self.all.get(id.0 as usize)
    }

    pub(crate) fn all(&self) -> &[Text] {
        &self.all
    }

    /// The names that `pattern` covers: itself, and every name that it matches.
    pub(crate) fn covered(&self, pattern: DnsId) -> impl Iterator<Item = DnsId> {
        let text = self.get(pattern);
        let matches = move |name: &Text| text.is_some_and(|text| name == text || covers(text, name));
        (0..).map(DnsId).zip(&self.all).filter(move |(_, name)| matches(name)).map(|(id, _)| id)
    }
}

/// Whether `pattern` matches every name that `name` stands for.
fn covers(pattern: &str, name: &str) -> bool {
    ringfence_model::glob(pattern, name)
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
}

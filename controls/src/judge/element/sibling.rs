//! How the elements of a list are told apart.

use std::cell::OnceCell;

use ringfence_model::Node;
use rustc_hash::FxHashMap;

use crate::cel::excerpt;
use crate::judge::content;

/// Keys by which elements of lists are told apart.
const NAMES: [&str; 7] = ["name", "Name", "Sid", "id", "Id", "Key", "key"];

/// The elements of one list. What they are called is found when first asked, for all of them at once.
#[derive(Debug)]
pub(super) struct Siblings<'e> {
    items: &'e [Node],
    shown: OnceCell<Vec<String>>,
    identities: OnceCell<Vec<String>>,
}

impl<'e> Siblings<'e> {
    pub(super) fn of(items: &'e [Node]) -> Self {
        Self { items, shown: OnceCell::new(), identities: OnceCell::new() }
    }

    /// What people call an element: `.app`, `.app#2` for the second one of that name, `[3]` without a name.
    pub(super) fn shown(&self, index: usize) -> &str {
        at(self.shown.get_or_init(|| shown(self.items)), index)
    }

    /// What tells an element from the others, whatever their order: its name, else what it holds.
    pub(super) fn identity(&self, index: usize) -> &str {
        at(self.identities.get_or_init(|| identities(self.items)), index)
    }
}

fn at(names: &[String], index: usize) -> &str {
    names.get(index).map(String::as_str).unwrap_or_default()
}

fn name(node: &Node) -> Option<&str> {
    NAMES.iter().find_map(|key| node.child(key).present()?.as_str()).filter(|name| !name.is_empty())
}

fn shown(items: &[Node]) -> Vec<String> {
    let mut counts: FxHashMap<&str, usize> = FxHashMap::default();
    let mut shown = |(index, item)| {
        let Some(name) = name(item) else { return format!("[{index}]") };
        let count = counts.entry(name).or_default();
        *count += 1;
        numbered(format!(".{}", excerpt(name)), *count)
    };
    items.iter().enumerate().map(&mut shown).collect()
}

fn identities(items: &[Node]) -> Vec<String> {
    let mut groups: FxHashMap<String, Vec<&Node>> = FxHashMap::default();
    let mut places = Vec::with_capacity(items.len());
    for item in items {
        let base = match name(item) {
            Some(name) => format!(".{name}"),
            None => format!("[{}]", content::digest(item)),
        };
        groups.entry(base.clone()).or_default().push(item);
        places.push(base);
    }
    // Several of one name are numbered by what they hold; those that hold the same are alike.
    let mut ranks: FxHashMap<*const Node, usize> = FxHashMap::default();
    for (base, mut group) in groups.into_iter().filter(|(_, group)| group.len() > 1) {
        if base.starts_with('.') {
            group.sort_by_cached_key(|item| content::digest(item));
        }
        ranks.extend(group.iter().enumerate().map(|(rank, item)| (std::ptr::from_ref(*item), rank + 1)));
    }
    let number = |item: &Node| ranks.get(&std::ptr::from_ref(item)).copied().unwrap_or(1);
    items.iter().zip(places).map(|(item, base)| numbered(base, number(item))).collect()
}

fn numbered(name: String, number: usize) -> String {
    if number > 1 { format!("{name}#{number}") } else { name }
}

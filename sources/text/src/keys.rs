//! One allocation for each key of a file, however often it stands there.

use std::collections::HashSet;
use std::collections::hash_map::DefaultHasher;
use std::hash::{BuildHasher, BuildHasherDefault};

use ringfence_model::Key;
use rustc_hash::FxBuildHasher;

/// Slots of the fast table: a cluster dump has a few hundred keys that matter.
const RECENT: usize = 512;

/// The keys of a file. Two keys of one file are equal if and only if they are the same allocation.
#[derive(Debug)]
pub(crate) struct Keys {
    recent: Vec<Option<Key>>,
    /// SipHash, because keys are chosen by others and a weak hash lets them make lookups slow.
    all: HashSet<Key, BuildHasherDefault<DefaultHasher>>,
}

impl Keys {
    pub(crate) fn new() -> Self {
        Self { recent: vec![None; RECENT], all: HashSet::default() }
    }

    /// The key of this text.
    pub(crate) fn share(&mut self, text: &str) -> Key {
        let slot = (FxBuildHasher.hash_one(text) >> 32) as usize % RECENT;
        if let Some(Some(key)) = self.recent.get(slot)
            && &**key == text
        {
            return Key::clone(key);
        }
        let key = self.look_up(text);
        if let Some(recent) = self.recent.get_mut(slot) {
            *recent = Some(Key::clone(&key));
        }
        key
    }

    fn look_up(&mut self, text: &str) -> Key {
        if let Some(key) = self.all.get(text) {
            return Key::clone(key);
        }
        let key = Key::from(text);
        self.all.insert(Key::clone(&key));
        key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_keys_are_one_allocation() {
        let mut keys = Keys::new();
        let many: Vec<Key> = (0..5_000).map(|number| keys.share(&format!("key-{number}"))).collect();
        for (number, key) in many.iter().enumerate() {
            assert!(Key::ptr_eq(key, &keys.share(&format!("key-{number}"))));
        }
    }
}

//! The classes that a set or a block holds: for certain, or under a condition.

use roaring::RoaringBitmap;

use crate::condition::{Certainty, ConditionId};

/// How many conditions a set tells apart. Where no Namespace is in the input there is one for each.
const CONDITIONS: usize = 8;

/// Classes that a set or a block holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Held {
    pub(crate) certain: RoaringBitmap,
    pub(crate) uncertain: Vec<(ConditionId, RoaringBitmap)>,
}

impl Held {
    pub(crate) fn add(&mut self, class: u32, certainty: Certainty) {
        match certainty {
            None => {
                self.certain.insert(class);
            }
            Some(condition) => self.add_all(&RoaringBitmap::from_iter([class]), condition),
        }
    }

    /// Takes in what `other` holds.
    pub(crate) fn join(&mut self, other: &Self) {
        self.certain |= &other.certain;
        other.uncertain.iter().for_each(|(condition, classes)| self.add_all(classes, *condition));
    }

    /// What both hold.
    pub(crate) fn and(&self, other: &Self) -> Self {
        let mut both = Self { certain: &self.certain & &other.certain, uncertain: Vec::new() };
        let (mine, theirs) = (self.any(), other.any());
        let sides = self.uncertain.iter().map(|one| (one, &theirs));
        for ((condition, classes), there) in sides.chain(other.uncertain.iter().map(|one| (one, &mine))) {
            let common = (classes & there) - &both.certain;
            if !common.is_empty() {
                both.add_all(&common, *condition);
            }
        }
        both
    }

    /// Those of `universe` that it does not hold.
    pub(crate) fn not(&self, universe: &RoaringBitmap) -> Self {
        let mut others = Self { certain: universe - self.any(), uncertain: Vec::new() };
        for (condition, classes) in &self.uncertain {
            others.add_all(&(classes - &self.certain), *condition);
        }
        others
    }

    /// Those that it holds or may hold.
    pub(crate) fn any(&self) -> RoaringBitmap {
        self.uncertain.iter().fold(self.certain.clone(), |any, (_, classes)| any | classes)
    }

    pub(crate) fn add_all(&mut self, classes: &RoaringBitmap, condition: ConditionId) {
        let there = self.uncertain.iter().position(|(there, _)| *there == condition);
        let full = self.uncertain.len() >= CONDITIONS;
        let condition = if full && there.is_none() { ConditionId::SEVERAL } else { condition };
        match self.uncertain.iter_mut().find(|(there, _)| *there == condition) {
            Some((_, held)) => *held |= classes,
            None => self.uncertain.push((condition, classes.clone())),
        }
    }
}

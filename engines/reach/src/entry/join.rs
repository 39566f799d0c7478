//! Ways in joined with policies: what is let in of what a pod takes for the source.

mod judge;
mod judged;

use std::sync::Arc;

use ringfence_model::fact::{Decision, Entry, Front, Passage, Seen};

use crate::Reach;
use crate::namespace::ClusterId;
use judge::Judge;

/// What is known of the way to a front that is pods.
#[derive(Clone, Debug)]
pub(super) enum Approach {
    Open,
    Closed,
    Depends(Arc<str>),
}

impl Reach {
    /// Fills in the passages of every target.
    pub(super) fn join(&self, entries: &mut [Entry]) {
        let seen = entries.iter().flat_map(|entry| &entry.targets).flat_map(|target| &target.seen);
        let absent = seen.into_iter().any(|seen| *seen == Seen::AbsentPods);
        let (mut of_pairs, mut of_rows) = (self.conditions.clone(), self.conditions.clone());
        let rows = absent.then(|| self.builder(&mut of_rows));
        let mut judge = Judge::new(self, self.pairing(&mut of_pairs), rows);
        let mut done = vec![false; entries.len()];
        // Fronts that are pods wait for the entries that lead to them; a circle is cut where it closes.
        while let Some(next) = next(entries, &done) {
            let approach = approach(entries, next, &done);
            if let Some(entry) = entries.get_mut(next) {
                judge.fill(entry, &approach);
            }
            done.get_mut(next).into_iter().for_each(|done| *done = true);
        }
    }
}

/// An entry that waits for none, else the first that is left.
fn next(entries: &[Entry], done: &[bool]) -> Option<usize> {
    let is_done = |index: &u32| done.get(*index as usize).copied().unwrap_or(true);
    let mut left = entries.iter().enumerate().filter(|(index, _)| done.get(*index) == Some(&false));
    let first = left.clone().next()?.0;
    left.find(|(_, entry)| entry.via.iter().all(is_done)).map(|(index, _)| index).or(Some(first))
}

/// Whether anything gets to the pods that are the front.
fn approach(entries: &[Entry], at: usize, done: &[bool]) -> Approach {
    let Some(entry) = entries.get(at) else { return Approach::Closed };
    let Front::Pods(pods) = &entry.front else { return Approach::Open };
    let via = entry.via.iter().filter(|index| done.get(**index as usize) == Some(&true));
    let via = via.filter_map(|index| entries.get(*index as usize));
    let into = via.flat_map(Entry::passages).filter(|(workload, ..)| pods.contains(workload));
    let mut depends = None;
    let mut any = false;
    for (_, _, passage) in into {
        any = true;
        match passage.decision() {
            Decision::Allow => return Approach::Open,
            Decision::Deny => {}
            Decision::Depends(why) => depends = depends.or(Some(why)),
        }
    }
    match (depends, any) {
        (Some(why), _) => Approach::Depends(format!("the way to the controller: {why}").into()),
        (None, true) => Approach::Closed,
        // That nothing leads there is among the conditions of the entry.
        (None, false) => Approach::Open,
    }
}

impl Reach {
    /// The cluster of a class of pods.
    pub(super) fn cluster_of(&self, class: u32) -> Option<ClusterId> {
        self.classes.pods.get(class as usize).map(|traits| self.namespaces.cluster(traits.namespace))
    }

    /// Whether what a node passes on with its own address is judged by that address.
    fn masquerade_is_judged_as_node(&self, class: u32) -> bool {
        let cluster = self.cluster_of(class);
        cluster.is_some_and(|cluster| self.profiles.switches(cluster).masquerade_is_judged_as_node)
    }
}

/// Passages that say the same are one.
fn merged(passages: Vec<Passage>) -> Vec<Passage> {
    let mut merged: Vec<Passage> = Vec::new();
    for passage in passages {
        let same = |there: &&mut Passage| {
            (&there.allowed, &there.depends, &there.condition)
                == (&passage.allowed, &passage.depends, &passage.condition)
        };
        match merged.iter_mut().find(same) {
            Some(there) => {
                there.clients.extend(passage.clients);
                for matching in passage.ingress.rules {
                    if !there.ingress.rules.contains(&matching) {
                        there.ingress.rules.push(matching);
                    }
                }
            }
            None => merged.push(passage),
        }
    }
    for passage in &mut merged {
        passage.clients = judged::together(std::mem::take(&mut passage.clients));
    }
    merged.sort_by(|a, b| a.clients.cmp(&b.clients));
    merged
}

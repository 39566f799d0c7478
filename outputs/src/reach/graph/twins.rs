//! Vertices of one place with the same links become one.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::gather::{Gathered, Open, Place, Vertex};

/// The links of a vertex, as who connects and as who answers. The link to itself is what one pod of it
/// may open towards another, so rows of twins are equal whether they reach one another or not.
type Rows = [Vec<(u32, Open)>; 2];

/// Folds vertices of one place and class whose links are the same; without any, vertices outside are dropped,
/// and where `lonely` is false all others too.
pub(super) fn fold(mut gathered: Gathered, lonely: bool) -> Gathered {
    let mut rows: Vec<Rows> = vec![Rows::default(); gathered.vertices.len()];
    for ((from, to), open) in &gathered.links {
        rows.get_mut(*from as usize).into_iter().for_each(|[out, _]| out.push((*to, *open)));
        rows.get_mut(*to as usize).into_iter().for_each(|[_, into]| into.push((*from, *open)));
    }
    let mut firsts = FxHashMap::default();
    let mut kept = Vec::new();
    let mut moved: Vec<Option<u32>> = Vec::with_capacity(rows.len());
    for (mut vertex, rows) in std::mem::take(&mut gathered.vertices).into_iter().zip(rows) {
        let outside = !matches!(vertex.place, Place::Lane(_));
        if rows.iter().all(Vec::is_empty) && (outside || !lonely) {
            moved.push(None);
            continue;
        }
        let next = u32::try_from(kept.len()).unwrap_or(u32::MAX);
        let at = *firsts.entry((vertex.place, vertex.class, vertex.is_range(), rows)).or_insert(next);
        moved.push(Some(at));
        match kept.get_mut(at as usize) {
            None => kept.push(vertex),
            Some(twin) => {
                twin.members.append(&mut vertex.members);
                twin.members.sort_unstable();
                twin.workloads += vertex.workloads;
                twin.several = true;
            }
        }
    }
    gathered.vertices = kept;
    gathered.links = links(&gathered.links, &moved);
    gathered.sort()
}

fn links(links: &BTreeMap<(u32, u32), Open>, moved: &[Option<u32>]) -> BTreeMap<(u32, u32), Open> {
    let at = |vertex: u32| moved.get(vertex as usize).copied().flatten();
    links.iter().filter_map(|((from, to), open)| Some(((at(*from)?, at(*to)?), *open))).collect()
}

impl Vertex {
    /// Whether its members are addresses.
    pub(super) fn is_range(&self) -> bool {
        self.members.iter().any(|member| member.range.is_some())
    }
}

impl Gathered {
    /// Vertices in the order of places and names; what talks to itself alone does not talk.
    fn sort(mut self) -> Self {
        let mut order: Vec<u32> = (0..).take(self.vertices.len()).collect();
        order.sort_by_key(|id| self.vertices.get(*id as usize).map(|one| (one.place, one.members.clone())));
        let mut moved = vec![None; order.len()];
        for (new, old) in (0..).zip(&order) {
            moved.get_mut(*old as usize).into_iter().for_each(|slot| *slot = Some(new));
        }
        self.links = links(&self.links, &moved);
        let sorted = order.iter().filter_map(|id| self.vertices.get(*id as usize).cloned()).collect();
        self.vertices = sorted;
        let vertices = &self.vertices;
        self.links.retain(|(from, to), _| {
            from != to || vertices.get(*from as usize).is_some_and(|vertex| vertex.several)
        });
        self
    }
}

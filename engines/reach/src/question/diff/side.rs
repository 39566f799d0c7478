//! One of two answers, read party by party and in the cells of both.

use super::super::align::{Common, Parties, Party};
use crate::Reach;
use crate::policy::Direction;
use crate::port::{Cells, Mask};
use crate::row::{Row, Table};

/// What is open, in common cells.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Open {
    pub(super) sure: Mask,
    pub(super) maybe: Mask,
}

/// One answer, read party by party.
pub(super) struct Side<'a> {
    reach: &'a Reach,
    classes: fn(&Party) -> &[u32],
    common: Common<'a>,
    none: Mask,
    /// For each class the parties that it is of; a class as a source and as a destination has its own.
    parties: Vec<Vec<u32>>,
}

impl<'a> Side<'a> {
    pub(super) fn new(
        reach: &'a Reach,
        cells: &'a Cells,
        parties: &Parties,
        classes: fn(&Party) -> &[u32],
    ) -> Self {
        let mut of_class = vec![Vec::new(); reach.classes.members.len()];
        for (index, party) in (0..).zip(&parties.all) {
            for class in classes(party) {
                of_class.get_mut(*class as usize).into_iter().for_each(|of: &mut Vec<u32>| of.push(index));
            }
        }
        let common = Common::new(&reach.cells, cells);
        Self { reach, classes, common, none: cells.none(), parties: of_class }
    }

    pub(super) fn table(&self, direction: Direction) -> &'a Table {
        self.reach.rows.get(direction)
    }

    /// What is open from one party to another: what any of their classes may do.
    pub(super) fn open(&mut self, from: &Party, to: &Party) -> Open {
        let mut open = Open { sure: self.none.clone(), maybe: self.none.clone() };
        for source in (self.classes)(from) {
            for destination in (self.classes)(to) {
                let out =
                    self.table(Direction::Egress).row(*source).and_then(|row| row.said_of(*destination));
                let into =
                    self.table(Direction::Ingress).row(*destination).and_then(|row| row.said_of(*source));
                let Some((out, into)) = out.zip(into) else { continue };
                let sure = self.common.mask(&out.group.sure.and(&into.group.sure));
                let maybe = self.common.mask(&out.group.maybe.and(&into.group.maybe));
                (open.sure, open.maybe) = (open.sure.or(&sure), open.maybe.or(&maybe));
            }
        }
        open
    }

    /// What a row says, party by party.
    pub(super) fn said(&mut self, row: &Row, mut visit: impl FnMut(u32, &Open)) {
        for said in row.said() {
            let open =
                Open { sure: self.common.mask(&said.group.sure), maybe: self.common.mask(&said.group.maybe) };
            let parties = &self.parties;
            said.each_peer(|peer| {
                parties.get(peer as usize).into_iter().flatten().for_each(|party| visit(*party, &open));
            });
        }
    }
}

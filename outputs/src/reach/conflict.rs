//! Rules of which one opens what another closes.

use std::io::{self, Write};

use ringfence_model::Estate;
use ringfence_model::fact::Conflict;

use super::names::rule;

/// Writes one line each; says so where there is none.
pub fn write(out: &mut dyn Write, estate: &Estate, conflicts: &[Conflict]) -> io::Result<()> {
    for Conflict { decides, overruled, ports } in conflicts {
        let [decides, overruled] = [decides, overruled].map(|one| rule(estate, one));
        writeln!(out, "{decides} comes first, and {overruled} says the contrary of {ports}")?;
    }
    if conflicts.is_empty() {
        writeln!(out, "no rule contradicts another")?;
    }
    out.flush()
}

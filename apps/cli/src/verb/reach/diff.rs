//! `ringfence reach diff`: what a change opens and closes.

use std::path::Path;

use ringfence_model::declaration::Declaration;
use ringfence_model::fact::{DiffEnd, Peer, ScopeClass};
use ringfence_model::{Estate, WorkloadId};
use ringfence_outputs::reach::diff::Page;
use ringfence_reach::{Choice, Reach, diff};
use ringfence_scope::Declared;

use super::semantics;
use crate::arguments::{Diff, DiffFailOn, DiffFormat, Input};
use crate::exit::{Failure, Outcome};
use crate::intake::Intake;
use crate::stream::Results;
use crate::verb::{outcome, read, talk};

/// One of two estates, and its answers.
pub(super) struct Side {
    pub(super) intake: Intake,
    pub(super) reach: Reach,
}

/// Reads what is at `path`.
pub(super) fn side(path: &Path, config: Option<&Path>, choice: Choice, quiet: bool) -> Result<Side, Failure> {
    let config = config.map(Path::to_owned);
    let mut intake = read(&Input { paths: vec![path.to_owned()], config, ..Input::default() }, quiet)?;
    let reach = semantics::reach(&mut intake, choice, quiet);
    talk(&intake, quiet);
    Ok(Side { intake, reach })
}

/// Reads both, and prints what differs.
pub(super) fn run(options: &Diff, quiet: bool) -> Result<Outcome, Failure> {
    let choice = semantics::choice(&options.semantics)?;
    let config = options.config.as_deref();
    let before = side(&options.before, config, choice, quiet)?;
    let after = side(&options.after, config, choice, quiet)?;
    let difference = diff((&before.intake.estate, &before.reach), (&after.intake.estate, &after.reach));
    // What people declare now is what a change is judged by.
    let declaration = match &after.intake.declaration.classes {
        Some(_) => &after.intake.declaration,
        None => &before.intake.declaration,
    };
    let [old, new] =
        [&before.intake.estate, &after.intake.estate].map(|estate| Classes::new(estate, declaration));
    let class_of = |end: DiffEnd| match (end.after, end.before) {
        (Some(peer), _) => new.of(peer),
        (None, peer) => peer.and_then(|peer| old.of(peer)),
    };
    let estates = [&before.intake.estate, &after.intake.estate];
    let page = Page::new(estates, [before.reach.names(), after.reach.names()], &difference, &class_of);
    let mut out = Results::open(&options.output)?;
    match options.format {
        DiffFormat::Txt => page.txt(&mut out)?,
        DiffFormat::Json => page.json(&mut out)?,
        DiffFormat::Github => page.github(&mut out)?,
    }
    out.finish()?;
    let bad = match options.fail_on {
        DiffFailOn::Never => false,
        DiffFailOn::Opened => page.opens(),
        DiffFailOn::Boundary => page.crosses(),
    };
    Ok(if bad { Outcome::Findings } else { worse(outcome(&before.intake), outcome(&after.intake)) })
}

/// The declared classes of workloads.
struct Classes<'a> {
    estate: &'a Estate,
    declared: Declared<'a>,
}

impl<'a> Classes<'a> {
    fn new(estate: &'a Estate, declaration: &'a Declaration) -> Self {
        Self { estate, declared: Declared::new(estate, declaration).0 }
    }

    fn of(&self, peer: Peer) -> Option<ScopeClass> {
        let Peer::Workload(id) = peer else { return None };
        self.class(id)
    }

    fn class(&self, id: WorkloadId) -> Option<ScopeClass> {
        self.declared.class(self.estate.workload(id)?.resource)
    }
}

/// The worse of two outcomes of reading.
pub(super) fn worse(one: Outcome, other: Outcome) -> Outcome {
    if one == Outcome::Clean { other } else { one }
}

//! Ours against theirs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use libtest_mimic::Failed;
use ringfence_reach::Profile;

use crate::case::{Answers, Case, Probe, Verdict};
use crate::cluster;
use crate::fixture::Fixture;
use crate::settled::{self, Settled};
use crate::{cilium, knp, nca, program, shrink, yaml};

/// An engine that we did not write.
pub(crate) struct Oracle {
    /// As in `RINGFENCE_REQUIRE`.
    pub(crate) name: &'static str,
    /// The file of the program.
    pub(crate) program: &'static str,
    /// How many committed seeds it has.
    pub(crate) seeds: u64,
    /// Whose semantics it has.
    pub(crate) profile: Profile,
    cluster: fn(u64) -> Case,
    answers: fn(&Path, &Case) -> Result<Answers, Failed>,
    settled: Settled,
    agrees: fn(&Case, Verdict, Verdict) -> bool,
}

/// All of them.
pub(crate) const ALL: &[Oracle] = &[
    Oracle {
        name: "knp",
        program: "knp",
        profile: Profile::Spec,
        seeds: 24,
        cluster: |seed| cluster::of(seed, &knp::TASTE),
        answers: knp::answers,
        settled: settled::knp,
        agrees: same,
    },
    Oracle {
        name: "nca",
        program: "nca/bin/python",
        profile: Profile::NcaCompat,
        seeds: 12,
        cluster: |seed| cluster::of(seed, &nca::TASTE),
        answers: nca::answers,
        settled: settled::nca,
        agrees: same,
    },
    Oracle {
        name: "ciliumpol",
        program: "ciliumpol",
        profile: Profile::Cilium,
        seeds: 24,
        cluster: |seed| cluster::of(seed, &cilium::TASTE),
        answers: cilium::answers,
        settled: cilium::settled,
        agrees: same,
    },
];

/// Ours and theirs say the same.
fn same(_: &Case, ours: Verdict, theirs: Verdict) -> bool {
    ours == theirs
}

/// What a comparison came to.
#[derive(Debug, Default)]
pub(crate) struct Compared {
    /// Probes on which both say the same.
    pub(crate) agree: usize,
    /// Probes on which the oracle is known to differ from the definition, by reason.
    pub(crate) settled: BTreeMap<&'static str, usize>,
}

impl Compared {
    pub(crate) fn add(&mut self, other: Self) {
        self.agree += other.agree;
        for (why, count) in other.settled {
            *self.settled.entry(why).or_default() += count;
        }
    }
}

impl std::fmt::Display for Compared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} probes agree", self.agree)?;
        self.settled.iter().try_for_each(|(why, count)| write!(f, "; {count} not compared ({why})"))
    }
}

/// One probe on which the two differ.
struct Mismatch {
    probe: Probe,
    ours: Verdict,
    theirs: Verdict,
}

impl Oracle {
    /// Compares the cluster of `seed`.
    pub(crate) fn compare(&self, binary: &Path, seed: u64) -> Result<Compared, Failed> {
        let case = (self.cluster)(seed);
        let (mismatches, compared) = self.both(binary, &case)?;
        match mismatches.into_iter().next() {
            None => Ok(compared),
            Some(first) => Err(self.report(binary, seed, case, &first)),
        }
    }

    /// A fixture has the verdicts that it names, by ours and by theirs if they are there.
    pub(crate) fn hold(&self, binary: Option<&Path>, fixture: &Fixture) -> Result<(), Failed> {
        let ours = fixture.case.ours(self.profile)?;
        agree("ours", &ours, &fixture.expected)?;
        let Some(binary) = binary else { return Ok(()) };
        let theirs = (self.answers)(binary, &fixture.case)?;
        for (probe, _) in &fixture.settled {
            (self.settled)(&fixture.case, probe).ok_or("nothing here is settled")?;
        }
        let theirs_expected = if fixture.settled.is_empty() { &fixture.expected } else { &fixture.settled };
        agree(self.name, &theirs, theirs_expected)
    }

    /// Where the two differ, and how often they do not.
    fn both(&self, binary: &Path, case: &Case) -> Result<(Vec<Mismatch>, Compared), Failed> {
        let (ours, theirs) = (case.ours(self.profile)?, (self.answers)(binary, case)?);
        let (mut mismatches, mut compared) = (Vec::new(), Compared::default());
        for (probe, theirs) in theirs {
            let ours = *ours.get(&probe).ok_or_else(|| format!("nothing is said of {probe}"))?;
            match (self.settled)(case, &probe) {
                Some(why) => *compared.settled.entry(why).or_default() += 1,
                None if (self.agrees)(case, ours, theirs) => compared.agree += 1,
                None => mismatches.push(Mismatch { probe, ours, theirs }),
            }
        }
        Ok((mismatches, compared))
    }

    /// Writes a small case with the same mismatch, and says where.
    fn report(&self, binary: &Path, seed: u64, case: Case, first: &Mismatch) -> Failed {
        let Mismatch { probe, ours, theirs } = first;
        let outside = [&probe.from, &probe.to].into_iter().filter_map(|end| end.strip_prefix("ip/"));
        let case = Case { outside: outside.map(str::to_owned).collect(), ports: vec![probe.port], ..case };
        let fails = |case: &Case| {
            let found = self.both(binary, case).map(|(mismatches, _)| mismatches).unwrap_or_default();
            found.iter().any(|one| one.probe == *probe && (one.ours, one.theirs) == (*ours, *theirs))
        };
        let small = shrink::smallest(case, &fails);
        let said = format!("{probe}: ours {}, {} {}", ours.as_str(), self.name, theirs.as_str());
        match self.write(seed, &small, first) {
            Ok(path) => format!("seed {seed}: {said}; see {}", path.display()).into(),
            Err(failure) => failure,
        }
    }

    fn write(&self, seed: u64, case: &Case, mismatch: &Mismatch) -> Result<PathBuf, Failed> {
        let folder = program::folder().join("mismatches");
        std::fs::create_dir_all(&folder)?;
        let path = folder.join(format!("{}-{seed}.yaml", self.name));
        let Mismatch { probe, ours, theirs } = mismatch;
        let head = format!("# seed {seed}; ours {}\n# probe: {probe} {}\n", ours.as_str(), theirs.as_str());
        std::fs::write(&path, head + &yaml::stream(&case.manifests))?;
        Ok(path.canonicalize()?)
    }
}

fn agree(who: &str, answers: &Answers, expected: &[(Probe, Verdict)]) -> Result<(), Failed> {
    for (probe, expected) in expected {
        let found = answers.get(probe);
        if found != Some(expected) {
            return Err(format!("{who}: {probe} is {found:?}, expected {expected:?}").into());
        }
    }
    Ok(())
}

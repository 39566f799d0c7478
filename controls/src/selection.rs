//! What to judge, and what comes of it.

use std::sync::Arc;

use ringfence_model::{Diagnostic, Finding, Severity, Verdict};

use crate::control::Control;

/// Which controls to judge, and which verdicts to keep.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Ids or rows (`WL05` selects all of its parts); all controls where empty.
    pub controls: Vec<String>,
    /// Whether to keep `pass` and `not-applicable` too; they are always counted.
    pub all: bool,
}

impl Selection {
    /// The controls called so; all where there is no word.
    pub fn of<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        Self { controls: words.into_iter().map(str::to_owned).collect(), ..Self::default() }
    }

    /// Whether `control` is selected.
    pub fn holds(&self, control: &Control) -> bool {
        self.controls.is_empty() || self.controls.iter().any(|word| is_called(control, word))
    }
}

/// Whether `word` is the id, the row or the name of `control`.
pub(crate) fn is_called(control: &Control, word: &str) -> bool {
    let (id, row, name) = (control.id(), control.row(), control.name());
    id.eq_ignore_ascii_case(word) || row.eq_ignore_ascii_case(word) || **name == *word
}

/// What comes of judging.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evaluation {
    /// In the order of controls, then of resources, then of elements.
    pub findings: Vec<Finding>,
    /// What could not be evaluated.
    pub diagnostics: Vec<Diagnostic>,
    /// How often each control came to which verdict, kept or not.
    pub counts: Vec<Count>,
}

/// How often a control came to each verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    /// Id of the control.
    pub control: Arc<str>,
    /// Its severity.
    pub severity: Severity,
    /// How often it failed.
    pub fail: usize,
    /// How often it could not tell.
    pub unknown: usize,
    /// How often it passed.
    pub pass: usize,
    /// How often it did not apply.
    pub not_applicable: usize,
}

impl Default for Count {
    fn default() -> Self {
        Self {
            control: Arc::from(""),
            severity: Severity::Low,
            fail: 0,
            unknown: 0,
            pass: 0,
            not_applicable: 0,
        }
    }
}

impl Count {
    pub(crate) fn of(control: &Control) -> Self {
        Self { control: Arc::clone(control.id()), severity: control.severity(), ..Self::default() }
    }

    /// How often it came to `verdict`.
    pub fn of_verdict(&self, verdict: Verdict) -> usize {
        match verdict {
            Verdict::Fail => self.fail,
            Verdict::Unknown => self.unknown,
            Verdict::Pass => self.pass,
            Verdict::NotApplicable => self.not_applicable,
        }
    }

    pub(crate) fn add(&mut self, verdict: Verdict) {
        let slot = match verdict {
            Verdict::Fail => &mut self.fail,
            Verdict::Unknown => &mut self.unknown,
            Verdict::Pass => &mut self.pass,
            Verdict::NotApplicable => &mut self.not_applicable,
        };
        *slot += 1;
    }
}

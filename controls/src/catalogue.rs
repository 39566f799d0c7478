//! All controls of a run: those that come with the program, and the user's own.

use std::borrow::Cow;

use ringfence_model::declaration::Declaration;
use ringfence_model::fact::{Queries, ScopeFacts};
use ringfence_model::{Diagnostic, Estate, FileId, Location, masked};
use sha2::{Digest, Sha256};

use crate::control::yaml::{Form, Token};
use crate::control::{Control, Fault};
use crate::judge;
use crate::selection::{Evaluation, Selection, is_called};
use crate::world::World;

/// Path below `catalogue/`, text, and front matter of every control that comes with the program.
static FILES: &[(&str, &str, &[Token])] = include!(concat!(env!("OUT_DIR"), "/catalogue.rs"));

/// All controls of a run.
#[derive(Debug, Default)]
pub struct Catalogue {
    controls: Vec<Control>,
    faults: Vec<Diagnostic>,
}

impl Catalogue {
    /// The controls that come with the program. Their logic is compiled when first needed.
    pub fn built_in() -> Self {
        let mut catalogue = Self::default();
        for (path, text, tokens) in FILES {
            // Without tokens the front matter is read here, and says what is wrong with it.
            match Control::read(path, *text, None, Some(*tokens).filter(|tokens| !tokens.is_empty())) {
                Ok(control) => catalogue.controls.push(control),
                // Cannot happen in a program whose tests passed; silence would be worse.
                Err(faults) => {
                    catalogue.faults.extend(faults.iter().map(|fault| unreadable(path, fault, None)))
                }
            }
        }
        catalogue.sort();
        catalogue
    }

    /// Adds a control of the user: `path` names it (`chapter/name.md`), `file` is the file of the run that
    /// diagnostics point into. One with mistakes is not added, and costs only itself.
    pub fn add(&mut self, file: FileId, path: &str, text: impl Into<String>) -> Vec<Diagnostic> {
        let text: Cow<'static, str> = Cow::Owned(text.into());
        let control = match Control::read(path, text, Some(file), None) {
            Ok(control) => control,
            Err(faults) => return faults.iter().map(|fault| unreadable(path, fault, Some(file))).collect(),
        };
        if let Some(there) = self.controls.iter().find(|there| there.id() == control.id()) {
            let message = format!("there is a control `{}` already: {}", control.id(), there.title());
            let fault = Fault::new(0..0, message).help("give it another id");
            return vec![unreadable(path, &fault, Some(file))];
        }
        let faults = control.check();
        if faults.is_empty() {
            self.controls.push(control);
            self.sort();
            return Vec::new();
        }
        faults.iter().map(|fault| judge::broken(&control, fault)).collect()
    }

    fn sort(&mut self) {
        self.controls.sort_by_cached_key(|control| order(control.id()));
    }

    /// The controls, sorted by id.
    pub fn controls(&self) -> std::slice::Iter<'_, Control> {
        self.controls.iter()
    }

    /// The controls called `word`: an id, a row (all of its parts) or a name.
    pub fn called(&self, word: &str) -> Vec<&Control> {
        self.controls.iter().filter(|control| is_called(control, word)).collect()
    }

    /// The control with that id.
    pub fn control(&self, id: &str) -> Option<&Control> {
        self.controls.iter().find(|control| &**control.id() == id)
    }

    /// Words of a selection that call no control, each with a hint.
    pub fn unknown_words(&self, selection: &Selection) -> Vec<(String, String)> {
        let unknown = selection.controls.iter().filter(|word| self.called(word).is_empty());
        let known = || self.controls.iter().flat_map(|control| [&**control.id(), &**control.name()]);
        unknown.map(|word| (word.clone(), crate::control::nearest(word, known()))).collect()
    }

    /// A digest of all controls, for `--version` and reports: 16 hex digits.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        for control in &self.controls {
            hash.update((control.markdown().len() as u64).to_le_bytes());
            hash.update(control.markdown().as_bytes());
        }
        let digest = hash.finalize();
        digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }

    /// Judges the estate: findings in the order of controls, then of resources, then of elements; `fail`
    /// and `unknown` unless the selection asks for all. Every verdict is counted, kept or not.
    pub fn assess(
        &self,
        estate: &Estate,
        declaration: &Declaration,
        scope: &ScopeFacts,
        queries: &dyn Queries,
        selection: &Selection,
    ) -> Evaluation {
        let world = World::new(estate, declaration, scope);
        let selected = self.controls.iter().filter(|control| selection.holds(control));
        let mut evaluation = judge::judge(selected, &world, queries, selection);
        evaluation.diagnostics.extend(self.faults.iter().cloned());
        evaluation
    }
}

/// `WL05.10` comes after `WL05.9`: letters, row, part.
fn order(id: &str) -> (String, u32, u32, String) {
    let digits = id.find(|one: char| one.is_ascii_digit()).unwrap_or(id.len());
    let (letters, numbers) = id.split_at_checked(digits).unwrap_or((id, ""));
    let (row, part) = numbers.split_once('.').unwrap_or((numbers, ""));
    (letters.to_owned(), row.parse().unwrap_or(u32::MAX), part.parse().unwrap_or(0), id.to_owned())
}

/// A file that is no control.
fn unreadable(path: &str, fault: &Fault, file: Option<FileId>) -> Diagnostic {
    let location = file.map(|file| Location::new(file, fault.range.start, fault.range.end));
    let message = format!("control `{path}` cannot be read: {}", fault.message);
    let diagnostic = Diagnostic::error("broken-control", masked(message)).at(location);
    match &fault.help {
        Some(help) => diagnostic.help(help.clone()),
        None => diagnostic,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_as_people_count() {
        let mut ids = vec!["WL05.10", "WL10.1", "WL05.9", "CL01", "WL05", "my-own"];
        ids.sort_by_key(|id| order(id));
        assert_eq!(ids, ["CL01", "WL05", "WL05.9", "WL05.10", "WL10.1", "my-own"]);
    }
}

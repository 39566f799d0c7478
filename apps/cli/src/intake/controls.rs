//! The user's own controls, from folders of Markdown files.

use std::path::{Path, PathBuf};

use globset::GlobSet;
use ringfence_controls::Catalogue;

use super::walk::{self, Walked};
use super::{Intake, file, unreadable};
use crate::exit::Failure;

impl Intake {
    /// The shipped catalogue and the controls below `folders`. One that is broken or unreadable is named, and
    /// the others run.
    pub(crate) fn catalogue(&mut self, folders: &[PathBuf]) -> Result<Catalogue, Failure> {
        let mut catalogue = Catalogue::built_in();
        for folder in folders {
            self.add_controls(folder, &mut catalogue)?;
        }
        Ok(catalogue)
    }

    fn add_controls(&mut self, folder: &Path, catalogue: &mut Catalogue) -> Result<(), Failure> {
        let mut walked = Walked::default();
        walk::walk(folder, &GlobSet::empty(), &mut walked);
        walked.files.retain(|found| found.path.extension().is_some_and(|ending| ending == "md"));
        if walked.files.is_empty() {
            let message = format!("`{}` holds no control", folder.display());
            return Err(Failure::usage(message, "name a folder of Markdown files after --controls"));
        }
        for found in walked.files {
            let text = file::bytes(&found.path)
                .map_err(|error| error.to_string())
                .and_then(|bytes| String::from_utf8(bytes).map_err(|_| "it is not valid UTF-8".to_owned()));
            let sources = self.estate.sources_mut();
            let id = sources.add(found.shown.as_str(), text.as_deref().unwrap_or_default());
            match text {
                Ok(text) => self.diagnostics.extend(catalogue.add(id, &found.shown, text)),
                Err(why) => self.diagnostics.push(unreadable(id, &found.shown, &why)),
            }
        }
        Ok(())
    }
}

//! The front matter: what a control is about and where it points.

use std::ops::Range;
use std::sync::Arc;

use ringfence_model::{Requirements, Severity};

use super::fault::{Fault, nearest};
use super::markdown::Layout;
use super::message::Message;
use super::path::{Path, PerKind};
use super::tree::Yaml;
use super::yaml::{self, Token};

/// The front matter of a control.
#[derive(Debug)]
pub(crate) struct Front {
    pub(crate) id: Arc<str>,
    pub(crate) row: Arc<str>,
    pub(crate) title: String,
    pub(crate) severity: Severity,
    pub(crate) kinds: Vec<Box<str>>,
    /// Paths of the elements that are judged.
    pub(crate) each: Option<PerKind<Vec<Path>>>,
    /// When the control applies.
    pub(crate) when: Option<Written>,
    /// Why it does not.
    pub(crate) when_not: Option<Box<str>>,
    /// Fields to point at; the first one that is there.
    pub(crate) at: Option<PerKind<Vec<Path>>>,
    pub(crate) message: Message,
    pub(crate) needs: Vec<Box<str>>,
    pub(crate) requirements: Requirements,
    pub(crate) stages: Vec<Box<str>>,
    pub(crate) since: Box<str>,
}

/// A text and the bytes it is written in.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    pub(crate) value: Box<str>,
    pub(crate) range: Range<usize>,
}

/// Keys that front matter may have, and whether it must.
const KEYS: &[(&str, bool)] = &[
    ("id", true),
    ("row", false),
    ("title", true),
    ("severity", true),
    ("kinds", true),
    ("each", false),
    ("when", false),
    ("when-not", false),
    ("at", false),
    ("message", true),
    ("needs", false),
    ("requirements", false),
    ("stages", false),
    ("since", false),
];

/// Keys of the declaration that a verdict may depend on.
const NEEDS: &[&str] = &[
    "accounts",
    "administrators",
    "capabilities",
    "classes",
    "entry-points",
    "flows",
    "register",
    "registries",
    "system-agents",
    "third-parties",
];

const STAGES: &[&str] = &["template", "manifest", "live", "admission"];

/// Kinds that are not resources: only engines can judge them.
const BEYOND: &[&str] = &["Flow", "Estate"];

impl Front {
    /// Reads the front matter of `text`; from its tokens, where the build script has read it.
    pub(super) fn read(text: &str, layout: &Layout, tokens: Option<&[Token]>) -> Result<Self, Vec<Fault>> {
        let own = match tokens {
            Some(_) => Vec::new(),
            None => yaml::read(text, layout.front.clone())
                .map_err(|(range, message, help)| vec![Fault::new(range, message).help(help)])?,
        };
        let Some((yaml, _)) = Yaml::first(tokens.unwrap_or(&own)) else {
            return Err(vec![Fault::new(layout.front.clone(), "the front matter is empty")]);
        };
        let mut fields = Fields { yaml, faults: Vec::new() };
        fields.check_keys();
        let front = fields.front();
        fields.check_title(text, layout);
        fields.check_kinds(layout);
        match front {
            Some(front) if fields.faults.is_empty() => Ok(front),
            _ => Err(fields.faults),
        }
    }
}

struct Fields<'y> {
    yaml: Yaml<'y>,
    faults: Vec<Fault>,
}

impl<'y> Fields<'y> {
    fn check_keys(&mut self) {
        if !self.yaml.is_map() {
            let fault = Fault::new(self.yaml.range(), "the front matter is not a map");
            return self.faults.push(fault.help("write `key: value`, one a line"));
        }
        for (key, _) in self.yaml.entries() {
            let name = key.as_text().unwrap_or_default();
            if !KEYS.iter().any(|(known, _)| *known == name) {
                let hint = nearest(name, KEYS.iter().map(|(known, _)| *known));
                let known = KEYS.iter().map(|(known, _)| *known).collect::<Vec<_>>().join(", ");
                let fault = Fault::new(key.range(), format!("there is no key `{name}`{hint}"));
                self.faults.push(fault.help(format!("keys are {known}")));
            }
        }
        for (key, _) in KEYS.iter().filter(|(_, needed)| *needed) {
            if self.get(key).is_none() {
                let at = self.yaml.range().start;
                self.faults.push(
                    Fault::new(at..at + 1, format!("`{key}` is missing")).help(format!("add `{key}:`")),
                );
            }
        }
    }

    /// The first heading repeats the title, so that the file reads as a page.
    fn check_title(&mut self, text: &str, layout: &Layout) {
        let heading = text.get(layout.title.clone()).unwrap_or_default().trim_start_matches("# ").trim();
        let title = self.get("title").and_then(Yaml::as_text).unwrap_or_default();
        if !heading.is_empty() && heading != title {
            let fault = Fault::new(layout.title.clone(), format!("the heading is not the title `{title}`"));
            self.faults.push(fault.help("write the same in both places"));
        }
    }

    fn check_kinds(&mut self, layout: &Layout) {
        let Some(kinds) = self.get("kinds") else { return };
        let beyond = kinds.texts().unwrap_or_default().into_iter().find(|kind| BEYOND.contains(kind));
        if let Some(kind) = beyond.filter(|_| !layout.is_query) {
            let fault = Fault::new(kinds.range(), format!("only an engine can judge `{kind}`"));
            self.faults.push(fault.help("name a query instead of CEL"));
        }
    }

    fn front(&mut self) -> Option<Front> {
        let id = self.text("id");
        let row = id.map(|id| id.split_once('.').map_or(id, |(row, _)| row));
        if let (Some(row), Some(written)) = (row, self.get("row"))
            && written.as_text() != Some(row)
        {
            let fault = Fault::new(written.range(), format!("the row of this id is `{row}`"));
            self.faults.push(fault.help(format!("write `row: {row}`")));
        }
        let severity = self.severity();
        let kinds = self.words("kinds", None);
        let each = self.paths("each");
        let when = self.written("when");
        let when_not = self.text("when-not").map(Box::from);
        let at = self.paths("at");
        let message = self.message();
        Some(Front {
            id: id?.into(),
            row: row?.into(),
            title: self.text("title")?.to_owned(),
            severity: severity?,
            kinds,
            each,
            when,
            when_not,
            at,
            message: message?,
            needs: self.words("needs", Some(NEEDS)),
            requirements: self.requirements(),
            stages: self.words("stages", Some(STAGES)),
            since: self.text("since").unwrap_or_default().into(),
        })
    }

    fn get(&self, key: &str) -> Option<Yaml<'y>> {
        self.yaml.entries().find(|(there, _)| there.as_text() == Some(key)).map(|(_, value)| value)
    }

    fn text(&mut self, key: &str) -> Option<&'y str> {
        let value = self.get(key)?;
        match value.as_text() {
            Some(text) if !text.trim().is_empty() => Some(text),
            _ => {
                self.faults.push(Fault::new(value.range(), format!("`{key}` is not a text")));
                None
            }
        }
    }

    fn written(&mut self, key: &str) -> Option<Written> {
        let range = self.get(key)?.range();
        Some(Written { value: self.text(key)?.into(), range })
    }

    fn severity(&mut self) -> Option<Severity> {
        let text = self.text("severity")?;
        let severity = Severity::parse(text);
        if severity.is_none() {
            let range = self.get("severity")?.range();
            let fault = Fault::new(range, format!("`{text}` is no severity"));
            self.faults.push(fault.help("severities are critical, high, medium and low"));
        }
        severity
    }

    fn words(&mut self, key: &str, known: Option<&[&str]>) -> Vec<Box<str>> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let Some(texts) = value.texts() else {
            self.faults.push(Fault::new(value.range(), format!("`{key}` is not a list of texts")));
            return Vec::new();
        };
        for text in &texts {
            if let Some(known) = known.filter(|known| !known.contains(text)) {
                let hint = nearest(text, known.iter().copied());
                let fault = Fault::new(value.range(), format!("`{key}` does not know `{text}`{hint}"));
                self.faults.push(fault.help(format!("it knows {}", known.join(", "))));
            }
        }
        texts.into_iter().map(Box::from).collect()
    }

    fn paths(&mut self, key: &str) -> Option<PerKind<Vec<Path>>> {
        let value = self.get(key)?;
        if value.is_map() {
            let mut kinds = Vec::new();
            for (kind, paths) in value.entries() {
                kinds.push((kind.as_text().unwrap_or_default().into(), self.list_of_paths(key, paths)));
            }
            return Some(PerKind::Kinds(kinds));
        }
        Some(PerKind::Same(self.list_of_paths(key, value)))
    }

    fn list_of_paths(&mut self, key: &str, value: Yaml<'_>) -> Vec<Path> {
        let paths: Option<Vec<Path>> =
            value.texts().and_then(|texts| texts.into_iter().map(Path::parse).collect());
        if paths.is_none() {
            let fault = Fault::new(value.range(), format!("`{key}` is not a path"));
            self.faults.push(fault.help("write for instance `spec.ingress.from`, or a list of such"));
        }
        paths.unwrap_or_default()
    }

    fn message(&mut self) -> Option<Message> {
        let text = self.text("message")?;
        match Message::parse(text) {
            Ok(message) => Some(message),
            Err(hole) => {
                let range = self.get("message")?.range();
                let fault = Fault::new(range, format!("`{{{hole}}}` in the message means nothing"));
                self.faults
                    .push(fault.help("write `{resource.name}`, `{item.…}`, `{object.…}` or `{pod.…}`"));
                None
            }
        }
    }

    fn requirements(&mut self) -> Requirements {
        let Some(value) = self.get("requirements") else { return Requirements::from([]) };
        let mut standards = Vec::new();
        for (standard, ids) in value.entries() {
            let (Some(name), Some(ids)) = (standard.as_text(), ids.texts()) else {
                let fault = Fault::new(standard.range(), "requirements are lists of ids by standard");
                self.faults.push(fault);
                continue;
            };
            standards.push((name.to_owned(), ids.into_iter().map(str::to_owned).collect()));
        }
        standards.into()
    }
}

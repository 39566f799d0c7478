//! `ringfence controls`: the catalogue as a table and as JSON.

use std::io::{self, Write};

use crate::json::Pen;
use crate::look::{Look, Tone};
use crate::page::{ControlPage, ids};
use crate::prose::counted;
use crate::shown;

/// Writes a table: id, severity, title, PCI DSS requirements.
pub fn terminal(out: &mut dyn Write, controls: &[ControlPage<'_>], look: Look) -> io::Result<()> {
    let id_width = controls.iter().map(|page| page.id.chars().count()).max().unwrap_or(0);
    let title_width = controls.iter().map(|page| page.title.chars().count()).max().unwrap_or(0).min(60);
    for page in controls {
        let id = look.paint(Tone::Strong, format!("{:<id_width$}", shown::line(page.id)));
        let severity = look.paint(page.severity.into(), format!("{:<8}", page.severity.as_str()));
        let requirements = look
            .paint(Tone::Faint, shown::line(&ids(page.requirements, "pci-4.0.1").join(", ")).into_owned());
        let row = format!("{id}  {severity}  {:<title_width$}  {requirements}", shown::line(page.title));
        writeln!(out, "{}", row.trim_end())?;
    }
    let end = format!("{}; `ringfence explain ID` shows one", counted(controls.len(), "control"));
    writeln!(out, "\n{}", look.paint(Tone::Faint, end))
}

/// Writes `ringfence.controls/1`.
pub fn json(out: &mut dyn Write, controls: &[ControlPage<'_>]) -> io::Result<()> {
    let mut pen = Pen::new(out);
    pen.raw("{\"schema\":\"ringfence.controls/1\",\n\"controls\":[");
    for page in controls {
        pen.item()?;
        pen.raw("{\"id\":");
        pen.text(page.id);
        let texts = [
            ("row", page.row),
            ("name", page.name),
            ("title", page.title),
            ("severity", page.severity.as_str()),
        ];
        for (key, text) in texts {
            pen.key(key);
            pen.text(text);
        }
        pen.key("kinds");
        pen.list(page.kinds.iter().copied());
        pen.key("needs");
        pen.list(page.needs.iter().copied());
        pen.key("requirements");
        pen.requirements(page.requirements);
        pen.raw("}");
    }
    pen.raw("]}\n");
    pen.finish()
}

#[cfg(test)]
mod tests;

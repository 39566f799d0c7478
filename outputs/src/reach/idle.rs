//! Policies and rules that do nothing.

use std::io::{self, Write};

use ringfence_model::Estate;
use ringfence_model::fact::Idle;

use super::names::rule;
use crate::json::Pen;

/// Writes one line each; says so where there is none.
pub fn write<'a>(
    out: &mut dyn Write,
    estate: &Estate,
    idle: impl IntoIterator<Item = &'a Idle>,
    nothing: &str,
) -> io::Result<()> {
    let mut any = false;
    for one in idle {
        any = true;
        let by: Vec<String> = one.by.iter().map(|by| rule(estate, by)).collect();
        let by = if by.is_empty() { String::new() } else { format!(": {}", by.join(", ")) };
        writeln!(out, "{} {}{by}", rule(estate, &one.rule), one.why.as_str())?;
    }
    if !any {
        writeln!(out, "{nothing}")?;
    }
    out.flush()
}

/// `ringfence.idle/1`.
pub fn json<'a>(
    out: &mut dyn Write,
    estate: &Estate,
    idle: impl IntoIterator<Item = &'a Idle>,
) -> io::Result<()> {
    let mut pen = Pen::new(out);
    pen.raw("{\"schema\":\"ringfence.idle/1\",\n\"rules\":[");
    for one in idle {
        pen.item()?;
        pen.raw("{\"rule\":");
        pen.text(&rule(estate, &one.rule));
        pen.key("why");
        pen.word(one.why.as_str());
        pen.key("by");
        pen.raw("[");
        for (index, by) in one.by.iter().enumerate() {
            pen.raw(if index > 0 { "," } else { "" });
            pen.text(&rule(estate, by));
        }
        pen.raw("]}");
    }
    pen.raw("]}\n");
    pen.finish()
}

//! CSV (RFC 4180) for spreadsheets: a row for each finding, safe against formulas.

use std::borrow::Cow;
use std::io::{self, Write};

use ringfence_model::{Finding, Sources, mask};

use crate::assessment::{Assessment, Extent};
use crate::page::ids;
use crate::shown;

const HEADER: &str = "control,row,name,verdict,severity,kind,account,region,cluster,namespace,subject,\
                      address,container,file,line,column,message,waits_for,fix,pci_4_0_1,pci_3_2_1,cis_eks_1_8,fingerprint";

/// Writes the table; `extent` says which findings.
pub fn write(out: &mut dyn Write, assessment: &Assessment<'_>, extent: Extent) -> io::Result<()> {
    write!(out, "{HEADER}\r\n")?;
    for finding in assessment.findings(extent) {
        row(out, assessment.sources(), finding)?;
    }
    out.flush()
}

fn row(out: &mut dyn Write, sources: &Sources, finding: &Finding) -> io::Result<()> {
    let subject = &finding.subject;
    let place = finding.locations.first().map(|location| sources.position(*location));
    let part = |part: &Option<ringfence_model::Text>| part.as_deref().unwrap_or_default().to_owned();
    let waits: Vec<&str> = finding.missing.iter().map(|missing| missing.remedy.as_str()).collect();
    let number = |number: Option<u32>| number.map_or_else(String::new, |number| number.to_string());
    let texts = [
        finding.control.to_string(),
        finding.row.to_string(),
        finding.name.to_string(),
        finding.verdict.to_string(),
        finding.severity.to_string(),
        subject.kind.to_string(),
        part(&subject.account),
        part(&subject.region),
        part(&subject.cluster),
        part(&subject.namespace),
        subject.name.to_string(),
        part(&subject.address),
        part(&subject.container),
    ];
    for text in texts {
        write!(out, "{},", cell(&mask(&text)))?;
    }
    let file = place.as_ref().map_or("", |place| &*place.file);
    write!(out, "{},", cell(&shown::path(file)))?;
    let numbers = [place.as_ref().map(|place| place.line), place.as_ref().map(|place| place.column)];
    for count in numbers {
        write!(out, "{},", number(count))?;
    }
    let requirements =
        ["pci-4.0.1", "pci-3.2.1", "cis-eks-1.8"].map(|key| ids(&finding.requirements, key).join(" "));
    let texts = [finding.message.clone(), waits.join("; "), finding.remedy.to_string()];
    for text in texts.into_iter().chain(requirements) {
        write!(out, "{},", cell(&mask(&text)))?;
    }
    write!(out, "{}\r\n", cell(&finding.fingerprint.0))
}

/// A cell: quoted where it must be. What a spreadsheet would run as a formula starts with an
/// apostrophe, which it shows as text.
pub(crate) fn cell(text: &str) -> Cow<'_, str> {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    let is_plain = !text.contains(['"', ',', '\n', '\r', ';', '\t']);
    if is_plain && !is_formula {
        return Cow::Borrowed(text);
    }
    let guard = if is_formula { "'" } else { "" };
    Cow::Owned(format!("\"{guard}{}\"", text.replace('"', "\"\"")))
}

#[cfg(test)]
mod tests;

//! No card number leaves, in no format; and a closed pipe is passed up by all of them.

use std::io::{self, Write};

use ringfence_model::{Diagnostic, Location, Missing, Reason, Severity, Verdict};

use crate::fixture::{Fixture, fail, page, written};
use crate::{
    Assessment, ControlPage, Extent, Look, csv, diagnostics, excerpt, explain, github, json, junit, listing,
    sarif, terminal,
};

/// Published test numbers, as people write them.
const NUMBERS: &[&str] = &[
    "4111111111111111",
    "5555555555554444",
    "378282246310005",
    "6011 1111 1111 1117",
    "4242-4242-4242-4242",
    "3566.0020.2036.0505",
    "4111  1111  1111  1111",
    "4242_4242_4242_4242",
    "5555, 5555, 5555, 4444",
    "6011/1111/1111/1117",
    "4000\u{200b}0566\u{200b}5566\u{200b}5556",
];

/// Every writer on one assessment.
fn outputs(
    fixture: &Fixture,
    assessment: &Assessment<'_>,
    page: &ControlPage<'_>,
    width: usize,
) -> Vec<(&'static str, String)> {
    let look = Look { colour: false, width };
    let sources = fixture.estate.sources();
    let first = fixture.findings.first().unwrap();
    vec![
        ("terminal", written(|out| terminal::write(out, assessment, look, false))),
        ("verbose", written(|out| terminal::write(out, assessment, look, true))),
        ("json", written(|out| json::write(out, assessment, Extent::All))),
        ("sarif", written(|out| sarif::write(out, assessment, Extent::All))),
        ("junit", written(|out| junit::write(out, assessment, Extent::All))),
        ("csv", written(|out| csv::write(out, assessment, Extent::All))),
        ("github", written(|out| github::write(out, assessment))),
        ("github summary", written(|out| github::summary(out, assessment))),
        ("diagnostics", written(|out| diagnostics::write(out, sources, &fixture.diagnostics, look, false))),
        (
            "verbose diagnostics",
            written(|out| diagnostics::write(out, sources, &fixture.diagnostics, look, true)),
        ),
        ("control", written(|out| explain::control(out, page, look))),
        ("finding", written(|out| explain::finding(out, sources, first, Some(page), look))),
        ("excerpt", excerpt::finding(sources, first, look)),
        ("listing", written(|out| listing::terminal(out, std::slice::from_ref(page), look))),
        ("listing json", written(|out| listing::json(out, std::slice::from_ref(page)))),
    ]
}

/// A fixture whose every text holds `number`.
fn tainted(number: &str, before: usize) -> Fixture {
    let line = format!("{}pan: {number} {}\n", "k ".repeat(before), "v ".repeat(200));
    let path = format!("dump/{number}.yaml");
    let (mut fixture, files) = Fixture::new(&[(path.as_str(), line.as_str())], &[number]);
    let place = fixture.at(files[0], "pan");
    let near = Location::new(files[0], 60, 61);
    let mut finding = fail("WL01", Severity::Critical, number, vec![place, near]);
    // A hash, never a text of a user.
    finding.fingerprint.0 = "c0ffee".to_owned();
    let text = || format!("a {number} b");
    finding.name = text().into();
    finding.message = text();
    finding.remedy = text().into();
    finding.reasons = vec![Reason::new(text(), Some(near)), Reason::new(number, None)];
    finding.missing = vec![Missing { remedy: text(), why: text() }];
    finding.requirements = std::sync::Arc::from([(number.to_owned(), vec![number.to_owned()])]);
    let subject = &mut finding.subject;
    for part in [&mut subject.account, &mut subject.region, &mut subject.cluster, &mut subject.address] {
        *part = Some(number.into());
    }
    (subject.namespace, subject.container) = (Some(number.into()), Some(number.into()));
    let mut unknown = finding.clone();
    unknown.verdict = Verdict::Unknown;
    fixture.findings = vec![finding, unknown];
    fixture.diagnostics =
        vec![Diagnostic::error("broken", text()).at(place).related(Some(near), text()).help(text())];
    fixture.left_out = vec![text()];
    fixture.scope.parties = vec![(text(), "third-party")];
    fixture
}

/// Decimal digits of a hash look like a card number, and whoever compares runs needs them as they are.
#[test]
fn fingerprints_are_never_masked() {
    let hash = "41111111111111114111111111111111";
    let mut fixture = Fixture::payments();
    fixture.findings.iter_mut().for_each(|finding| finding.fingerprint.0 = hash.to_owned());
    let assessment = fixture.assessment();
    let shown = outputs(&fixture, &assessment, &page(), 100);
    let whole: Vec<_> = shown.iter().filter(|(_, text)| text.contains(hash)).map(|(name, _)| *name).collect();
    assert_eq!(whole, ["json", "sarif", "csv", "finding"]);
    let verbose = shown.iter().find(|(name, _)| *name == "verbose").unwrap();
    assert!(verbose.1.contains("fingerprint 411111111111"), "{}", verbose.1);
}

#[test]
fn no_card_number_leaves() {
    for number in NUMBERS {
        let digits: String = number.chars().filter(char::is_ascii_digit).collect();
        // The number lies before, at and behind the edges of windows.
        for before in (0..90).step_by(3) {
            let fixture = tainted(number, before);
            let path = format!("{number}/ringfence.yaml");
            let requirements = vec![("pci-4.0.1".to_owned(), vec![(*number).to_owned()])];
            let page = ControlPage {
                title: number,
                name: number,
                what: number,
                why: number,
                fix: number,
                kinds: vec![number],
                needs: vec![number],
                requirements: &requirements,
                example: Some(number),
                ..page()
            };
            let pages = [page.clone()];
            let assessment =
                Assessment { declaration: Some(&path), controls: &pages, ..fixture.assessment() };
            for (format, text) in outputs(&fixture, &assessment, &page, 60 + before) {
                let joined: String =
                    text.chars().filter(|one| one.is_ascii_alphanumeric() || *one == '*').collect();
                assert!(!joined.contains(&digits), "{format} shows {number} (shift {before}):\n{text}");
                let last_four = digits.get(digits.len() - 4..).unwrap();
                assert!(joined.contains(last_four), "{format} must show the last four");
            }
        }
    }
}

/// A pipe whose reader went away after some bytes.
struct ClosedPipe(usize);

impl Write for ClosedPipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_closed_pipe_is_passed_up() {
    let fixture = Fixture::payments();
    let assessment = fixture.assessment();
    let look = Look::plain();
    type Writer<'a> = Box<dyn Fn(&mut dyn Write) -> io::Result<()> + 'a>;
    let writers: Vec<Writer<'_>> = vec![
        Box::new(|out| terminal::write(out, &assessment, look, true)),
        Box::new(|out| json::write(out, &assessment, Extent::All)),
        Box::new(|out| sarif::write(out, &assessment, Extent::All)),
        Box::new(|out| junit::write(out, &assessment, Extent::All)),
        Box::new(|out| csv::write(out, &assessment, Extent::All)),
        Box::new(|out| github::write(out, &assessment)),
        Box::new(|out| github::summary(out, &assessment)),
        Box::new(|out| diagnostics::write(out, fixture.estate.sources(), &fixture.diagnostics, look, true)),
        Box::new(|out| explain::control(out, &page(), look)),
        Box::new(|out| listing::json(out, &[page()])),
    ];
    for (index, writer) in writers.iter().enumerate() {
        for room in [0, 20, 150] {
            let error = writer(&mut ClosedPipe(room)).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::BrokenPipe, "writer {index}, {room} bytes");
        }
    }
}

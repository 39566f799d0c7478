//! The reference page of the language, from the same table.

use std::fmt::Write;

use crate::language::{Choice, DECLARATION, Record, Shape, Word};

/// Every key of `ringfence.yaml` as a Markdown page.
pub fn reference() -> String {
    let mut page = Page { text: HEAD.to_owned(), pending: vec![&DECLARATION], written: Vec::new() };
    while let Some(record) = page.pending.pop() {
        if !page.written.contains(&record.name) {
            page.record(record);
        }
    }
    page.text
}

const HEAD: &str = "# ringfence.yaml\n\nGenerated from the table that the reader itself uses. \
                    Complete examples for each payment pattern are in `examples/flows`.\n";

struct Page {
    text: String,
    /// Records to write; the last one comes next.
    pending: Vec<&'static Record>,
    written: Vec<&'static str>,
}

impl Page {
    fn record(&mut self, record: &'static Record) {
        self.written.push(record.name);
        let mut words = Vec::new();
        let mut below = Vec::new();
        self.write(format_args!("\n## {}\n\n{}", record.name, record.about));
        match record.choice {
            Choice::Free => {}
            Choice::OneOf(names) => self.write(format_args!("\n\nExactly one of {}.", list(names))),
            Choice::AtLeastOne => self.write(format_args!("\n\nAt least one key.")),
        }
        self.write(format_args!("\n\n| key | value | meaning |\n|---|---|---|\n"));
        for key in record.keys {
            let must = if key.required { " (required)" } else { "" };
            let value = describe(&key.shape, &mut below, &mut words);
            self.write(format_args!("| `{}`{must} | {value} | {} |\n", key.name, key.about));
        }
        for (word, about) in words {
            self.write(format_args!("\n- `{word}`: {about}"));
        }
        self.write(format_args!("\n"));
        self.pending.extend(below.into_iter().rev());
    }

    fn write(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to a text cannot fail.
        let _ = self.text.write_fmt(text);
    }
}

fn list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// What may stand there; records and words that it names are added to be explained.
fn describe(shape: &'static Shape, below: &mut Vec<&'static Record>, words: &mut Vec<Word>) -> String {
    match shape {
        Shape::Text(form) => form.noun.to_owned(),
        Shape::Bool => "true or false".to_owned(),
        Shape::Word(all) => {
            words.extend(all.iter().filter(|word| !words.contains(word)).copied().collect::<Vec<_>>());
            "a word below".to_owned()
        }
        Shape::List(item) => format!("list of: {}", describe(item, below, words)),
        Shape::Many(item) => format!("{}, or a list", describe(item, below, words)),
        Shape::Record(record) => link(record, below),
        Shape::Named(record) => format!("map from names to: {}", link(record, below)),
        Shape::Either(plain, record) => {
            let plain = describe(plain, below, words);
            format!("{plain}, or {}", link(record, below))
        }
        Shape::Marker => "`{}`".to_owned(),
        Shape::Labels => "labels, or a label selector".to_owned(),
        Shape::Tags => "map of texts".to_owned(),
    }
}

fn link(record: &'static Record, below: &mut Vec<&'static Record>) -> String {
    below.push(record);
    format!("[{0}](#{0})", record.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every link leads to a heading, and every heading is there once.
    #[test]
    fn the_page_is_whole() {
        let page = reference();
        let headings: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        let links: Vec<&str> = page.split("](#").skip(1).filter_map(|rest| rest.split(')').next()).collect();
        assert!(headings.len() > 15 && links.iter().all(|link| headings.contains(link)), "{page}");
        let mut distinct = headings.clone();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), headings.len());
        for text in ["| `influences` |", "- `detokenise`: ", "| `hops` (required) |"] {
            assert!(page.contains(text), "{text} in {page}");
        }
    }
}

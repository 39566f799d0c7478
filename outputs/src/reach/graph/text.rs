//! Words of the picture: ports, and how wide text is.

use ringfence_model::fact::{PortRange, Ports, Protocol};
use unicode_width::UnicodeWidthChar;

/// `all ports`, `all ports but TCP 22`, `all TCP`, `TCP 80,443`.
pub(super) fn ports(ports: &Ports) -> String {
    let all = Ports::all();
    let closed = all.minus(ports);
    if closed.is_empty() {
        return "all ports".to_owned();
    }
    if closed.ranges().len() <= 2 && closed.ranges().iter().all(|range| !is_whole(range)) {
        return format!("all ports but {closed}");
    }
    let of = |protocol: Protocol| {
        let ranges = ports.ranges().iter().filter(|range| range.protocol == protocol).copied();
        let ranges = Ports::new(ranges.collect());
        match ranges.ranges() {
            [] => None,
            [whole] if is_whole(whole) => Some(format!("all {}", protocol.as_str())),
            _ => Some(ranges.to_string()),
        }
    };
    Protocol::ALL.into_iter().filter_map(of).collect::<Vec<_>>().join(", ")
}

fn is_whole(range: &PortRange) -> bool {
    range.start == 1 && range.end == u16::MAX
}

/// How wide `text` is at a font size of one, in thousandths. Measured on DejaVu Sans, the widest of the usual
/// fonts: which one the viewer has is not known.
fn milli(text: &str) -> u32 {
    text.chars().map(one).sum()
}

fn one(character: char) -> u32 {
    match character {
        'i' | 'j' | 'l' | '\'' => 280,
        '.' | ',' | ':' | ';' | '|' | '!' | ' ' | '/' | 'I' => 340,
        'f' | 't' | 'r' | '(' | ')' | '[' | ']' | '-' => 400,
        'm' | 'w' | 'M' | 'W' | '@' | '%' => 980,
        'A'..='Z' => 700,
        'c' | 'k' | 's' | 'v' | 'x' | 'y' | 'z' => 590,
        _ if character.is_ascii() => 636,
        _ => u32::try_from(character.width().unwrap_or(0)).unwrap_or(2) * 640,
    }
}

/// How wide a title is, which is bold.
pub(super) fn bold(text: &str, size: i32) -> i32 {
    width(text, size) * 9 / 8
}

/// How wide `text` is at a font size, in pixels.
pub(super) fn width(text: &str, size: i32) -> i32 {
    let milli = i32::try_from(milli(text)).unwrap_or(i32::MAX / 64);
    (milli.saturating_mul(size) + 999) / 1000
}

/// A bold text, cut as [`fit`] does.
pub(super) fn fit_bold(text: &str, size: i32, room: i32) -> String {
    fit(text, size, room * 8 / 9)
}

/// `text`, cut with `…` where it is wider than `room`.
pub(super) fn fit(text: &str, size: i32, room: i32) -> String {
    if width(text, size) <= room {
        return text.to_owned();
    }
    let mut cut = String::new();
    for character in text.chars() {
        cut.push(character);
        if width(&cut, size) + size > room {
            cut.pop();
            break;
        }
    }
    format!("{}…", cut.trim_end())
}

/// `words` joined by commas, in lines that are no wider than `room`.
pub(super) fn wrapped(words: &[String], size: i32, room: i32) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for (index, word) in words.iter().enumerate() {
        let comma = if index + 1 < words.len() { "," } else { "" };
        let longer = lines.last().map(|line| format!("{line} {word}{comma}"));
        match longer.filter(|longer| width(longer, size) <= room) {
            Some(longer) => lines.last_mut().into_iter().for_each(|line| *line = longer.clone()),
            None => lines.push(format!("{word}{comma}")),
        }
    }
    lines
}

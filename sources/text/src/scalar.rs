//! Scalars as Kubernetes reads them: go-yaml (YAML 1.1 words, octal), then JSON.
//!
//! Base 60 does not exist there, and timestamps stay text.

use std::borrow::Cow;

use ringfence_model::{Text, Value};

/// A scalar without quotes and tag.
pub(crate) fn plain(text: &str) -> Value {
    match kind(text) {
        Kind::Null => Value::Null,
        Kind::Bool(value) => Value::Bool(value),
        Kind::Int(value) => Value::Int(value),
        Kind::Float(value) => float(value),
        Kind::Text => Value::Text(Text::new(text)),
    }
}

/// A key without quotes and tag: what is no text becomes one as on the way to JSON. `None` for null.
pub(crate) fn plain_key(text: &str) -> Option<Cow<'_, str>> {
    Some(match kind(text) {
        Kind::Null => return None,
        Kind::Bool(value) => Cow::Borrowed(if value { "true" } else { "false" }),
        Kind::Int(value) => Cow::Owned(value.to_string()),
        Kind::Float(value) => Cow::Owned(float_key(value)),
        Kind::Text => Cow::Borrowed(text),
    })
}

/// A value that stands elsewhere as a key.
pub(crate) fn as_key(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Int(value) => Some(value.to_string()),
        Value::Float(value) => Some(float_key(*value)),
        Value::Null | Value::List(_) | Value::Map(_) | Value::Unresolved(_) => None,
    }
}

/// A scalar with a tag of the core schema; `None` where it is no such thing.
pub(crate) fn tagged(tag: &str, text: &str) -> Option<Value> {
    match (tag, kind(text)) {
        ("null", Kind::Null) => Some(Value::Null),
        ("bool", Kind::Bool(value)) => Some(Value::Bool(value)),
        ("int" | "float", Kind::Int(value)) => Some(Value::Int(value)),
        // A whole number beyond 64 bits is a float to JSON.
        ("int", Kind::Float(value)) if is_whole(text) => Some(Value::Float(value)),
        ("float", Kind::Float(value)) => Some(float(value)),
        ("binary", _) => base64(text).map(|bytes| Value::Text(Text::from_utf8_lossy(&bytes))),
        ("null" | "bool" | "int" | "float", _) => None,
        _ => Some(Value::Text(Text::new(text))),
    }
}

/// Whether the core schema has this tag for scalars.
pub(crate) fn is_core(tag: &str) -> bool {
    matches!(tag, "null" | "bool" | "int" | "float" | "binary" | "str" | "timestamp")
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text,
}

fn kind(text: &str) -> Kind {
    let Some(first) = text.as_bytes().first() else { return Kind::Null };
    match first {
        b'0'..=b'9' | b'+' | b'-' => number(text),
        b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~' => word(text),
        b'.' => dotted(text),
        _ => Kind::Text,
    }
}

/// The longest word with a meaning is `false`.
const LONGEST_WORD: usize = 5;

fn word(text: &str) -> Kind {
    if text.len() > LONGEST_WORD {
        return Kind::Text;
    }
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Kind::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Kind::Bool(false)
        }
        "~" | "null" | "Null" | "NULL" => Kind::Null,
        _ => Kind::Text,
    }
}

fn dotted(text: &str) -> Kind {
    match text {
        ".inf" | ".Inf" | ".INF" => Kind::Float(f64::INFINITY),
        ".nan" | ".NaN" | ".NAN" => Kind::Float(f64::NAN),
        _ => decimal(text).map_or(Kind::Text, Kind::Float),
    }
}

fn number(text: &str) -> Kind {
    match text {
        "+.inf" | "+.Inf" | "+.INF" => return Kind::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return Kind::Float(f64::NEG_INFINITY),
        _ => {}
    }
    let digits = if text.contains('_') { Cow::Owned(text.replace('_', "")) } else { Cow::Borrowed(text) };
    if let Some(value) = whole(&digits) {
        return value;
    }
    if let Some(value) = decimal(&digits) {
        return Kind::Float(value);
    }
    wide(&digits).map_or(Kind::Text, Kind::Float)
}

/// Sign, base and digits of a whole number as Go reads it: `0x`, `0o`, `0b`, and `0` alone for octal.
fn parts(text: &str) -> (Option<char>, u32, &str) {
    let (sign, rest) = match text.strip_prefix(['+', '-']) {
        Some(rest) => (text.chars().next(), rest),
        None => (None, text),
    };
    let Some(after) = rest.strip_prefix('0').filter(|after| !after.is_empty()) else {
        return (sign, 10, rest);
    };
    let base = match after.as_bytes().first() {
        Some(b'x' | b'X') => 16,
        Some(b'o' | b'O') => 8,
        Some(b'b' | b'B') => 2,
        _ => return (sign, 8, after),
    };
    (sign, base, after.get(1..).unwrap_or_default())
}

/// A whole number of 64 bits; beyond `i64` it is a float to JSON.
fn whole(text: &str) -> Option<Kind> {
    let (sign, base, digits) = parts(text);
    if !digits.bytes().next()?.is_ascii_alphanumeric() {
        return None;
    }
    let value = u64::from_str_radix(digits, base).ok()?;
    let signed = if sign == Some('-') { 0i64.checked_sub_unsigned(value) } else { i64::try_from(value).ok() };
    match signed {
        Some(value) => Some(Kind::Int(value)),
        None if sign.is_none() => Some(Kind::Float(value as f64)),
        None => None,
    }
}

fn is_whole(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    !digits.contains(['.', 'e', 'E']) || digits.starts_with("0x")
}

/// `[+-]? (\.[0-9]+ | [0-9]+ (\.[0-9]*)?) ([eE][+-]?[0-9]+)?`, if it is finite.
fn decimal(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (before, after) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let shaped = digits(before) && digits(after) && digits(exponent);
    if !shaped || exponent.is_empty() || (before.is_empty() && after.is_empty()) {
        return None;
    }
    text.parse().ok().filter(|value: &f64| value.is_finite())
}

/// A whole number with a base prefix and more than 64 bits.
fn wide(text: &str) -> Option<f64> {
    let (sign, base, digits) = parts(text);
    if digits.is_empty() || base == 10 {
        return None;
    }
    let step =
        |value: f64, digit: char| Some(value.mul_add(f64::from(base), f64::from(digit.to_digit(base)?)));
    let value = digits.chars().try_fold(0.0, step).filter(|value: &f64| value.is_finite())?;
    Some(if sign == Some('-') { -value } else { value })
}

/// JSON writes a float without fraction as a whole number, and the API reads it as one.
fn float(value: f64) -> Value {
    const LARGEST: f64 = 9_223_372_036_854_775_807.0;
    if value.fract() == 0.0 && value.abs() < LARGEST { Value::Int(value as i64) } else { Value::Float(value) }
}

/// A float as a key: the shortest text of 32 bits that Go prints (`%g`).
fn float_key(value: f64) -> String {
    let narrow = value as f32;
    if narrow.is_nan() {
        return ".nan".to_owned();
    }
    if narrow.is_infinite() {
        return if narrow > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    let scientific = format!("{narrow:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..6).contains(&exponent) {
        return format!("{narrow}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

/// Base 64, with line breaks anywhere.
fn base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut held, mut padding) = (0u32, 0u32, 0u32);
    for byte in text.bytes().filter(|byte| !byte.is_ascii_whitespace()) {
        if byte == b'=' {
            padding += 1;
            continue;
        }
        let value = sextet(byte).filter(|_| padding == 0)?;
        bits = (bits << 6) | u32::from(value);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
            bits &= (1 << held) - 1;
        }
    }
    // 6, 4 or 2 bits are left; 6 are no byte, and padding fills up to four characters.
    let complete = matches!((held, padding), (0, 0) | (4, 2) | (2, 1));
    (complete && bits == 0).then_some(bytes)
}

fn sextet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests;

//! Numbers: whole ones of 64 bits, else floats.

use ringfence_model::Value;

use super::Json;
use crate::fault::{Fault, shown};
use crate::tree::Result;

/// So many digits always fit into 64 bits.
const SHORT: usize = 18;

impl Json<'_> {
    /// The number that starts here.
    pub(super) fn number(&mut self) -> Result<Value> {
        let start = self.at;
        let rest = self.text.as_bytes().get(start..).unwrap_or_default();
        let part = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
        let length = rest.iter().position(|byte| !part(byte)).unwrap_or(rest.len());
        let text = self.text.get(start..start + length).unwrap_or_default();
        let value = value(text).filter(|_| !rest.get(length).is_some_and(u8::is_ascii_alphanumeric));
        self.at += length;
        value.ok_or_else(|| {
            let message = format!("`{}` is no JSON number", shown(text));
            Fault::new("json-syntax", start, start + length, message)
                .help("write it in decimal digits, or in quotes")
        })
    }
}

fn value(text: &str) -> Option<Value> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.len() <= SHORT && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return short(digits)
            .map(|value| Value::Int(if digits.len() == text.len() { value } else { -value }));
    }
    let whole = well_formed(digits)?;
    if let Some(value) = whole.then(|| text.parse().ok()).flatten() {
        return Some(Value::Int(value));
    }
    text.parse().ok().filter(|value: &f64| value.is_finite()).map(Value::Float)
}

fn short(digits: &str) -> Option<i64> {
    if digits.is_empty() || (digits.len() > 1 && digits.starts_with('0')) {
        return None;
    }
    Some(digits.bytes().fold(0, |value, byte| value * 10 + i64::from(byte - b'0')))
}

/// Whether an unsigned number is well formed, and if so, whether it is whole.
fn well_formed(text: &str) -> Option<bool> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (text, None),
    };
    let (before, after) = match mantissa.split_once('.') {
        Some((before, after)) => (before, Some(after)),
        None => (mantissa, None),
    };
    let leading_zero = before.len() > 1 && before.starts_with('0');
    let shaped = digits(before) && !leading_zero && after.is_none_or(digits) && exponent.is_none_or(digits);
    shaped.then_some(after.is_none() && exponent.is_none())
}

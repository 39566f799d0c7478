//! What a container is, and how much it may take.

use ringfence_model::Field;

use crate::cel::{Call, Outcome, Trouble, Value, View};

pub(crate) const IS_EPHEMERAL: &str =
    "whether a container is one of the ephemeral containers of its pod, which a debugger adds while it runs";

/// See [`IS_EPHEMERAL`]. Told by its place: a name may stand in another list too.
pub(crate) fn is_ephemeral<'e>(call: &Call<'_, '_, 'e>) -> Outcome<'e> {
    let value = call.value(0)?;
    let container = value.as_node().filter(|_| value.unresolved().is_none());
    let container = container.ok_or(Trouble::Argument(0, "a container"))?;
    let spec = call.input.pod.and_then(Field::present);
    let list = spec.and_then(|spec| spec.child("ephemeralContainers").present());
    Ok(Value::Bool(list.is_some_and(|list| {
        let at = std::ptr::from_ref(container);
        std::ptr::eq(list, at) || list.items().as_ptr_range().contains(&at)
    })))
}

pub(crate) const QUANTITY: &str =
    "the number that a quantity of Kubernetes stands for, such as `2`, `500m` or `256Mi`";

/// See [`QUANTITY`].
pub(crate) fn quantity<'e>(call: &Call<'_, '_, 'e>) -> Outcome<'e> {
    let number = match call.value(0)?.view() {
        View::Int(number) => Some(number as f64),
        View::Float(number) => Some(number),
        View::Text(text) => parse(text),
        _ => None,
    };
    let finite = number.filter(|number| number.is_finite());
    finite.map(Value::Float).ok_or(Trouble::Argument(0, "a quantity"))
}

fn parse(text: &str) -> Option<f64> {
    let is_of_number = |one: char| one.is_ascii_digit() || matches!(one, '.' | '+' | '-');
    let end = text.find(|one| !is_of_number(one)).unwrap_or(text.len());
    let (number, suffix) = text.split_at_checked(end)?;
    Some(number.parse::<f64>().ok()? * factor(suffix)?)
}

fn factor(suffix: &str) -> Option<f64> {
    let power = match suffix {
        "n" => -9,
        "u" => -6,
        "m" => -3,
        "" => 0,
        "k" => 3,
        "M" => 6,
        "G" => 9,
        "T" => 12,
        "P" => 15,
        "E" => 18,
        binary if binary.ends_with('i') => {
            let place = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"].iter().position(|one| *one == binary)?;
            return Some(1024_f64.powi(i32::try_from(place + 1).ok()?));
        }
        exponent => exponent.strip_prefix(['e', 'E'])?.parse().ok()?,
    };
    Some(10_f64.powi(power))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_have_suffixes() {
        let near = |one: f64, other: f64| (one - other).abs() <= other.abs() * 1e-9;
        let check = |text: &str, expected: Option<f64>| match (parse(text), expected) {
            (Some(found), Some(wanted)) if near(found, wanted) => {}
            (None, None) => {}
            (found, wanted) => panic!("{text}: {found:?}, and not {wanted:?}"),
        };
        for (text, number) in [
            ("0", 0.0),
            ("0m", 0.0),
            ("0.0Gi", 0.0),
            ("500m", 0.5),
            (".5", 0.5),
            ("2", 2.0),
            ("-1", -1.0),
            ("128Mi", 134_217_728.0),
            ("1E", 1e18),
            ("1e3", 1e3),
            ("1E3", 1e3),
            ("5e-1", 0.5),
        ] {
            check(text, Some(number));
        }
        for text in ["", "m", "1 Gi", "1gi", "large", "1e", "NaN", "inf", "1-2", "i", "1i"] {
            check(text, None);
        }
    }
}

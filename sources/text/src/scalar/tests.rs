//! The corpus of scalars: what is written, and what Kubernetes makes of it.

use super::*;

#[track_caller]
fn check(expected: &Value, written: &[&str]) {
    for text in written {
        assert_eq!(plain(text), *expected, "{text:?}");
    }
}

fn float_of(value: f64) -> Value {
    Value::Float(value)
}

#[test]
fn words_are_booleans_and_null() {
    check(&Value::Bool(true), &["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"]);
    check(&Value::Bool(false), &["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"]);
    check(&Value::Null, &["", "~", "null", "Null", "NULL"]);
}

#[test]
fn what_is_almost_a_word_is_text() {
    for text in [
        "yES", "tRUE", "oN", "nULL", "nope", "yes ", "trUe", "-", "+", "--", ".", "...", "<<", "=", "nil",
        "none",
    ] {
        check(&Value::from(text), &[text]);
    }
}

#[test]
fn whole_numbers_in_any_base() {
    check(&Value::Int(0), &["0", "-0", "+0", "00", "0x0", "0b0", "0o0", "-0.0"]);
    check(
        &Value::Int(272),
        &["272", "+272", "0420", "0o420", "0O420", "0x110", "0X110", "0b100010000", "2_7_2"],
    );
    check(&Value::Int(-272), &["-272", "-0420", "-0x110", "-0b100010000", "-0o420"]);
    check(&Value::Int(12), &["0o14", "014", "12"]);
    check(&Value::Int(31), &["0x1F", "0x1f"]);
    check(&Value::Int(1_000), &["1_000", "1000_", "1__000", "1e3", "1.e3", "1000.", "1000.0", "+1e+3"]);
    check(&Value::Int(i64::MAX), &["9223372036854775807", "0x7fffffffffffffff"]);
    check(&Value::Int(i64::MIN), &["-9223372036854775808", "-0x8000000000000000"]);
    check(&Value::Int(4_111_111_111_111_111), &["4111111111111111"]);
}

#[test]
fn an_eight_or_nine_ends_octal() {
    check(&Value::Int(8), &["08", "8.0"]);
    check(&Value::Int(99), &["099"]);
    check(&Value::from("0o8"), &["0o8"]);
}

#[test]
fn floats() {
    check(&float_of(0.5), &["0.5", ".5", "+.5", "5e-1", "0.5_0", "5E-1"]);
    check(&float_of(-0.25), &["-0.25", "-.25"]);
    check(&float_of(f64::INFINITY), &[".inf", ".Inf", ".INF", "+.inf"]);
    check(&float_of(f64::NEG_INFINITY), &["-.inf", "-.INF"]);
    check(&float_of(18_446_744_073_709_551_615.0), &["18446744073709551615", "0xffffffffffffffff"]);
    check(&float_of(1e30), &["1000000000000000000000000000000", "1e30"]);
    check(&float_of(-1e19), &["-10000000000000000000"]);
    check(&float_of(18_446_744_073_709_551_616.0), &["0x10000000000000000"]);
    assert!(matches!(plain(".NaN"), Value::Float(value) if value.is_nan()));
}

#[test]
fn what_is_almost_a_number_is_text() {
    for text in [
        "0x",
        "0b",
        "0o",
        "0xg",
        "0b2",
        "1.2.3",
        "1e",
        "1e400",
        "e3",
        "1:30:00",
        "190:20:30",
        "10.0.0.0/8",
        "2001-12-14",
        "2001-12-14t21:59:43.10-05:00",
        "1 000",
        "1,000",
        "0x1p3",
        "_1",
        "1-2",
        "12e03x",
        "+-1",
        "0x-1",
        "١",
        "1Gi",
        "100m",
        "-.",
        "+.e1",
        "1e+",
    ] {
        check(&Value::from(text), &[text]);
    }
}

#[test]
fn digits_without_end_do_not_hurt() {
    let long = "9".repeat(100_000);
    check(&Value::from(long.as_str()), &[&long]);
    let hexadecimal = format!("0x{}", "f".repeat(100_000));
    check(&Value::from(hexadecimal.as_str()), &[&hexadecimal]);
}

#[test]
fn keys_become_texts() {
    for (written, expected) in [
        ("1", "1"),
        ("0420", "272"),
        ("y", "true"),
        ("On", "true"),
        ("no", "false"),
        ("1.5", "1.5"),
        ("1.0", "1"),
        ("1e3", "1000"),
        ("1e21", "1e+21"),
        ("1234567.0", "1.234567e+06"),
        ("1e-5", "1e-05"),
        ("0.1", "0.1"),
        (".inf", ".inf"),
        ("-.inf", "-.inf"),
        (".nan", ".nan"),
        ("2001-12-14", "2001-12-14"),
        ("app.kubernetes.io/name", "app.kubernetes.io/name"),
    ] {
        assert_eq!(plain_key(written).as_deref(), Some(expected), "{written}");
    }
    assert_eq!(plain_key("~"), None);
    assert_eq!(plain_key(""), None);
}

#[test]
fn tags_decide() {
    let text = |text: &str| Some(Value::from(text));
    for (tag, written, expected) in [
        ("str", "1", text("1")),
        ("str", "no", text("no")),
        ("timestamp", "2001-12-14", text("2001-12-14")),
        ("int", "12", Some(Value::Int(12))),
        ("int", "0x10", Some(Value::Int(16))),
        ("int", "1.5", None),
        ("int", "x", None),
        ("float", "1", Some(Value::Int(1))),
        ("float", "1.5", Some(Value::Float(1.5))),
        ("float", "x", None),
        ("bool", "yes", Some(Value::Bool(true))),
        ("bool", "1", None),
        ("null", "", Some(Value::Null)),
        ("null", "x", None),
        ("binary", "aGVsbG8=", text("hello")),
        ("binary", "aGVs\n  bG8=\n", text("hello")),
        ("binary", "aGVsbG8", None),
        ("binary", "aG=VsbG8", None),
        ("binary", "a", None),
        ("binary", "?", None),
        ("binary", "", text("")),
        ("binary", "/w==", text("\u{FFFD}")),
    ] {
        assert_eq!(tagged(tag, written), expected, "!!{tag} {written}");
    }
}

//! What is masked, and what is not.

use proptest::prelude::*;

use super::*;

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(mask(text), expected);
}

#[test]
fn card_numbers_lose_all_but_the_last_four() {
    check("card 4111111111111111 x", "card ************1111 x");
    check("4111 1111 1111 1111", "**** **** **** 1111");
    check("4111-1111-1111-1111,", "****-****-****-1111,");
    check("４１１１１１１１１１１１１１１１", "************１１１１");
}

#[test]
fn separators_of_all_kinds_hide_nothing() {
    check("4111  1111  1111  1111", "****  ****  ****  1111");
    check("4111_1111_1111_1111", "****_****_****_1111");
    check("4111\t1111\t1111\t1111", "****\t****\t****\t1111");
    check("4111/1111/1111/1111/2026", "****/****/****/1111/2026");
    check("4111, 1111, 1111, 1111", "****, ****, ****, 1111");
    check("3782 - 822463 - 10005", "**** - ****** - *0005");
    check("4111\u{202f}1111\u{202f}1111\u{202f}1111", "****\u{202f}****\u{202f}****\u{202f}1111");
    check("4\u{200b}11\u{2060}1111111111\u{ad}111", "*\u{200b}**\u{2060}*********1\u{ad}111");
    check("8080, 4111  1111  1111  1111", "8080, ****  ****  ****  1111");
    check("５５５５  5555  5555  4444", "****  ****  ****  4444");
}

#[test]
fn what_cannot_be_a_card_number_stays() {
    for text in [
        "arn:aws:iam::123456789012:role/x",
        "10.0.0.0/8 and 172.16.0.0/12",
        "10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10",
        "2026-11-24 12:00:00",
        "2026/11/24, 2026/11/25, 2026/11/26",
        "2024, 2025, 2026, 2027, 2028",
        "0.0.0.0-255.255.255.255",
        "1.2.3, 4.15.0, 5.10.213, 6.1.77",
        "123456789012, 210987654321",
        "443, 8080, 8443, 9090",
        "4111    1111    1111    1111",
        "8080,8443,9090,9443",
    ] {
        check(text, text);
    }
}

#[test]
fn longer_runs_are_masked_too() {
    check("1234567890123456789012", "******************9012");
}

#[test]
fn only_card_numbers_are_masked_where_dates_stand() {
    let check = |text: &str, expected: &str| assert_eq!(mask_cards(text), expected);
    check("cluster-20261124120000.json", "cluster-20261124120000.json");
    check("run-1764000000000/4111111111111111", "run-1764000000000/************1111");
    check("4111_1111_1111_1111.yaml", "****_****_****_1111.yaml");
    check("dumps/20261124120000/4111111111111112", "dumps/20261124120000/4111111111111112");
}

#[test]
fn the_check_digit_decides_where_groups_lie_apart() {
    check("4111  1111  1111  1112", "4111  1111  1111  1112");
    check("7111  1111  1111  1118", "7111  1111  1111  1118");
    check("4111 1111 1111 1112", "**** **** **** 1112");
}

/// Published test numbers in their usual groups.
const NUMBERS: &[&[&str]] = &[
    &["4111", "1111", "1111", "1111"],
    &["5555", "5555", "5555", "4444"],
    &["2223", "0031", "2200", "3222"],
    &["3782", "822463", "10005"],
    &["6011", "1111", "1111", "1117"],
];

proptest! {
    #[test]
    fn no_separators_let_a_number_through(
        number in proptest::sample::select(NUMBERS),
        gaps in proptest::collection::vec("[ \\-._/,\t\u{a0}\u{200b}\u{2060}]{0,3}", 3),
        before in "[a-z:]{0,9}", after in "[a-z:]{0,9}",
    ) {
        let mut text = before;
        for (index, group) in number.iter().enumerate() {
            text.push_str(group);
            text.push_str(gaps.get(index).filter(|_| index + 1 < number.len()).map_or("", String::as_str));
        }
        text.push_str(&after);
        let masked = mask(&text);
        let digits: String = masked.chars().filter(char::is_ascii_digit).collect();
        let whole = number.concat();
        prop_assert_eq!(&digits, whole.get(whole.len() - 4..).unwrap_or_default(), "{:?} {}", text, masked);
        prop_assert_eq!(masked.chars().count(), text.chars().count());
    }
}

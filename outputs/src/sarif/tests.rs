//! SARIF as code scanning services validate it.

use serde_json::Value;

use super::*;
use crate::fixture::{Fixture, page, written};

fn sarif(fixture: &Fixture, extent: Extent) -> Value {
    let text = written(|out| write(out, &fixture.assessment(), extent));
    serde_json::from_str(&text).unwrap()
}

fn schema_errors(value: &Value) -> Vec<String> {
    // The public schema has a bracket too many in the pattern of `language`, which is never written here.
    let text = include_str!("../../tests/sarif-2.1.0.schema.json").replace("[a-zA-Z]{2}]?$", "[a-zA-Z]{2}$");
    crate::schema::errors(&text, value)
}

#[track_caller]
fn check_schema(value: &Value) {
    assert_eq!(schema_errors(value), [""; 0]);
}

#[test]
fn everything_is_valid_by_the_public_schema() {
    let mut fixture = Fixture::payments();
    check_schema(&sarif(&fixture, Extent::All));
    fixture.controls = vec![page()];
    fixture.findings[0].locations.clear();
    check_schema(&sarif(&fixture, Extent::All));
    check_schema(&sarif(&Fixture::new(&[], &[]).0, Extent::Open));
}

#[test]
fn the_public_schema_refuses_what_is_no_sarif() {
    let mut log = sarif(&Fixture::payments(), Extent::Open);
    log["runs"][0]["results"][0]["kind"] = "failed".into();
    assert_eq!(schema_errors(&log).len(), 1);
}

#[test]
fn an_unknown_is_open_and_a_fail_has_its_level() {
    let log = sarif(&Fixture::payments(), Extent::All);
    let results = log["runs"][0]["results"].as_array().unwrap();
    let said: Vec<String> = results
        .iter()
        .map(|one| [&one["ruleId"], &one["kind"], &one["level"]].map(|part| part.as_str().unwrap()).join(" "))
        .collect();
    assert_eq!(
        said,
        ["WL03 pass none", "WL01 fail error", "WL11 open none", "WL01 fail error", "CL01.2 fail error"]
    );
}

#[test]
fn results_point_at_their_rule_and_place() {
    let mut fixture = Fixture::payments();
    fixture.controls = vec![page()];
    let log = sarif(&fixture, Extent::Open);
    let run = &log["runs"][0];
    let result = &run["results"][2];
    let rule = &run["tool"]["driver"]["rules"][result["ruleIndex"].as_u64().unwrap() as usize];
    assert_eq!((&rule["id"], &rule["properties"]["security-severity"]), (&"WL01".into(), &"9.5".into()));
    assert!(rule["help"]["markdown"].as_str().unwrap().contains("## Why\nA privileged container"));
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "cde/tokenizer.yaml");
    let region = ["startLine", "startColumn", "endLine", "endColumn"]
        .map(|key| place["region"][key].as_u64().unwrap());
    assert_eq!(region, [13, 13, 13, 28]);
    assert_eq!(result["relatedLocations"][0]["message"]["text"], "the pod belongs to `tokenizer`");
    assert_eq!(result["partialFingerprints"]["ringfence/v1"], "WL01-tokenizer");
}

#[test]
fn what_was_not_read_is_a_notification() {
    let log = sarif(&Fixture::payments(), Extent::Open);
    let notifications = log["runs"][0]["invocations"][0]["toolExecutionNotifications"].as_array().unwrap();
    let levels: Vec<&str> = notifications.iter().map(|one| one["level"].as_str().unwrap()).collect();
    assert_eq!(levels, ["error", "warning", "note"]);
}

#[test]
fn paths_are_uri_references() {
    assert_eq!(uri("a b/ü:%.yaml"), "a%20b/%C3%BC%3A%25.yaml");
    assert_eq!(uri("/etc/x.yaml"), "file:///etc/x.yaml");
    assert_eq!(uri("../a\n\"?#"), "../a%0A%22%3F%23");
    assert_eq!(uri("-"), "-");
}

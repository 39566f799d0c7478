//! Parameters given from outside, and files of them.

use ringfence_cloudformation::{Inputs, Parameter, parameters_file, recognises};
use ringfence_model::Sources;
use ringfence_text::Budget;

use crate::dump::Files;

fn document(text: &str) -> ringfence_model::Node {
    let mut sources = Sources::default();
    let file = sources.add("t", text);
    ringfence_text::read(file, text, &Budget::default()).0.remove(0)
}

#[track_caller]
fn check_file(text: &str, expected: &str) {
    let (parameters, diagnostics) = parameters_file(&document(text));
    let mut found: Vec<String> =
        parameters.iter().map(|Parameter { key, value, .. }| format!("{key}={value}")).collect();
    found.extend(diagnostics.iter().map(|one| format!("! {}", one.message)));
    assert_eq!(found.join("; "), expected, "{text}");
    assert!(diagnostics.iter().all(|one| one.location.is_some() && one.help.is_some()));
}

#[test]
fn files_of_each_tool_are_read() {
    check_file(
        r#"[{"ParameterKey": "A", "ParameterValue": "1"}, {"ParameterKey": "B", "ParameterValue": "x,y"}]"#,
        "A=1; B=x,y",
    );
    check_file(r#"{"Parameters": {"A": "1", "B": "2"}, "Tags": {"x": "y"}}"#, "A=1; B=2");
    check_file(r#"{"Parameters": [{"ParameterKey": "A", "ParameterValue": "1"}]}"#, "A=1");
    check_file("A: 1\nB: true\nC: [a, b]\n", "A=1; B=true; C=a,b");
    check_file("{Parameters: text, B: 1}", "Parameters=text; B=1");
    check_file("['A=1', 'B = c=d']", "A=1; B= c=d");
    check_file("[]", "");
}

#[test]
fn what_is_no_file_of_parameters_is_said() {
    check_file("[{ParameterKey: A}]", "! a parameter has no `ParameterValue`");
    check_file("[{ParameterValue: a}]", "! a parameter has no `ParameterKey`");
    check_file(
        "[{ParameterKey: A, UsePreviousValue: true}]",
        "! a parameter keeps its previous value, which is not known",
    );
    check_file("[[a], {ParameterKey: A, ParameterValue: b}]", "A=b; ! a parameter has no `ParameterKey`");
    check_file("[{ParameterKey: [A], ParameterValue: b}]", "! `ParameterKey` is a list");
    check_file("{A: {B: c}, D: e}", "D=e; ! the value of `A` is a map");
    check_file("text", "! a file of parameters is a text");
}

const TWO: &str = "Parameters: {Env: {Type: String, Default: a, AllowedValues: [a, b]}}\nResources: {It: {Type: A::B::C, Properties: {V: !Ref Env}}}";

#[track_caller]
fn check_given(given: &[(Option<&str>, &str, &str)], expected: &[&str], said: &str) {
    let mut files = Files::default();
    files.add("network", TWO);
    files.add("data", TWO);
    let parameter = |(stack, key, value): &(Option<&str>, &str, &str)| Parameter {
        stack: stack.map(Into::into),
        key: (*key).into(),
        value: (*value).into(),
    };
    let inputs = Inputs { parameters: given.iter().map(parameter).collect(), ..Inputs::default() };
    let dump = files.dump(&inputs);
    let values: Vec<&str> =
        dump.lines().filter_map(|line| line.split_once("V = ")).map(|(_, value)| value).collect();
    assert_eq!(values, expected, "{dump}");
    let messages: Vec<&str> = dump.lines().skip_while(|line| !line.starts_with("Warning")).collect();
    assert_eq!(messages.join(" "), said, "{dump}");
}

#[test]
fn the_last_value_for_the_stack_counts() {
    check_given(&[], &["\"a\"", "\"a\""], "");
    check_given(&[(None, "Env", "b")], &["\"b\"", "\"b\""], "");
    check_given(&[(Some("data"), "Env", "b"), (None, "Env", "a")], &["\"a\"", "\"b\""], "");
    check_given(&[(None, "Env", "a"), (None, "Env", "b")], &["\"b\"", "\"b\""], "");
}

#[test]
fn a_value_that_nobody_takes_is_said() {
    let same = &["\"a\"", "\"a\""];
    check_given(
        &[(None, "Evn", "b")],
        same,
        "Warning unused-parameter at -: no template declares the parameter `Evn`, for which a value is given   help: did you mean `Env`?",
    );
    check_given(
        &[(Some("dat"), "Env", "b")],
        same,
        "Warning unknown-stack at -: a parameter is given for stack `dat`, which is not in the input   help: did you mean `data`?",
    );
    check_given(
        &[(Some("data"), "Other", "b")],
        same,
        "Warning unused-parameter at -: stack `data` does not declare the parameter `Other`, for which a value is given   help: leave it out, or assess the template that declares it",
    );
}

#[test]
fn a_value_that_is_not_allowed_is_used_and_said() {
    check_given(
        &[(Some("data"), "Env", "c")],
        &["\"a\"", "\"c\""],
        "Warning value-not-allowed at data:1:46: the value given for `Env` is not an allowed one   help: give one of `AllowedValues`",
    );
}

/// Two environments with one export each, and who imports it.
#[track_caller]
fn check_import(places: [(Option<&str>, Option<&str>); 3], expected: &str, codes: usize) {
    let exporter = |value: &str| {
        format!(
            "Resources: {{R: {{Type: A::B::C}}}}\nOutputs: {{O: {{Value: {value}, Export: {{Name: shared}}}}}}"
        )
    };
    let importer =
        "Resources: {It: {Type: A::B::C, Properties: {V: !ImportValue shared, R: !Ref AWS::Region}}}";
    let mut files = Files::default();
    let texts = [exporter("one"), exporter("two"), importer.to_owned()];
    for (index, (text, (account, region))) in texts.iter().zip(places).enumerate() {
        files.add_to(&format!("s{index}"), text, account, region);
    }
    let dump = files.dump(&Inputs { region: Some("eu-west-1".into()), ..Inputs::default() });
    let value = dump.lines().find_map(|line| line.split_once("V = ")).map(|(_, value)| value);
    assert_eq!(value, Some(expected), "{dump}");
    assert_eq!(dump.matches("duplicate-export").count(), codes, "{dump}");
}

#[test]
fn an_import_means_the_export_of_its_own_place() {
    let (one, two) = (Some("111122223333"), Some("444455556666"));
    let (here, there) = (Some("eu-west-1"), Some("us-east-1"));
    let unknown = "?(export `shared` is not in the input)";
    check_import([(one, None), (two, None), (one, None)], "\"one\"", 0);
    check_import([(one, None), (two, None), (two, None)], "\"two\"", 0);
    check_import([(one, here), (one, there), (one, here)], "\"one\"", 0);
    check_import([(one, here), (one, there), (one, None)], "\"one\"", 0);
    check_import([(one, None), (two, None), (None, None)], unknown, 0);
    check_import([(one, None), (one, None), (one, None)], unknown, 1);
    check_import([(None, None), (two, None), (two, None)], "\"two\"", 0);
    check_import([(None, there), (None, there), (None, here)], unknown, 1);
}

#[test]
fn values_are_not_shown() {
    let parameter = Parameter { stack: None, key: "Password".into(), value: "hunter2".into() };
    assert!(!format!("{parameter:?}").contains("hunter2"));
}

#[track_caller]
fn check_recognised(text: &str, expected: bool) {
    assert_eq!(recognises(&document(text)), expected, "{text}");
}

#[test]
fn templates_are_recognised_even_broken() {
    check_recognised("AWSTemplateFormatVersion: '2010-09-09'", true);
    check_recognised("AWSTemplateFormatVersion:\nResources: []", true);
    check_recognised("Resources: {A: 3, B: {Type: AWS::S3::Bucket}}", true);
    check_recognised("Resources: [{Type: AWS::S3::Bucket}]", true);
    check_recognised("Resources: {'Fn::ForEach::A': []}", true);
    check_recognised("Resources: {A: {Type: Bucket}}", false);
    check_recognised("Resources: {A: {Type: !Ref X}}", false);
    check_recognised("resources: {A: {Type: AWS::S3::Bucket}}", false);
    check_recognised("{apiVersion: v1, kind: Pod}", false);
    check_recognised("text", false);
}

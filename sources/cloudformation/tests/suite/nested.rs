//! Nested stacks, with and without their templates.

use ringfence_cloudformation::{Inputs, read};
use ringfence_model::Level;

use crate::dump::Files;

/// What is said of a nested stack `Network` of template `a/root.yaml`, deployed as `prod`, beside other
/// templates (path and stack).
fn said(url: &str, others: &[(&str, &str)]) -> (Level, String) {
    let mut files = Files::default();
    let root = format!(
        "Parameters: {{Bucket: {{Type: String}}, Url: {{Type: String}}, Given: {{Type: String, Default: x/network.yaml}}}}\n\
         Resources: {{Network: {{Type: AWS::CloudFormation::Stack, Properties: {{TemplateURL: {url}}}}}}}"
    );
    files.add("prod", &root);
    others.iter().for_each(|(_, stack)| {
        files.add(stack, "Resources: {Topic: {Type: AWS::SNS::Topic}}");
    });
    let paths = ["a/root.yaml"].into_iter().chain(others.iter().map(|other| other.0));
    files.templates.iter_mut().zip(paths).for_each(|(template, path)| template.path = path.into());
    let (_, diagnostics) = read(files.templates, &Inputs::default());
    let mut found = diagnostics.into_iter().filter(|one| one.code == "nested-stack");
    let first = found.next().unwrap();
    assert!(found.next().is_none() && first.location.is_some() && first.help.is_some());
    (first.level, first.message)
}

const URLS: &[&str] = &[
    "https://s3.amazonaws.com/bucket/network.yaml",
    "\"https://s3.amazonaws.com/bucket/network.yaml?versionId=3\"",
    "./network.yaml",
    "!Sub \"https://${Bucket}.s3.amazonaws.com/network.yaml\"",
    "!Sub [\"https://${B}/network.yaml\", {B: !Ref Bucket}]",
    "!Join [/, [https://s3.amazonaws.com, !Ref Bucket, network.yaml]]",
    "!Ref Given",
];

#[test]
fn one_whose_template_is_not_read_is_an_error() {
    for url in URLS {
        let (level, message) = said(url, &[("b/storage.yaml", "storage")]);
        let expected =
            "nothing of nested stack `Network` is assessed: its template `network.yaml` is not in the input";
        assert_eq!((level, message.as_str()), (Level::Error, expected), "{url}");
    }
    // The template around it is not that of the stack, whatever it is called.
    assert_eq!(said("https://x/root.yaml", &[]).0, Level::Error);
    let (level, message) = said("!Ref Url", &[("network.yaml", "network")]);
    assert_eq!(
        (level, message.as_str()),
        (Level::Error, "nothing of nested stack `Network` is assessed: its template is not in the input")
    );
    assert_eq!(said("!Sub \"https://x/${Bucket}\"", &[("network.yaml", "network")]).0, Level::Error);
}

#[test]
fn one_whose_template_is_read_is_a_note() {
    for url in URLS {
        for other in
            [("b/network.yaml", "declared"), ("network.json", "network"), ("", "network"), ("", "b/network")]
        {
            assert_eq!(said(url, &[other]).0, Level::Note, "{url} {other:?}");
        }
    }
    assert_eq!(said("https://x/root.yaml", &[("b/root.yaml", "b/root")]).0, Level::Note);
    for stack in ["Network", "prod-Network-1A2B3C"] {
        assert_eq!(said("!Ref Url", &[("live.json", stack)]).0, Level::Note, "{stack}");
    }
}

#[test]
fn a_stack_set_is_one_too() {
    let mut files = Files::default();
    files.add(
        "s",
        "Resources: {Base: {Type: AWS::CloudFormation::StackSet, Properties: {TemplateBody: '{}'}}}",
    );
    let (_, diagnostics) = read(files.templates, &Inputs::default());
    let messages: Vec<_> = diagnostics.iter().map(|one| (one.level, one.message.as_str())).collect();
    let expected = "nothing of stack set `Base` is assessed: its template is not in the input";
    assert_eq!(messages, [(Level::Error, expected)]);
}

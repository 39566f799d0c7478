//! The contract that pipelines rely on, through the real binary: schema, fingerprints, exit codes, streams.

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::folder::Folder;
use serde_json::Value;

const TWO_PODS: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: one, namespace: a}\nspec:\n  containers:\n    - {name: c, image: i, securityContext: {privileged: true}}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: two, namespace: a}\nspec:\n  containers:\n    - {name: c, image: i, securityContext: {privileged: true}}\n";

fn with(text: &str) -> Folder {
    let folder = Folder::new();
    folder.write("pods.yaml", text.as_bytes());
    folder
}

fn fingerprints(json: &Value) -> Vec<String> {
    let mut all: Vec<String> = json["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["fingerprint"].as_str().unwrap().to_owned())
        .collect();
    all.sort();
    all
}

#[track_caller]
fn validate(schema: &str, instance: &Value) {
    let schema: Value = serde_json::from_str(schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> =
        validator.iter_errors(instance).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

fn repository(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn example(part: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../examples/card-payments")
        .join(part)
        .display()
        .to_string()
}

#[test]
fn the_report_holds_its_schema() {
    let schema = repository("schemas/ringfence.assess-1.json");
    for part in ["as-built", "hardened"] {
        let json = Folder::new().run(&["assess", &example(part), "--format", "json", "--all"]).json();
        assert_eq!(json["schema"], "ringfence.assess/1");
        validate(&schema, &json);
    }
    let empty = Folder::new().run(&["assess", ".", "--format", "json"]);
    assert_eq!(empty.code, 3);
    validate(&schema, &empty.json());
}

#[test]
fn the_map_holds_its_schema() {
    let json = Folder::new().run(&["reach", &example("hardened"), "--format", "json"]).json();
    assert_eq!(json["schema"], "ringfence.reach/1");
    validate(&repository("schemas/ringfence.reach-1.json"), &json);
}

#[test]
fn the_declaration_schema_accepts_the_example() {
    let schema = Folder::new().run(&["schema", "declaration"]);
    let text = repository("examples/card-payments/hardened/ringfence.yaml");
    let (documents, diagnostics) = documents(&text);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    validate(&schema.stdout, &documents[0]);
}

fn documents(text: &str) -> (Vec<Value>, Vec<ringfence_model::Diagnostic>) {
    let mut sources = ringfence_model::Sources::default();
    let file = sources.add("ringfence.yaml", text);
    let (nodes, diagnostics) = ringfence_text::read(file, text, &ringfence_text::Budget::default());
    (nodes.iter().map(value).collect(), diagnostics)
}

fn value(node: &ringfence_model::Node) -> Value {
    use ringfence_model::Value as Written;
    match &node.value {
        Written::Bool(one) => Value::from(*one),
        Written::Int(one) => Value::from(*one),
        Written::Float(one) => Value::from(*one),
        Written::Text(one) => Value::from(one.as_str()),
        Written::List(items) => Value::Array(items.iter().map(value).collect()),
        Written::Map(map) => {
            Value::Object(map.entries().iter().map(|one| (one.key.to_string(), value(&one.node))).collect())
        }
        Written::Null | Written::Unresolved(_) => Value::Null,
    }
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    for format in ["terminal", "json", "sarif", "junit", "csv", "github"] {
        let run = || Folder::new().run(&["assess", &example("as-built"), "--format", format]).stdout;
        assert_eq!(run(), run(), "{format}");
    }
}

#[test]
fn the_order_of_arguments_changes_no_finding() {
    let parts = ["k8s", "cloudformation", "terraform"].map(|part| format!("{}/{part}", example("as-built")));
    let config = format!("{}/ringfence.yaml", example("as-built"));
    let run = |order: [usize; 3]| {
        let mut arguments = vec!["assess", "--format", "json", "--config", &config];
        arguments.extend(order.map(|index| parts[index].as_str()));
        fingerprints(&Folder::new().run(&arguments).json())
    };
    assert_eq!(run([0, 1, 2]), run([2, 1, 0]));
}

#[test]
fn fingerprints_do_not_hang_on_lines_order_or_files() {
    let before = with(TWO_PODS).run(&["assess", ".", "--format", "json"]).json();
    let mut parts: Vec<&str> = TWO_PODS.split("---\n").collect();
    parts.reverse();
    let folder = Folder::new();
    folder.write("b/second.yaml", format!("# moved\n\n{}", parts[0]).as_bytes());
    folder.write("a/first.yaml", parts[1].as_bytes());
    let after = folder.run(&["assess", ".", "--format", "json"]).json();
    assert_eq!(fingerprints(&before), fingerprints(&after));
    let mut unique = fingerprints(&before);
    unique.dedup();
    assert_eq!(unique.len(), fingerprints(&before).len(), "no two findings share one");
}

#[test]
fn only_open_verdicts_are_listed_unless_all_are_asked_for() {
    let verdicts = |arguments: &[&str]| {
        let json = with(TWO_PODS).run(arguments).json();
        let mut all: Vec<String> = json["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["verdict"].as_str().unwrap().to_owned())
            .collect();
        all.sort();
        all.dedup();
        all
    };
    assert_eq!(verdicts(&["assess", ".", "--format", "json"]), ["fail", "unknown"]);
    assert_eq!(verdicts(&["assess", ".", "--format", "json", "--all"]), ["fail", "pass", "unknown"]);
}

#[test]
fn a_row_selects_all_of_its_parts() {
    let json = with(TWO_PODS).run(&["assess", ".", "--format", "json", "--all", "--control", "WL05"]).json();
    assert!(json["findings"].as_array().unwrap().iter().all(|one| one["row"] == "WL05"));
    let run = with(TWO_PODS).run(&["assess", ".", "--control", "WL99"]);
    assert_eq!((run.code, run.stderr.contains("`WL99`")), (2, true), "{}", run.stderr);
}

#[test]
fn the_bar_decides_the_exit_code() {
    let code = |bar: &str| with(TWO_PODS).run(&["assess", ".", "--control", "WL01", "--fail-on", bar]).code;
    assert_eq!((code("critical"), code("high"), code("never")), (10, 10, 0));
    let medium = |bar: &str| with(TWO_PODS).run(&["assess", ".", "--control", "WL06", "--fail-on", bar]).code;
    assert_eq!((medium("high"), medium("medium")), (0, 10));
    let unknown =
        |bar: &str| with(TWO_PODS).run(&["assess", ".", "--control", "SC01", "--fail-on", bar]).code;
    assert_eq!((unknown("high"), unknown("high,unknown")), (0, 10));
    let alone = with(TWO_PODS).run(&["assess", ".", "--control", "WL01", "--fail-on", "unknown"]).code;
    assert_eq!(alone, 10, "`unknown` is added to the default, it does not replace it");
    assert_eq!(with(TWO_PODS).run(&["assess", ".", "--fail-on", "never,high"]).code, 2);
    assert_eq!(with(TWO_PODS).run(&["assess", ".", "--fail-on", "loud"]).code, 2);
}

#[test]
fn results_go_to_stdout_or_a_file_and_talk_to_stderr() {
    let folder = with(TWO_PODS);
    let run = folder.run(&["assess", ".", "--format", "json", "--output", "report.json"]);
    assert_eq!(run.stdout, "");
    let report: Value = serde_json::from_slice(&std::fs::read(folder.path("report.json")).unwrap()).unwrap();
    assert_eq!(report["schema"], "ringfence.assess/1");
    assert_eq!(folder.run(&["assess", ".", "--quiet"]).stderr, "");
}

#[test]
fn presumed_scope_is_said_first() {
    let run = with(TWO_PODS).run(&["assess", "."]);
    let head: String = run.stdout.lines().take(4).collect::<Vec<_>>().join("\n");
    assert!(head.contains("presumed") && head.contains("ringfence init"), "{head}");
    let json = with(TWO_PODS).run(&["assess", ".", "--format", "json"]).json();
    assert!(
        json["scope"].as_array().unwrap().iter().all(|one| one["class"] == "cde" && one["presumed"] == true)
    );
    let flows =
        json["findings"].as_array().unwrap().iter().find(|one| one["control"] == "SC01").unwrap().clone();
    assert_eq!(flows["verdict"], "unknown");
}

#[test]
fn a_closed_pipe_is_nobodys_fault() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_ringfence"))
        .args(["assess", &example("as-built"), "--format", "json", "--all"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut first = [0; 16];
    child.stdout.as_mut().unwrap().read_exact(&mut first).unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_finding_is_explained_by_a_prefix_of_its_fingerprint() {
    let folder = with(TWO_PODS);
    let json = folder.run(&["assess", ".", "--format", "json", "--control", "WL01"]).json();
    let fingerprint = json["findings"][0]["fingerprint"].as_str().unwrap().to_owned();
    let run = folder.run(&["explain", &fingerprint[..12], "."]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(
        run.stdout.contains("WL01") && run.stdout.contains("pods.yaml") && run.stdout.contains("privileged"),
        "{}",
        run.stdout
    );
    assert_eq!(folder.run(&["explain", "ffffffffffff", "."]).code, 2);
}

#[test]
fn a_control_is_explained_by_its_id() {
    let run = Folder::new().run(&["explain", "wl05.2"]);
    assert!(
        run.stdout.contains("Why") && run.stdout.contains("Fix") && run.stdout.contains("2.2"),
        "{}",
        run.stdout
    );
    assert_eq!(Folder::new().run(&["explain", "nothing-like-it"]).code, 2);
}

#[test]
fn completions_are_printed() {
    assert!(Folder::new().run(&["completions", "bash"]).stdout.contains("_ringfence"));
}

#[test]
fn a_draft_is_a_declaration_that_reads_back() {
    let folder = Folder::new();
    let draft = folder.run(&["init", &example("as-built/k8s"), "--config", &example("empty.yaml")]);
    assert_eq!(draft.code, 2, "a configuration that is not there");
    let draft = folder.run(&["init", &example("as-built/k8s")]);
    assert!(draft.stdout.starts_with('#') || draft.stdout.starts_with("schema:"), "{}", draft.stdout);
    assert!(draft.stdout.contains("guess"), "{}", draft.stdout);
    folder.write("ringfence.yaml", draft.stdout.as_bytes());
    folder.write("pods.yaml", TWO_PODS.as_bytes());
    let run = folder.run(&["assess", ".", "--fail-on", "never"]);
    assert!(matches!(run.code, 0 | 4) && run.stderr.contains("using ringfence.yaml"), "{}", run.stderr);
}

#[test]
fn a_mistake_on_the_command_line_shows_no_card_number() {
    for arguments in [
        &["assess", "--format", "4111111111111111"][..],
        &["4111111111111111"],
        &["assess", "--4111111111111111"],
    ] {
        let run = Folder::new().run(arguments);
        assert_eq!((run.code, run.stderr.contains("411111111")), (2, false), "{}", run.stderr);
        assert!(run.stderr.contains("1111"), "the argument is still told: {}", run.stderr);
    }
    assert_eq!(Folder::new().run(&["--help"]).code, 0);
}

/// The digits of published test numbers, which no output may hold.
#[test]
fn no_card_number_leaves() {
    let number = "4111111111111111";
    let spaced = "5500 0000 0000 0004";
    let manifest = format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: p, namespace: a, labels: {{x: \"{number}\"}}}}\nspec:\n  hostPID: \"{spaced}\"\n  containers:\n    - name: c\n      image: \"i:{number}\"\n      env:\n        - {{name: API_KEY, value: \"{number}\"}}\n        - {{name: API_KEY, value: \"{spaced}\", value: \"{number}\"}}\n---\napiVersion: v1\nkind: {number}\nmetadata: {{name: {number}}}\n---\nfoo: [{number}\n"
    );
    for format in ["terminal", "json", "sarif", "junit", "csv", "github"] {
        let folder = with(&manifest);
        let run = folder.run(&["assess", ".", "--format", format, "--all", "--fail-on", "never"]);
        let verbose = folder.run(&["assess", ".", "--format", "terminal", "-v", "--fail-on", "never"]);
        let all = [run.stdout, run.stderr, verbose.stdout, verbose.stderr].concat();
        for digits in ["411111111", "5500 0000 0000", "550000000000"] {
            assert!(!all.contains(digits), "{format}: {digits} in {all}");
        }
    }
}

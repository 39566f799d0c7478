//! Ugly input through the real binary: each gets a located message, the documented exit code, and
//! everything beside it is still judged.

use crate::folder::Folder;

/// A workload with one fault that every case must still find (WL01).
const PRIVILEGED: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: a}\nspec:\n  containers:\n    - name: c\n      image: registry.example.com/c:1\n      securityContext:\n        privileged: true\n";

/// Assesses a folder with `PRIVILEGED` beside the ugly file: the fault is found, the file is named.
#[track_caller]
fn check(name: &str, bytes: &[u8], message: &str) {
    let folder = Folder::new();
    folder.write("good.yaml", PRIVILEGED.as_bytes());
    folder.write(name, bytes);
    let run = folder.run(&["assess", ".", "--format", "json", "--control", "WL01"]);
    let json = run.json();
    let found = json["findings"].as_array().unwrap();
    assert!(
        found.iter().any(|one| one["verdict"] == "fail" && one["locations"][0]["file"] == "good.yaml"),
        "{name}: the good file is not judged: {json:#}"
    );
    let diagnostics = json["diagnostics"].as_array().unwrap();
    assert!(
        diagnostics.iter().any(|one| {
            one["file"] == name
                && one["line"].as_u64() >= Some(1)
                && one["message"].as_str().unwrap().contains(message)
        }),
        "{name}: no message with {message:?}: {diagnostics:#?}"
    );
    assert_eq!(run.code, 10, "{}", run.stderr);
    assert!(run.stderr.contains(name), "{}", run.stderr);
}

/// The same file alone with a clean neighbour: the run is incomplete.
#[track_caller]
fn check_incomplete(name: &str, bytes: &[u8]) {
    let folder = Folder::new();
    folder.write("clean.yaml", b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: a}\n");
    folder.write(name, bytes);
    let run = folder.run(&["assess", ".", "--format", "json", "--control", "WL01"]);
    assert_eq!(run.code, 4, "{name}: {}", run.stderr);
}

#[test]
fn binary_is_named() {
    let mut bytes = b"apiVersion: v1\nkind: Pod\n\0\x01\x02".to_vec();
    bytes.extend((0..=255).cycle().take(5_000));
    check("binary.yaml", &bytes, "binary");
    check_incomplete("binary.yaml", &bytes);
}

#[test]
fn invalid_utf8_is_named() {
    check("latin.yaml", b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: k\xF6ln}\n", "UTF-8");
}

#[test]
fn utf16_is_read() {
    let folder = Folder::new();
    let mut bytes = vec![0xFF, 0xFE];
    bytes.extend(PRIVILEGED.encode_utf16().flat_map(u16::to_le_bytes));
    folder.write("utf16.yaml", &bytes);
    let run = folder.run(&["assess", ".", "--format", "json", "--control", "WL01"]);
    assert_eq!(run.json()["findings"][0]["locations"][0]["line"], 9);
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_keep_the_lines() {
    let folder = Folder::new();
    let text = format!("\u{feff}{}", PRIVILEGED.replace('\n', "\r\n"));
    folder.write("windows.yaml", text.as_bytes());
    let run = folder.run(&["assess", ".", "--format", "json", "--control", "WL01"]);
    let location = run.json()["findings"][0]["locations"][0].clone();
    assert_eq!((location["line"].as_u64(), location["column"].as_u64()), (Some(9), Some(9)));
}

#[test]
fn half_a_document_is_named_and_the_other_documents_are_judged() {
    check("half.json", br#"{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"#, "");
    check("half.yaml", b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n", "");
}

#[test]
fn an_alias_bomb_is_bounded() {
    let mut text = String::from(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: bomb}\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n",
    );
    for level in 1..12 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        text.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
    }
    check("bomb.yaml", text.as_bytes(), "alias");
}

#[test]
fn deep_nesting_is_bounded() {
    let yaml = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: deep}}\ndata: {}{}\n",
        "[".repeat(10_000),
        "]".repeat(10_000)
    );
    check("deep.yaml", yaml.as_bytes(), "deep");
    let json = format!(
        "{{\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\", \"data\": {}{}}}",
        "[".repeat(10_000),
        "]".repeat(10_000)
    );
    check("deep.json", json.as_bytes(), "deep");
}

#[test]
fn duplicate_keys_are_named() {
    check(
        "twice.yaml",
        b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  k: 1\n  k: 2\n",
        "`k`",
    );
}

#[test]
fn a_namespace_called_y_is_a_boolean() {
    check("y.yaml", b"apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: y}\nspec: {}\n", "boolean");
}

#[test]
fn an_unrendered_template_names_the_command() {
    check("templates.yaml", b"apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Release.Name }}\n{{- if .Values.x }}\n  labels: {}\n{{- end }}\n", "not rendered");
}

#[test]
fn an_unrendered_chart_is_one_message() {
    let folder = Folder::new();
    folder.write("good.yaml", PRIVILEGED.as_bytes());
    folder.write("web/Chart.yaml", b"apiVersion: v2\nname: web\nversion: 1.0.0\n");
    folder.write("web/values.yaml", b"image: x\n");
    for index in 0..5 {
        folder.write(
            &format!("web/templates/{index}.yaml"),
            b"apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Values.x }}\n",
        );
    }
    let run = folder.run(&["assess", ".", "--format", "json", "--control", "WL01"]);
    let json = run.json();
    let diagnostics = json["diagnostics"].as_array().unwrap();
    assert_eq!(diagnostics.len(), 1, "{diagnostics:#?}");
    assert_eq!(diagnostics[0]["file"], "web/Chart.yaml");
    assert!(run.stderr.contains("helm template"), "{}", run.stderr);
    assert_eq!(json["findings"].as_array().unwrap().len(), 1);
}

#[test]
fn an_old_plan_names_the_command() {
    check(
        "plan.json",
        br#"{"format_version": "2.0", "planned_values": {"root_module": {"resources": []}}}"#,
        "format",
    );
}

#[test]
fn a_cycle_of_references_is_named() {
    let template = b"AWSTemplateFormatVersion: '2010-09-09'\nConditions:\n  A: !Condition B\n  B: !Condition A\nResources:\n  Bucket: {Type: 'AWS::S3::Bucket', Condition: A}\n";
    check("cycle.yaml", template, "itself");
}

#[test]
fn a_missing_path_is_a_mistake_of_usage() {
    let run = Folder::new().run(&["assess", "nowhere"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("`nowhere` does not exist"), "{}", run.stderr);
}

#[test]
fn an_empty_folder_holds_nothing() {
    let run = Folder::new().run(&["assess", "."]);
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert!(run.stderr.contains("nothing to read was recognised"), "{}", run.stderr);
}

#[test]
fn ten_thousand_unrelated_files_are_counted() {
    let folder = Folder::new();
    for index in 0..10_000 {
        folder.write(&format!("{}/{index}.txt", index % 100), b"nothing");
    }
    let run = folder.run(&["assess", "."]);
    assert_eq!(run.code, 3);
    assert!(run.stderr.contains("10000 files that hold nothing to read"), "{}", run.stderr);
}

#[test]
fn a_line_of_100_megabytes_is_read() {
    let folder = Folder::new();
    let mut text = String::from("{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[");
    let item = r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c","namespace":"a"},"data":{"k":"vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv"}}"#;
    while text.len() < 100 << 20 {
        text.push_str(&item.replace("\"c\"", &format!("\"c{}\"", text.len())));
        text.push(',');
    }
    text.push_str(r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","namespace":"a"},"spec":{"containers":[{"name":"c","image":"i","securityContext":{"privileged":true}}]}}]}"#);
    folder.write("line.json", text.as_bytes());
    let run = folder.run(&["assess", ".", "--control", "WL01", "-v"]);
    assert_eq!(run.code, 10, "{}", run.stderr);
    assert!(run.stdout.contains("privileged"), "{}", run.stdout);
    assert!(run.stdout.lines().all(|line| line.chars().count() < 250), "an excerpt is a window");
}

#[test]
fn a_flow_that_names_nothing_is_located() {
    let folder = Folder::new();
    folder.write("good.yaml", PRIVILEGED.as_bytes());
    let declaration = "schema: ringfence.declaration/1\nendpoints:\n  shop: {workload: \"a/nobody\"}\n  psp: {third-party: Acme}\nflows:\n  - id: sale\n    channel: e-commerce\n    stage: authorisation\n    hops:\n      - {id: pay, from: shop, to: psp, role: transmit, data: {request: [pan]}}\n";
    folder.write("ringfence.yaml", declaration.as_bytes());
    let run = folder.run(&["assess", ".", "--format", "json", "--control", "SC01"]);
    let json = run.json();
    let finding = &json["findings"][0];
    assert_eq!(
        (finding["verdict"].as_str(), finding["locations"][0]["line"].as_u64()),
        (Some("fail"), Some(3)),
        "{json:#}"
    );
}

#[test]
fn an_unknown_key_of_the_declaration_is_a_located_mistake() {
    let folder = Folder::new();
    folder.write("good.yaml", PRIVILEGED.as_bytes());
    folder.write("ringfence.yaml", b"schema: ringfence.declaration/1\nregistrys: []\n");
    let run = folder.run(&["assess", "."]);
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(
        run.stderr.contains("ringfence.yaml:2:1") && run.stderr.contains("`registries`"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_broken_control_is_named_and_the_others_run() {
    let folder = Folder::new();
    folder.write("good.yaml", PRIVILEGED.as_bytes());
    let control = "---\nid: XX01\nrow: XX01\ntitle: Broken\nseverity: high\nkinds: [Pod]\nmessage: broken\nrequirements:\n  pci-4.0.1: [1.1]\nstages: [manifest]\nsince: 0.1.0\n---\n# Broken\n\n## What\nx\n\n## Why\nx\n\n## Fix\nx\n\n## Policy\n```cel\nobject.spec ==\n```\n\n## Examples\n";
    folder.write("own/broken.md", control.as_bytes());
    let run = folder.run(&["assess", "good.yaml", "--controls", "own", "--format", "json"]);
    let json = run.json();
    let diagnostics = json["diagnostics"].as_array().unwrap();
    assert!(
        diagnostics.iter().any(|one| one["file"] == "own/broken.md" && one["line"].as_u64() >= Some(25)),
        "{diagnostics:#?}"
    );
    assert!(json["findings"].as_array().unwrap().iter().any(|one| one["control"] == "WL01"));
}

#[cfg(unix)]
#[test]
fn loops_and_dangling_links_are_survived() {
    let folder = Folder::new();
    folder.write("a/good.yaml", PRIVILEGED.as_bytes());
    std::os::unix::fs::symlink(folder.path("a"), folder.path("a/loop")).unwrap();
    std::os::unix::fs::symlink(folder.path("nowhere"), folder.path("a/dangling.yaml")).unwrap();
    let run = folder.run(&["assess", "a", "--format", "json", "--control", "WL01"]);
    let json = run.json();
    assert_eq!(json["findings"].as_array().unwrap().len(), 1, "read once: {json:#}");
    let files: Vec<_> =
        json["diagnostics"].as_array().unwrap().iter().map(|one| one["file"].clone()).collect();
    assert_eq!(files, ["a/dangling.yaml", "a/loop"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_read_that_fails_even_for_root_is_named() {
    let folder = Folder::new();
    folder.write("good.yaml", PRIVILEGED.as_bytes());
    let run = folder.run(&["assess", "good.yaml", "/proc/self/mem", "--format", "json", "--control", "WL01"]);
    let json = run.json();
    assert_eq!(json["diagnostics"][0]["file"], "/proc/self/mem", "{json:#}");
    assert_eq!(json["findings"].as_array().unwrap().len(), 1);
}

#[test]
fn spellings_of_true_are_found() {
    for spelling in ["yes", "on", "True", "y", "ON"] {
        let folder = Folder::new();
        folder.write("p.yaml", PRIVILEGED.replace("true", spelling).as_bytes());
        assert_eq!(folder.run(&["assess", ".", "--control", "WL01"]).code, 10, "{spelling}");
    }
}

#[test]
fn what_peers_miss_is_found() {
    let container = "{name: c, image: i, securityContext: {privileged: true}}";
    let cases = [
        (
            "merge key",
            "x-base: &base\n  securityContext: {privileged: true}\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n    - <<: *base\n      name: c\n      image: i\n"
                .to_owned(),
        ),
        (
            "list",
            format!(
                "apiVersion: v1\nkind: List\nitems:\n  - apiVersion: v1\n    kind: Pod\n    metadata: {{name: p}}\n    spec: {{containers: [{container}]}}\n"
            ),
        ),
        (
            "init",
            format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec: {{initContainers: [{container}]}}\n"
            ),
        ),
        (
            "ephemeral",
            format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec: {{ephemeralContainers: [{container}]}}\n"
            ),
        ),
        (
            "rollout",
            format!(
                "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {{name: p}}\nspec: {{template: {{spec: {{containers: [{container}]}}}}}}\n"
            ),
        ),
    ];
    for (name, text) in cases {
        let folder = Folder::new();
        folder.write("p.yaml", text.as_bytes());
        let run = folder.run(&["assess", ".", "--control", "WL01"]);
        assert_eq!(run.code, 10, "{name}: {}{}", run.stdout, run.stderr);
    }
}

#[test]
fn what_is_not_known_is_unknown() {
    let template = "Parameters: {Public: {Type: String}}\nResources:\n  Vault: {Type: 'AWS::RDS::DBInstance', Properties: {Engine: postgres, PubliclyAccessible: !Ref Public}}\n";
    let plan = r#"{"format_version": "1.2", "planned_values": {"root_module": {"resources": [{"address": "aws_db_instance.v", "mode": "managed", "type": "aws_db_instance", "name": "v", "values": {"engine": "postgres"}}]}},
        "resource_changes": [{"address": "aws_db_instance.v", "change": {"actions": ["create"], "after_unknown": {"publicly_accessible": true}}}]}"#;
    for (name, text) in [("t.yaml", template), ("plan.json", plan)] {
        let folder = Folder::new();
        folder.write(name, text.as_bytes());
        let json = folder.run(&["assess", ".", "--format", "json", "--control", "NA02.1", "--all"]).json();
        let verdicts: Vec<_> =
            json["findings"].as_array().unwrap().iter().map(|one| one["verdict"].clone()).collect();
        assert_eq!(verdicts, ["unknown"], "{name}: {json:#}");
    }
}

#[test]
fn a_dynamic_block_that_is_known_after_apply_is_unknown() {
    let plan = r#"{"format_version": "1.2", "planned_values": {"root_module": {"resources": [{"address": "aws_security_group.g", "mode": "managed", "type": "aws_security_group", "name": "g", "values": {"name": "g"}}]}},
        "resource_changes": [{"address": "aws_security_group.g", "change": {"actions": ["create"], "after_unknown": {"ingress": true}}}],
        "configuration": {"root_module": {"resources": [{"address": "aws_security_group.g", "mode": "managed", "type": "aws_security_group", "name": "g", "expressions": {"name": {"constant_value": "g"}}}]}}}"#;
    let folder = Folder::new();
    folder.write("plan.json", plan.as_bytes());
    let json = folder.run(&["assess", ".", "--format", "json", "--control", "NA04", "--all"]).json();
    assert_eq!(json["findings"][0]["verdict"], "unknown", "{json:#}");
}

#[test]
fn standard_input_is_a_file_called_dash() {
    let run = Folder::new()
        .run_with(&["assess", "-", "--format", "json", "--control", "WL01"], PRIVILEGED.as_bytes());
    assert_eq!(run.json()["findings"][0]["locations"][0]["file"], "-");
    assert_eq!(run.code, 10);
}

#[test]
fn a_closed_stderr_is_no_reason_not_to_judge() {
    let folder = Folder::new();
    folder.write("good.yaml", PRIVILEGED.as_bytes());
    folder.write("bad.yaml", b"apiVersion: v1\nkind: [\n");
    let command = format!("'{}' assess . --control WL01 2>&-", env!("CARGO_BIN_EXE_ringfence"));
    let status = std::process::Command::new("sh")
        .args(["-c", &command])
        .current_dir(folder.path(""))
        .output()
        .unwrap();
    assert_eq!(status.status.code(), Some(10));
}

#[test]
fn what_two_arguments_reach_is_read_once() {
    let folder = Folder::new();
    folder.write("a/good.yaml", PRIVILEGED.as_bytes());
    for arguments in [["a", "a/good.yaml"], ["a/good.yaml", "a"], ["a", "a"]] {
        let run =
            folder.run(&["assess", arguments[0], arguments[1], "--format", "json", "--control", "WL01"]);
        assert_eq!(run.json()["findings"].as_array().unwrap().len(), 1, "{arguments:?}");
    }
}

#[test]
fn standard_input_beside_a_chart_is_judged() {
    let folder = Folder::new();
    folder.write("Chart.yaml", b"apiVersion: v2\nname: web\nversion: 1.0.0\n");
    let run = folder
        .run_with(&["assess", "-", ".", "--format", "json", "--control", "WL01"], PRIVILEGED.as_bytes());
    assert_eq!(run.json()["findings"].as_array().unwrap().len(), 1, "{}", run.stderr);
}

#[test]
fn a_plan_stands_for_its_own_folder_only() {
    let folder = Folder::new();
    let plan = br#"{"format_version": "1.2", "planned_values": {"root_module": {"resources": []}}}"#;
    folder.write("dev/main.tf", b"");
    folder.write("dev/plan.json", plan);
    folder.write("prod/main.tf", b"");
    let json = folder.run(&["assess", ".", "--format", "json"]).json();
    let files: Vec<_> =
        json["diagnostics"].as_array().unwrap().iter().map(|one| one["file"].clone()).collect();
    assert_eq!(files, ["prod/main.tf"]);
}

#[test]
fn a_misspelt_key_of_a_manifest_is_not_overlooked() {
    check("misspelt.yaml", b"apiversion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {}\n", "`apiVersion`");
}

#[test]
fn quiet_still_says_errors() {
    let folder = Folder::new();
    folder.write("clean.yaml", b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: a}\n");
    folder.write("bad.yaml", b"apiVersion: v1\nkind: [\n");
    let run = folder.run(&["assess", ".", "--quiet", "--format", "json", "--control", "WL01"]);
    assert_eq!((run.code, run.stderr.contains("bad.yaml")), (4, true), "{}", run.stderr);
}

#[test]
fn excludes_hold_below_the_argument() {
    let folder = Folder::new();
    folder.write("a/test/good.yaml", PRIVILEGED.as_bytes());
    let run = folder.run(&["assess", "a", "--exclude", "test/**"]);
    assert_eq!(run.code, 3, "{}", run.stdout);
    assert!(run.stderr.contains("1 excluded path"), "{}", run.stderr);
}

#[test]
fn pods_of_a_kind_that_no_control_reads_are_named() {
    check(
        "clone.yaml",
        b"apiVersion: apps.kruise.io/v1alpha1\nkind: CloneSet\nmetadata: {name: a}\nspec: {template: {spec: {containers: [{name: c, securityContext: {privileged: true}}]}}}\n",
        "CloneSet",
    );
}

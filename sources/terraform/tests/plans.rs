//! Plans and what they become. Each `plans/NAME.json` has the resources expected of it beside it.

#[path = "plans/shown.rs"]
mod shown;

/// Reads the plan and compares with `plans/NAME.snap`.
#[track_caller]
fn check(name: &str, plan: &str) {
    insta::with_settings!({ snapshot_path => "plans", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(name, shown::plan(plan));
    });
}

macro_rules! plans {
    ($($name:ident: $file:literal),* $(,)?) => {
        $(
            #[test]
            fn $name() {
                check($file, include_str!(concat!("plans/", $file, ".json")));
            }
        )*
    };
}

plans! {
    security_groups_and_their_three_kinds_of_rules: "security-groups",
    clusters_and_who_may_enter: "eks",
    modules_counts_and_for_each: "modules",
    buckets_and_their_split_resources: "s3",
    roles_and_policy_documents: "iam",
    objects_of_the_kubernetes_provider: "kubernetes",
    sensitive_values_are_taken_away: "sensitive",
    a_state_links_by_id: "state",
    networks: "network",
    stores: "stores",
    services: "services",
    types_without_a_mapping_are_kept_and_counted: "unmapped",
    accounts_and_regions: "places",
    rules_that_are_told_twice_count_once: "applied",
    wrong_shapes_cost_only_themselves: "wrong-shapes",
    a_plan_as_terraform_writes_it: "terraform-1.11",
}

/// What a document that is not a readable plan says: code, line, words of the message and of the help.
#[track_caller]
fn check_refused(document: &str, expected: &str) {
    let shown = shown::plan(document);
    let first = shown.lines().take(2).collect::<Vec<_>>().join("\n");
    assert_eq!(first, expected);
}

const COMMAND: &str =
    "make one with `terraform plan -out tfplan` and `terraform show -json tfplan > tfplan.json`";

#[test]
fn a_plan_of_another_format_names_the_command() {
    check_refused(
        "{\n \"format_version\": \"2.0\",\n \"planned_values\": {}, \"terraform_version\": \"3.0.0\"\n}",
        &format!(
            "Error terraform-format @2: the plan has format version `2.0`, and 0 and 1 are read\n  help: {COMMAND}, \
             with a version of Terraform from 0.12 on whose `show -json` has format version 1"
        ),
    );
    check_refused(
        "{\"planned_values\": {}, \"terraform_version\": \"0.11.0\"}",
        &format!(
            "Error terraform-format @1: the plan has no `format_version`\n  help: it is not the output of \
             `terraform show -json`, or older than Terraform 0.12: {COMMAND}"
        ),
    );
}

#[test]
fn plans_of_format_0_are_read() {
    let plan = r#"{"format_version": "0.1", "terraform_version": "0.12.31", "planned_values": {"root_module":
        {"resources": [{"address": "aws_sqs_queue.q", "type": "aws_sqs_queue", "name": "q", "values": {"name": "q"}}]}}}"#;
    assert_eq!(shown::plan(plan), "AWS::SQS::Queue aws_sqs_queue.q named q @2\n  QueueName: \"q\" @2\n\n");
}

#[test]
fn a_state_file_names_the_command() {
    check_refused(
        "{\n \"version\": 4,\n \"terraform_version\": \"1.11.4\", \"resources\": []}",
        &format!(
            "Error terraform-format @2: this is a state file of version 4, which holds no plan\n  help: {COMMAND}, \
             or show the state with `terraform show -json > state.json`"
        ),
    );
    check_refused(
        "{\"version\": 3, \"terraform_version\": \"0.11.14\", \"modules\": []}",
        &format!(
            "Error terraform-format @1: this is a state file of version 3, which holds no plan\n  help: this state is \
             older than Terraform 0.12: upgrade it with `terraform init` and `terraform refresh`, then {COMMAND}"
        ),
    );
}

#[test]
fn other_output_of_terraform_names_the_command() {
    check_refused(
        r#"{"@level": "info", "@module": "terraform.ui", "terraform": "1.11.4", "type": "version"}"#,
        &format!(
            "Error terraform-format @1: this is the log of `terraform plan -json`, not a plan\n  help: {COMMAND}"
        ),
    );
    check_refused(
        r#"{"format_version": "1.2", "terraform_version": "1.11.4", "errored": true}"#,
        &format!("Error terraform-format @1: the plan ended with an error\n  help: {COMMAND}"),
    );
}

#[test]
fn an_incomplete_plan_says_so() {
    let plan = r#"{"format_version": "1.2", "terraform_version": "1.11.4", "errored": true,
        "planned_values": {"root_module": {"resources": []}}, "deferred_changes": [{"reason": "absent_prereq"}]}"#;
    let expected = format!(
        "Error terraform-incomplete @1: the plan ended with an error, so that it does not hold everything\n  help: \
         {COMMAND}\nError terraform-incomplete @2: the plan leaves 1 resources for a later one\n  help: apply it and \
         plan again, then assess the later plan\n"
    );
    assert_eq!(shown::plan(plan), expected);
}

#[test]
fn other_documents_are_not_recognised() {
    let mut sources = ringfence_model::Sources::default();
    let texts = [
        r#"{"apiVersion": "v1", "kind": "Pod"}"#,
        r#"{"Resources": {}}"#,
        r#"{"version": 1, "resources": []}"#,
        r#"{"format_version": "1.0"}"#,
        "[]",
        "1",
    ];
    for text in texts {
        let file = sources.add("a.json", text);
        let (documents, _) = ringfence_text::json(file, text, &ringfence_text::Budget::default());
        assert!(!documents.iter().any(ringfence_terraform::recognises), "{text}");
    }
}

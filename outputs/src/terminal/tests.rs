//! The summary as it is printed.

use insta::assert_snapshot;
use ringfence_model::{Severity, Verdict};

use super::*;
use crate::fixture::{Fixture, TOKENIZER, fail, written};

fn summary(fixture: &Fixture, look: Look, verbose: bool) -> String {
    written(|out| write(out, &fixture.assessment(), look, verbose))
}

fn plain(fixture: &Fixture) -> String {
    summary(fixture, Look::plain(), false)
}

#[test]
fn the_summary_says_first_that_scope_is_presumed() {
    assert_snapshot!(plain(&Fixture::payments()), @r"
presumed  No flow of card data is declared, so all 3 resources count as in scope.
          Run `ringfence init` to draft a ringfence.yaml that says where card data flows.

fail      3   2 critical, 1 high
unknown   1
pass      1

critical  WL01 privileged-container ×2
          cde/tokenizer.yaml:11:11
          cde/vault[Deployment]: container `app` is privileged
          fix: Remove `privileged: true`, and add the one capability that is needed.

high      CL01.2 public-cluster-endpoint
          plan.json:1:6843
          anyone on the internet can call the Kubernetes API of cluster `payments`
          fix: Set `endpoint_public_access = false` beside `endpoint_private_access = true`.

scope     3 cde (presumed)
unknown   1 check waits for `registries:`
unread    charts/pay/Chart.yaml:1:1: Helm chart is not rendered; run `helm template` on its folder
          and check what it prints
left out  12 files that hold nothing to read

          `-v` shows the lines, `ringfence explain WL01` says why and how to pass
");
}

#[test]
fn declared_flows_are_named() {
    let mut fixture = Fixture::payments();
    fixture.scope.presumed = false;
    fixture.declaration = Some("ringfence.yaml");
    fixture.findings.truncate(1);
    fixture.diagnostics.clear();
    fixture.left_out.clear();
    assert_snapshot!(plain(&fixture), @r"
fail      1   1 critical
unknown   0
pass      0

critical  WL01 privileged-container
          cde/tokenizer.yaml:11:11
          cde/vault[Deployment]: container `app` is privileged
          fix: Remove `privileged: true`, and add the one capability that is needed.

scope     3 cde (by 2 flows in ringfence.yaml)

          `-v` shows the lines, `ringfence explain WL01` says why and how to pass
");
}

#[test]
fn a_declaration_without_flows_is_told_where_to_add_them() {
    let (mut fixture, _) = Fixture::new(&[], &["a"]);
    fixture.declaration = Some("deploy/ringfence.yaml");
    assert_snapshot!(plain(&fixture), @r"
presumed  No flow of card data is declared, so all 2 resources count as in scope.
          Add `flows:` to deploy/ringfence.yaml; `ringfence init` drafts them.

fail      0
unknown   0
pass      0

scope     2 cde (presumed)
");
}

#[test]
fn the_list_is_capped_and_says_so() {
    let (mut fixture, files) = Fixture::new(&[("a.yaml", TOKENIZER)], &["a"]);
    let place = fixture.at(files[0], "kind");
    for control in 1..=13 {
        let severity = if control == 9 { Severity::Critical } else { Severity::Low };
        for subject in 0..control {
            let mut finding = fail(&format!("XX{control:02}"), severity, &format!("w{subject}"), vec![place]);
            finding.remedy = "".into();
            fixture.findings.push(finding);
        }
    }
    let text = plain(&fixture);
    let heads: Vec<&str> = text.lines().filter(|line| line.contains("XX")).take(3).collect();
    assert_eq!(
        heads,
        [
            "critical  XX09 privileged-container ×9",
            "low       XX13 privileged-container ×13",
            "low       XX12 privileged-container ×12",
        ]
    );
    assert!(text.contains("          … and 28 findings of 7 other controls (`-v` lists them)\n"), "{text}");
}

#[test]
fn unknowns_are_grouped_by_what_would_resolve_them() {
    let (mut fixture, files) = Fixture::new(&[("a.yaml", TOKENIZER)], &["a"]);
    let place = fixture.at(files[0], "kind");
    let remedies = ["`registries:`", "`registries:`", "--parameter VpcId=…", ""];
    for (index, remedy) in remedies.into_iter().enumerate() {
        let mut finding = fail("WL11", Severity::Medium, &format!("w{index}"), vec![place]);
        finding.verdict = Verdict::Unknown;
        let missing = ringfence_model::Missing { remedy: remedy.to_owned(), why: "absent".to_owned() };
        finding.missing = if remedy.is_empty() { vec![] } else { vec![missing.clone(), missing] };
        fixture.findings.push(finding);
    }
    let text = plain(&fixture);
    let (_, tail) = text.split_once("\nscope").unwrap();
    assert_snapshot!(tail, @r"
     2 cde (presumed)
unknown   2 checks wait for `registries:`
          1 check waits for --parameter VpcId=…
          1 check, each for its own reason (`ringfence explain`)
");
}

#[test]
fn verbose_shows_the_source_before_the_summary() {
    let text = summary(&Fixture::payments(), Look::plain(), true);
    let (excerpts, _) = text.split_once("presumed").unwrap();
    assert_snapshot!(excerpts, @r#"
critical[WL01]: cde/vault[Deployment]: container `app` is privileged
  --> cde/tokenizer.yaml:11:11
   |
 9 |       containers:
10 |         - name: app
11 |           image: registry.example.com/tokenizer:1
   |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
12 |           securityContext:
   |
   = note: fingerprint WL01-vault
   = help: Remove `privileged: true`, and add the one capability that is needed.

critical[WL01]: cde/tokenizer[Deployment]: container `app` is privileged
  --> cde/tokenizer.yaml:13:13
   |
11 |           image: registry.example.com/tokenizer:1
12 |           securityContext:
13 |             privileged: yes
   |             ^^^^^^^^^^^^^^^ `privileged` is true
   |
  ::: cde/tokenizer.yaml:4:3
   |
 2 | kind: Deployment
 3 | metadata:
 4 |   name: tokenizer
   |   --------------- the pod belongs to `tokenizer`
 5 |   namespace: cde
   |
   = note: fingerprint WL01-tokeniz
   = help: Remove `privileged: true`, and add the one capability that is needed.

high[CL01.2]: AWS::EKS::Cluster/payments: anyone on the internet can call the Kubernetes API of cluster `payments`
 --> plan.json:1:6843
  |
1 | …cluster.payments","values":{"endpoint_public_access":true,"name":"payments"}},{"addres…
  |                              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  |
  = note: fingerprint CL01.2-payme
  = help: Set `endpoint_public_access = false` beside `endpoint_private_access = true`.
"#);
}

#[test]
fn verbose_does_not_flood() {
    let (mut fixture, files) = Fixture::new(&[("a.yaml", TOKENIZER)], &["a"]);
    let place = fixture.at(files[0], "kind");
    fixture.findings =
        (0..500).map(|index| fail("WL01", Severity::High, &format!("w{index}"), vec![place])).collect();
    let text = summary(&fixture, Look::plain(), true);
    assert_eq!(text.matches("high[WL01]").count(), EXCERPTS);
    assert!(text.contains("… and 490 more findings of WL01"));
}

#[test]
fn colours_are_escapes_and_nothing_else_changes() {
    let fixture = Fixture::payments();
    let look = Look { colour: true, width: 100 };
    let coloured = summary(&fixture, look, true);
    assert!(coloured.contains("\u{1b}[1m\u{1b}[91mcritical\u{1b}[0m"), "{coloured}");
    let mut stripped = String::new();
    let mut inside = false;
    for character in coloured.chars() {
        match character {
            '\u{1b}' => inside = true,
            'm' if inside => inside = false,
            other if !inside => stripped.push(other),
            _ => {}
        }
    }
    assert_eq!(stripped, summary(&fixture, Look::plain(), true));
}

#[test]
fn narrow_terminals_wrap() {
    let text = summary(&Fixture::payments(), Look { colour: false, width: 60 }, false);
    assert!(text.lines().all(|line| line.chars().count() <= 60), "{text}");
}

#[test]
fn everything_fine_is_short() {
    let mut fixture = Fixture::payments();
    fixture.findings.retain(|finding| finding.verdict == Verdict::Pass);
    fixture.diagnostics.clear();
    fixture.left_out.clear();
    assert_snapshot!(plain(&fixture), @r"
presumed  No flow of card data is declared, so all 3 resources count as in scope.
          Run `ringfence init` to draft a ringfence.yaml that says where card data flows.

fail      0
unknown   0
pass      1

scope     3 cde (presumed)
");
}

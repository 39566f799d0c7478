//! Workflow commands and the summary of a job.

use insta::assert_snapshot;

use super::*;
use crate::fixture::{Fixture, written};

#[test]
fn each_fail_is_an_annotation_and_unknowns_are_one() {
    let fixture = Fixture::payments();
    assert_snapshot!(written(|out| write(out, &fixture.assessment())), @r"
::error file=cde/tokenizer.yaml,line=11,col=11,title=WL01 privileged-container (critical)::cde/vault[Deployment]: container `app` is privileged%0Afix: Remove `privileged: true`, and add the one capability that is needed.
::error file=cde/tokenizer.yaml,line=13,col=13,title=WL01 privileged-container (critical)::cde/tokenizer[Deployment]: container `app` is privileged%0Afix: Remove `privileged: true`, and add the one capability that is needed.
::error file=plan.json,line=1,col=6843,title=CL01.2 public-cluster-endpoint (high)::AWS::EKS::Cluster/payments: anyone on the internet can call the Kubernetes API of cluster `payments`%0Afix: Set `endpoint_public_access = false` beside `endpoint_private_access = true`.
::error file=charts/pay/Chart.yaml,line=1,col=1,title=not-rendered::Helm chart is not rendered; run `helm template` on its folder and check what it prints
::warning file=cde/tokenizer.yaml,line=11,col=11,title=duplicate-key::key `image` is given twice
::notice title=unmapped-type::3 resources of type `aws_x` are kept without mapping
::notice title=unknown::1 check waits for `registries:`
");
}

#[test]
fn the_summary_is_a_table() {
    let fixture = Fixture::payments();
    assert_snapshot!(written(|out| summary(out, &fixture.assessment())), @r"
## Ringfence

> No flow of card data is declared, so everything counts as in scope. `ringfence init` drafts a declaration.

| fail | unknown | pass | not applicable |
|--:|--:|--:|--:|
| 3 | 1 | 1 | 0 |

| severity | control | findings | first | fix |
|---|---|--:|---|---|
| critical | WL01 privileged-container | 2 | cde/tokenizer.yaml:11:11 | Remove `privileged: true`, and add the one capability that is needed. |
| high | CL01.2 public-cluster-endpoint | 1 | plan.json:1:6843 | Set `endpoint_public_access = false` beside `endpoint_private_access = true`. |

- 1 check waits for `registries:`
- not read: charts/pay/Chart.yaml:1:1: Helm chart is not rendered
");
}

#[test]
fn no_text_can_start_a_command_of_its_own() {
    let mut fixture = Fixture::payments();
    fixture.findings[0].message = "x\n::set-output name=a::b %0A\r\n::warning::y".to_owned();
    let text = written(|out| write(out, &fixture.assessment()));
    assert!(!text.lines().any(|line| line.starts_with("::set-output") || line == "::warning::y"), "{text}");
    assert!(text.contains("x%0A::set-output name=a::b %250A%0A::warning::y"), "{text}");
    assert_eq!(property("a:b,c"), "a%3Ab%2Cc");
    assert_eq!(markdown("a|<b>\n@x"), "a\\|&lt;b&gt;␊@x");
}

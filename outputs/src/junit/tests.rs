//! JUnit XML as pipelines read it.

use insta::assert_snapshot;

use super::*;
use crate::fixture::{Fixture, written};

#[test]
fn suites_are_controls_and_an_unknown_is_never_a_pass() {
    let fixture = Fixture::payments();
    assert_snapshot!(written(|out| write(out, &fixture.assessment(), Extent::All)), @r#"
<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="ringfence" tests="6" failures="3" errors="1" skipped="1">
  <testsuite name="CL01.2 public-cluster-endpoint" tests="1" failures="1" errors="0" skipped="0">
    <testcase classname="CL01.2" name="AWS::EKS::Cluster/payments" file="plan.json" line="1"><failure type="high" message="anyone on the internet can call the Kubernetes API of cluster `payments`">plan.json:1:6843&#10;fix: Set `endpoint_public_access = false` beside `endpoint_private_access = true`.</failure></testcase>
  </testsuite>
  <testsuite name="WL01 privileged-container" tests="2" failures="2" errors="0" skipped="0">
    <testcase classname="WL01" name="cde/vault[Deployment]" file="cde/tokenizer.yaml" line="11"><failure type="critical" message="container `app` is privileged">cde/tokenizer.yaml:11:11&#10;fix: Remove `privileged: true`, and add the one capability that is needed.</failure></testcase>
    <testcase classname="WL01" name="cde/tokenizer[Deployment] app" file="cde/tokenizer.yaml" line="13"><failure type="critical" message="container `app` is privileged">cde/tokenizer.yaml:13:13&#10;cde/tokenizer.yaml:4:3&#10;`privileged` is true (cde/tokenizer.yaml:13:13)&#10;the pod belongs to `tokenizer` (cde/tokenizer.yaml:4:3)&#10;fix: Remove `privileged: true`, and add the one capability that is needed.</failure></testcase>
  </testsuite>
  <testsuite name="WL03 privileged-container" tests="1" failures="0" errors="0" skipped="0">
    <testcase classname="WL03" name="cde/tokenizer[Deployment]" file="cde/tokenizer.yaml" line="4"/>
  </testsuite>
  <testsuite name="WL11 privileged-container" tests="1" failures="0" errors="0" skipped="1">
    <testcase classname="WL11" name="cde/tokenizer[Deployment]" file="cde/tokenizer.yaml" line="11"><skipped message="unknown: registry `registry.example.com` may be permitted or not; waits for `registries:`"/></testcase>
  </testsuite>
  <testsuite name="input" tests="1" failures="0" errors="1" skipped="0">
    <testcase classname="input" name="not-rendered charts/pay/Chart.yaml:1:1"><error type="not-rendered" message="Helm chart is not rendered">run `helm template` on its folder and check what it prints</error></testcase>
  </testsuite>
</testsuites>
"#);
}

#[test]
fn no_text_can_leave_its_element() {
    assert_eq!(escaped("a<b> & \"c\"\u{0}\u{1b}\n"), "a&lt;b&gt; &amp; &quot;c&quot;␀␛&#10;");
}

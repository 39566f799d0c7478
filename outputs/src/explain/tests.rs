//! Explanations as they are printed.

use insta::assert_snapshot;
use ringfence_model::{Document, Location};

use super::*;
use crate::fixture::{Fixture, page, written};

#[test]
fn a_control_says_what_why_and_how_to_pass() {
    assert_snapshot!(written(|out| control(out, &page(), Look::plain())), @r"
WL01 Privileged container  critical
privileged-container

What
  Containers of every kind, init and ephemeral ones too. None may set `privileged: true`, unless its
  workload is listed under `system-agents`.

Why
  A privileged container is root on its node. Whoever takes it over has every other pod of the node,
  and their card data.

Fix
  Remove `privileged: true`, and add the one capability that is needed.

Requirements
  PCI DSS 4.0.1  2.2.1, 7.2.5

Judges
  Pod

Asks ringfence.yaml for
  `system-agents:`

To pass
  apiVersion: v1
  kind: Pod
  spec:
    containers:
      - name: app
");
}

#[test]
fn a_finding_says_what_it_rests_on() {
    let fixture = Fixture::payments();
    let sources = fixture.estate.sources();
    let text = written(|out| finding(out, sources, &fixture.findings[4], Some(&page()), Look::plain()));
    assert_snapshot!(text, @r"
WL01 Privileged container  fail (critical)

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
   = help: Remove `privileged: true`, and add the one capability that is needed.

Subject
  kind       Deployment
  namespace  cde
  name       tokenizer
  container  app

Reasons
  `privileged` is true (cde/tokenizer.yaml:13:13)
  the pod belongs to `tokenizer` (cde/tokenizer.yaml:4:3)

Why it matters
  A privileged container is root on its node. Whoever takes it over has every other pod of the node,
  and their card data.

Fix
  Remove `privileged: true`, and add the one capability that is needed.

Requirements
  PCI DSS 4.0.1  2.2.1, 7.2.5
  CIS EKS 1.8    4.2.1

Fingerprint
  WL01-tokenizer
");
}

#[test]
fn an_unknown_says_what_it_waits_for() {
    let fixture = Fixture::payments();
    let sources = fixture.estate.sources();
    let text = written(|out| finding(out, sources, &fixture.findings[1], None, Look::plain()));
    assert!(text.starts_with("WL11 privileged-container  unknown\n"), "{text}");
    assert!(text.contains("\nWaits for\n  `registries:`: the key is absent\n"), "{text}");
}

#[test]
fn origins_read_as_clauses() {
    static DOCUMENT: Document =
        Document { title: "Kubernetes: Service", address: "https://example.com/service" };
    let fixture = Fixture::payments();
    let place = fixture.findings[0].locations[0];
    let check = |of: &Origin, expected: &str| assert_eq!(origin(fixture.estate.sources(), of), expected);
    check(&Origin::Explicit(place), "written at cde/tokenizer.yaml:11:11");
    check(
        &Origin::Default(&DOCUMENT),
        "not set; default by Kubernetes: Service (https://example.com/service)",
    );
    check(&Origin::derived("namespace `a` is used", None), "namespace `a` is used");
    let start = Location::start_of(place.file);
    check(&Origin::derived("it is used", Some(start)), "it is used (cde/tokenizer.yaml:1:1)");
}

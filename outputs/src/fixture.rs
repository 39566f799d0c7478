//! A small estate, built by hand, that the tests of all writers share.

use std::sync::Arc;

use ringfence_model::fact::{Basis, ScopeClass, ScopeFact, ScopeFacts, TestState, Tests};
use ringfence_model::{
    Diagnostic, Estate, EstateBuilder, FileId, Finding, Fingerprint, Kind, Location, Map, Missing, Node,
    Origin, Reason, Resource, Severity, Stage, Subject, Verdict,
};

use crate::{Assessment, ControlPage, Counts};

pub(crate) const TOKENIZER: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: tokenizer
  namespace: cde
spec:
  template:
    spec:
      containers:
        - name: app
          image: registry.example.com/tokenizer:1
          securityContext:
            privileged: yes
";

/// An estate with its findings, and what a report is made of.
pub(crate) struct Fixture {
    pub(crate) estate: Estate,
    pub(crate) scope: ScopeFacts,
    pub(crate) findings: Vec<Finding>,
    pub(crate) diagnostics: Vec<Diagnostic>,
    pub(crate) controls: Vec<ControlPage<'static>>,
    pub(crate) declaration: Option<&'static str>,
    pub(crate) left_out: Vec<String>,
}

impl Fixture {
    /// Files and Deployments in namespace `cde`, nothing found yet.
    pub(crate) fn new(files: &[(&str, &str)], workloads: &[&str]) -> (Self, Vec<FileId>) {
        let mut builder = EstateBuilder::default();
        let ids = files.iter().map(|(path, text)| builder.sources_mut().add(*path, *text)).collect();
        builder.extend(workloads.iter().map(|name| {
            let body = Node::new(Map::default(), Origin::derived("fixture", None));
            let mut one =
                Resource::new(Kind::kubernetes("apps/v1", "Deployment"), *name, body, Stage::Manifest);
            one.place.namespace = Some("cde".into());
            one
        }));
        let (estate, diagnostics) = builder.finish();
        let scope = presumed(&estate);
        let fixture = Self {
            estate,
            scope,
            findings: Vec::new(),
            diagnostics,
            controls: Vec::new(),
            declaration: None,
            left_out: Vec::new(),
        };
        (fixture, ids)
    }

    /// The fixture most tests use: a manifest, a one-line plan, faults, unknowns, unread input.
    pub(crate) fn payments() -> Self {
        let plan = one_line_plan();
        let files = [
            ("cde/tokenizer.yaml", TOKENIZER),
            ("plan.json", plan.as_str()),
            ("charts/pay/Chart.yaml", "name: pay\n"),
        ];
        let (mut fixture, ids) = Self::new(&files, &["tokenizer", "vault"]);
        let (manifest, plan, chart) = (ids[0], ids[1], ids[2]);
        let privileged = fixture.at(manifest, "privileged: yes");
        let name = fixture.at(manifest, "name: tokenizer");
        let image = fixture.at(manifest, "image: registry.example.com/tokenizer:1");
        let endpoint = fixture.at(plan, "\"endpoint_public_access\":true");
        let mut first = fail("WL01", Severity::Critical, "tokenizer", vec![privileged, name]);
        first.subject.container = Some("app".into());
        first.reasons = vec![
            Reason::new("`privileged` is true", Some(privileged)),
            Reason::new("the pod belongs to `tokenizer`", Some(name)),
        ];
        let second = fail("WL01", Severity::Critical, "vault", vec![image]);
        let mut cluster = fail("CL01.2", Severity::High, "payments", vec![endpoint]);
        cluster.name = "public-cluster-endpoint".into();
        cluster.subject =
            Subject { kind: "AWS::EKS::Cluster".into(), name: "payments".into(), ..Subject::default() };
        cluster.message = "anyone on the internet can call the Kubernetes API of cluster `payments`".into();
        cluster.remedy =
            "Set `endpoint_public_access = false` beside `endpoint_private_access = true`.".into();
        let mut waiting = fail("WL11", Severity::Medium, "tokenizer", vec![image]);
        waiting.verdict = Verdict::Unknown;
        waiting.message = "registry `registry.example.com` may be permitted or not".into();
        waiting.missing = vec![Missing { remedy: "`registries:`".into(), why: "the key is absent".into() }];
        let mut fine = fail("WL03", Severity::High, "tokenizer", vec![name]);
        fine.verdict = Verdict::Pass;
        fixture.findings = vec![second, waiting, fine, cluster, first];
        fixture.diagnostics = vec![
            Diagnostic::note("unmapped-type", "3 resources of type `aws_x` are kept without mapping"),
            Diagnostic::error("not-rendered", "Helm chart is not rendered")
                .at(Location::start_of(chart))
                .help("run `helm template` on its folder and check what it prints"),
            Diagnostic::warning("duplicate-key", "key `image` is given twice")
                .at(image)
                .related(Some(name), "first here"),
        ];
        fixture.left_out = vec!["12 files that hold nothing to read".into()];
        fixture
    }

    /// The place of `needle` in a file.
    pub(crate) fn at(&self, file: FileId, needle: &str) -> Location {
        let text = self.estate.sources().file(file).unwrap().text();
        let start = text.find(needle).unwrap();
        Location::new(file, start, start + needle.len())
    }

    pub(crate) fn assessment(&self) -> Assessment<'_> {
        Assessment {
            estate: &self.estate,
            scope: &self.scope,
            findings: &self.findings,
            diagnostics: &self.diagnostics,
            counts: Counts::of(&self.findings),
            controls: &self.controls,
            declaration: self.declaration,
            flows: if self.scope.presumed { 0 } else { 2 },
            documents: self.estate.sources().len(),
            left_out: &self.left_out,
        }
    }
}

/// A plan as Terraform writes it: one line, here of 20 kB, with a fault in its middle.
fn one_line_plan() -> String {
    let filler = |from: usize| {
        (from..from + 100)
            .map(|index| {
                format!(
                    "{{\"address\":\"aws_subnet.n{index}\",\"values\":{{\"cidr_block\":\"10.0.{}.0/24\"}}}},",
                    index % 200
                )
            })
            .collect::<String>()
    };
    format!(
        "{{\"resources\":[{}{{\"address\":\"aws_eks_cluster.payments\",\"values\":{{\"endpoint_public_access\":true,\"name\":\"payments\"}}}},{}]}}",
        filler(0),
        filler(100)
    )
}

pub(crate) fn fail(control: &str, severity: Severity, name: &str, locations: Vec<Location>) -> Finding {
    Finding {
        control: control.into(),
        row: control.split('.').next().unwrap_or(control).into(),
        name: "privileged-container".into(),
        verdict: Verdict::Fail,
        severity,
        subject: Subject {
            kind: "Deployment".into(),
            namespace: Some("cde".into()),
            name: name.into(),
            ..Subject::default()
        },
        locations,
        message: "container `app` is privileged".into(),
        remedy: "Remove `privileged: true`, and add the one capability that is needed.".into(),
        reasons: Vec::new(),
        missing: Vec::new(),
        requirements: Arc::from([
            ("pci-4.0.1".to_owned(), vec!["2.2.1".to_owned(), "7.2.5".to_owned()]),
            ("cis-eks-1.8".to_owned(), vec!["4.2.1".to_owned()]),
        ]),
        fingerprint: Fingerprint(format!("{control}-{name}")),
    }
}

fn presumed(estate: &Estate) -> ScopeFacts {
    let fact = |resource| ScopeFact {
        resource,
        class: ScopeClass::Cde,
        presumed: true,
        declared: None,
        tests: Tests { network: TestState::Failed, ..Tests::default() },
        basis: Basis::Designed,
        reasons: vec![Reason::new("no flow is declared", None)].into(),
    };
    ScopeFacts {
        facts: estate.iter().map(|(resource, _)| fact(resource)).collect(),
        presumed: true,
        parties: vec![("internet".to_owned(), "untrusted")],
    }
}

/// The page of a control, with all sections.
pub(crate) fn page() -> ControlPage<'static> {
    static REQUIREMENTS: std::sync::LazyLock<Vec<(String, Vec<String>)>> = std::sync::LazyLock::new(|| {
        vec![
            ("pci-4.0.1".to_owned(), vec!["2.2.1".to_owned(), "7.2.5".to_owned()]),
            ("ledger".to_owned(), vec![]),
        ]
    });
    ControlPage {
        id: "WL01",
        row: "WL01",
        name: "privileged-container",
        title: "Privileged container",
        severity: Severity::Critical,
        kinds: vec!["Pod"],
        needs: vec!["system-agents"],
        requirements: &REQUIREMENTS,
        what: "Containers of every kind, init and ephemeral ones too. None may set `privileged: true`, unless its workload is listed under `system-agents`.",
        why: "A privileged container is root on its node.\nWhoever takes it over has every other pod of the node, and their card data.",
        fix: "Remove `privileged: true`, and add the one capability that is needed.",
        example: Some("apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - name: app\n"),
        address: None,
    }
}

/// What a writer writes, as a text.
pub(crate) fn written(write: impl FnOnce(&mut dyn std::io::Write) -> std::io::Result<()>) -> String {
    let mut bytes = Vec::new();
    write(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

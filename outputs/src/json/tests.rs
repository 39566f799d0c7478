//! The contract: valid by its schema, the same bytes whatever the order, nothing absent written.

use insta::assert_snapshot;
use ringfence_model::fact::ScopeClass;
use ringfence_model::{Severity, Text};

use super::*;
use crate::fixture::{Fixture, TOKENIZER, fail, written};

fn json(fixture: &Fixture, extent: Extent) -> String {
    written(|out| write(out, &fixture.assessment(), extent))
}

#[track_caller]
fn check_schema(text: &str) -> serde_json::Value {
    let value: serde_json::Value = serde_json::from_str(text).unwrap();
    assert_eq!(crate::schema::errors(crate::schema::ASSESS, &value), [""; 0]);
    value
}

#[test]
fn the_contract_in_full() {
    assert_snapshot!(json(&Fixture::payments(), Extent::Open), @r#"
{"schema":"ringfence.assess/1",
"summary":{"presumed":true,"flows":0,"documents":3,"resources":3,"controls":0,"verdicts":{"fail":3,"unknown":1,"pass":1,"not-applicable":0},"severities":{"critical":2,"high":1,"medium":0,"low":0},"scope":{"cde":3,"connected-to":0,"security-impacting":0,"unknown":0,"out-of-scope":0},"diagnostics":{"error":1,"warning":1,"note":1},"waiting":[{"for":"`registries:`","checks":1}],"parties":[{"name":"internet","standing":"untrusted"}],"left-out":["12 files that hold nothing to read"]},
"scope":[
{"resource":{"kind":"Deployment","namespace":"cde","name":"tokenizer"},"class":"cde","presumed":true,"declared":null,"tests":{"network":"failed","segment":"not-evaluated","identity":"not-evaluated","impact":"not-evaluated"},"basis":"designed","reasons":["no flow is declared"]},
{"resource":{"kind":"Deployment","namespace":"cde","name":"vault"},"class":"cde","presumed":true,"declared":null,"tests":{"network":"failed","segment":"not-evaluated","identity":"not-evaluated","impact":"not-evaluated"},"basis":"designed","reasons":["no flow is declared"]},
{"resource":{"kind":"Namespace","name":"cde"},"class":"cde","presumed":true,"declared":null,"tests":{"network":"failed","segment":"not-evaluated","identity":"not-evaluated","impact":"not-evaluated"},"basis":"designed","reasons":["no flow is declared"]}],
"findings":[
{"control":"WL01","row":"WL01","name":"privileged-container","verdict":"fail","severity":"critical","subject":{"kind":"Deployment","namespace":"cde","name":"vault"},"locations":[{"file":"cde/tokenizer.yaml","line":11,"column":11}],"message":"container `app` is privileged","reasons":[],"requirements":{"pci-4.0.1":["2.2.1","7.2.5"],"cis-eks-1.8":["4.2.1"]},"fingerprint":"WL01-vault"},
{"control":"WL11","row":"WL11","name":"privileged-container","verdict":"unknown","severity":"medium","subject":{"kind":"Deployment","namespace":"cde","name":"tokenizer"},"locations":[{"file":"cde/tokenizer.yaml","line":11,"column":11}],"message":"registry `registry.example.com` may be permitted or not","reasons":["the key is absent; waits for `registries:`"],"requirements":{"pci-4.0.1":["2.2.1","7.2.5"],"cis-eks-1.8":["4.2.1"]},"fingerprint":"WL11-tokenizer"},
{"control":"WL01","row":"WL01","name":"privileged-container","verdict":"fail","severity":"critical","subject":{"kind":"Deployment","namespace":"cde","name":"tokenizer","container":"app"},"locations":[{"file":"cde/tokenizer.yaml","line":13,"column":13},{"file":"cde/tokenizer.yaml","line":4,"column":3}],"message":"container `app` is privileged","reasons":["`privileged` is true","the pod belongs to `tokenizer` (cde/tokenizer.yaml:4:3)"],"requirements":{"pci-4.0.1":["2.2.1","7.2.5"],"cis-eks-1.8":["4.2.1"]},"fingerprint":"WL01-tokenizer"},
{"control":"CL01.2","row":"CL01","name":"public-cluster-endpoint","verdict":"fail","severity":"high","subject":{"kind":"AWS::EKS::Cluster","name":"payments"},"locations":[{"file":"plan.json","line":1,"column":6843}],"message":"anyone on the internet can call the Kubernetes API of cluster `payments`","reasons":[],"requirements":{"pci-4.0.1":["2.2.1","7.2.5"],"cis-eks-1.8":["4.2.1"]},"fingerprint":"CL01.2-payments"}],
"diagnostics":[
{"file":"charts/pay/Chart.yaml","line":1,"column":1,"severity":"error","message":"Helm chart is not rendered; run `helm template` on its folder and check what it prints"},
{"file":"cde/tokenizer.yaml","line":11,"column":11,"severity":"warning","message":"key `image` is given twice"},
{"severity":"note","message":"3 resources of type `aws_x` are kept without mapping"}]}
"#);
}

#[test]
fn everything_is_valid_by_the_schema() {
    let mut fixture = Fixture::payments();
    fixture.declaration = Some("a\\\"b\n.yaml");
    fixture.scope.facts[0].declared = Some(ScopeClass::OutOfScope);
    fixture.findings[0].subject.account = Some(Text::from("123456789012"));
    fixture.findings[0].subject.address = Some(Text::from("module.a[\"x\"].aws_y.z"));
    fixture.findings[0].locations.clear();
    let all = check_schema(&json(&fixture, Extent::All));
    assert_eq!(all["findings"].as_array().map(Vec::len), Some(5));
    assert_eq!(all["scope"][0]["declared"], "out-of-scope");
    assert_eq!(all["summary"]["declaration"], "a\\\"b\n.yaml");
    let open = check_schema(&json(&fixture, Extent::Open));
    assert_eq!(open["findings"].as_array().map(Vec::len), Some(4));
    check_schema(&json(&Fixture::new(&[], &[]).0, Extent::All));
}

#[test]
fn the_schema_refuses_what_breaks_the_contract() {
    let good = check_schema(&json(&Fixture::payments(), Extent::Open));
    let breaks: [fn(&mut serde_json::Value); 5] = [
        |value| value["schema"] = "ringfence.assess/2".into(),
        |value| value["findings"][0]["verdict"] = "failed".into(),
        |value| value["findings"][0]["subject"]["container"] = serde_json::Value::Null,
        |value| value["findings"][0]["locations"][0]["line"] = 0.into(),
        |value| value["scope"][0]["tests"]["network"] = "true".into(),
    ];
    for (index, spoil) in breaks.into_iter().enumerate() {
        let mut bad = good.clone();
        spoil(&mut bad);
        assert_ne!(crate::schema::errors(crate::schema::ASSESS, &bad), [""; 0], "break {index}");
    }
}

#[test]
fn the_order_of_engines_does_not_matter() {
    let mut fixture = Fixture::payments();
    let before = json(&fixture, Extent::All);
    fixture.findings.reverse();
    fixture.diagnostics.reverse();
    assert_eq!(json(&fixture, Extent::All), before);
}

#[test]
fn more_than_a_buffer_reads_back_whole() {
    let (mut fixture, files) = Fixture::new(&[("a.yaml", TOKENIZER)], &["a"]);
    let place = fixture.at(files[0], "kind");
    fixture.findings =
        (0..3_000).map(|index| fail("WL01", Severity::High, &format!("w{index:04}"), vec![place])).collect();
    let value = check_schema(&json(&fixture, Extent::Open));
    let names: Vec<&str> = value["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["subject"]["name"].as_str().unwrap())
        .collect();
    assert!(names.len() == 3_000 && names.is_sorted());
}

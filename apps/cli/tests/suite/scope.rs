//! Scope from files: what an assessor would say of the shipped example, and that names of files say nothing.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::folder::Folder;

/// Resources of `examples/card-payments/hardened`, classed by hand.
const HARDENED: &[(&str, &str)] = &[
    ("Deployment cde/tokenizer", "cde"),
    ("StatefulSet cde/vault", "cde"),
    ("Service cde/vault", "cde"),
    ("Ingress cde/order-entry", "cde"),
    ("AWS::RDS::DBInstance VaultDatabase", "cde"),
    ("AWS::S3::Bucket ReportBucket", "cde"),
    ("AWS::EKS::Cluster Cluster", "cde"),
    ("AWS::EKS::Nodegroup CdeNodes", "cde"),
    ("AWS::EC2::LaunchTemplate CdeLaunchTemplate", "cde"),
    // Its files are encrypted to the acquirer's key, which nobody here has; the CDE writes them.
    ("AWS::S3::Bucket SettlementBucket", "connected-to"),
    ("Deployment platform/identity", "connected-to"),
    ("Deployment storefront/checkout", "connected-to"),
    ("AWS::EKS::Nodegroup GeneralNodes", "connected-to"),
    // It makes the page around the provider's iframe.
    ("Deployment storefront/web", "security-impacting"),
    // It runs on every node, those of the CDE too.
    ("DaemonSet platform/log-agent", "security-impacting"),
    ("ServiceAccount cde/vault", "security-impacting"),
    ("AWS::IAM::Role VaultRole", "security-impacting"),
    ("AWS::KMS::Key VaultKey", "security-impacting"),
    ("AWS::EC2::SecurityGroup VaultDatabaseSecurityGroup", "security-impacting"),
    ("AWS::CloudTrail::Trail organisation", "security-impacting"),
    ("NetworkPolicy cde/default-deny", "security-impacting"),
    ("Deployment storefront/catalogue", "unknown"),
    ("AWS::RDS::DBInstance OrdersDatabase", "unknown"),
    ("AWS::IAM::Role CheckoutRole", "unknown"),
];

/// Class and tests of each resource, by kind and name.
fn classes(folder: &Folder, path: &str) -> BTreeMap<String, String> {
    let run = folder.run(&["scope", path, "--format", "json"]);
    let json: Value =
        serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {}", run.stderr));
    let entries = json["scope"].as_array().expect("entries");
    entries
        .iter()
        .map(|entry| {
            let text = |key: &str| entry["resource"][key].as_str().unwrap_or_default();
            let namespace =
                if text("namespace").is_empty() { String::new() } else { text("namespace").to_owned() + "/" };
            let class = format!("{} {}", entry["class"].as_str().unwrap_or_default(), entry["tests"]);
            (format!("{} {namespace}{}", text("kind"), text("name")), class)
        })
        .collect()
}

#[test]
fn the_hardened_example_is_classed_as_by_hand() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/card-payments/hardened");
    let classes = classes(&Folder::new(), &example.to_string_lossy());
    for (resource, expected) in HARDENED {
        let found = classes.get(*resource).unwrap_or_else(|| panic!("{resource} is not there"));
        assert_eq!(found.split(' ').next(), Some(*expected), "{resource}");
    }
    let catalogue = &classes["Deployment storefront/catalogue"];
    assert!(catalogue.contains(r#""network":"passed""#) && catalogue.contains(r#""impact":"not-evaluated""#));
    assert!(classes.values().all(|class| !class.starts_with("out-of-scope")));
}

#[test]
fn the_order_of_files_never_matters() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/card-payments/as-built");
    let files: Vec<_> = ["k8s", "cloudformation"]
        .iter()
        .flat_map(|folder| std::fs::read_dir(example.join(folder)).expect("the example"))
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.is_file())
        .collect();
    let declaration = std::fs::read_to_string(example.join("ringfence.yaml")).expect("a declaration");
    let arranged = |reverse: bool| {
        let folder = Folder::new();
        for (index, path) in files.iter().enumerate() {
            let number = if reverse { 99 - index } else { index };
            // A template's stack is named after its file, so the name goes into a folder of its own.
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            folder.write(&format!("in/{number:02}/{name}"), &std::fs::read(path).expect("a file"));
        }
        let sources = "sources: []\n";
        let start = declaration.find("sources:").expect("sources");
        let end = declaration.find("accounts:").expect("accounts");
        let text = format!("{}{sources}{}", &declaration[..start], &declaration[end..]);
        folder.write("in/ringfence.yaml", text.as_bytes());
        classes(&folder, "in")
    };
    assert_eq!(arranged(false), arranged(true));
}

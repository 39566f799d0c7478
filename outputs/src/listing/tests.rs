//! The list of controls as it is printed.

use insta::assert_snapshot;
use ringfence_model::Severity;

use super::*;
use crate::fixture::{page, written};

#[test]
fn the_table_is_aligned() {
    let other = ControlPage {
        id: "CL01.2",
        title: "Cluster endpoint open to the world",
        severity: Severity::High,
        ..page()
    };
    assert_snapshot!(written(|out| terminal(out, &[other, page()], Look::plain())), @r"
CL01.2  high      Cluster endpoint open to the world  2.2.1, 7.2.5
WL01    critical  Privileged container                2.2.1, 7.2.5

2 controls; `ringfence explain ID` shows one
");
}

#[test]
fn the_json_reads_back() {
    let value: serde_json::Value =
        serde_json::from_str(&written(|out| json(out, &[page(), page()]))).unwrap();
    assert_eq!(value["schema"], "ringfence.controls/1");
    assert_eq!(value["controls"][1]["needs"][0], "system-agents");
    assert_eq!(value["controls"][0]["requirements"]["pci-4.0.1"][1], "7.2.5");
}

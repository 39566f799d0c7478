//! CSV as spreadsheets read it.

use insta::assert_snapshot;

use super::*;
use crate::fixture::{Fixture, written};

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(cell(text), expected);
}

#[test]
fn a_row_for_each_finding() {
    let fixture = Fixture::payments();
    let text = written(|out| write(out, &fixture.assessment(), Extent::Open));
    assert!(text.lines().count() == 5 && text.matches("\r\n").count() == 5);
    assert_snapshot!(text.replace("\r\n", "\n"), @r#"
control,row,name,verdict,severity,kind,account,region,cluster,namespace,subject,address,container,file,line,column,message,waits_for,fix,pci_4_0_1,pci_3_2_1,cis_eks_1_8,fingerprint
WL01,WL01,privileged-container,fail,critical,Deployment,,,,cde,vault,,,cde/tokenizer.yaml,11,11,container `app` is privileged,,"Remove `privileged: true`, and add the one capability that is needed.",2.2.1 7.2.5,,4.2.1,WL01-vault
WL11,WL11,privileged-container,unknown,medium,Deployment,,,,cde,tokenizer,,,cde/tokenizer.yaml,11,11,registry `registry.example.com` may be permitted or not,`registries:`,"Remove `privileged: true`, and add the one capability that is needed.",2.2.1 7.2.5,,4.2.1,WL11-tokenizer
WL01,WL01,privileged-container,fail,critical,Deployment,,,,cde,tokenizer,,app,cde/tokenizer.yaml,13,13,container `app` is privileged,,"Remove `privileged: true`, and add the one capability that is needed.",2.2.1 7.2.5,,4.2.1,WL01-tokenizer
CL01.2,CL01,public-cluster-endpoint,fail,high,AWS::EKS::Cluster,,,,,payments,,,plan.json,1,6843,anyone on the internet can call the Kubernetes API of cluster `payments`,,Set `endpoint_public_access = false` beside `endpoint_private_access = true`.,2.2.1 7.2.5,,4.2.1,CL01.2-payments
"#);
}

#[test]
fn no_cell_is_a_formula() {
    check("=cmd|' /C calc'!A0", "\"'=cmd|' /C calc'!A0\"");
    check("+1", "\"'+1\"");
    check("-1", "\"'-1\"");
    check("@SUM(A1)", "\"'@SUM(A1)\"");
    check("\t=1", "\"'\t=1\"");
    check("＝1", "\"'＝1\"");
}

#[test]
fn cells_are_quoted_where_they_must_be() {
    check("plain text", "plain text");
    check("a,\"b\"\nc", "\"a,\"\"b\"\"\nc\"");
    check("", "");
}

//! What the catalogue says of a control, as outputs need it.

use ringfence_model::Severity;

/// The page of one control. `apps` fills it from the catalogue; outputs do not know how a control is kept.
#[derive(Clone, Debug)]
pub struct ControlPage<'a> {
    /// Id, e.g. `WL05.2`.
    pub id: &'a str,
    /// Row of the control list, e.g. `WL05`.
    pub row: &'a str,
    /// Name: the fault, e.g. `privileged-container`.
    pub name: &'a str,
    /// Title.
    pub title: &'a str,
    /// How bad a fail is.
    pub severity: Severity,
    /// Kinds that are judged.
    pub kinds: Vec<&'a str>,
    /// Keys of `ringfence.yaml` that it asks for.
    pub needs: Vec<&'a str>,
    /// Requirement ids by standard.
    pub requirements: &'a [(String, Vec<String>)],
    /// Section What, Markdown.
    pub what: &'a str,
    /// Section Why, Markdown.
    pub why: &'a str,
    /// Section Fix, Markdown.
    pub fix: &'a str,
    /// An example that passes, as it would be written.
    pub example: Option<&'a str>,
    /// Address of the documentation page, where there is one.
    pub address: Option<&'a str>,
}

/// A standard as people write its name.
pub(crate) fn standard(key: &str) -> &str {
    match key {
        "pci-4.0.1" => "PCI DSS 4.0.1",
        "pci-3.2.1" => "PCI DSS 3.2.1",
        "cis-eks-1.8" => "CIS EKS 1.8",
        "ledger" => "whitepaper ledger",
        other => other,
    }
}

/// The ids of one standard; empty where it has none.
pub(crate) fn ids<'a>(requirements: &'a [(String, Vec<String>)], key: &str) -> &'a [String] {
    requirements.iter().find(|(standard, _)| standard == key).map_or(&[], |(_, ids)| ids)
}

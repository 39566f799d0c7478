//! What people say of resources: `classes:` and the class of whole accounts.

mod matching;

use std::collections::BTreeMap;

use ringfence_model::declaration::{ClassEntry, ClassMatch, Declaration};
use ringfence_model::fact::ScopeClass;
use ringfence_model::{Diagnostic, Estate, Missing, ResourceId};

use matching::{Match, Matcher};

/// The declared class of every resource: the first entry of `classes:` that matches it, else the class
/// of its account.
#[derive(Debug)]
pub struct Declared<'a> {
    entries: &'a [ClassEntry],
    outcomes: Vec<Outcome>,
}

/// What the entries say of one resource.
#[derive(Clone, Debug, Default)]
struct Outcome {
    /// The first entry that matches.
    entry: Option<u32>,
    /// An entry that matches, gives the same class, a function and an owner.
    complete: bool,
    /// The class of the account.
    account: Option<ScopeClass>,
    /// Why it cannot be told whether an entry matches that comes before all that do.
    doubt: Option<Box<Missing>>,
}

/// Two entries of different classes that match the same resources: how many, and one of them.
type Conflicts = BTreeMap<(usize, usize), (usize, ResourceId)>;

impl<'a> Declared<'a> {
    /// Matches every resource with every entry.
    pub fn new(estate: &Estate, declaration: &'a Declaration) -> (Self, Vec<Diagnostic>) {
        let entries = declaration.classes.as_deref().unwrap_or_default();
        let matcher = Matcher::new(estate, entries);
        let mut conflicts = Conflicts::new();
        let mut outcomes = Vec::with_capacity(estate.resources().len());
        for (id, _) in estate.iter() {
            let mut outcome = outcome(id, entries, &matcher, &mut conflicts);
            outcome.account = account_class(declaration, matcher.account(id));
            outcomes.push(outcome);
        }
        let diagnostics =
            conflicts.into_iter().filter_map(|(pair, found)| conflict(estate, entries, pair, found));
        let diagnostics = diagnostics.collect();
        (Self { entries, outcomes }.inherited(estate), diagnostics)
    }

    /// A pod that no entry matches is what its controller is.
    fn inherited(mut self, estate: &Estate) -> Self {
        for (id, resource) in estate.iter() {
            let controller = resource.instance_of.and_then(|owner| self.outcomes.get(owner.index())).cloned();
            if let (Some(outcome), Some(controller)) = (self.outcomes.get_mut(id.index()), controller)
                && outcome.entry.is_none()
                && outcome.doubt.is_none()
            {
                *outcome = controller;
            }
        }
        self
    }

    /// The declared class of a resource.
    pub fn class(&self, id: ResourceId) -> Option<ScopeClass> {
        self.entry(id).map(|entry| entry.class).or_else(|| self.outcomes.get(id.index())?.account)
    }

    /// The entry that gives it; `None` too where it cannot be told.
    pub fn entry(&self, id: ResourceId) -> Option<&'a ClassEntry> {
        let index = self.outcomes.get(id.index())?.entry?;
        self.entries.get(usize::try_from(index).ok()?)
    }

    /// Whether an entry gives class, function and owner.
    pub(crate) fn is_complete(&self, id: ResourceId) -> bool {
        self.outcomes.get(id.index()).is_some_and(|outcome| outcome.complete)
    }

    /// What would tell whether an entry matches.
    pub(crate) fn doubt(&self, id: ResourceId) -> Option<&Missing> {
        self.outcomes.get(id.index())?.doubt.as_deref()
    }
}

fn outcome(
    id: ResourceId,
    entries: &[ClassEntry],
    matcher: &Matcher<'_>,
    conflicts: &mut Conflicts,
) -> Outcome {
    let mut outcome = Outcome::default();
    let mut first: Option<(usize, &ClassEntry)> = None;
    let Some(subject) = matcher.subject(id) else { return outcome };
    for (index, entry) in entries.iter().enumerate() {
        match (matcher.matches(&subject, entry), first) {
            (Match::No, _) | (Match::Unknown(_), Some(_)) => continue,
            (Match::Unknown(missing), None) => {
                outcome.doubt = Some(Box::new(missing));
                return outcome;
            }
            (Match::Yes, None) => {
                first = Some((index, entry));
                outcome.entry = u32::try_from(index).ok();
            }
            (Match::Yes, Some((earlier, winner))) if winner.class != entry.class => {
                if precision(&entry.matches) >= precision(&winner.matches) {
                    conflicts.entry((earlier, index)).or_insert((0, id)).0 += 1;
                }
                continue;
            }
            (Match::Yes, Some(_)) => {}
        }
        outcome.complete |= entry.function.is_some() && entry.owner.is_some();
    }
    outcome
}

/// How closely an entry says what it covers. A general entry behind a precise one is a fallback, not a
/// contradiction.
fn precision(matches: &ClassMatch) -> u8 {
    if !matches.resources.is_empty() {
        3
    } else if !matches.labels.is_empty() || !matches.tags.is_empty() {
        2
    } else {
        u8::from(!matches.namespaces.is_empty() || !matches.namespace_labels.is_empty())
    }
}

fn conflict(
    estate: &Estate,
    entries: &[ClassEntry],
    (earlier, later): (usize, usize),
    (count, example): (usize, ResourceId),
) -> Option<Diagnostic> {
    let (winner, loser) = (entries.get(earlier)?, entries.get(later)?);
    let label = estate.resource(example)?.label();
    let more = if count > 1 { format!(" and {} more", count - 1) } else { String::new() };
    let classes = (winner.class.as_str(), loser.class.as_str());
    let message =
        format!("`{label}`{more} is declared `{}` and `{}`; the first entry counts", classes.0, classes.1);
    let diagnostic = Diagnostic::warning("class-conflict", message)
        .at(loser.location)
        .related(winner.location, "the entry that counts")
        .help("narrow one of the two entries under `classes:`");
    Some(diagnostic)
}

fn account_class(declaration: &Declaration, account: Option<&str>) -> Option<ScopeClass> {
    let accounts = declaration.accounts.as_deref().unwrap_or_default();
    accounts.iter().find(|one| Some(one.id.value.as_str()) == account)?.class
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use crate::fixture::Case;
    use crate::tests::{aws, deployment};

    fn resources() -> Json {
        let mut labelled = deployment("shop", "web");
        labelled["metadata"]["labels"] = json!({"scope": "object"});
        labelled["spec"]["template"]["metadata"]["labels"] = json!({"scope": "pod"});
        let mut blog = deployment("blog-1", "blog");
        blog["cluster"] = json!("pay");
        json!([
            labelled,
            deployment("cde", "vault"),
            blog,
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "cde", "labels": {"tier": "card"}}}),
            json!({"Type": "AWS::EKS::Cluster", "Id": "Cluster", "Account": "1", "Properties": {"Name": "pay"}}),
            aws(
                "EKS::Nodegroup",
                "Nodes",
                json!({"ClusterName": {"Ref": "Cluster"}, "Tags": {"team": "pay", "scope": "cde"}})
            ),
            aws("S3::Bucket", "Files", json!({"Tags": [{"Key": "scope", "Value": "cde"}]})),
            aws(
                "EC2::LaunchTemplate",
                "T",
                json!({"TagSpecifications": [{"ResourceType": "launch-template",
                "Tags": [{"Key": "scope", "Value": "cde"}]}]})
            )
        ])
    }

    /// The labels of the resources that the entry covers.
    #[track_caller]
    fn check(matches: &str, expected: &[&str]) {
        let case = Case::new(&resources(), &format!("class cde: {matches}\n"));
        let declared = case.facts.facts.iter().filter(|fact| fact.declared.is_some());
        let labels: Vec<String> =
            declared.filter_map(|fact| case.estate.resource(fact.resource)).map(|one| one.label()).collect();
        assert_eq!(labels, expected, "{matches}");
    }

    #[test]
    fn each_part_of_an_entry_restricts() {
        const VAULT: &str = "cde/vault[Deployment]";
        const WEB: &str = "shop/web[Deployment]";
        const BLOG: &str = "blog-1/blog[Deployment]";
        check("namespaces=cde", &[VAULT, "cde[Namespace]"]);
        check("namespaces=blog-*", &[BLOG, "blog-1[Namespace]"]);
        check("namespaces=cde kinds=Deployment", &[VAULT]);
        check("labels=scope=object", &[WEB]);
        check("labels=scope=pod", &[WEB]);
        check("labels=app=vault", &[VAULT]);
        check("namespace-labels=tier=card", &[VAULT, "cde[Namespace]"]);
        check(
            "tags=scope=cde",
            &["AWS::EKS::Nodegroup/Nodes", "AWS::S3::Bucket/Files", "AWS::EC2::LaunchTemplate/T"],
        );
        check("tags=scope=cde tags=team=pay", &["AWS::EKS::Nodegroup/Nodes"]);
        check("resources=*/web*", &[WEB]);
        check("resources=cde/vault", &[VAULT]);
        check("resources=AWS::S3::*", &["AWS::S3::Bucket/Files"]);
        check("kinds=AWS::EKS::*", &["AWS::EKS::Cluster/Cluster", "AWS::EKS::Nodegroup/Nodes"]);
        check("clusters=pay kinds=AWS::*", &["AWS::EKS::Cluster/Cluster", "AWS::EKS::Nodegroup/Nodes"]);
        check("clusters=pay namespaces=blog-1 kinds=Deployment", &[BLOG]);
        check("accounts=1 namespaces=blog-1 kinds=Deployment", &[BLOG]);
        check("accounts=2", &[]);
        check("namespaces=none", &[]);
    }

    #[test]
    fn the_first_entry_counts_and_a_contradiction_is_said() {
        let messages = |lines: &str| {
            let case = Case::new(&json!([deployment("cde", "vault"), deployment("cde", "web")]), lines);
            let fact = case.facts.of(case.estate.find("cde/vault")[0]).unwrap().declared.unwrap().as_str();
            let messages: Vec<&str> = case.diagnostics.iter().map(|one| one.message.as_str()).collect();
            format!("{fact}: {}", messages.join("; "))
        };
        assert_eq!(messages("class cde: labels=app=vault\nclass connected-to: namespaces=cde\n"), "cde: ");
        assert_eq!(
            messages("class connected-to: namespaces=cde\nclass cde: resources=cde/*\n"),
            "connected-to: `cde/vault[Deployment]` and 1 more is declared `connected-to` and `cde`; the first entry counts"
        );
    }

    #[test]
    fn an_account_gives_its_class_to_what_no_entry_covers() {
        let lines = "class cde: kinds=AWS::EKS::Cluster\n";
        let mut case = Case::new(&resources(), lines);
        case.declaration.accounts = Some(vec![ringfence_model::declaration::Account {
            id: ringfence_model::declaration::Located::new("1".into(), None),
            name: None,
            class: Some(ringfence_model::fact::ScopeClass::SecurityImpacting),
        }]);
        let (facts, _) = crate::scope(&case.estate, &case.declaration, &case.reach);
        let declared =
            |label: &str| facts.of(case.estate.find(label)[0]).unwrap().declared.map(|class| class.as_str());
        assert_eq!(declared("AWS::EKS::Cluster/Cluster"), Some("cde"));
        assert_eq!(declared("blog-1/blog"), Some("security-impacting"));
        assert_eq!(declared("AWS::S3::Bucket/Files"), None);
    }
}

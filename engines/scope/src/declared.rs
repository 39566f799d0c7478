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
    /// For each entry whether it matches anything, or may.
    matched: Vec<bool>,
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
    doubt: Option<Box<Doubt>>,
}

/// An entry of which it is not known whether it matches.
#[derive(Clone, Debug)]
struct Doubt {
    missing: Missing,
    /// The classes that the resource may be of.
    classes: Vec<ScopeClass>,
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
        let mut matched = vec![false; entries.len()];
        for (id, _) in estate.iter() {
            let mut outcome = outcome(id, entries, &matcher, &mut conflicts, &mut matched);
            outcome.account = account_class(declaration, matcher.account(id));
            outcomes.push(outcome);
        }
        let diagnostics =
            conflicts.into_iter().filter_map(|(pair, found)| conflict(estate, entries, pair, found));
        let diagnostics = diagnostics.collect();
        (Self { entries, outcomes, matched }.inherited(estate), diagnostics)
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

    /// The declared class of a resource; `None` too where it cannot be told.
    pub fn class(&self, id: ResourceId) -> Option<ScopeClass> {
        let outcome = self.outcomes.get(id.index()).filter(|outcome| outcome.doubt.is_none())?;
        self.entry(id).map(|entry| entry.class).or(outcome.account)
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
        Some(&self.outcomes.get(id.index())?.doubt.as_ref()?.missing)
    }

    /// What would tell whether the resource is of `class`, where that is not known.
    pub(crate) fn may_be(&self, id: ResourceId, class: ScopeClass) -> Option<&Missing> {
        let outcome = self.outcomes.get(id.index())?;
        let doubt = outcome.doubt.as_ref()?;
        let may_be = doubt.classes.contains(&class) || outcome.account == Some(class);
        may_be.then_some(&doubt.missing)
    }

    /// The entries of `class` that match nothing.
    pub(crate) fn unmatched(&self, class: ScopeClass) -> impl Iterator<Item = &'a ClassEntry> {
        let unmatched = self.entries.iter().zip(&self.matched).filter(|(_, matched)| !**matched);
        unmatched.map(|(entry, _)| entry).filter(move |entry| entry.class == class)
    }
}

fn outcome(
    id: ResourceId,
    entries: &[ClassEntry],
    matcher: &Matcher<'_>,
    conflicts: &mut Conflicts,
    matched: &mut [bool],
) -> Outcome {
    let mut outcome = Outcome::default();
    let mut first: Option<(usize, &ClassEntry)> = None;
    let Some(subject) = matcher.subject(id) else { return outcome };
    for ((index, entry), matched) in entries.iter().enumerate().zip(matched) {
        let answer = matcher.matches(&subject, entry);
        *matched |= answer != Match::No;
        match (answer, first) {
            (Match::No, _) | (Match::Unknown(_), Some(_)) => {}
            (Match::Unknown(missing), None) => {
                let doubt = || Box::new(Doubt { missing, classes: Vec::new() });
                outcome.doubt.get_or_insert_with(doubt).classes.push(entry.class);
            }
            (Match::Yes, None) => {
                first = Some((index, entry));
                match &mut outcome.doubt {
                    Some(doubt) => doubt.classes.push(entry.class),
                    None => outcome.entry = u32::try_from(index).ok(),
                }
                outcome.complete = is_complete(entry);
            }
            (Match::Yes, Some((earlier, winner))) if winner.class != entry.class => {
                let contradicts = precision(&entry.matches) >= precision(&winner.matches);
                if contradicts && outcome.doubt.is_none() {
                    conflicts.entry((earlier, index)).or_insert((0, id)).0 += 1;
                }
            }
            (Match::Yes, Some(_)) => outcome.complete |= is_complete(entry),
        }
    }
    outcome.complete &= outcome.doubt.is_none();
    outcome
}

fn is_complete(entry: &ClassEntry) -> bool {
    entry.function.is_some() && entry.owner.is_some()
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

    /// The class of `shop/web`, and what is in doubt, of a workload whose labels are changed by `edit`.
    #[track_caller]
    fn check_web(edit: impl Fn(&mut Json), matches: &str, expected: &str) {
        let mut web = deployment("shop", "web");
        edit(&mut web);
        let namespace = |name: &str, labels: Json| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}});
        let known = namespace("known", json!({"tier": {"Unknown": "Tier"}, "team": "shop"}));
        let case = Case::new(&json!([web, known]), &format!("class out-of-scope: {matches}\n"));
        let (declared, _) = crate::Declared::new(&case.estate, &case.declaration);
        let id = case.estate.workloads()[0].resource;
        let class = declared.class(id).map_or("none", |class| class.as_str());
        let doubt = declared.doubt(id).map(|missing| format!(": {}", missing.why)).unwrap_or_default();
        assert_eq!(format!("{class}{doubt}"), expected, "{matches}");
    }

    #[test]
    fn what_labels_must_not_say_no_pod_may_say() {
        let pod = |key: &'static str, value: Json| {
            move |web: &mut Json| web["spec"]["template"]["metadata"]["labels"][key] = value.clone()
        };
        let object = |key: &'static str, value: Json| {
            move |web: &mut Json| web["metadata"]["labels"][key] = value.clone()
        };
        check_web(|_| {}, "not-labels=tier=card", "out-of-scope");
        check_web(|_| {}, "without-label=tier", "out-of-scope");
        check_web(pod("tier", json!("card")), "not-labels=tier=card", "none");
        check_web(pod("tier", json!("card")), "without-label=tier", "none");
        check_web(object("tier", json!("card")), "not-labels=tier=card", "none");
        check_web(pod("tier", json!("web")), "not-labels=tier=card", "out-of-scope");
        let unknown = || json!({"Unknown": "Tier"});
        const WHY: &str = "none: parameter `Tier` has no value";
        for matches in ["not-labels=tier=card", "without-label=tier", "labels=tier=card"] {
            check_web(pod("tier", unknown()), matches, WHY);
            check_web(object("tier", unknown()), matches, WHY);
            check_web(|web| web["metadata"]["labels"] = unknown(), matches, WHY);
            check_web(|web| web["spec"]["template"] = unknown(), matches, WHY);
        }
        check_web(
            pod("tier", json!(1)),
            "not-labels=tier=1",
            "none: the value of label `tier` is not a text",
        );
        check_web(pod("tier", unknown()), "not-labels=app=web", "none");
    }

    #[test]
    fn pods_that_run_count_with_what_their_template_says() {
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web-0", "namespace": "shop",
            "labels": {"tier": "card"}, "ownerReferences": [{"kind": "StatefulSet", "name": "web"}]}});
        let web = crate::tests::workload("StatefulSet", "shop", "web", &json!({"containers": []}));
        let case = Case::new(&json!([web, pod]), "class out-of-scope: not-labels=tier=card\n");
        assert_eq!(case.facts.facts[0].declared, None);
    }

    #[test]
    fn labels_of_namespaces_that_are_not_known_are_neither_there_nor_not() {
        const DERIVED: &str = "none: the labels of namespace `shop` are not in the input";
        check_web(|_| {}, "namespace-labels=tier=web", DERIVED);
        check_web(|_| {}, "not-namespace-labels=tier=card", DERIVED);
        check_web(|_| {}, "namespace-labels=kubernetes.io/metadata.name=shop", "out-of-scope");
        let known = |web: &mut Json| web["metadata"]["namespace"] = json!("known");
        check_web(known, "namespace-labels=tier=web", "none: parameter `Tier` has no value");
        check_web(known, "not-namespace-labels=tier=web", "none: parameter `Tier` has no value");
        check_web(known, "namespace-labels=team=shop", "out-of-scope");
        check_web(known, "namespace-labels=team=pay", "none");
    }

    #[test]
    fn an_account_or_cluster_that_is_not_known_is_neither_listed_nor_not() {
        const CLUSTER: &str = "none: the cluster that it belongs to is not known";
        check_web(|_| {}, "clusters=pay", CLUSTER);
        check_web(|_| {}, "accounts=1", CLUSTER);
        check_web(|_| {}, "accounts=*", "out-of-scope");
        check_web(|web| web["cluster"] = json!("pay"), "clusters=pay", "out-of-scope");
        check_web(|web| web["cluster"] = json!("pay"), "clusters=other", "none");
        check_web(|web| web["cluster"] = json!("pay"), "accounts=1", "none: its account is not known");
    }

    #[test]
    fn parts_of_clusters_are_found_by_name_and_unknown_names_are_said() {
        let nodes = |name: Json| aws("EKS::Nodegroup", "Nodes", json!({"ClusterName": name}));
        let check = |resource: Json, matches: &str, expected: &str| {
            let case = Case::new(&json!([resource]), &format!("class cde: {matches}\n"));
            let (declared, _) = crate::Declared::new(&case.estate, &case.declaration);
            let id = case.estate.iter().next().unwrap().0;
            let class = declared.class(id).map_or("none", |class| class.as_str());
            let doubt = if declared.doubt(id).is_some() { "in doubt" } else { "" };
            assert_eq!(format!("{class} {doubt}").trim(), expected, "{resource} {matches}");
        };
        let unknown = || json!({"Unknown": "Name"});
        check(nodes(json!("pay")), "clusters=pay", "cde");
        check(nodes(json!("pay")), "clusters=other", "none");
        check(nodes(unknown()), "clusters=pay", "none in doubt");
        check(aws("EKS::Cluster", "C", json!({"Name": unknown()})), "clusters=pay", "none in doubt");
        check(aws("EKS::Cluster", "C", json!({})), "clusters=C", "cde");
        check(aws("S3::Bucket", "B", json!({})), "clusters=*", "none");
        check(aws("S3::Bucket", "B", json!({})), "accounts=1", "none in doubt");
        check(aws("S3::Bucket", "B", json!({"Tags": [unknown()]})), "tags=a=b", "none in doubt");
        let key = json!({"Tags": [{"Key": unknown(), "Value": "b"}]});
        check(aws("S3::Bucket", "B", key), "tags=a=b", "none in doubt");
        check(aws("S3::Bucket", "B", json!({"Tags": [{"Key": "c", "Value": "b"}]})), "tags=a=b", "none");
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

    #[test]
    fn an_account_gives_no_class_to_what_an_entry_may_cover() {
        let bucket = json!({"Type": "AWS::S3::Bucket", "Id": "B", "Account": "1",
            "Properties": {"Tags": [{"Key": "scope", "Value": {"Unknown": "Scope"}}]}});
        let mut case = Case::new(&json!([bucket]), "class cde: tags=scope=cde\n");
        case.declaration.accounts = Some(vec![ringfence_model::declaration::Account {
            id: ringfence_model::declaration::Located::new("1".into(), None),
            name: None,
            class: Some(ringfence_model::fact::ScopeClass::OutOfScope),
        }]);
        let (facts, _) = crate::scope(&case.estate, &case.declaration, &case.reach);
        assert_eq!(facts.facts[0].declared, None);
    }
}

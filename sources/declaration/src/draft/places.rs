//! Accounts, and what namespaces are likely for.

use std::collections::BTreeMap;

use ringfence_model::Location;

use super::names::{self, Part};
use super::page::{Page, fits, scalar};
use super::{Guess, distinct, list};
use crate::form;

/// Namespaces of what the security of the CDE rests on, by words of their names.
const PLATFORM: &[&str] = &[
    "kube",
    "istio",
    "cert",
    "gatekeeper",
    "kyverno",
    "ingress",
    "argocd",
    "argo",
    "flux",
    "external",
    "secrets",
    "falco",
    "monitoring",
    "logging",
    "observability",
    "karpenter",
    "calico",
    "cilium",
    "tigera",
    "linkerd",
    "platform",
];

/// Writes `accounts:`.
pub(super) fn accounts(page: &mut Page<'_>) {
    let resources = page.estate.resources().iter();
    let guess = |resource: &ringfence_model::Resource| {
        let account = resource.place.account.as_deref().filter(|account| fits(&form::ACCOUNT_ID, account))?;
        Some(Guess {
            text: format!("{{id: \"{account}\"}}"),
            why: "what was read belongs to it".to_owned(),
            at: resource.location(),
        })
    };
    let guesses = distinct(resources.filter_map(guess));
    clusters(page);
    list(page, "accounts", &guesses, "the AWS accounts of the estate");
}

/// Names the clusters, where manifests must say which of several they belong to.
fn clusters(page: &mut Page<'_>) {
    let estate = page.estate;
    let clusters = estate.of_kind("AWS::EKS::Cluster").iter().filter_map(|id| estate.resource(*id));
    let names: Vec<String> = clusters
        .map(|one| format!("`{}`{}", one.body.text("Name").unwrap_or(&one.name), page.place(one.location())))
        .collect();
    if names.len() > 1 {
        page.comment(0, &format!("Several clusters: {}.", names.join(", ")));
        page.comments(0, SEVERAL);
        page.gap();
    }
}

const SEVERAL: &[&str] = &[
    "Not known: which manifests belong to which. Say it by folder:",
    "sources: [{path: FOLDER, cluster: NAME}]",
];

/// Writes `classes:`. Nothing is ever guessed to be out of scope.
pub(super) fn classes(page: &mut Page<'_>) {
    let estate = page.estate;
    let mut guesses: BTreeMap<&str, (&'static str, String, Option<Location>)> = BTreeMap::new();
    for workload in estate.workloads() {
        let at = estate.resource(workload.resource).and_then(|resource| resource.location());
        let namespace = workload.namespace.as_str();
        let guess = match (paying(namespace), paying(&workload.name)) {
            (Some(word), _) => ("cde", format!("its name speaks of {word}"), at),
            (None, Some(word)) => ("cde", format!("`{}` in it speaks of {word}", workload.label()), at),
            (None, None) => {
                match names::words(namespace).iter().find(|word| PLATFORM.contains(&word.as_str())) {
                    Some(word) => ("security-impacting", format!("its name speaks of {word}"), at),
                    None => continue,
                }
            }
        };
        if guesses.get(namespace).is_none_or(|there| there.0 != "cde") {
            guesses.insert(namespace, guess);
        }
    }
    let entry = |(namespace, (class, why, at)): (&str, (&str, String, Option<Location>))| {
        let text = format!("{{class: {class}, match: {{namespaces: [{}]}}}}", scalar(namespace));
        fits(&form::NAME, namespace).then_some(Guess { text, why, at })
    };
    let guesses: Vec<Guess> = guesses.into_iter().filter_map(entry).collect();
    page.comments(0, CLASSES);
    list(page, "classes", &guesses, "the classes of resources; no name speaks of payments");
}

const CLASSES: &[&str] = &[
    "Namespaces by their names and by what runs in them. Not known, and left out: `function` and `owner` of",
    "each entry, AWS resources, and whatever is out of scope: nobody can guess that.",
];

/// The word of a name that speaks of card data.
fn paying(name: &str) -> Option<&'static str> {
    names::part(name).filter(|(part, _)| *part != Part::Front).map(|(_, word)| word)
}

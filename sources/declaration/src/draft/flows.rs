//! Third parties, endpoints and likely flows, from names.

use std::collections::BTreeSet;

use ringfence_model::{Estate, Location, Resource, ResourceId, Workload};

use super::names::{self, Part, Slugs};
use super::page::{Page, fits, scalar};
use super::{Entrance, Host};
use crate::form;

/// Stores of AWS that may hold card data.
const STORES: &[&str] = &[
    "AWS::RDS::DBInstance",
    "AWS::RDS::DBCluster",
    "AWS::DynamoDB::Table",
    "AWS::DynamoDB::GlobalTable",
    "AWS::S3::Bucket",
    "AWS::EFS::FileSystem",
    "AWS::ElastiCache::ReplicationGroup",
    "AWS::ElastiCache::CacheCluster",
    "AWS::Redshift::Cluster",
    "AWS::OpenSearchService::Domain",
    "AWS::DocDB::DBCluster",
    "AWS::SQS::Queue",
    "AWS::Kinesis::Stream",
];
/// Workloads, and stores, that are written; a comment counts the rest.
const MOST: usize = 40;

/// An endpoint of the draft.
#[derive(Clone)]
struct End {
    slug: String,
    /// Its target as YAML.
    target: String,
    why: String,
    at: Option<Location>,
    part: Option<Part>,
}

/// Everything that hops may join.
#[derive(Default)]
struct Ends {
    browser: Option<End>,
    workloads: Vec<End>,
    stores: Vec<End>,
    parties: Vec<End>,
    /// How many were left out.
    more: usize,
}

/// Writes `third-parties:`, `endpoints:` and `flows:`.
pub(super) fn write(page: &mut Page<'_>, entrances: &[Entrance], hosts: &[Host]) {
    let ends = gather(page.estate, entrances, hosts);
    third_parties(page, hosts);
    endpoints(page, &ends);
    let payment = payment(&ends);
    let settlement = settlement(&ends);
    if payment.is_empty() && settlement.is_empty() {
        page.comments(0, NO_FLOW);
        page.gap();
        return;
    }
    page.comments(0, FLOWS);
    page.line(0, "flows:");
    flow(page, "card-payment", "authorisation", &payment);
    flow(page, "settlement", "settlement", &settlement);
    page.gap();
}

const NO_FLOW: &[&str] = &[
    "Not known: where card data flows; no name speaks of payments. Until `flows` is written everything is",
    "presumed in scope; that is also what an empty list means until someone confirms that there is none.",
];

const FLOWS: &[&str] = &[
    "Likely flows, from names alone. Not known: ports, protection, retention and disposal, and whether a",
    "card number truly passes each hop. With an iframe or redirect it goes from the browser to the provider;",
    "see examples/flows for each pattern.",
];

fn gather(estate: &Estate, entrances: &[Entrance], hosts: &[Host]) -> Ends {
    let mut slugs = Slugs::default();
    let mut ends = Ends::default();
    if let Some(first) = entrances.iter().find(|entrance| !entrance.workloads.is_empty()) {
        let why = "something is open to the internet".to_owned();
        let at = first.workloads.first().and_then(|id| estate.resource(*id)).and_then(Resource::location);
        ends.browser = Some(End {
            slug: slugs.take("browser"),
            target: "customer-browser: {}".to_owned(),
            why,
            at,
            part: None,
        });
    }
    workloads(estate, entrances, &mut slugs, &mut ends);
    stores(estate, &mut slugs, &mut ends);
    for host in hosts.iter().filter(|host| host.pays) {
        ends.parties.push(End {
            slug: slugs.take(&host.name),
            target: format!("third-party: {}", scalar(&host.name)),
            why: format!("`{}` names it", host.key),
            at: host.at,
            part: None,
        });
    }
    ends
}

/// Workloads that the internet reaches or whose names speak of payments; those nearest to card data first.
fn workloads(estate: &Estate, entrances: &[Entrance], slugs: &mut Slugs, ends: &mut Ends) {
    let entered: BTreeSet<ResourceId> =
        entrances.iter().flat_map(|entrance| entrance.workloads.iter().copied()).collect();
    let candidate = |workload: &'_ Workload| {
        let named = names::part(&workload.name);
        let told = named.is_some() || entered.contains(&workload.resource);
        (told && fits(&form::WORKLOAD, &workload.label())).then_some(named)
    };
    let mut found: Vec<_> =
        estate.workloads().iter().filter_map(|workload| Some((candidate(workload)?, workload))).collect();
    found.sort_by_key(|(named, _)| named.map_or(Part::Front, |(part, _)| part));
    ends.more += found.len().saturating_sub(MOST);
    for (named, workload) in found.into_iter().take(MOST) {
        let why = named.map_or_else(
            || "the internet comes in here".to_owned(),
            |(_, word)| format!("its name speaks of {word}"),
        );
        ends.workloads.push(End {
            slug: slugs.take(&workload.name),
            target: format!("workload: {}", scalar(&workload.label())),
            why,
            at: estate.resource(workload.resource).and_then(Resource::location),
            part: Some(named.map_or(Part::Front, |(part, _)| part)),
        });
    }
}

/// Stores, those whose names speak of card data first.
fn stores(estate: &Estate, slugs: &mut Slugs, ends: &mut Ends) {
    let stores = estate.resources().iter().filter(|resource| is_store(resource));
    let mut found: Vec<_> = stores.map(|resource| (names::part(&resource.name), resource)).collect();
    found.sort_by_key(|(named, _)| named.map_or(Part::Front, |(part, _)| part));
    ends.more += found.len().saturating_sub(MOST);
    for (named, resource) in found.into_iter().take(MOST) {
        ends.stores.push(End {
            slug: slugs.take(&resource.name),
            target: format!("resource: {}", scalar(&resource.label())),
            why: named.map_or_else(
                || "a store; does it hold card data?".to_owned(),
                |(_, word)| format!("a store whose name speaks of {word}"),
            ),
            at: resource.location(),
            part: named.map(|(part, _)| part),
        });
    }
}

/// An instance of a database cluster is no store of its own.
fn is_store(resource: &Resource) -> bool {
    let in_cluster = resource.body.field("DBClusterIdentifier").node().is_some();
    STORES.contains(&resource.kind.as_str())
        && !(resource.kind.as_str() == "AWS::RDS::DBInstance" && in_cluster)
        && fits(&form::RESOURCE, &resource.label())
}

fn third_parties(page: &mut Page<'_>, hosts: &[Host]) {
    let (pays, others): (Vec<&Host>, Vec<&Host>) = hosts.iter().partition(|host| host.pays);
    if pays.is_empty() {
        page.comment(0, "Not known: who outside handles card data (PCI DSS 12.8). Write `third-parties: []` if nobody does.");
    } else {
        page.comment(
            0,
            "By their hosts. Not known, and left out: `service`, `attestation` and `responsibility` of each.",
        );
        page.line(0, "third-parties:");
        for host in pays {
            page.guess(
                1,
                &format!("- name: {}", scalar(&host.name)),
                &format!("`{}` names it", host.key),
                host.at,
            );
        }
    }
    for host in others.iter().take(MOST) {
        let place = page.place(host.at);
        page.comment(0, &format!("Also called: `{}`{place}.", host.name));
    }
    page.gap();
}

fn endpoints(page: &mut Page<'_>, ends: &Ends) {
    let groups = [&ends.workloads, &ends.stores, &ends.parties];
    if ends.browser.is_none() && groups.iter().all(|group| group.is_empty()) {
        return;
    }
    page.line(0, "endpoints:");
    let entry = |page: &mut Page<'_>, end: &End| {
        page.guess(1, &format!("{}: {{{}}}", end.slug, end.target), &end.why, end.at)
    };
    ends.browser.iter().for_each(|end| entry(page, end));
    for group in groups {
        group.iter().for_each(|end| entry(page, end));
    }
    if ends.more > 0 {
        page.comment(1, &format!("{} more workloads and stores are left out.", ends.more));
    }
    page.gap();
}

/// One hop of the draft.
struct Draft<'a> {
    id: &'static str,
    from: &'a End,
    to: &'a End,
    after: &'static str,
    says: &'static str,
}

impl Ends {
    /// The first workload of a part that is written.
    fn workload(&self, part: Part) -> Option<&End> {
        self.workloads.iter().find(|end| end.part == Some(part))
    }

    /// The store whose name speaks of card data.
    fn store(&self) -> Option<&End> {
        let named = self.stores.iter().filter(|end| end.part.is_some_and(|part| part != Part::Front));
        named.min_by_key(|end| end.part)
    }

    fn party(&self) -> Option<&End> {
        self.parties.first()
    }
}

const CARD: &str = "role: [receive, process], data: {request: [pan, expiry, {sad: before-authorisation}]}";

/// Browser → front → payment → vault → store, and payment → third party, as far as there are such.
fn payment(ends: &Ends) -> Vec<Draft<'_>> {
    let (payment, vault) = (ends.workload(Part::Payment), ends.workload(Part::Vault));
    let (Some(core), Some(browser)) = (payment.or(vault), &ends.browser) else { return Vec::new() };
    let mut hops = Vec::new();
    let mut hop = |id, from, to, after, says| hops.push(Draft { id, from, to, after, says });
    match ends.workload(Part::Front) {
        Some(front) => {
            hop("enter", browser, front, "", CARD);
            hop("pass", front, core, "enter", CARD);
        }
        None => hop("pass", browser, core, "", CARD),
    }
    if let (Some(payment), Some(vault)) = (payment, vault) {
        let says = "role: process, transforms: [tokenise], data: {request: [pan, expiry], response: [token]}";
        hop("tokenise", payment, vault, "pass", says);
    }
    if let Some(store) = ends.store() {
        let after = if payment.is_some() && vault.is_some() { "tokenise" } else { "pass" };
        hop("keep", vault.unwrap_or(core), store, after, "role: store, data: {request: [pan, expiry]}");
    }
    if let Some(party) = ends.party() {
        let says = "role: transmit, data: {request: [pan, expiry, {sad: before-authorisation}]}";
        hop("authorise", core, party, "pass", says);
    }
    hops
}

/// Settlement job → vault for card numbers, then → third party.
fn settlement(ends: &Ends) -> Vec<Draft<'_>> {
    let Some(job) = ends.workload(Part::Settlement) else { return Vec::new() };
    let mut hops = Vec::new();
    if let Some(vault) = ends.workload(Part::Vault) {
        let says = "role: process, transforms: [detokenise], data: {request: [token], response: [pan]}";
        hops.push(Draft { id: "detokenise", from: job, to: vault, after: "", says });
    }
    if let Some(party) = ends.party() {
        let after = if hops.is_empty() { "" } else { "detokenise" };
        let says = "asynchronous: true, role: transmit, data: {request: [pan]}";
        hops.push(Draft { id: "send", from: job, to: party, after, says });
    }
    hops
}

fn flow(page: &mut Page<'_>, id: &str, stage: &str, hops: &[Draft<'_>]) {
    let Some(first) = hops.first() else { return };
    page.line(1, &format!("- id: {id}"));
    let why = if first.from.part.is_none() { first.from.why.as_str() } else { "no other channel was seen" };
    page.guess(2, "channel: e-commerce", why, first.from.at);
    page.line(2, &format!("stage: {stage}"));
    page.line(2, "hops:");
    for hop in hops {
        let after = if hop.after.is_empty() { String::new() } else { format!("after: [{}], ", hop.after) };
        let text = format!(
            "- {{id: {}, from: {}, to: {}, {after}{}}}",
            hop.id, hop.from.slug, hop.to.slug, hop.says
        );
        page.guess(3, &text, &hop.to.why, hop.to.at);
    }
}

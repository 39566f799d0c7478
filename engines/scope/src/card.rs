//! Which endpoints store, process, transmit or receive card data, by what their hops carry.
//!
//! Clear card numbers and sensitive authentication data always count, TLS or not: passing TLS through
//! is transmission. Encrypted ones count where the key, or someone who decrypts them, is in the same
//! environment. Truncated ones count where a hash or another truncation of the same number is there
//! too (PCI DSS 3.5.1). Tokens are judged in `token`.

use std::collections::{BTreeMap, BTreeSet};

use ringfence_model::declaration::{DataElement, Hop, Transform};
use ringfence_model::fact::{ScopeClass, Tests};
use ringfence_model::{Location, Reason};

use crate::failed;
use crate::flow::Flows;
use crate::marks::Marks;

/// How far truncated numbers are followed: a hostile declaration ends.
const LONGEST_PATH: usize = 1_000;

/// Why an endpoint counts.
#[derive(Clone, Debug)]
pub(crate) struct Held<'a> {
    pub(crate) endpoint: &'a str,
    why: String,
    location: Option<Location>,
}

impl Held<'_> {
    pub(crate) fn reason(&self) -> Reason {
        Reason::new(self.why.clone(), self.location)
    }
}

/// Data on its way over one hop, in one direction.
#[derive(Clone, Copy)]
pub(crate) struct Passage<'a> {
    pub(crate) flow: &'a str,
    pub(crate) hop: &'a Hop,
    pub(crate) elements: &'a [DataElement],
    pub(crate) giver: &'a str,
    pub(crate) taker: &'a str,
}

pub(crate) fn passages<'a>(flows: &Flows<'a>) -> impl Iterator<Item = Passage<'a>> + use<'a> {
    flows.hops().flat_map(|(flow, hop)| {
        let flow = flow.id.value.as_str();
        let (from, to) = (hop.from.value.as_str(), hop.to.value.as_str());
        [
            Passage { flow, hop, elements: &hop.request, giver: from, taker: to },
            Passage { flow, hop, elements: &hop.response, giver: to, taker: from },
        ]
    })
}

/// Marks what every endpoint that counts resolves to.
pub(crate) fn mark(marks: &mut Marks<'_>, flows: &Flows<'_>) {
    for held in held(flows) {
        let reason = marks.reason(held.reason());
        for id in flows.resources(held.endpoint) {
            marks.mark(*id, ScopeClass::Cde, failed(true, true, false, true), reason);
        }
    }
}

/// Marks who holds the key of encrypted card data: whoever has the key has the data (PCI DSS 3.6).
pub(crate) fn mark_keys(marks: &mut Marks<'_>, flows: &Flows<'_>) {
    for Passage { flow, hop, elements, .. } in passages(flows) {
        for holder in elements.iter().filter_map(encrypted).flatten().filter(|holder| flows.is_inside(holder))
        {
            let text = format!("holds the key of what hop `{}` of flow `{flow}` carries encrypted", *hop.id);
            let reason = marks.reason(Reason::new(text, hop.location));
            for id in flows.resources(holder) {
                marks.mark(*id, ScopeClass::SecurityImpacting, failed(false, false, false, true), reason);
            }
        }
    }
}

/// Says of what holds protected forms of card numbers only why that does not make it part of the CDE.
pub(crate) fn mark_protected(marks: &mut Marks<'_>, flows: &Flows<'_>) {
    for passage in passages(flows) {
        for text in passage.elements.iter().filter_map(protected) {
            let reason = marks.reason(Reason::new(text, passage.hop.location));
            for id in [passage.giver, passage.taker].into_iter().flat_map(|name| flows.resources(name)) {
                if marks.class(*id) != ScopeClass::Cde {
                    marks.mark(*id, ScopeClass::Unknown, Tests::default(), reason);
                }
            }
        }
    }
}

fn protected(element: &DataElement) -> Option<String> {
    match element {
        DataElement::Truncated => Some("holds truncated card numbers, and no other form of them".to_owned()),
        DataElement::Hash => Some("holds hashed card numbers, and no other form of them".to_owned()),
        element => {
            let holder = encrypted(element)??;
            Some(format!("holds encrypted card data whose key is with `{holder}`; nobody here decrypts it"))
        }
    }
}

/// Every endpoint that counts, with why; an endpoint on several hops comes several times.
pub(crate) fn held<'a>(flows: &Flows<'a>) -> Vec<Held<'a>> {
    let mut held = Vec::new();
    for passage in passages(flows) {
        if let Some(what) = account_data(passage.elements).or_else(|| near_key(flows, passage.elements)) {
            let Passage { flow, hop, giver, taker, .. } = passage;
            let id = &*hop.id;
            let mut hold = |endpoint, why| held.push(Held { endpoint, why, location: hop.location });
            hold(taker, format!("hop `{id}` of flow `{flow}` takes {what} to it"));
            hold(giver, format!("hop `{id}` of flow `{flow}` takes {what} from it"));
        }
    }
    held.extend(backups(flows, &held));
    held.extend(truncated(flows));
    held
}

/// What of these elements is account data in clear.
fn account_data(elements: &[DataElement]) -> Option<String> {
    let pan = elements.contains(&DataElement::Pan);
    let sad = elements.iter().any(|element| matches!(element, DataElement::Sad { .. }));
    match (pan, sad) {
        (true, true) => Some("card numbers and sensitive authentication data".to_owned()),
        (true, false) => Some("card numbers".to_owned()),
        (false, true) => Some("sensitive authentication data".to_owned()),
        (false, false) => None,
    }
}

/// Encrypted card data that could be decrypted in this environment.
fn near_key(flows: &Flows<'_>, elements: &[DataElement]) -> Option<String> {
    elements.iter().filter_map(encrypted).find_map(|holder| match holder {
        None => Some("encrypted card data whose key holder is not named".to_owned()),
        Some(holder) if flows.end(holder).is_some() && flows.is_inside(holder) => {
            Some(format!("encrypted card data whose key `{holder}` holds in the same environment"))
        }
        Some(holder) => {
            let decrypts = |hop: &Hop| {
                hop.transforms.contains(&Transform::Decrypt)
                    && flows.is_inside(&hop.to)
                    && hop.request.iter().filter_map(encrypted).any(|other| other == Some(holder))
            };
            let (_, hop) = flows.hops().find(|(_, hop)| decrypts(hop))?;
            Some(format!("encrypted card data that `{}` decrypts in the same environment", *hop.to))
        }
    })
}

/// Who holds the key of an element that is encrypted account data; `None` for any other element.
pub(crate) fn encrypted(element: &DataElement) -> Option<Option<&str>> {
    let DataElement::Encrypted { key_holder, holds } = element else { return None };
    let inside = |element: &DataElement| element.is_account_data() || encrypted(element).is_some();
    (holds.is_empty() || holds.iter().any(inside)).then_some(key_holder.as_deref())
}

/// Copies of a store hold what the store holds.
fn backups<'a>(flows: &Flows<'a>, held: &[Held<'a>]) -> Vec<Held<'a>> {
    let holding: BTreeSet<&str> = held.iter().map(|held| held.endpoint).collect();
    let own = |name: &'a str| flows.declaration.endpoint(name)?.storage.as_ref();
    let mut copies = Vec::new();
    let hops = flows.hops().map(|(_, hop)| (hop.to.value.as_str(), hop.storage.as_ref()));
    let ends = holding.iter().map(|name| (*name, own(name)));
    for (store, storage) in hops.chain(ends).filter(|(store, _)| holding.contains(store)) {
        for backup in storage.and_then(|storage| storage.backups.as_ref()).into_iter().flatten() {
            let why = format!("holds backups of `{store}`");
            copies.push(Held { endpoint: backup.value.as_str(), why, location: backup.location });
        }
    }
    copies
}

/// Endpoints where a truncated number meets a hash or another truncation of the same number.
fn truncated<'a>(flows: &Flows<'a>) -> Vec<Held<'a>> {
    let truncations = truncations(flows);
    let mut held = Vec::new();
    for (endpoint, (origins, location)) in truncations {
        let hash = passages(flows).find(|passage| {
            (passage.taker == endpoint || passage.giver == endpoint)
                && passage.elements.contains(&DataElement::Hash)
        });
        let why = match (hash, origins.len()) {
            (Some(passage), _) => format!(
                "holds truncated card numbers, and their hash by hop `{}` of flow `{}` (3.5.1)",
                *passage.hop.id, passage.flow
            ),
            (None, 2..) => {
                let makers: Vec<String> = origins.iter().map(|name| format!("`{name}`")).collect();
                format!("holds card numbers truncated in several ways, by {} (3.5.1)", makers.join(" and "))
            }
            _ => continue,
        };
        held.push(Held { endpoint, why, location });
    }
    held
}

type Truncations<'a> = BTreeMap<&'a str, (BTreeSet<&'a str>, Option<Location>)>;

/// For each endpoint that receives truncated numbers, who truncated them: an endpoint that passes on
/// what it received is not another truncation.
fn truncations<'a>(flows: &Flows<'a>) -> Truncations<'a> {
    let truncating = flows.hops().filter(|(_, hop)| hop.transforms.contains(&Transform::Truncate));
    let truncating: BTreeSet<&str> = truncating.map(|(_, hop)| hop.to.value.as_str()).collect();
    let passages: Vec<Passage<'a>> =
        passages(flows).filter(|passage| passage.elements.contains(&DataElement::Truncated)).collect();
    let mut received = Truncations::new();
    // Every round takes numbers one hop further; a path is no longer than there are passages.
    for _ in 0..=passages.len().min(LONGEST_PATH) {
        let before: usize = received.values().map(|(origins, _)| origins.len()).sum();
        for passage in &passages {
            let mut origins =
                received.get(passage.giver).map(|(origins, _)| origins.clone()).unwrap_or_default();
            origins.remove(passage.taker);
            if origins.is_empty() || truncating.contains(passage.giver) {
                origins.insert(passage.giver);
            }
            let taken = received.entry(passage.taker).or_insert((BTreeSet::new(), passage.hop.location));
            taken.0.extend(origins);
        }
        if received.values().map(|(origins, _)| origins.len()).sum::<usize>() == before {
            break;
        }
    }
    received
}

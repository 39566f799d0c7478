//! Expected outputs, read as the connections that they list.
//!
//! Firewall rules are shortened by labels (`src_pods: [app in (a,b)]`): each is read as the pods it stands for.

use std::collections::BTreeMap;
use std::path::Path;

use libtest_mimic::Failed;
use ringfence_model::EstateBuilder;
use ringfence_model::fact::{AddressRange, PortRange, Ports, Protocol};
use serde_json::Value as Json;

use crate::map::{End, Flow, Map, labels};
use crate::scheme::{Config, items, policy_name};
use crate::yaml;

/// The connections that a text lists, by the heading that they stand under (empty before the first).
pub(crate) fn sections(text: &str, config: &Config) -> Result<BTreeMap<String, Map>, Failed> {
    let (mut sections, mut heading) = (BTreeMap::<String, Map>::new(), String::new());
    for line in text.lines() {
        if let Some((title, _)) = line.split_once(" (based on topology from config: ") {
            title.clone_into(&mut heading);
        } else if let Some(flows) = firewall_rule(line, config)? {
            sections.entry(heading.clone()).or_default().flows.extend(flows);
        }
    }
    Ok(sections)
}

/// The lines `from => to : connection`.
pub(crate) fn arrows(text: &str) -> Result<Map, Failed> {
    let mut map = Map::default();
    for line in text.lines() {
        let Some((from, rest)) = line.split_once(" => ") else { continue };
        let (to, ports) = rest.split_once(" : ").ok_or_else(|| format!("no connection in {line}"))?;
        let ports = connection(ports)?;
        map.flows.push(Flow { from: End::parse(from), to: End::parse(to), ports, captured: false });
    }
    Ok(map)
}

/// The explanation of `forbids` and `permits`: lists of pods, in JSON, YAML or text.
pub(crate) fn explanation(path: &Path, text: &str) -> Result<Map, Failed> {
    let mut map = Map::default();
    if path.extension().is_some_and(|end| end == "txt") {
        for line in text.lines().filter(|line| line.starts_with("src: [")) {
            let json = line.replace("src:", "\"src\":").replace("dst:", "\"dst\":").replace('\'', "\"");
            let (lists, ports) = json.split_once(", conn: ").ok_or("no connection")?;
            let lists: Json = serde_json::from_str(&format!("{{{lists}}}"))?;
            map.flows.extend(between_lists(&lists, &connection(ports)?));
        }
        return Ok(map);
    }
    for answer in structured(text)? {
        for connections in items(&answer["explanation"]).flat_map(|part| items(&part["connections"])) {
            let ports = connection(connections["conn"].as_str().unwrap_or_default())?;
            map.flows.extend(between_lists(connections, &ports));
        }
    }
    Ok(map)
}

/// The explanation of `redundancy`: `namespace/policy ingress[0]`, sorted.
pub(crate) fn redundant(path: &Path, text: &str) -> Result<Vec<String>, Failed> {
    let mut found = Vec::new();
    if path.extension().is_some_and(|end| end == "txt") {
        for line in text.lines().filter_map(|line| line.strip_prefix("NetworkPolicy ")) {
            let (policy, indices) = line.split_once(", ingress rules indexes: ").ok_or("no indices")?;
            found.extend(indices.split(", ").filter_map(|index| rule(policy, index)));
        }
    } else {
        for pair in structured(text)?.iter().flat_map(|answer| items(&answer["explanation"])) {
            for pair in items(&pair["pairs"]) {
                let policy = pair["policy"].as_str().unwrap_or_default();
                let indices = items(&pair["ingress_rules_indexes"]).filter_map(Json::as_str);
                found.extend(indices.filter_map(|index| rule(policy, index)));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Their indices begin at 1.
fn rule(policy: &str, index: &str) -> Option<String> {
    let index: usize = index.trim().parse().ok()?;
    Some(format!("{policy} ingress[{}]", index - 1))
}

fn structured(text: &str) -> Result<Vec<Json>, Failed> {
    let file = EstateBuilder::default().sources_mut().add("expected", text);
    let documents = yaml::documents(file, text)?;
    Ok(documents
        .iter()
        .map(yaml::json)
        .flat_map(|answers| items(&answers).cloned().collect::<Vec<_>>())
        .collect())
}

fn between_lists(lists: &Json, ports: &Ports) -> Vec<Flow> {
    let list = |key: &str| items(&lists[key]).filter_map(Json::as_str).map(|name| End::Pod(name.to_owned()));
    let to: Vec<End> = list("dst").collect();
    flows(&list("src").collect::<Vec<End>>(), &to, ports)
}

fn flows(from: &[End], to: &[End], ports: &Ports) -> Vec<Flow> {
    let pairs = from.iter().flat_map(|from| to.iter().map(move |to| (from, to)));
    let pairs = pairs.filter(|(from, to)| from != to);
    pairs
        .map(|(from, to)| Flow { from: from.clone(), to: to.clone(), ports: ports.clone(), captured: false })
        .collect()
}

/// `src_ns: [a] src_pods: [*] dst: 0.0.0.0/0 conn: All connections`; `None` for lines of another kind.
fn firewall_rule(line: &str, config: &Config) -> Result<Option<Vec<Flow>>, Failed> {
    let Some((ends, ports)) = line.split_once(" conn: ").filter(|_| line.starts_with("src")) else {
        return Ok(None);
    };
    let split = ends.find(" dst").ok_or_else(|| format!("no destination in {line}"))?;
    let (from, to) = (side(&ends[..split], "src", config)?, side(&ends[split + 1..], "dst", config)?);
    Ok(Some(flows(&from, &to, &connection(ports)?)))
}

/// One side of a rule: an address block, a DNS name (which no NetworkPolicy speaks of: no end), or pods.
fn side(text: &str, key: &str, config: &Config) -> Result<Vec<End>, Failed> {
    if let Some(block) = text.strip_prefix(&format!("{key}: ")) {
        let net = block.trim().parse::<ipnet::IpNet>();
        let range = net.map(|net| AddressRange { first: net.network(), last: net.broadcast() });
        return Ok(range.map(End::Range).into_iter().collect());
    }
    let rest = text.strip_prefix(&format!("{key}_ns: [")).ok_or_else(|| format!("no namespace in {text}"))?;
    let (namespaces, rest) = rest.split_once("] ").ok_or_else(|| format!("no pods in {text}"))?;
    let pods = rest.strip_prefix(&format!("{key}_pods: [")).and_then(|rest| rest.strip_suffix(']'));
    let pods = pods.ok_or_else(|| format!("no pods in {text}"))?;
    let namespaces: Vec<&str> = namespaces.split(',').collect();
    let topology = config.topology.iter().filter(|manifest| manifest["kind"].as_str() != Some("Namespace"));
    let named = topology.map(|manifest| (policy_name(manifest), manifest));
    let selected = named.filter(|(name, manifest)| {
        let (namespace, name) = name.split_once('/').unwrap_or_default();
        namespaces.contains(&namespace) && selects(pods, name, manifest)
    });
    Ok(selected.map(|(name, _)| End::Pod(name)).collect())
}

/// `*`, a name, or `label in (a,b)`.
fn selects(pods: &str, name: &str, manifest: &Json) -> bool {
    if let Some((label, values)) = pods.split_once(" in (") {
        let value = labels(manifest)[label].as_str();
        return values.trim_end_matches(')').split(',').any(|one| Some(one) == value);
    }
    pods == "*" || pods.split(',').any(|one| one.trim() == name)
}

/// `All connections`, or `{protocols:TCP,dst_ports:80,90-99}`.
fn connection(text: &str) -> Result<Ports, Failed> {
    if text.trim() == "All connections" {
        return Ok(Ports::all());
    }
    let unknown = || format!("no connection: {text}");
    let inner = text.trim().strip_prefix("{protocols:").and_then(|rest| rest.strip_suffix('}'));
    let (protocol, ports) = inner.and_then(|inner| inner.split_once(",dst_ports:")).ok_or_else(unknown)?;
    let protocol = Protocol::parse(protocol).ok_or_else(unknown)?;
    let ranges = ports.split(',').map(|part| {
        let (start, end) = part.split_once('-').unwrap_or((part, part));
        Ok(PortRange { protocol, start: start.parse()?, end: end.parse()? })
    });
    let ranges = ranges.collect::<Result<Vec<PortRange>, std::num::ParseIntError>>();
    Ok(Ports::new(ranges.map_err(|_| unknown())?))
}

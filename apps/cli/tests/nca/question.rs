//! The tool's questions, asked of our maps; each has a number for an answer.
//!
//! "Captured" are connections that a policy speaks of: one that selects either end in its direction.

use std::collections::BTreeSet;

use libtest_mimic::Failed;
use serde_json::{Value as Json, json};

use crate::diff;
use crate::map::{Map, Naming, Table, aligned, common, minus, shows_v6};
use crate::scheme::{Config, Query, Scheme, items, policy_name};

/// The number that answers a query.
pub(crate) fn number(scheme: &Scheme, query: &Query) -> Result<i64, Failed> {
    let configs = configs(scheme, query)?;
    let one = |ask: fn(&Config) -> Result<i64, Failed>| configs.iter().map(ask).sum::<Result<i64, Failed>>();
    match query.kind.as_str() {
        "connectivityMap" => one(|config| Map::of(config, Naming::Pods, false).map(|_| 0)),
        "vacuity" => one(|config| vacuous(config).map(i64::from)),
        "redundancy" => one(|config| Ok(redundant(config)?.len() as i64)),
        "emptiness" => one(|config| Ok((empty_policies(config)?.len() + empty_rules(config)?.len()) as i64)),
        "sanity" => one(sanity),
        "allCaptured" => one(uncaptured),
        "containment" => against_first(&configs, |one, base| contained(one, base).map(i64::from)),
        "permits" => {
            against_first(&configs, |one, base| Ok(i64::from(!not_permitted(one, base)?.is_empty())))
        }
        "forbids" => {
            against_first(&configs, |one, base| Ok(i64::from(!not_forbidden(one, base)?.is_empty())))
        }
        "interferes" => against_first(&configs, |one, base| interferes(one, base).map(i64::from)),
        "pairwiseInterferes" => {
            let there = each_pair(&configs, |one, other| interferes(one, other).map(i64::from))?;
            let back = each_pair(&configs, |one, other| interferes(other, one).map(i64::from))?;
            Ok(there + back)
        }
        "equivalence" => each_pair(&configs, |one, other| Ok(i64::from(!equivalent(one, other)?))),
        "twoWayContainment" => each_pair(&configs, |one, other| {
            Ok(i64::from(contained(other, one)?) + 2 * i64::from(contained(one, other)?))
        }),
        "semanticDiff" => each_pair(&configs, |one, other| Ok(diff::categories(one, other)?.len() as i64)),
        other => Err(format!("nobody asks `{other}`").into()),
    }
}

/// The configurations of a query.
pub(crate) fn configs(scheme: &Scheme, query: &Query) -> Result<Vec<Config>, Failed> {
    query.configs.iter().map(|name| scheme.config(name)).collect()
}

type Ask = fn(&Config, &Config) -> Result<i64, Failed>;

/// Every configuration but the first, each with the first.
fn against_first(configs: &[Config], ask: Ask) -> Result<i64, Failed> {
    let (base, others) = configs.split_first().ok_or("no configuration")?;
    others.iter().map(|one| ask(one, base)).sum()
}

/// Every configuration with every later one.
fn each_pair(configs: &[Config], ask: Ask) -> Result<i64, Failed> {
    let pairs = configs.iter().enumerate();
    let pairs = pairs.flat_map(|(index, one)| configs.iter().skip(index + 1).map(move |other| (one, other)));
    pairs.map(|(one, other)| ask(one, other)).sum()
}

/// The tables of two configurations, the captured part of those for which that is asked.
pub(crate) fn tables(one: (&Config, bool), other: (&Config, bool)) -> Result<(Table, Table), Failed> {
    let v6 = shows_v6(one.0) || shows_v6(other.0);
    let map = |(config, captured): (&Config, bool)| {
        let map = Map::of(config, Naming::Pods, v6)?;
        Ok::<Map, Failed>(if captured { map.captured() } else { map })
    };
    Ok(aligned(&map(one)?, &map(other)?))
}

fn equivalent(one: &Config, other: &Config) -> Result<bool, Failed> {
    let (one, other) = tables((one, false), (other, false))?;
    Ok(one == other)
}

fn contained(one: &Config, other: &Config) -> Result<bool, Failed> {
    let (one, other) = tables((one, false), (other, false))?;
    Ok(minus(&one, &other).is_empty())
}

/// What `one` speaks of and opens, and `base` does not open.
pub(crate) fn not_permitted(one: &Config, base: &Config) -> Result<Table, Failed> {
    let (one, base) = tables((one, true), (base, false))?;
    Ok(minus(&one, &base))
}

/// What `one` speaks of and opens, and `base` opens too.
pub(crate) fn not_forbidden(one: &Config, base: &Config) -> Result<Table, Failed> {
    let (one, base) = tables((one, true), (base, false))?;
    Ok(common(&one, &base))
}

/// Whether `one` opens more than `other` of what each speaks of.
fn interferes(one: &Config, other: &Config) -> Result<bool, Failed> {
    let (one, other) = tables((one, true), (other, true))?;
    Ok(!minus(&one, &other).is_empty())
}

/// Whether the policies change nothing.
fn vacuous(config: &Config) -> Result<bool, Failed> {
    equivalent(config, &config.with(Vec::new()))
}

/// Policies that can go without changing anything, and of the others rules that can.
pub(crate) fn redundant(config: &Config) -> Result<BTreeSet<String>, Failed> {
    let policies = redundant_policies(config)?;
    let mut found = policies.clone();
    for policy in config.policies.iter().filter(|policy| !policies.contains(&policy_name(policy))) {
        found.extend(redundant_rules(config, policy)?);
    }
    Ok(found)
}

/// Policies that can go; the only one of a configuration is not asked.
fn redundant_policies(config: &Config) -> Result<BTreeSet<String>, Failed> {
    let mut found = BTreeSet::new();
    for policy in config.policies.iter().filter(|_| config.policies.len() > 1) {
        let others = config.policies.iter().filter(|other| *other != policy);
        if equivalent(config, &config.with(others.cloned().collect()))? {
            found.insert(policy_name(policy));
        }
    }
    Ok(found)
}

/// `namespace/policy ingress[0]` for each rule that can go.
fn redundant_rules(config: &Config, policy: &Json) -> Result<BTreeSet<String>, Failed> {
    let mut found = BTreeSet::new();
    for (key, element) in rules(policy) {
        let mut less = policy.clone();
        // A rule that goes must not take the policy's type with it.
        less["spec"]["policyTypes"] = types(policy);
        less["spec"][key].as_array_mut().map(|rules| rules.remove(element));
        let same = config.policies.iter().map(|one| if one == policy { less.clone() } else { one.clone() });
        if equivalent(config, &config.with(same.collect()))? {
            found.insert(format!("{} {key}[{element}]", policy_name(policy)));
        }
    }
    Ok(found)
}

/// Key and index of every rule.
fn rules(policy: &Json) -> Vec<(&'static str, usize)> {
    let of = |key: &'static str| (0..items(&policy["spec"][key]).count()).map(move |index| (key, index));
    of("ingress").chain(of("egress")).collect()
}

fn types(policy: &Json) -> Json {
    let spec = &policy["spec"];
    if items(&spec["policyTypes"]).next().is_some() {
        return spec["policyTypes"].clone();
    }
    let egress = items(&spec["egress"]).next().map(|_| "Egress");
    ["Ingress"].into_iter().chain(egress).collect()
}

/// Policies that select no pod.
fn empty_policies(config: &Config) -> Result<BTreeSet<String>, Failed> {
    let map = Map::of(config, Naming::Pods, false)?;
    let names = config.policies.iter().map(policy_name);
    Ok(names.filter(|name| !map.selecting.contains(name)).collect())
}

/// `namespace/policy ingress[0]` for each rule that matches no one, whomever the policy selects.
fn empty_rules(config: &Config) -> Result<BTreeSet<String>, Failed> {
    let mut found = BTreeSet::new();
    for policy in &config.policies {
        let mut of_all = policy.clone();
        of_all["spec"]["podSelector"] = json!({});
        let map = Map::of(&config.with(vec![of_all]), Naming::Pods, false)?;
        for (key, index) in rules(policy) {
            if !map.matching.contains(&(policy_name(policy), format!("{key}[{index}]"))) {
                found.insert(format!("{} {key}[{index}]", policy_name(policy)));
            }
        }
    }
    Ok(found)
}

/// What is wrong with a configuration: it changes nothing, or has policies and rules that select no one or can go.
fn sanity(config: &Config) -> Result<i64, Failed> {
    let vacuous = vacuous(config)?;
    let (empty, idle, redundant) =
        (empty_policies(config)?, empty_rules(config)?, redundant_policies(config)?);
    let mut issues = i64::from(vacuous);
    for policy in &config.policies {
        let name = policy_name(policy);
        if empty.contains(&name) {
            issues += 1;
            continue;
        }
        let own: BTreeSet<&String> =
            idle.iter().filter(|rule| rule.starts_with(&format!("{name} "))).collect();
        issues += own.len() as i64;
        if vacuous {
            continue;
        }
        issues += if redundant.contains(&name) {
            1
        } else {
            redundant_rules(config, policy)?.iter().filter(|rule| !own.contains(rule)).count() as i64
        };
    }
    Ok(issues)
}

/// Owners of pods that no policy selects, for ingress and for egress; pods, where there is no policy at all.
fn uncaptured(config: &Config) -> Result<i64, Failed> {
    let map = Map::of(config, Naming::Pods, false)?;
    if config.policies.is_empty() {
        return Ok(map.pods.len() as i64);
    }
    let owner = |pod: &String| {
        let mut pods = config.topology.iter().filter(|manifest| policy_name(manifest) == **pod);
        let owner = pods.find_map(|manifest| manifest["metadata"]["ownerReferences"][0]["name"].as_str());
        owner.map_or_else(
            || pod.clone(),
            |owner| format!("{}/{owner}", pod.split('/').next().unwrap_or_default()),
        )
    };
    let left =
        |selected: &BTreeSet<String>| map.pods.difference(selected).map(owner).collect::<BTreeSet<_>>().len();
    Ok(map.selected.iter().map(|selected| left(selected) as i64).sum())
}

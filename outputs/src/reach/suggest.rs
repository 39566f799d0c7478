//! Suggested policies as YAML, with what they rest on, leave out and change as comments.

mod scalar;

use std::io::{self, Write};

use ringfence_model::fact::{
    Connections, Peer, PortRange, Ports, SuggestedChange, SuggestedPeer, SuggestedPolicy, SuggestedRule,
    Suggestion,
};
use ringfence_model::selector::{Operator, Requirement, Selector};
use ringfence_model::{Estate, Text, WorkloadId};

use super::names::Names;
use crate::prose::wrap;
use crate::shown;
use scalar::scalar;

/// How wide comments are.
const WIDTH: usize = 100;
/// How many peers of one line are named.
const NAMED: usize = 3;
/// How many reasons of a rule are written.
const REASONS: usize = 4;

/// Writes the whole page: comments about the suggestion, then the policies. `declaration` is the path of what
/// it rests on.
pub fn write(
    out: &mut dyn Write,
    estate: &Estate,
    suggestion: &Suggestion,
    change: &SuggestedChange,
    declaration: &str,
) -> io::Result<()> {
    let names = Names::new(estate, &[]);
    let namespace = shown::line(&suggestion.namespace);
    let declaration = shown::path_line(declaration);
    comment(
        out,
        &format!(
            "NetworkPolicies that allow what {declaration} declares for namespace `{namespace}`, and nothing else."
        ),
    )?;
    replaced(out, estate, suggestion)?;
    let labels = |ids: &[WorkloadId]| {
        let found = ids.iter().filter_map(|id| estate.workload(*id));
        found.map(|one| one.label()).collect::<Vec<_>>().join(", ")
    };
    if !suggestion.undeclared.is_empty() {
        let what = format!("Nothing is declared for {}.", shown::line(&labels(&suggestion.undeclared)));
        comment(out, &what)?;
    }
    for note in &suggestion.notes {
        comment(out, &format!("Note: {}.", shown::line(note)))?;
    }
    for left_out in &suggestion.left_out {
        comment(out, &format!("Left out: {}.", shown::line(left_out)))?;
    }
    changes(out, &names, change)?;
    policies(out, suggestion)
}

/// Writes the policies alone.
pub fn policies(out: &mut dyn Write, suggestion: &Suggestion) -> io::Result<()> {
    for policy in &suggestion.policies {
        write_policy(out, &suggestion.namespace, policy)?;
    }
    out.flush()
}

fn comment(out: &mut dyn Write, text: &str) -> io::Result<()> {
    wrap(text, WIDTH).iter().try_for_each(|line| writeln!(out, "# {line}"))
}

/// The present policies that are not overwritten add what they allow.
fn replaced(out: &mut dyn Write, estate: &Estate, suggestion: &Suggestion) -> io::Result<()> {
    let name = |id: &ringfence_model::ResourceId| estate.resource(*id).map(|one| one.name.clone());
    let mut gone: Vec<Text> = suggestion.replaced.iter().filter_map(name).collect();
    gone.dedup();
    gone.retain(|name| suggestion.policies.iter().all(|policy| policy.name != *name));
    if gone.is_empty() {
        return Ok(());
    }
    let gone: Vec<&str> = gone.iter().map(Text::as_str).collect();
    let text = format!(
        "They take the place of all present policies of the namespace. These are not overwritten, and what they \
         allow would add up: delete {}.",
        shown::line(&gone.join(", "))
    );
    comment(out, &text)
}

fn changes(out: &mut dyn Write, names: &Names<'_>, change: &SuggestedChange) -> io::Result<()> {
    let lists = [
        ("Closes what is open today", &change.closed),
        ("Opens what is closed today", &change.opened),
        (
            "May open what is closed today, depending on addresses or labels that are not known",
            &change.perhaps,
        ),
        ("Declared, and closed all the same by something else, or not known", &change.still_closed),
        ("Opens besides, though it is not declared", &change.beyond),
    ];
    for (title, list) in lists {
        connections(out, names, title, list)?;
    }
    Ok(())
}

fn connections(out: &mut dyn Write, names: &Names<'_>, title: &str, list: &Connections) -> io::Result<()> {
    if list.first.is_empty() {
        return Ok(());
    }
    comment(out, &format!("{title}:"))?;
    let members = |peers: &[Peer]| {
        let named: Vec<String> = peers.iter().take(NAMED).map(|peer| names.name(*peer)).collect();
        let more = peers.len().checked_sub(NAMED).filter(|more| *more > 0);
        more.map_or_else(|| named.join(", "), |more| format!("{} and {more} more", named.join(", ")))
    };
    for one in &list.first {
        writeln!(out, "#   {} => {} : {}", members(&one.from), members(&one.to), one.ports)?;
    }
    if list.more > 0 {
        writeln!(out, "#   and {} more", list.more)?;
    }
    Ok(())
}

fn write_policy(out: &mut dyn Write, namespace: &str, policy: &SuggestedPolicy) -> io::Result<()> {
    writeln!(out, "---")?;
    for left_out in &policy.left_out {
        comment(out, &format!("Left out: {}.", shown::line(left_out)))?;
    }
    writeln!(out, "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:")?;
    writeln!(out, "  name: {}\n  namespace: {}", scalar(&policy.name), scalar(namespace))?;
    writeln!(out, "spec:")?;
    write_selector(out, "  ", "podSelector", &policy.selector)?;
    writeln!(out, "  policyTypes: [Ingress, Egress]")?;
    for (key, peers, rules) in [("ingress", "from", &policy.ingress), ("egress", "to", &policy.egress)] {
        if !rules.is_empty() {
            writeln!(out, "  {key}:")?;
            rules.iter().try_for_each(|rule| write_rule(out, peers, rule))?;
        }
    }
    Ok(())
}

fn write_rule(out: &mut dyn Write, key: &str, rule: &SuggestedRule) -> io::Result<()> {
    for reason in rule.because.iter().take(REASONS) {
        writeln!(out, "    # {}", shown::line(reason))?;
    }
    if let Some(more) = rule.because.len().checked_sub(REASONS).filter(|more| *more > 0) {
        writeln!(out, "    # and {more} more")?;
    }
    writeln!(out, "    - {key}:")?;
    rule.peers.iter().try_for_each(|peer| write_peer(out, peer))?;
    write_ports(out, &rule.ports)
}

fn write_peer(out: &mut dyn Write, peer: &SuggestedPeer) -> io::Result<()> {
    match peer {
        SuggestedPeer::Pods { namespace: None, selector } => {
            let selector = selector.clone().unwrap_or_default();
            write!(out, "        - ")?;
            write_selector(out, "          ", "podSelector", &selector)
        }
        SuggestedPeer::Pods { namespace: Some(namespace), selector } => {
            writeln!(out, "        - namespaceSelector:")?;
            let name = scalar(namespace);
            writeln!(out, "            matchLabels: {{kubernetes.io/metadata.name: {name}}}")?;
            let Some(selector) = selector else { return Ok(()) };
            write!(out, "          ")?;
            write_selector(out, "          ", "podSelector", selector)
        }
        SuggestedPeer::Block { cidr, except } => {
            writeln!(out, "        - ipBlock:\n            cidr: {}", scalar(cidr))?;
            if except.is_empty() {
                return Ok(());
            }
            writeln!(out, "            except:")?;
            except.iter().try_for_each(|hole| writeln!(out, "              - {}", scalar(hole)))
        }
    }
}

/// Writes a selector; the first line is indented already, unless it is a key of `spec`.
fn write_selector(out: &mut dyn Write, indent: &str, key: &str, selector: &Selector) -> io::Result<()> {
    let lead = if indent.len() == 2 { indent } else { "" };
    if selector.requirements.is_empty() {
        return writeln!(out, "{lead}{key}: {{}}");
    }
    writeln!(out, "{lead}{key}:")?;
    let exact = |one: &Requirement| match &one.operator {
        Operator::In(values) if values.len() == 1 => {
            values.first().map(|value| format!("{}: {}", scalar(&one.key), scalar(value)))
        }
        _ => None,
    };
    let labels: Vec<String> = selector.requirements.iter().filter_map(exact).collect();
    if !labels.is_empty() {
        writeln!(out, "{indent}  matchLabels: {{{}}}", labels.join(", "))?;
    }
    let others: Vec<&Requirement> = selector.requirements.iter().filter(|one| exact(one).is_none()).collect();
    if !others.is_empty() {
        writeln!(out, "{indent}  matchExpressions:")?;
        others.iter().try_for_each(|one| writeln!(out, "{indent}    - {}", expression(one)))?;
    }
    Ok(())
}

fn expression(requirement: &Requirement) -> String {
    let key = scalar(&requirement.key);
    let values = |values: &[Text]| values.iter().map(|value| scalar(value)).collect::<Vec<_>>().join(", ");
    match &requirement.operator {
        Operator::In(all) => format!("{{key: {key}, operator: In, values: [{}]}}", values(all)),
        Operator::NotIn(all) => format!("{{key: {key}, operator: NotIn, values: [{}]}}", values(all)),
        Operator::Exists => format!("{{key: {key}, operator: Exists}}"),
        Operator::DoesNotExist => format!("{{key: {key}, operator: DoesNotExist}}"),
    }
}

/// Writes ports; all ports of all protocols are written by leaving the key out.
fn write_ports(out: &mut dyn Write, ports: &Ports) -> io::Result<()> {
    if *ports == Ports::all() {
        return Ok(());
    }
    writeln!(out, "      ports:")?;
    ports.ranges().iter().try_for_each(|range| writeln!(out, "        - {}", port(*range)))
}

fn port(range: PortRange) -> String {
    let protocol = range.protocol.as_str();
    match (range.start, range.end) {
        (1, u16::MAX) => format!("{{protocol: {protocol}}}"),
        (start, end) if start == end => format!("{{protocol: {protocol}, port: {start}}}"),
        (start, end) => format!("{{protocol: {protocol}, port: {start}, endPort: {end}}}"),
    }
}

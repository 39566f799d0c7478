//! What a declaration says once it is read.

use ringfence_model::declaration::{
    Administrator, AdministratorKind, Channel, DataElement, EndpointTarget, Entity, FlowStage, Party,
    Protection, Role, Transform,
};
use ringfence_model::fact::{PortRange, Protocol, ScopeClass};

use super::declared;

#[test]
fn absent_lists_are_unknown_and_empty_ones_are_answers() {
    let nothing = declared("");
    assert!(nothing.flows.is_none() && nothing.registries.is_none() && nothing.third_parties.is_none());
    let empty = declared("flows: []\nregistries: []\nthird-parties: []\n");
    assert_eq!(
        (empty.flows, empty.registries, empty.third_parties),
        (Some(vec![]), Some(vec![]), Some(vec![]))
    );
}

#[test]
fn lists_of_people_and_things() {
    let said = declared(
        "entity: service-provider
sources: [k8s, {path: plan.json, account: \"111122223333\", region: eu-west-1}]
administrators:
  - {group: \"payments:break-glass\", reason: emergencies}
  - {user: alice}
  - {arn: \"arn:aws:iam::111122223333:role/break-glass\"}
  - {service-account: flux-system/kustomize-controller}
  - system:masters
system-agents: [\"kube-system/aws-node[DaemonSet]\", {workload: \"monitoring/node-agent[DaemonSet]\", reason: metrics}]
accounts: [{id: \"111122223333\", name: payments, class: cde}]
",
    );
    assert_eq!(said.entity, Some(Entity::ServiceProvider));
    let paths: Vec<_> = said.sources.iter().map(|source| source.path.as_str()).collect();
    assert_eq!(paths, ["k8s", "plan.json"]);
    let name = |one: &Administrator| (one.kind.map(AdministratorKind::as_str), one.name.value.to_string());
    let names: Vec<_> = said.administrators.iter().flatten().map(name).collect();
    assert_eq!(
        names,
        [
            (Some("group"), "payments:break-glass"),
            (Some("user"), "alice"),
            (Some("arn"), "arn:aws:iam::111122223333:role/break-glass"),
            (Some("service-account"), "system:serviceaccount:flux-system:kustomize-controller"),
            (None, "system:masters"),
        ]
        .map(|(kind, name)| (kind, name.to_owned()))
    );
    let agents: Vec<_> = said.system_agents.iter().flatten().map(|name| name.as_str()).collect();
    assert_eq!(agents, ["kube-system/aws-node[DaemonSet]", "monitoring/node-agent[DaemonSet]"]);
    assert_eq!(said.accounts.unwrap()[0].class, Some(ScopeClass::Cde));
}

#[test]
fn classes_match_by_selector_label_and_tag() {
    let said = declared(
        "classes:
  - {class: cde, function: vault, owner: payments, match: {labels: {pci: cde}, namespaces: cde}}
  - class: out-of-scope
    match:
      namespace-labels: {matchExpressions: [{key: pci, operator: DoesNotExist}]}
      tags: {pci-scope: none}
",
    );
    let classes = said.classes.unwrap();
    assert_eq!(classes[0].class, ScopeClass::Cde);
    assert_eq!(classes[0].matches.labels.requirements.len(), 1);
    assert_eq!(classes[0].matches.namespaces, ["cde"]);
    assert_eq!(classes[1].matches.namespace_labels.requirements.len(), 1);
    assert_eq!(classes[1].matches.tags, [("pci-scope".into(), "none".into())]);
}

#[test]
fn a_hop_says_what_goes_each_way() {
    let said = declared(include_str!("reading/sale.yaml"));
    let flow = &said.flows.as_ref().unwrap()[0];
    assert_eq!(flow.channels, [Channel::ECommerce, Channel::MailTelephone]);
    assert_eq!(flow.stages, [FlowStage::Authorisation, FlowStage::Capture]);
    let submit = flow.hop("submit").unwrap();
    assert_eq!(submit.roles, [Role::Receive, Role::Store]);
    assert_eq!(*submit.ports[1], PortRange { protocol: Protocol::Tcp, start: 8000, end: 8080 });
    assert_eq!(
        (&submit.protection[..], &submit.transforms[..]),
        (&[Protection::Tls][..], &[Transform::Tokenise][..])
    );
    let sad = DataElement::Sad { after_authorisation: false };
    assert_eq!(submit.request, [DataElement::Pan, DataElement::Expiry, sad.clone()]);
    assert_eq!(submit.response, [DataElement::Token]);
    assert!(submit.carries_account_data() && submit.after.is_empty());
    assert_eq!(submit.storage.as_ref().unwrap().retention.as_deref(), Some("1 hour"));
    let authorise = flow.hop("authorise").unwrap();
    assert!(authorise.asynchronous && !authorise.carries_account_data());
    let encrypted = |holder: &str, holds: Vec<DataElement>| DataElement::Encrypted {
        key_holder: Some(holder.into()),
        holds,
    };
    assert_eq!(
        authorise.request,
        [encrypted("Acme", vec![DataElement::Pan, sad]), encrypted("vault", vec![DataElement::Pan])]
    );
    let vault = said.endpoint("vault").unwrap();
    assert_eq!(vault.target, EndpointTarget::Workload("cde/vault[StatefulSet]".into()));
    let backups = vault.storage.as_ref().unwrap().backups.as_ref().unwrap();
    assert_eq!(backups[0].as_str(), "tape");
    let responsibility = said.third_party("Acme").unwrap().responsibility.as_ref().unwrap();
    assert_eq!(responsibility.otherwise, Some(Party::Entity));
    let parties: Vec<_> =
        responsibility.requirements.iter().map(|(one, party)| (one.as_str(), *party)).collect();
    assert_eq!(parties, [("9", Party::ThirdParty), ("12.8.5", Party::ThirdParty), ("10", Party::Shared)]);
}

/// A value that was refused must not turn into an answer.
#[test]
fn what_is_refused_is_left_out() {
    let read =
        super::Read::new("schema: ringfence.declaration/1\nregistries: registry.example.com\nflows: {}\n");
    assert_eq!(read.diagnostics.len(), 2);
    assert!(read.declaration.registries.is_none() && read.declaration.flows.is_none());
}

#[test]
fn places_are_those_of_the_file() {
    let text =
        "schema: ringfence.declaration/1\nendpoints:\n  vault:\n    title: Vault\n    workload: cde/vault\n";
    let read = super::Read::new(text);
    let endpoint = read.declaration.endpoint("vault").unwrap();
    let line = |location| read.sources.position(location).line;
    assert_eq!((line(endpoint.name.location.unwrap()), line(endpoint.location.unwrap())), (3, 5));
}

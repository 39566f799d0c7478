//! The JSON schemas of what is written, as `ringfence schema` prints them.

/// Schema of [`crate::json::write`], `ringfence.assess/1`.
pub const ASSESS: &str = include_str!("../../schemas/ringfence.assess-1.json");
/// Schema of [`crate::reach::json::write`], `ringfence.reach/1`.
pub const REACH: &str = include_str!("../../schemas/ringfence.reach-1.json");

/// What `schema` finds wrong with `value`.
#[cfg(test)]
pub(crate) fn errors(schema: &str, value: &serde_json::Value) -> Vec<String> {
    let schema = serde_json::from_str(schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    validator.iter_errors(value).map(|error| format!("{error} at {}", error.instance_path())).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use ringfence_model::fact::{
        AddressRange, DecidingRule, Decision, Landmark, Peer, PortRange, Ports, Protocol, ReachClass,
        ReachMap, ReachPair,
    };

    use super::*;
    use crate::fixture::{Fixture, written};

    #[test]
    fn a_reach_map_is_valid_by_its_schema() {
        let fixture = Fixture::payments();
        let external = Peer::External(AddressRange {
            first: "10.0.0.0".parse().unwrap(),
            last: "10.0.0.9".parse().unwrap(),
        });
        let workloads = fixture.estate.iter_workloads().map(|(id, _)| Peer::Workload(id));
        let peers = workloads.chain([external, Peer::Landmark(Landmark::ControlPlane), Peer::Name(0)]);
        let (policy, _) = fixture.estate.iter().next().unwrap();
        let location = Some(fixture.findings[0].locations[0]);
        let pair = |decision| ReachPair {
            from: 0,
            to: 0,
            decision,
            ports: Arc::new(Ports::new(vec![PortRange { protocol: Protocol::Tcp, start: 80, end: 443 }])),
            rules: Arc::from([0]),
        };
        let map = ReachMap {
            profile: "spec",
            names: vec!["api.example.com".into()],
            classes: vec![ReachClass { members: peers.collect(), pods: 2 }],
            sets: vec![Arc::from([0])],
            pairs: vec![pair(Decision::Allow), pair(Decision::Depends("the \"label\" is known".into()))],
            rules: vec![
                DecidingRule { policy, element: "ingress[0]".into(), location },
                DecidingRule { policy, element: "".into(), location: None },
            ],
            ..ReachMap::default()
        };
        let text = written(|out| crate::reach::json::write(out, &fixture.estate, &map));
        let mut value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(errors(REACH, &value), [""; 0]);
        value["pairs"][1].as_object_mut().unwrap().remove("condition");
        assert_eq!(errors(REACH, &value).len(), 1);
    }
}

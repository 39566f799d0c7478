//! Whom a policy selects, as the API definition reads: for what is settled, independent of the engine.

use serde_json::Value as Json;

use crate::case::text;

/// Whether a label selector matches the labels at `/metadata/labels` of an object.
pub(crate) fn selects(selector: &Json, object: &Json) -> bool {
    let label = |key: &str| {
        let labels = object.pointer("/metadata/labels").and_then(Json::as_object);
        labels.and_then(|labels| labels.get(key)).and_then(Json::as_str)
    };
    let labels = selector["matchLabels"].as_object();
    let equal = labels.into_iter().flatten().all(|(key, value)| label(key) == value.as_str());
    let expressions = selector["matchExpressions"].as_array();
    equal
        && expressions.into_iter().flatten().all(|expression| {
            let found = label(text(expression, "/key"));
            let values = expression["values"].as_array();
            let listed = || values.into_iter().flatten().any(|value| value.as_str() == found);
            match text(expression, "/operator") {
                "In" => found.is_some() && listed(),
                "NotIn" => found.is_none() || !listed(),
                "Exists" => found.is_some(),
                "DoesNotExist" => found.is_none(),
                other => panic!("no such operator: {other}"),
            }
        })
}

/// The directions that a NetworkPolicy concerns.
pub(crate) fn concerns(policy: &Json, direction: &str) -> bool {
    let some = |value: &Json| value.as_array().is_some_and(|items| !items.is_empty());
    let spec = &policy["spec"];
    if some(&spec["policyTypes"]) {
        let mut types = spec["policyTypes"].as_array().into_iter().flatten();
        return types.any(|one| one.as_str() == Some(direction));
    }
    direction == "Ingress" || some(&spec["egress"])
}

//! The query `scope.classified` (SC02): every resource has a declared class, function and owner.

use ringfence_model::declaration::{ClassEntry, Declaration};
use ringfence_model::fact::Answer;
use ringfence_model::{Estate, Missing, Origin, Reason, Resource, ResourceId, Subject, Verdict};

use crate::declared::Declared;
use crate::estate_subject;

pub(crate) fn answers(estate: &Estate, declaration: &Declaration) -> Vec<Answer> {
    if declaration.classes.is_none() {
        return vec![undeclared()];
    }
    let (declared, _) = Declared::new(estate, declaration);
    // What follows from something else in the input is classed with that; pods are classed with their controller.
    let judged = |resource: &Resource| {
        resource.instance_of.is_none() && !matches!(resource.origin, Origin::Derived(_))
    };
    let resources = estate.iter().filter(|(_, resource)| judged(resource));
    resources.map(|(id, resource)| answer(id, resource, &declared)).collect()
}

fn undeclared() -> Answer {
    let why = "no class is declared for any resource".to_owned();
    Answer {
        subject: estate_subject(),
        element: String::new(),
        verdict: Verdict::Unknown,
        message: why.clone(),
        locations: Vec::new(),
        reasons: Vec::new(),
        missing: vec![Missing { remedy: "`classes:`".to_owned(), why }],
    }
}

fn answer(id: ResourceId, resource: &Resource, declared: &Declared<'_>) -> Answer {
    let (verdict, message) = match (declared.doubt(id), declared.entry(id)) {
        (Some(missing), _) => {
            (Verdict::Unknown, format!("whether an entry matches is not known: {}", missing.why))
        }
        (None, None) => (Verdict::Fail, "no entry of `classes:` matches it".to_owned()),
        (None, Some(_)) if declared.is_complete(id) => {
            (Verdict::Pass, "class, function and owner are declared".to_owned())
        }
        (None, Some(entry)) => {
            (Verdict::Fail, format!("the entry of `classes:` that matches it names no {}", lacks(entry)))
        }
    };
    let entry = declared
        .entry(id)
        .map(|entry| Reason::new(format!("declared `{}`", entry.class.as_str()), entry.location));
    Answer {
        subject: Subject::of(resource),
        element: String::new(),
        verdict,
        message,
        locations: resource.location().into_iter().collect(),
        reasons: entry.into_iter().collect(),
        missing: declared.doubt(id).into_iter().cloned().collect(),
    }
}

fn lacks(entry: &ClassEntry) -> &'static str {
    match (&entry.function, &entry.owner) {
        (None, None) => "function and no owner",
        (None, Some(_)) => "function",
        _ => "owner",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::fixture::Case;
    use crate::tests::{aws, deployment};

    #[test]
    fn an_entry_must_give_class_function_and_owner() {
        let resources = json!([
            deployment("cde", "tokenizer"),
            aws("RDS::DBInstance", "Ledger", json!({})),
            aws("SQS::Queue", "Settlement", json!({})),
            aws("DynamoDB::Table", "Vault", json!({"Tags": [{"Key": "scope", "Value": "cde"}]})),
            aws("KMS::Key", "Key", json!({"Tags": [{"Key": "scope", "Value": {"Unknown": "Scope"}}]}))
        ]);
        let lines = "class cde: namespaces=cde function=f owner=o\nclass cde: tags=scope=cde function=f owner=o\n\
            class connected-to: resources=AWS::SQS::Queue/Settlement function=f\n";
        let case = Case::new(&resources, lines);
        assert_eq!(
            case.answers("scope.classified"),
            [
                "pass cde/tokenizer[Deployment] : class, function and owner are declared",
                "fail AWS::RDS::DBInstance/Ledger : no entry of `classes:` matches it",
                "fail AWS::SQS::Queue/Settlement : the entry of `classes:` that matches it names no owner",
                "pass AWS::DynamoDB::Table/Vault : class, function and owner are declared",
                "unknown AWS::KMS::Key/Key : whether an entry matches is not known: parameter `Scope` has no value",
            ]
        );
    }

    #[test]
    fn without_classes_there_is_one_answer() {
        let case = Case::new(&json!([deployment("cde", "tokenizer")]), "");
        assert_eq!(
            case.answers("scope.classified"),
            ["unknown estate[Estate] : no class is declared for any resource"]
        );
        let case = Case::new(&json!([deployment("cde", "tokenizer")]), "classes");
        assert_eq!(
            case.answers("scope.classified"),
            ["fail cde/tokenizer[Deployment] : no entry of `classes:` matches it"]
        );
    }
}

//! Which account and region a provider configuration works in.

use ringfence_model::{Node, Place, Text};
use rustc_hash::FxHashMap;

/// The providers of a plan by key (`aws`, `aws.logs`, `module.x:aws`).
#[derive(Debug, Default)]
pub(crate) struct Providers<'a> {
    places: FxHashMap<&'a str, Place>,
    /// The account that a data source found, where it is only one.
    account: Option<Text>,
    region: Option<Text>,
}

impl<'a> Providers<'a> {
    /// Those of a plan.
    pub(crate) fn of(
        configuration: Option<&'a Node>,
        variables: Option<&Node>,
        modules: [Option<&Node>; 2],
    ) -> Self {
        let configured = configuration.and_then(|node| node.get("provider_config")).map(Node::entries);
        let mut providers = Self::default();
        for entry in configured.unwrap_or_default() {
            if entry.node.text("name") == Some("aws") {
                let place = place(entry.node.child("expressions").node(), variables);
                providers.places.insert(&entry.key, place);
            }
        }
        providers.account = only(modules, "aws_caller_identity", &["account_id"]);
        providers.region = only(modules, "aws_region", &["region", "name"]);
        providers
    }

    /// Where a resource lies: by its own ARN, else by its provider.
    pub(crate) fn place(&self, key: Option<&str>, values: &Node) -> Place {
        let key = key.unwrap_or("aws");
        let local = key.rsplit_once(':').map_or(key, |(_, local)| local);
        let configured =
            self.places.get(key).or_else(|| self.places.get(local)).or_else(|| self.places.get("aws"));
        let mut place = configured.cloned().unwrap_or_default();
        if self.places.len() <= 1 {
            place.account = place.account.or_else(|| self.account.clone());
            place.region = place.region.or_else(|| self.region.clone());
        }
        let arn = values.text("arn").map(parts);
        let written = |name: &str| values.text(name).filter(|text| !text.is_empty()).map(Text::from);
        place.region = arn.as_ref().and_then(|arn| arn.0.clone()).or(place.region);
        place.account = arn.and_then(|arn| arn.1).or_else(|| written("owner_id")).or(place.account);
        place.region = written("region").or(place.region);
        place
    }
}

fn place(expressions: Option<&Node>, variables: Option<&Node>) -> Place {
    let text = |path: &str| expressions.and_then(|node| value(node.get(path)?, variables)).map(Text::from);
    let role = text("assume_role.0.role_arn").and_then(|arn| parts(&arn).1);
    let allowed = expressions.and_then(|node| node.get("allowed_account_ids.constant_value"));
    let allowed = allowed.map(Node::items).and_then(|all| all.first().filter(|_| all.len() == 1)?.as_str());
    Place { account: role.or_else(|| allowed.map(Text::from)), region: text("region"), ..Place::default() }
}

/// What an expression of the root module says: a constant, or one variable.
fn value<'n>(expression: &'n Node, variables: Option<&'n Node>) -> Option<&'n str> {
    if let Some(text) = expression.text("constant_value") {
        return Some(text);
    }
    let references = expression.get("references")?.items();
    let variable = references.first().filter(|_| references.len() == 1)?.as_str()?.strip_prefix("var.")?;
    variables?.child(variable).present()?.text("value")
}

/// The one value that all data sources of a type have.
fn only(modules: [Option<&Node>; 2], kind: &str, names: &[&str]) -> Option<Text> {
    let mut found: Vec<&str> = Vec::new();
    modules.into_iter().flatten().for_each(|module| gather(module, kind, names, &mut found));
    found.sort_unstable();
    found.dedup();
    found.first().filter(|_| found.len() == 1).map(|text| Text::from(*text))
}

fn gather<'n>(module: &'n Node, kind: &str, names: &[&str], found: &mut Vec<&'n str>) {
    for resource in module.get("resources").map(Node::items).unwrap_or_default() {
        if resource.text("type") == Some(kind) {
            let values = resource.get("values");
            found.extend(names.iter().find_map(|name| values?.text(name)));
        }
    }
    for child in module.get("child_modules").map(Node::items).unwrap_or_default() {
        gather(child, kind, names, found);
    }
}

/// Region and account of an ARN, where it has them.
fn parts(arn: &str) -> (Option<Text>, Option<Text>) {
    let mut parts = arn.splitn(6, ':').skip(3).map(|part| Some(part).filter(|part| !part.is_empty()));
    let mut next = || parts.next().flatten().map(Text::from);
    if arn.starts_with("arn:") { (next(), next()) } else { (None, None) }
}

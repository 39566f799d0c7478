//! Settings of the VPC CNI: the add-on's configuration values, and the DaemonSet that they make.

use ringfence_model::{Diagnostic, Field, Location, Node, Resource};
use serde_json::Value as Json;

/// A setting, and where it is written.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Setting {
    /// Nothing is written: the documented default holds.
    Default,
    Is(String, Option<Location>),
    /// Written, but not known, and why.
    Unknown(String, Option<Location>),
}

/// What an add-on or a DaemonSet says of the agent.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Settings {
    /// Whether network policy is switched on.
    pub(super) policy: Setting,
    /// `NETWORK_POLICY_ENFORCING_MODE`.
    pub(super) mode: Setting,
    /// The version of the plug-in, e.g. `v1.21.1-eksbuild.1`.
    pub(super) version: Option<String>,
}

impl Settings {
    /// Leaves nothing known in which `other` differs.
    pub(super) fn agree(&mut self, other: &Self, why: &str, at: Option<Location>) {
        for (mine, other) in [(&mut self.policy, &other.policy), (&mut self.mode, &other.mode)] {
            let same = match (&*mine, other) {
                (Setting::Is(one, _), Setting::Is(two, _)) => one == two,
                (Setting::Default, Setting::Default) => true,
                _ => false,
            };
            if !same {
                *mine = Setting::Unknown(why.to_owned(), at);
            }
        }
        self.version = self.version.take().filter(|version| Some(version) == other.version.as_ref());
    }
}

/// Name of the environment variable in container `aws-node`, and of the key below `env`.
pub(super) const MODE: &str = "NETWORK_POLICY_ENFORCING_MODE";

/// The settings of add-on `vpc-cni`; its configuration values are a JSON text.
pub(super) fn of_addon(addon: &Resource, diagnostics: &mut Vec<Diagnostic>) -> Settings {
    let version = addon.body.text("AddonVersion").map(str::to_owned);
    let node = match addon.body.field("ConfigurationValues") {
        Field::Absent => return Settings { policy: Setting::Default, mode: Setting::Default, version },
        Field::Unresolved(node, unresolved) => {
            let why = unresolved.cause.describe();
            let unknown =
                Setting::Unknown(format!("`ConfigurationValues` is not known: {why}"), node.location());
            return Settings { policy: unknown.clone(), mode: unknown, version };
        }
        Field::Present(node) => node,
    };
    let at = node.location();
    let Some(values) = node.as_str().and_then(|text| serde_json::from_str::<Json>(text).ok()) else {
        let message = format!("the configuration values of `{}` are not JSON", addon.label());
        diagnostics.push(
            Diagnostic::error("addon-configuration-unreadable", message)
                .at(at)
                .help("write them as a JSON text; whether network policy is on is taken for not known"),
        );
        let unknown = Setting::Unknown("`ConfigurationValues` cannot be read".to_owned(), at);
        return Settings { policy: unknown.clone(), mode: unknown, version };
    };
    let env = values.get("env").and_then(|env| env.get(MODE));
    Settings { policy: setting(values.get("enableNetworkPolicy"), at), mode: setting(env, at), version }
}

fn setting(value: Option<&Json>, at: Option<Location>) -> Setting {
    match value {
        None | Some(Json::Null) => Setting::Default,
        Some(Json::String(text)) => Setting::Is(text.trim().to_ascii_lowercase(), at),
        Some(Json::Bool(value)) => Setting::Is(value.to_string(), at),
        Some(_) => {
            Setting::Unknown("a setting of the add-on is neither a text nor a truth value".to_owned(), at)
        }
    }
}

const FLAG: &str = "--enable-network-policy";

/// The settings of DaemonSet `aws-node`: a flag of the agent's container, a variable of the plug-in's.
pub(super) fn of_daemon(daemon: &Resource) -> Settings {
    let containers = daemon.body.field("spec.template.spec.containers");
    let at = daemon.location();
    let containers = match containers {
        Field::Unresolved(_, unresolved) => {
            let unknown = Setting::Unknown(
                format!(
                    "the containers of `{}` are not known: {}",
                    daemon.label(),
                    unresolved.cause.describe()
                ),
                at,
            );
            return Settings { policy: unknown.clone(), mode: unknown, version: None };
        }
        field => field.node().map(Node::items).unwrap_or_default(),
    };
    let named = |names: &[&str]| {
        containers.iter().find(|one| one.text("name").is_some_and(|name| names.contains(&name)))
    };
    let agent = named(&["aws-eks-nodeagent", "aws-network-policy-agent"]);
    let plugin = named(&["aws-node"]);
    let image = plugin.and_then(|plugin| plugin.text("image")).and_then(|image| image.rsplit_once(':'));
    Settings {
        policy: agent.map_or(Setting::Default, flag),
        mode: plugin.map_or(Setting::Default, mode),
        version: image.map(|(_, tag)| tag.split('@').next().unwrap_or(tag).to_owned()),
    }
}

fn flag(agent: &Node) -> Setting {
    let args = match agent.field("args") {
        Field::Unresolved(node, unresolved) => {
            return Setting::Unknown(
                format!("its arguments are not known: {}", unresolved.cause.describe()),
                node.location(),
            );
        }
        field => field.node().map(Node::items).unwrap_or_default(),
    };
    if let Some(unknown) = args.iter().find(|arg| arg.as_unresolved().is_some()) {
        return Setting::Unknown("an argument of the agent is not known".to_owned(), unknown.location());
    }
    let written = |arg: &Node| {
        let rest = arg.as_str()?.strip_prefix(FLAG)?;
        match rest.strip_prefix('=') {
            None if rest.is_empty() => Some(Setting::Is("true".to_owned(), arg.location())),
            value => Some(Setting::Is(value?.trim().to_ascii_lowercase(), arg.location())),
        }
    };
    args.iter().filter_map(written).next_back().unwrap_or(Setting::Default)
}

fn mode(plugin: &Node) -> Setting {
    let env = match plugin.field("env") {
        Field::Unresolved(node, unresolved) => {
            return Setting::Unknown(
                format!("its environment is not known: {}", unresolved.cause.describe()),
                node.location(),
            );
        }
        field => field.node().map(Node::items).unwrap_or_default(),
    };
    let Some(variable) = env.iter().rfind(|one| one.text("name") == Some(MODE)) else {
        return Setting::Default;
    };
    match variable.field("value") {
        Field::Present(node) if node.as_str().is_some() => {
            Setting::Is(node.as_str().unwrap_or_default().to_ascii_lowercase(), node.location())
        }
        Field::Absent if matches!(variable.field("valueFrom"), Field::Absent) => Setting::Default,
        _ => Setting::Unknown(format!("`{MODE}` is not known"), variable.location()),
    }
}

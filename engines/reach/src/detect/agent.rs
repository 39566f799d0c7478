//! AWS's own engine: whether network policy is on, in which mode, and in which versions.

use ringfence_model::{Diagnostic, Field, Location, Resource};

use super::addon::{Setting, Settings, of_addon, of_daemon};
use super::others::order;
use super::{Shown, Sighting};
use crate::profile::{Chosen, Mode};

/// Whether it is at work.
#[derive(Clone, Debug)]
pub(super) enum State {
    /// Nothing shows it, neither on nor off.
    Unseen,
    On(Sighting),
    Off(Sighting),
    Perhaps(Sighting),
}

/// Versions on which it hangs what is enforced, where they are known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Versions {
    /// Of Kubernetes: major, minor.
    pub(crate) kubernetes: Option<[u32; 2]>,
    /// Of the VPC CNI: major, minor, patch.
    pub(crate) plugin: Option<[u32; 3]>,
    /// Whether the cluster runs in Auto Mode.
    pub(crate) auto: bool,
}

const SYSTEM: &[&str] = &["kube-system"];

impl<'a> Shown<'a> {
    /// Whether the VPC CNI or Auto Mode enforces policies.
    pub(super) fn agent(self, diagnostics: &mut Vec<Diagnostic>) -> State {
        let controller = self.controller();
        let off = matches!(&controller, Some((Setting::Is(value, _), _)) if value != "true");
        match self.settings(diagnostics) {
            Some((resource, settings)) => switched(resource, &settings, controller.filter(|_| off)),
            None if self.is_auto() => self.auto_mode(controller),
            None => self.made_by_controller(),
        }
    }

    /// Mode, versions and address family of a cluster that AWS's engine polices.
    pub(super) fn set(self, chosen: &mut Chosen) {
        let settings = self.settings(&mut Vec::new());
        let mode = match &settings {
            Some((_, settings)) => mode(&settings.mode),
            None => self.mode_of_nodes(),
        };
        let kubernetes =
            self.cluster().and_then(|(_, cluster)| cluster.body.text("Version")).and_then(numbers);
        let plugin = settings.and_then(|(_, settings)| settings.version).and_then(|text| numbers(&text));
        chosen.versions = Versions { kubernetes, plugin, auto: self.is_auto() };
        chosen.switches.family = super::family(self.estate, self.cluster);
        chosen.switches.starts_open = matches!(mode, Mode::Standard | Mode::Unknown(_));
        chosen.switches.unselected_is_closed = matches!(mode, Mode::Strict | Mode::Unknown(_));
        chosen.reason = format!("{}, {}", chosen.reason, mode.describe());
        chosen.mode = mode;
    }

    /// The DaemonSet where it is there, since it is what runs; else the add-on.
    fn settings(self, diagnostics: &mut Vec<Diagnostic>) -> Option<(&'a Resource, Settings)> {
        let daemons = self.objects("apps/v1/DaemonSet").map(|(_, daemon)| daemon);
        let is_plugin = |one: &&Resource| one.name == "aws-node" && SYSTEM.contains(&one.namespace());
        let daemons: Vec<_> = daemons.filter(is_plugin).map(|daemon| (daemon, of_daemon(daemon))).collect();
        if !daemons.is_empty() {
            return together(daemons);
        }
        let addons = self.parts("AWS::EKS::Addon").map(|(_, addon)| addon);
        let addons = addons.filter(|addon| addon.body.text("AddonName") == Some("vpc-cni"));
        together(addons.map(|addon| (addon, of_addon(addon, diagnostics))).collect())
    }

    /// The switch of the controller in the control plane: ConfigMap `amazon-vpc-cni`.
    fn controller(self) -> Option<(Setting, &'a Resource)> {
        let map = self.object("v1/ConfigMap", SYSTEM, "amazon-vpc-cni")?;
        let data = map.body.field("data");
        let value = match data {
            Field::Present(data) => data.child("enable-network-policy-controller"),
            other => other,
        };
        Some(match value {
            Field::Absent => (Setting::Is("false".to_owned(), map.location()), map),
            Field::Unresolved(node, unresolved) => {
                (Setting::Unknown(unresolved.cause.describe(), node.location()), map)
            }
            Field::Present(node) => {
                let text = node.as_str().map(str::to_ascii_lowercase).unwrap_or_default();
                (Setting::Is(text, node.location()), map)
            }
        })
    }

    fn is_auto(self) -> bool {
        let enabled = self.cluster().and_then(|(_, cluster)| cluster.body.get("ComputeConfig.Enabled"));
        enabled.is_some_and(|enabled| enabled.as_bool() == Some(true))
            || self.objects(NODE_CLASS).next().is_some()
    }

    fn auto_mode(self, controller: Option<(Setting, &Resource)>) -> State {
        match controller {
            Some((Setting::Is(value, at), map)) if value == "true" => {
                State::On(sighting(format!("`{}` switches network policy of Auto Mode on", map.label()), at))
            }
            Some((Setting::Is(_, at), map)) => {
                State::Off(sighting(format!("`{}` leaves network policy of Auto Mode off", map.label()), at))
            }
            _ => match self.made_by_controller() {
                State::Unseen => {
                    let reason = "Auto Mode enforces policies only with ConfigMap `kube-system/amazon-vpc-cni`, \
                                  which was not read";
                    let at = self.cluster().and_then(|(_, cluster)| cluster.location());
                    State::Perhaps(sighting(reason.to_owned(), at))
                }
                made => made,
            },
        }
    }

    /// PolicyEndpoints are made by the controller, and only while it is on.
    fn made_by_controller(self) -> State {
        let endpoints = self.objects("networking.k8s.aws/v1alpha1/PolicyEndpoint");
        match endpoints.map(|(_, endpoint)| endpoint).min_by_key(order) {
            None => State::Unseen,
            Some(endpoint) => {
                let reason = format!("`{}` was made by the controller of the VPC CNI", endpoint.label());
                State::On(sighting(reason, endpoint.location()))
            }
        }
    }

    /// Auto Mode: what its node classes say. The built-in one leaves new pods open.
    fn mode_of_nodes(self) -> Mode {
        let mut modes = Vec::new();
        for (_, class) in self.objects(NODE_CLASS) {
            modes.push(match class.body.field("spec.networkPolicy") {
                Field::Absent => Mode::Standard,
                Field::Present(node) => match node.as_str() {
                    Some("DefaultDeny") => Mode::Strict,
                    Some("DefaultAllow") => Mode::Standard,
                    _ => Mode::Unknown(format!(
                        "`networkPolicy` of `{}` is neither of its values",
                        class.label()
                    )),
                },
                Field::Unresolved(_, why) => Mode::Unknown(format!(
                    "`networkPolicy` of `{}` is not known: {}",
                    class.label(),
                    why.cause.describe()
                )),
            });
        }
        let pools = self.cluster().map(|(_, cluster)| cluster.body.field("ComputeConfig.NodePools"));
        let own_only = matches!(pools, Some(Field::Present(pools)) if pools.items().is_empty());
        if modes.is_empty() || !own_only && modes.contains(&Mode::Strict) && self.default_class().is_none() {
            modes.push(Mode::Standard);
        }
        let first = modes.first().cloned().unwrap_or(Mode::Standard);
        if modes.iter().all(|mode| *mode == first) {
            return first;
        }
        Mode::Unknown(
            "node classes differ in `networkPolicy`, and which one a pod's node has is not known".to_owned(),
        )
    }

    fn default_class(self) -> Option<&'a Resource> {
        self.objects(NODE_CLASS).map(|(_, class)| class).find(|class| class.name == "default")
    }
}

/// Which of several definitions is in force is not known, unless they say the same.
fn together(mut all: Vec<(&Resource, Settings)>) -> Option<(&Resource, Settings)> {
    all.sort_by_key(|(resource, _)| (order(resource), resource.location()));
    let mut all = all.into_iter();
    let (first, mut settings) = all.next()?;
    for (other, said) in all {
        settings.agree(&said, &format!("`{}` is defined twice", other.label()), other.location());
    }
    Some((first, settings))
}

const NODE_CLASS: &str = "eks.amazonaws.com/v1/NodeClass";

fn sighting(reason: String, location: Option<Location>) -> Sighting {
    Sighting { name: "aws-vpc-cni", reason, location }
}

/// What the settings of the agent say, and against them a controller that is off.
fn switched(resource: &Resource, settings: &Settings, off: Option<(Setting, &Resource)>) -> State {
    let label = resource.label();
    match &settings.policy {
        Setting::Is(value, at) if value == "true" => match off {
            None => State::On(sighting(format!("`{label}` switches network policy on"), *at)),
            Some((_, map)) => {
                let reason =
                    format!("`{label}` switches network policy on and `{}` the controller off", map.label());
                State::Perhaps(sighting(reason, map.location()))
            }
        },
        Setting::Is(_, at) => State::Off(sighting(format!("`{label}` switches network policy off"), *at)),
        Setting::Default => {
            let reason = format!("`{label}` leaves network policy off, which is the default");
            State::Off(sighting(reason, resource.location()))
        }
        Setting::Unknown(why, at) => State::Perhaps(sighting(
            format!("whether `{label}` switches network policy on is not known: {why}"),
            *at,
        )),
    }
}

/// Standard mode is the documented default.
fn mode(setting: &Setting) -> Mode {
    match setting {
        Setting::Default => Mode::Standard,
        Setting::Is(value, _) => match value.as_str() {
            "strict" => Mode::Strict,
            "standard" => Mode::Standard,
            _ => Mode::Unknown("the enforcing mode is neither `standard` nor `strict`".to_owned()),
        },
        Setting::Unknown(why, _) => Mode::Unknown(format!("the enforcing mode is not known: {why}")),
    }
}

/// The numbers at the beginning of a version, e.g. `v1.21.1-eksbuild.1`; missing ones are not known.
fn numbers<const N: usize>(text: &str) -> Option<[u32; N]> {
    let text = text.trim_start_matches('v');
    let text = text.split(['-', '+']).next()?;
    let parsed: Option<Vec<u32>> = text.split('.').take(N).map(|part| part.parse().ok()).collect();
    parsed?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_numbers() {
        assert_eq!(numbers("1.33"), Some([1, 33]));
        assert_eq!(numbers("v1.21.1-eksbuild.1"), Some([1, 21, 1]));
        assert_eq!(numbers::<3>("1.21"), None);
        assert_eq!(numbers::<2>("latest"), None);
    }
}

//! What the Ingresses of a group have in common: scheme, security groups, listeners with their clients.

use std::collections::BTreeMap;

use ringfence_model::fact::{AddressRange, Facing};
use ringfence_model::{Field, Node, Text};

use super::super::value::{Said, parts};
use super::alb::Member;
use super::class::Params;

/// What all members of a group have in common.
#[derive(Debug, Default)]
pub(super) struct Shared {
    pub(super) facing: Option<Facing>,
    pub(super) security_groups: Vec<Text>,
    /// Whether the subnets are picked by hand.
    pub(super) picked: bool,
    /// Whether whoever comes without TLS is only sent on to the port with it.
    pub(super) redirects: bool,
    /// The clients that a listener lets in; whoever is in no entry is let in.
    pub(super) inbound: BTreeMap<u16, Vec<AddressRange>>,
    pub(super) doubts: Vec<String>,
}

impl Shared {
    pub(super) fn of(members: &[Member<'_>]) -> Self {
        let mut shared = Self::default();
        shared.read_scheme(members);
        for member in members {
            shared.read_groups(member);
            let subnets = member.either("subnets", "subnets");
            shared.picked |= !subnets.is_absent();
            shared.redirects |= matches!(member.say("ssl-redirect"), Said::Is(_));
            if !matches!(member.say("enable-frontend-nlb"), Said::Absent | Said::Is("false")) {
                shared.doubts.push("the Network Load Balancer in front of it is not evaluated".to_owned());
                shared.facing = shared.facing.filter(|facing| *facing != Facing::Internal);
            }
        }
        shared.read_inbound(members);
        shared
    }

    fn read_scheme(&mut self, members: &[Member<'_>]) {
        let mut said: Vec<Facing> = Vec::new();
        for member in members {
            match member.either("scheme", "scheme") {
                Said::Is("internal") => said.push(Facing::Internal),
                Said::Is("internet-facing") => said.push(Facing::Internet),
                Said::Absent => {}
                Said::Is(_) => {
                    self.scheme_unknown("`scheme` is neither `internal` nor `internet-facing`".to_owned())
                }
                Said::Unknown(why) => self.scheme_unknown(why),
            }
        }
        said.sort_unstable();
        said.dedup();
        if !self.doubts.is_empty() {
            return;
        }
        match said.as_slice() {
            // Internal unless it is said.
            [] => self.facing = Some(Facing::Internal),
            [one] => self.facing = Some(*one),
            _ => self.scheme_unknown(
                "the members of its group disagree on `scheme`, and the controller refuses them".to_owned(),
            ),
        }
    }

    fn scheme_unknown(&mut self, why: String) {
        self.facing = None;
        self.doubt(why);
    }

    fn doubt(&mut self, why: String) {
        if !self.doubts.contains(&why) {
            self.doubts.push(why);
        }
    }

    fn read_groups(&mut self, member: &Member<'_>) {
        match member.say("security-groups") {
            Said::Is(groups) => {
                self.security_groups.extend(parts(groups).map(Text::from));
                self.doubt("which clients its security groups let in is not evaluated".to_owned());
            }
            Said::Unknown(why) => self.doubt(why),
            Said::Absent => {}
        }
        let of_class = match member.class.params {
            Params::Are(params) => params.field("spec.prefixListsIDs"),
            Params::None | Params::Absent => Field::Absent,
        };
        let annotation = member.say("security-group-prefix-lists");
        if of_class.node().is_some() || !annotation.is_absent() {
            let listed = of_class.present().map(Node::items).unwrap_or_default().iter();
            self.security_groups.extend(listed.filter_map(Node::as_str).map(Text::from));
            self.security_groups.extend(annotation.is().into_iter().flat_map(parts).map(Text::from));
            self.doubt("which clients its prefix lists let in is not evaluated".to_owned());
        }
    }

    /// The clients of each port: those of whoever names any.
    fn read_inbound(&mut self, members: &[Member<'_>]) {
        for member in members {
            let Said::Is(ports) = &member.listeners else { continue };
            match &member.inbound {
                Said::Absent => {}
                Said::Unknown(why) => self.doubt(why.clone()),
                Said::Is(ranges) => {
                    for port in ports.keys() {
                        let there = self.inbound.entry(*port).or_insert_with(|| ranges.clone());
                        if there != ranges {
                            there.extend(ranges.iter().copied());
                            there.sort_unstable();
                            there.dedup();
                            let why = "the members of its group disagree on `inbound-cidrs`, and the controller refuses them";
                            self.doubt(why.to_owned());
                        }
                    }
                }
            }
        }
        // Whatever is not known may let in anyone.
        if members.iter().any(|member| matches!(member.inbound, Said::Unknown(_))) {
            self.inbound.clear();
        }
    }
}

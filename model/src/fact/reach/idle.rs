//! Policies and rules that do nothing.

use super::DecidingRule;

/// A policy or rule without effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idle {
    /// The rule; its element is empty where the whole policy is meant.
    pub rule: DecidingRule,
    /// Why it does nothing.
    pub why: WhyIdle,
    /// What decides in its place: for what is shadowed, the rules that cover it.
    pub by: Vec<DecidingRule>,
}

/// Why a policy or rule does nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WhyIdle {
    /// The policy selects no pod that was read.
    SelectsNoPod,
    /// The rule matches no peer that was read.
    MatchesNoPeer,
    /// The rule names no port that a pod has.
    MatchesNoPort,
    /// The policy selects pods on which no engine enforces it.
    NotEnforced,
    /// Without the rule every decision would be the same: others decide before it or open as much.
    Shadowed,
    /// Without the whole policy every decision would be the same.
    Redundant,
}

impl WhyIdle {
    /// Whether it matches nothing, rather than being covered by others.
    pub fn is_unused(self) -> bool {
        !matches!(self, Self::Shadowed | Self::Redundant)
    }

    /// As printed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SelectsNoPod => "selects no pod",
            Self::MatchesNoPeer => "matches no peer",
            Self::MatchesNoPort => "matches no port",
            Self::NotEnforced => "is enforced on no pod that it selects",
            Self::Shadowed => "changes nothing: other rules decide the same",
            Self::Redundant => "changes nothing: the same holds without it",
        }
    }
}

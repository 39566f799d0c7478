//! Blocks: `fromCIDR`, `fromCIDRSet` with exceptions, and groups of blocks.

use ringfence_model::selector::Selector;
use ringfence_model::{Field, Labels, Node, Resource};

use super::rule::RuleReader;
use crate::address::{Span, minus};
use crate::policy::PeerSpec;

impl RuleReader<'_, '_, '_> {
    /// An element of `fromCIDR`: a block or a single address.
    pub(super) fn cidr(&mut self, item: &Node) -> PeerSpec {
        match self.span(item) {
            Some(span) => PeerSpec::Block(self.base.reading.blocks.id(vec![span]), None),
            None => PeerSpec::Unknown(self.base.unknown("cidr", item)),
        }
    }

    fn span(&mut self, node: &Node) -> Option<Span> {
        let span = node.as_str().and_then(Span::parse);
        if span.is_none() && node.as_unresolved().is_none() {
            let shown = node.as_str().unwrap_or("this value");
            self.base.refuse("cidr-invalid", &format!("`{shown}` is not an address block"), node);
        }
        span
    }

    /// An element of `fromCIDRSet`: a block, a group by name, or groups by label, with exceptions.
    pub(super) fn cidr_rule(&mut self, item: &Node) -> Vec<PeerSpec> {
        if item.as_unresolved().is_some() {
            return vec![PeerSpec::Unknown(self.base.unknown("cidr", item))];
        }
        self.base.check_keys(item.as_field(), &["cidr", "cidrGroupRef", "cidrGroupSelector", "except"]);
        let keys = ["cidr", "cidrGroupRef", "cidrGroupSelector"];
        let mut given = keys.iter().filter_map(|key| Some((*key, item.field(key).node()?)));
        let (first, more) = (given.next(), given.next());
        let (Some((key, node)), None) = (first, more) else {
            let message = "one of `cidr`, `cidrGroupRef` and `cidrGroupSelector` is needed";
            self.base.refuse("cidr-missing", message, item);
            return Vec::new();
        };
        if node.as_unresolved().is_some() {
            return vec![PeerSpec::Unknown(self.base.unknown(key, node))];
        }
        let spans = match key {
            "cidr" => self.span(node).map(|span| vec![span]),
            "cidrGroupRef" => self.group(node),
            _ => self.groups(node),
        };
        let Some(spans) = spans else { return vec![PeerSpec::Unknown(self.base.unknown(key, node))] };
        self.without_holes(spans, item)
    }

    fn without_holes(&mut self, spans: Vec<Span>, item: &Node) -> Vec<PeerSpec> {
        let (mut holes, mut doubt) = (Vec::new(), None);
        let list = item.field("except");
        if let Field::Unresolved(node, _) = list {
            doubt = Some(self.base.unknown("except", node));
        }
        for node in list.present().map(Node::items).unwrap_or_default() {
            match self.span(node) {
                Some(hole) if item.get("cidr").is_some() && !spans.iter().any(|span| span.covers(hole)) => {
                    self.base.refuse("except-invalid", "`except` must lie within `cidr`", node);
                }
                Some(hole) => holes.push(hole),
                None => doubt = Some(self.base.unknown("except", node)),
            }
        }
        let left: Vec<Span> = spans.into_iter().flat_map(|span| minus(span, &holes)).collect();
        vec![PeerSpec::Block(self.base.reading.blocks.id(left), doubt)]
    }

    /// The blocks of the group of that name. One that is not in the input may hold any.
    fn group(&mut self, node: &Node) -> Option<Vec<Span>> {
        let name = node.as_str()?;
        let groups = self.around.groups(self.base.cluster);
        let named: Vec<&Resource> = groups.iter().filter(|group| group.name == name).copied().collect();
        match named.as_slice() {
            [group] => self.blocks_of(group),
            _ => None,
        }
    }

    /// The blocks of the groups with such labels.
    fn groups(&mut self, node: &Node) -> Option<Vec<Span>> {
        let selector = Selector::read(Field::Present(node))?;
        let mut spans = Vec::new();
        let groups = self.around.groups(self.base.cluster);
        if groups.is_empty() {
            return None;
        }
        for group in groups {
            if selector.matches(&Labels::of(&group.body))? {
                spans.extend(self.blocks_of(group)?);
            }
        }
        Some(spans)
    }

    fn blocks_of(&mut self, group: &Resource) -> Option<Vec<Span>> {
        let list = group.body.field("spec.externalCIDRs").present()?;
        list.items().iter().map(|node| node.as_str().and_then(Span::parse)).collect()
    }
}

//! What routes lead to, and who grants it across namespaces.

use ringfence_model::{Diagnostic, Field, Node, Text};

use super::super::index::{Found, Index, Kind};
use super::super::ingress::{Backend, Backends};
use super::super::value::port;
use super::attach::GROUP;
use super::or;

/// The Services that a route leads to: by its rules, and by copies that filters send.
pub(super) fn backends(index: &Index<'_>, route: Found<'_>, diagnostics: &mut Vec<Diagnostic>) -> Backends {
    let mut reader = Reader { index, route, found: Backends::default(), diagnostics };
    match route.field("spec.rules") {
        Field::Absent => {}
        Field::Unresolved(..) => reader.doubt("its `rules` are not known".to_owned()),
        Field::Present(rules) => rules.items().iter().for_each(|rule| reader.rule(rule)),
    }
    reader.found
}

struct Reader<'r, 'a> {
    index: &'r Index<'a>,
    route: Found<'a>,
    found: Backends,
    diagnostics: &'r mut Vec<Diagnostic>,
}

impl Reader<'_, '_> {
    fn rule(&mut self, rule: &Node) {
        match rule.field("backendRefs") {
            Field::Absent => {}
            Field::Unresolved(..) => self.doubt("its `backendRefs` are not known".to_owned()),
            Field::Present(list) => {
                for backend in list.items() {
                    // No request goes to a weight of 0.
                    if backend.get("weight").and_then(Node::as_int) != Some(0) {
                        self.reference(backend);
                    }
                    self.mirrors(backend);
                }
            }
        }
        self.mirrors(rule);
    }

    /// Filters may send a copy of each request elsewhere.
    fn mirrors(&mut self, of: &Node) {
        let filters = match of.field("filters") {
            Field::Absent => return,
            Field::Unresolved(..) => return self.doubt("its `filters` are not known".to_owned()),
            Field::Present(list) => list.items(),
        };
        for mirror in filters.iter().filter_map(|filter| filter.get("requestMirror.backendRef")) {
            self.reference(mirror);
        }
    }

    fn reference(&mut self, node: &Node) {
        if node.as_unresolved().is_some()
            || node.field("name").node().is_none_or(|name| name.as_str().is_none())
        {
            return self.doubt("a `backendRefs` is not known".to_owned());
        }
        let name = node.text("name").unwrap_or_default();
        let (group, kind) = (or(node.text("group"), ""), or(node.text("kind"), "Service"));
        let own = self.route.resource.namespace();
        let namespace = or(node.text("namespace"), own);
        if !group.is_empty() || kind != "Service" {
            return self.other(&kind, &namespace, name, node);
        }
        let mut doubts = Vec::new();
        if namespace != own {
            match self.granted(&namespace, name) {
                Some(true) => {}
                Some(false) => return self.refused(&namespace, name, node),
                None => doubts.push(format!("whether `{namespace}/{name}` may be referred to is not known")),
            }
        }
        let number = node.get("port").and_then(port);
        if number.is_none() {
            doubts.push(format!("which port of `{name}` is meant is not known"));
        }
        let backend = Backend { namespace, name: name.into(), number, port_name: None, doubts };
        if !self.found.services.contains(&backend) {
            self.found.services.push(backend);
        }
    }

    /// Whether a ReferenceGrant of that namespace lets the route refer to a Service in it.
    fn granted(&self, namespace: &str, name: &str) -> Option<bool> {
        let mut unknown = false;
        for grant in self.index.within(Kind::ReferenceGrant, self.route, namespace) {
            let list = |key: &str| match grant.field(key) {
                Field::Unresolved(..) => None,
                field => Some(field.present().map(Node::items).unwrap_or_default()),
            };
            let (Some(from), Some(to)) = (list("spec.from"), list("spec.to")) else {
                unknown = true;
                continue;
            };
            let from = from.iter().any(|one| {
                one.text("group") == Some(GROUP)
                    && one.text("kind") == Some(self.route.resource.kind.name())
                    && one.text("namespace") == Some(self.route.resource.namespace())
            });
            let to = to.iter().any(|one| {
                or(one.text("group"), "").is_empty()
                    && one.text("kind") == Some("Service")
                    && one.text("name").is_none_or(|there| there.is_empty() || there == name)
            });
            if from && to {
                return Some(true);
            }
        }
        if unknown { None } else { Some(false) }
    }

    fn refused(&mut self, namespace: &str, name: &str, node: &Node) {
        let route = self.route.resource.label();
        let message =
            format!("`{route}` refers to Service `{namespace}/{name}`, which no ReferenceGrant allows");
        self.diagnostics.push(
            Diagnostic::warning("reference-not-granted", ringfence_model::masked(message))
                .at(node.location())
                .help("nothing gets there; add a ReferenceGrant in that namespace, if it should"),
        );
    }

    fn other(&mut self, kind: &str, namespace: &str, name: &str, node: &Node) {
        self.found.elsewhere.push(Text::from(format!("{namespace}/{name}[{kind}]")));
        let message =
            format!("a backend of `{}` is a {kind}, which is not followed", self.route.resource.label());
        self.diagnostics.push(
            Diagnostic::warning("backend-not-evaluated", ringfence_model::masked(message))
                .at(node.location())
                .help("what is behind it is not among the ways in; only Services are followed"),
        );
    }

    fn doubt(&mut self, why: String) {
        if !self.found.doubts.contains(&why) {
            self.found.doubts.push(why);
        }
    }
}

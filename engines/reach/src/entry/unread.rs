//! Kinds that open ways in and are not evaluated: named for the very object, never passed over.

use ringfence_model::{Diagnostic, Kind};

use super::Builder;

/// Group and kind.
const UNREAD: [(&str, &str); 13] = [
    ("networking.istio.io", "Gateway"),
    ("networking.istio.io", "VirtualService"),
    ("traefik.io", "IngressRoute"),
    ("traefik.io", "IngressRouteTCP"),
    ("traefik.io", "IngressRouteUDP"),
    ("projectcontour.io", "HTTPProxy"),
    ("route.openshift.io", "Route"),
    ("k8s.nginx.org", "VirtualServer"),
    ("k8s.nginx.org", "TransportServer"),
    ("getambassador.io", "Mapping"),
    ("configuration.konghq.com", "TCPIngress"),
    ("configuration.konghq.com", "UDPIngress"),
    ("aga.k8s.aws", "GlobalAccelerator"),
];

impl Builder<'_> {
    pub(super) fn name_unread(&mut self) {
        let is_unread = |kind: &Kind| {
            let group = kind.group();
            UNREAD.iter().any(|(wanted, name)| group == Some(*wanted) && kind.name() == *name)
        };
        for resource in self.index.estate.resources().iter().filter(|one| is_unread(&one.kind)) {
            let message = format!("the way in that `{}` may open is not evaluated", resource.label());
            self.diagnostics.push(
                Diagnostic::warning("way-in-not-evaluated", message)
                    .at(resource.location())
                    .help("whom it lets in is not among the ways in; check it by hand"),
            );
        }
    }
}

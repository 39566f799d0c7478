//! Who is in a mesh: what injectors and ambient mode do with a pod, as their own code decides.
//!
//! A running pod shows its proxy. Of one that is yet to be made, labels and annotations of pod and
//! namespace say whether it will have one; where the namespace is not in the input, nobody knows.

use ringfence_model::Node;
use ringfence_model::fact::Ports;

use super::annotation;
use super::mark::{self, Marks};
use super::pod::{Answer, Pod, Written};
use super::workloads::Meshes;

/// Namespaces that Istio's injector leaves alone (`IgnoredNamespaces`).
const IGNORED: [&str; 4] = ["kube-system", "kube-public", "kube-node-lease", "local-path-storage"];

/// How Istio handles a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Istio {
    Out,
    Sidecar,
    Gateway,
    Waypoint,
    Ambient,
    Unknown,
}

/// The marks of a pod, without those that Services make.
pub(super) fn marks(pod: &Pod<'_>, meshes: Meshes) -> Marks {
    let mut marks = Marks::default();
    if meshes.istio {
        add_istio(pod, istio(pod), &mut marks);
    }
    if meshes.linkerd {
        add_linkerd(pod, linkerd(pod), &mut marks);
    }
    marks
}

fn istio(pod: &Pod<'_>) -> Istio {
    if pod.label("gateway.istio.io/managed").is("istio.io-mesh-controller") {
        return Istio::Waypoint;
    }
    let host = pod.host_network();
    let is_gateway = is_gateway(pod);
    if is_gateway && host != Answer::Unknown {
        return Istio::Gateway;
    }
    let beside = match (host, pod.container("istio-proxy")) {
        (Answer::Yes, _) => return Istio::Out,
        (Answer::Unknown, _) => return Istio::Unknown,
        (Answer::No, Some(_)) => Answer::Yes,
        (Answer::No, None) if pod.hides_containers() => Answer::Unknown,
        (Answer::No, None) if pod.observed => Answer::No,
        (Answer::No, None) => injected(pod),
    };
    match (beside, captured(pod)) {
        (Answer::Yes, _) => Istio::Sidecar,
        (Answer::Unknown, _) | (Answer::No, Answer::Unknown) => Istio::Unknown,
        (Answer::No, Answer::Yes) => Istio::Ambient,
        (Answer::No, Answer::No) => Istio::Out,
    }
}

/// A proxy that stands for itself: of the gateway template, or made for a Gateway.
fn is_gateway(pod: &Pod<'_>) -> bool {
    let template =
        matches!(pod.annotation("inject.istio.io/templates"), Written::Is(text) if text.contains("gateway"));
    let args = pod.container("istio-proxy").and_then(|container| container.get("args"));
    let router = args.map(Node::items).unwrap_or_default().iter().any(|arg| arg.as_str() == Some("router"));
    let made = matches!(pod.label("gateway.networking.k8s.io/gateway-name"), Written::Is(_))
        && pod.label("gateway.istio.io/managed").is("istio.io-gateway-controller");
    template || router || made
}

/// Istio's webhooks (chart istio-discovery, `mutatingwebhook.yaml`), and what the injector behind them does.
fn injected(pod: &Pod<'_>) -> Answer {
    let namespace = pod.namespace;
    if IGNORED.contains(&namespace.name) {
        return Answer::No;
    }
    let (opt, revision) = (pod.label("sidecar.istio.io/inject"), pod.label("istio.io/rev"));
    // The injector reads the annotation where the label is absent.
    match opt.or(pod.annotation("sidecar.istio.io/inject")) {
        Written::Is("false") => return Answer::No,
        Written::Unknown => return Answer::Unknown,
        Written::Is(_) | Written::Absent => {}
    }
    match (namespace.label("istio-injection"), namespace.label("istio.io/rev")) {
        (Written::Unknown, _) | (Written::Absent, Written::Unknown) => Answer::Unknown,
        (Written::Is("enabled"), _) | (Written::Absent, Written::Is(_)) => Answer::Yes,
        (Written::Is(_), _) => Answer::No,
        (Written::Absent, Written::Absent) => match (opt, revision) {
            (_, Written::Unknown) => Answer::Unknown,
            (_, Written::Is(_)) | (Written::Is("true"), Written::Absent) => Answer::Yes,
            _ => Answer::No,
        },
    }
}

/// Whether ambient mode captures the pod (`enablementSelectors` of chart istio-cni).
fn captured(pod: &Pod<'_>) -> Answer {
    if pod.annotation("ambient.istio.io/redirection").is("enabled") {
        return Answer::Yes;
    }
    const MODE: &str = "istio.io/dataplane-mode";
    let asked = match (pod.label(MODE), pod.namespace.label(MODE)) {
        _ if pod.namespace.name == "kube-system" => Answer::No,
        (Written::Is("ambient"), _) => Answer::Yes,
        (Written::Is("none"), _) => Answer::No,
        (Written::Unknown, _) | (_, Written::Unknown) => Answer::Unknown,
        (_, Written::Is("ambient")) => Answer::Yes,
        _ => Answer::No,
    };
    // A running pod shows that it is captured; where it should be and does not say so, nobody knows.
    if pod.observed && asked == Answer::Yes { Answer::Unknown } else { asked }
}

fn add_istio(pod: &Pod<'_>, istio: Istio, marks: &mut Marks) {
    let value = match istio {
        Istio::Out => return,
        Istio::Unknown => {
            marks.doubt(mark::ISTIO);
            marks.doubt(mark::ISTIO_IDENTITY);
            return;
        }
        Istio::Sidecar => mark::SIDECAR,
        Istio::Gateway => mark::GATEWAY,
        Istio::Waypoint => mark::WAYPOINT,
        Istio::Ambient => mark::AMBIENT,
    };
    let intercepts = !matches!(pod.annotation("sidecar.istio.io/interceptionMode"), Written::Is("NONE"));
    if istio == Istio::Sidecar && !intercepts {
        marks.doubt(mark::ISTIO);
    } else {
        marks.set(mark::ISTIO, value);
    }
    if istio == Istio::Sidecar && (!intercepts || some_leaves_plain(pod)) {
        marks.doubt(mark::ISTIO_IDENTITY);
    } else {
        marks.set(mark::ISTIO_IDENTITY, mark::YES);
    }
    match bypass(pod, istio) {
        Some(ports) if ports.is_empty() => {}
        Some(ports) => marks.set(mark::BYPASS, ports.to_string()),
        None => marks.doubt(mark::BYPASS),
    }
}

/// Whether annotations keep some outgoing connections from the proxy.
fn some_leaves_plain(pod: &Pod<'_>) -> bool {
    let excluded = ["excludeOutboundPorts", "excludeOutboundIPRanges", "excludeInterfaces"];
    let any = |name: &&str| match pod.annotation(&format!("traffic.sidecar.istio.io/{name}")) {
        Written::Absent => false,
        Written::Is(text) => !text.trim().is_empty(),
        Written::Unknown => true,
    };
    let included = pod.annotation("traffic.sidecar.istio.io/includeOutboundIPRanges");
    excluded.iter().any(any) || !matches!(included, Written::Absent | Written::Is("*"))
}

/// Ports that Istio's redirection leaves alone; `None` where they are not known.
fn bypass(pod: &Pod<'_>, istio: Istio) -> Option<Ports> {
    let all = Ports::new(vec![annotation::all_tcp()]);
    let list = |key: &str| match pod.annotation(key) {
        Written::Absent => Some(None),
        Written::Is(text) => annotation::ports(text).map(Some),
        Written::Unknown => None,
    };
    match istio {
        Istio::Sidecar => {
            let excluded = list("traffic.sidecar.istio.io/excludeInboundPorts")?.unwrap_or_default();
            let included = list("traffic.sidecar.istio.io/includeInboundPorts")?;
            Some(included.map_or_else(Ports::default, |included| all.minus(&included)).union(&excluded))
        }
        Istio::Ambient => match pod.annotation("ambient.istio.io/bypass-inbound-capture") {
            Written::Is("true") => Some(all),
            Written::Unknown => None,
            Written::Absent | Written::Is(_) => Some(Ports::default()),
        },
        Istio::Out | Istio::Gateway | Istio::Waypoint | Istio::Unknown => Some(Ports::default()),
    }
}

/// Linkerd's injector (`pkg/inject/report.go`).
fn linkerd(pod: &Pod<'_>) -> Answer {
    const INJECT: &str = "linkerd.io/inject";
    if pod.container("linkerd-proxy").is_some() {
        return Answer::Yes;
    }
    let out = pod.observed
        || pod.container("istio-proxy").is_some()
        || pod.is_false("automountServiceAccountToken");
    match pod.host_network() {
        Answer::Unknown => return Answer::Unknown,
        Answer::Yes => return Answer::No,
        Answer::No if pod.hides_containers() => return Answer::Unknown,
        Answer::No if out => return Answer::No,
        Answer::No => {}
    }
    let enabled = |text: &str| matches!(text, "enabled" | "ingress");
    match (pod.annotation(INJECT), pod.namespace.annotation(INJECT)) {
        (Written::Is("disabled"), _) => Answer::No,
        (Written::Is(text), _) if !enabled(text) => Answer::No,
        (Written::Unknown, _) | (_, Written::Unknown) => Answer::Unknown,
        (Written::Is(_), namespace) => match namespace {
            // An invalid word on the namespace keeps the injector from doing anything.
            Written::Is(text) if !enabled(text) && text != "disabled" => Answer::No,
            _ => Answer::Yes,
        },
        (Written::Absent, Written::Is(text)) if enabled(text) => Answer::Yes,
        (Written::Absent, _) => Answer::No,
    }
}

fn add_linkerd(pod: &Pod<'_>, linkerd: Answer, marks: &mut Marks) {
    match linkerd {
        Answer::No => return,
        Answer::Unknown => {
            [mark::LINKERD, mark::LINKERD_IDENTITY, mark::LINKERD_DEFAULT, mark::LINKERD_REQUIRED]
                .into_iter()
                .for_each(|key| marks.doubt(key));
            return;
        }
        Answer::Yes => marks.set(mark::LINKERD, mark::YES),
    }
    match configured(pod, "skip-outbound-ports") {
        Written::Absent | Written::Is("") => marks.set(mark::LINKERD_IDENTITY, mark::YES),
        Written::Is(_) | Written::Unknown => marks.doubt(mark::LINKERD_IDENTITY),
    }
    let skipped = match configured(pod, "skip-inbound-ports") {
        Written::Absent => Some(Ports::default()),
        Written::Is(text) => annotation::ports(text),
        Written::Unknown => None,
    };
    match skipped {
        Some(ports) if ports.is_empty() => {}
        Some(ports) => marks.set(mark::BYPASS, ports.to_string()),
        None => marks.doubt(mark::BYPASS),
    }
    match configured(pod, "default-inbound-policy").or(observed_default(pod)) {
        Written::Absent => {}
        Written::Is(text) => marks.set(mark::LINKERD_DEFAULT, text),
        Written::Unknown => marks.doubt(mark::LINKERD_DEFAULT),
    }
    match pod.annotation("config.linkerd.io/proxy-require-identity-inbound-ports") {
        Written::Is(text) if !text.is_empty() => marks.set(mark::LINKERD_REQUIRED, text),
        Written::Unknown => marks.doubt(mark::LINKERD_REQUIRED),
        Written::Absent | Written::Is(_) => {}
    }
}

/// A setting of Linkerd's proxy: of the pod, else of the namespace, whose annotations the injector copies.
fn configured<'a>(pod: &Pod<'a>, name: &str) -> Written<'a> {
    let key = format!("config.linkerd.io/{name}");
    match pod.annotation(&key) {
        Written::Absent if pod.observed => Written::Absent,
        Written::Absent => pod.namespace.annotation(&key),
        written => written,
    }
}

/// What the proxy of a running pod was told.
fn observed_default<'a>(pod: &Pod<'a>) -> Written<'a> {
    let env = pod.container("linkerd-proxy").and_then(|container| container.get("env"));
    let mut variables = env.map(Node::items).unwrap_or_default().iter();
    let found = variables.find(|one| one.text("name") == Some("LINKERD2_PROXY_INBOUND_DEFAULT_POLICY"));
    found.and_then(|variable| variable.text("value")).map_or(Written::Absent, Written::Is)
}

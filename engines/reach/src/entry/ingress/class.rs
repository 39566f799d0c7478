//! Which controller takes an Ingress.
//!
//! Sources: "Ingress" of kubernetes.io (class, default class, the deprecated annotation); "IngressClass" of
//! the AWS Load Balancer Controller; "Create an IngressClass" of the EKS user guide (Auto Mode).

use ringfence_model::selector::Selector;
use ringfence_model::{Field, Stage};

use super::super::controller::Known;
use super::super::gateway::selects;
use super::super::index::{Found, Index, Kind};
use super::super::value::{Said, annotation, text};

/// The deprecated annotation, which counts before the field where both are there.
const ANNOTATION: &str = "kubernetes.io/ingress.class";
const DEFAULT: &str = "ingressclass.kubernetes.io/is-default-class";

/// Who takes an Ingress.
#[derive(Clone, Debug)]
pub(crate) struct Class<'a> {
    pub(super) controller: Controller<'a>,
    /// The IngressClassParams of AWS.
    pub(super) params: Params<'a>,
    /// Why it may be otherwise: one clause each.
    pub(super) doubts: Vec<String>,
}

/// Parameters of a class.
#[derive(Clone, Copy, Debug)]
pub(super) enum Params<'a> {
    None,
    Are(Found<'a>),
    /// They are named, but not in the input; what they say counts before annotations.
    Absent,
}

/// Kinds of controllers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Controller<'a> {
    /// The AWS Load Balancer Controller.
    Alb,
    /// EKS Auto Mode.
    AutoMode,
    /// Pods of the cluster: what the class calls the controller, and those that it may mean.
    Pods(&'a str, Vec<&'static Known>),
    /// None, and why: the parameters of the class keep it to other namespaces.
    Refuses(&'static str),
    /// Not known.
    Unknown,
}

impl<'a> Controller<'a> {
    fn named(name: &'a str) -> Self {
        match name {
            "ingress.k8s.aws/alb" => Self::Alb,
            "eks.amazonaws.com/alb" => Self::AutoMode,
            _ => Self::Pods(name, Known::named(name)),
        }
    }
}

impl<'a> Class<'a> {
    pub(super) fn of(index: &Index<'a>, ingress: Found<'a>) -> Self {
        match annotation(ingress, ANNOTATION) {
            Said::Is(name) => return Self::called(name, index, ingress, true),
            Said::Unknown(why) => return Self::unknown(why),
            Said::Absent => {}
        }
        match text(ingress.field("spec.ingressClassName"), "ingressClassName") {
            Said::Is(name) => Self::called(name, index, ingress, false),
            Said::Unknown(why) => Self::unknown(why),
            Said::Absent => Self::default(index, ingress),
        }
    }

    fn unknown(why: String) -> Self {
        Self { controller: Controller::Unknown, params: Params::Absent, doubts: vec![why] }
    }

    /// By name: the class of that name, or what the name stands for by custom.
    fn called(name: &'a str, index: &Index<'a>, ingress: Found<'a>, annotated: bool) -> Self {
        match index.named(Kind::IngressClass, ingress, "", name).as_slice() {
            [class] if !annotated => Self::read(index, *class, ingress),
            [_, ..] if !annotated => Self::unknown(format!("IngressClass `{name}` is defined twice")),
            _ => {
                let controller = match name {
                    "alb" => Controller::Alb,
                    _ => Controller::Pods(name, Known::of_class(name)),
                };
                // Controllers take the annotation as it stands, without an IngressClass.
                let params = if annotated { Params::None } else { Params::Absent };
                let missing = format!("IngressClass `{name}` is not in the input");
                let doubts = if annotated { Vec::new() } else { vec![missing] };
                Self { controller, params, doubts }
            }
        }
    }

    /// The API server writes the default class into an Ingress that is made without one.
    fn default(index: &Index<'a>, ingress: Found<'a>) -> Self {
        let is_here = |class: &Found<'a>| class.cluster() == ingress.cluster();
        let is_default = |class: &Found<'a>| annotation(*class, DEFAULT) == Said::Is("true");
        let classes = index.all(Kind::IngressClass).into_iter();
        let defaults: Vec<Found<'a>> = classes.filter(|class| is_here(class) && is_default(class)).collect();
        match defaults.as_slice() {
            [class] if ingress.resource.stage != Stage::Live => Self::read(index, *class, ingress),
            [_, _, ..] => Self::unknown("several classes are the default".to_owned()),
            _ => Self::unknown(
                "it names no class, and whether a controller takes it all the same is not known".to_owned(),
            ),
        }
    }

    fn read(index: &Index<'a>, class: Found<'a>, ingress: Found<'a>) -> Self {
        let controller = match text(class.field("spec.controller"), "controller") {
            Said::Is(name) => Controller::named(name),
            Said::Absent => {
                return Self::unknown(format!("IngressClass `{}` names no controller", class.resource.name));
            }
            Said::Unknown(why) => return Self::unknown(why),
        };
        let params = match class.field("spec.parameters") {
            Field::Absent => Params::None,
            Field::Present(node) if node.text("kind") == Some("IngressClassParams") => {
                let named =
                    node.text("name").map(|name| index.named(Kind::IngressClassParams, class, "", name));
                match named.as_deref() {
                    Some([params]) => Params::Are(*params),
                    _ => Params::Absent,
                }
            }
            Field::Present(_) | Field::Unresolved(..) => Params::Absent,
        };
        Self { controller, params, doubts: Vec::new() }.kept_to(index, ingress)
    }

    /// The parameters of a class may keep it to some namespaces.
    fn kept_to(mut self, index: &Index<'a>, ingress: Found<'a>) -> Self {
        let Params::Are(params) = self.params else { return self };
        let Some(selector) = Selector::read(params.field("spec.namespaceSelector")) else { return self };
        let namespaces = index.named(Kind::Namespace, ingress, "", ingress.resource.namespace());
        match namespaces.first().and_then(|namespace| selects(&selector, *namespace)) {
            Some(true) => {}
            Some(false) => {
                self.controller = Controller::Refuses("its class is kept to other namespaces");
            }
            None => {
                self.doubts
                    .push("whether its class takes Ingresses of its namespace is not known".to_owned());
            }
        }
        self
    }
}

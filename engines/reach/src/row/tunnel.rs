//! Connections that travel through a tunnel: network policies see its port, not the application's.
//!
//! Pods in Istio's ambient mode reach each other through port 15008 (HBONE), whatever port the
//! application asks for: where policies leave 15008 open every port of TCP is, narrowed by ztunnel
//! alone. Linkerd's proxies connect to port 4143 from release 2.18 on, earlier ones as the application
//! does. A client that bypasses its own capture comes to the application's port in plaintext.
//!
//! Sources: istio.io "Ambient and Kubernetes NetworkPolicy"; linkerd.io "Common errors: Network Policy".

use ringfence_model::fact::PortRange;

use super::decide::Opened;
use crate::class::{Classes, Traits};
use crate::condition::{Certainty, ConditionId, Conditions};
use crate::mesh::{HBONE, LINKERD_INBOUND, Meaning, Mesh};
use crate::port::{Cells, Mask};

/// What a class is at the end of a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct End {
    way: Way,
    /// Ports that pass the class's own proxy by; index into [`Mesh::bypasses`].
    bypass: Option<u32>,
}

/// How a class takes part in tunnels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
enum Way {
    #[default]
    Plain,
    Ambient,
    PerhapsAmbient,
    Sidecar(Certainty),
    Linkerd(Certainty),
}

/// Which classes take part in tunnels, and what they look like to policies.
#[derive(Debug)]
pub(super) struct Tunnels<'a> {
    mesh: &'a Mesh,
    of: Vec<Way>,
    tcp: Mask,
    hbone: Mask,
    linkerd: Mask,
    /// What is not TCP.
    others: Mask,
    closed: ConditionId,
    mixed: ConditionId,
    by_release: ConditionId,
}

/// The tunnel between two classes.
#[derive(Clone, Debug)]
pub(super) struct Tunnel {
    pub(super) port: u16,
    /// The port as a mask.
    through: Mask,
    tcp: Mask,
    /// Why it may not be used.
    perhaps: Certainty,
    /// Said where it is closed.
    closed: ConditionId,
}

impl<'a> Tunnels<'a> {
    /// `None` where there is no mesh.
    pub(super) fn new(
        mesh: &'a Mesh,
        classes: &Classes,
        cells: &Cells,
        conditions: &mut Conditions,
    ) -> Option<Self> {
        if !mesh.is_used() {
            return None;
        }
        let tcp = cells.mask(crate::mesh::all_tcp());
        Some(Self {
            mesh,
            of: classes.pods.iter().map(|traits| Way::of(mesh, traits)).collect(),
            hbone: cells.mask(crate::mesh::tcp(HBONE)),
            linkerd: cells.mask(crate::mesh::tcp(LINKERD_INBOUND)),
            others: cells.all().minus(&tcp),
            tcp,
            closed: conditions.id(
                "policies close port 15008, through which pods in ambient mode connect: only what bypasses ztunnel gets in",
            ),
            mixed: conditions.id("whether the connection goes through port 15008 (HBONE) is not known"),
            by_release: conditions.id("Linkerd connects through port 4143 from release 2.18 on"),
        })
    }

    /// What a class is at the end of a connection.
    pub(super) fn end(&self, traits: &Traits) -> End {
        let bypass = traits.sets.iter().find_map(|(set, _)| match self.mesh.meanings.get(set) {
            Some(Meaning::Bypass(index)) => Some(*index),
            _ => None,
        });
        End { way: Way::of(self.mesh, traits), bypass }
    }

    /// Ports that no proxy sees on a class of that kind.
    pub(super) fn unproxied(&self, end: End, cells: &Cells) -> Mask {
        let bypass = end.bypass.and_then(|index| self.mesh.bypasses.get(index as usize));
        let bypass = bypass.map(Vec::as_slice).unwrap_or_default().iter().copied();
        let proxy = match end.way {
            Way::Sidecar(None) => Some(Meaning::Sidecar),
            Way::Linkerd(None) => Some(Meaning::Linkerd),
            _ => None,
        };
        let all = proxy.into_iter().flat_map(Mesh::of_proxy).chain(bypass);
        all.fold(self.others.clone(), |all, range: PortRange| all.or(&cells.mask(range)))
    }

    /// The tunnel between an end and a class; `None` for none.
    pub(super) fn between(&self, end: End, class: u32) -> Option<Tunnel> {
        let other = self.of.get(class as usize).copied().unwrap_or_default();
        let tunnel = |port, through: &Mask, perhaps, closed| Tunnel {
            port,
            through: through.clone(),
            tcp: self.tcp.clone(),
            perhaps,
            closed,
        };
        use Way::{Ambient, Linkerd, PerhapsAmbient, Plain, Sidecar};
        match (end.way, other) {
            (Ambient, Ambient) => Some(tunnel(HBONE, &self.hbone, None, self.closed)),
            (Ambient | PerhapsAmbient, Ambient | PerhapsAmbient | Sidecar(_))
            | (Sidecar(_), Ambient | PerhapsAmbient) => {
                Some(tunnel(HBONE, &self.hbone, Some(self.mixed), self.mixed))
            }
            (Linkerd(_), Linkerd(_)) => {
                Some(tunnel(LINKERD_INBOUND, &self.linkerd, Some(self.by_release), self.by_release))
            }
            (Plain, _) | (_, Plain | Linkerd(_)) | (Linkerd(_), _) | (Sidecar(_), Sidecar(_)) => None,
        }
    }

    /// `peers`, parted by the tunnel between them and an end.
    pub(super) fn part(&self, end: End, peers: &[u32]) -> Vec<(Option<Tunnel>, Vec<u32>)> {
        let mut parts: Vec<(Option<Tunnel>, Vec<u32>)> = Vec::new();
        for peer in peers {
            let tunnel = self.between(end, *peer);
            let kind = |tunnel: &Option<Tunnel>| tunnel.as_ref().map(|one| (one.port, one.perhaps));
            match parts.iter_mut().find(|(known, _)| kind(known) == kind(&tunnel)) {
                Some((_, peers)) => peers.push(*peer),
                None => parts.push((tunnel, vec![*peer])),
            }
        }
        parts
    }
}

impl Way {
    fn of(mesh: &Mesh, traits: &Traits) -> Self {
        match (mesh.has(traits, Meaning::Ambient), mesh.has(traits, Meaning::Sidecar)) {
            (Some(None), _) => Self::Ambient,
            (Some(Some(_)), _) => Self::PerhapsAmbient,
            (None, Some(certainty)) => Self::Sidecar(certainty),
            (None, None) => mesh.has(traits, Meaning::Linkerd).map_or(Self::Plain, Self::Linkerd),
        }
    }
}

impl End {
    /// Whether any tunnel leads to it.
    pub(super) fn is_tunnelled(self) -> bool {
        self.way != Way::Plain
    }
}

impl Tunnel {
    /// What applications get where policies open `opened` to packets; says why where that is not certain.
    pub(super) fn through(&self, opened: &mut Opened) -> Certainty {
        let Opened { sure, maybe } = opened;
        let (certainly, perhaps) = (sure.touches(&self.through), maybe.touches(&self.through));
        let plain = sure.and(&self.tcp);
        *sure = sure.minus(&self.tcp);
        match (certainly, self.perhaps) {
            (true, None) => *sure = sure.or(&self.tcp),
            (true, Some(_)) => *sure = sure.or(&plain),
            (false, _) => {}
        }
        if perhaps {
            *maybe = maybe.or(&self.tcp);
        }
        let unsure = !maybe.and(&self.tcp).minus(sure).is_empty();
        if !unsure || (certainly && self.perhaps.is_none()) {
            None
        } else if perhaps {
            self.perhaps
        } else {
            Some(self.closed)
        }
    }
}

//! Sets of ports by number, so that unions of many pairs are computed once.

use ringfence_model::fact::Ports;
use rustc_hash::FxHashMap;

/// Sets of ports by id, with their texts; 0 is the empty set.
pub(super) struct PortTexts {
    all: Vec<(Ports, String)>,
    ids: FxHashMap<Ports, u32>,
    unions: FxHashMap<(u32, u32), u32>,
    rests: FxHashMap<(u32, u32), u32>,
}

impl Default for PortTexts {
    fn default() -> Self {
        let none = Ports::default();
        let ids = [(none.clone(), 0)].into_iter().collect();
        Self {
            all: vec![(none, String::new())],
            ids,
            unions: FxHashMap::default(),
            rests: FxHashMap::default(),
        }
    }
}

impl PortTexts {
    pub(super) fn id(&mut self, ports: Ports) -> u32 {
        if let Some(id) = self.ids.get(&ports) {
            return *id;
        }
        let id = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        self.all.push((ports.clone(), ports.to_string()));
        self.ids.insert(ports, id);
        id
    }

    pub(super) fn cut(&mut self, ports: &Ports, only: Option<&Ports>) -> u32 {
        match (self.ids.get(ports), only) {
            (Some(id), None) => *id,
            (None, None) => self.id(ports.clone()),
            (_, Some(only)) => self.id(ports.intersection(only)),
        }
    }

    pub(super) fn get(&self, id: u32) -> Ports {
        self.all.get(id as usize).map(|(ports, _)| ports.clone()).unwrap_or_default()
    }

    pub(super) fn text(&self, id: u32) -> &str {
        self.all.get(id as usize).map(|(_, text)| text.as_str()).unwrap_or_default()
    }

    pub(super) fn union(&mut self, a: u32, b: u32) -> u32 {
        if a == b || b == 0 {
            return a;
        }
        if a == 0 {
            return b;
        }
        if let Some(id) = self.unions.get(&(a, b)) {
            return *id;
        }
        let id = self.id(self.get(a).union(&self.get(b)));
        self.unions.insert((a, b), id);
        id
    }

    pub(super) fn minus(&mut self, a: u32, b: u32) -> u32 {
        if a == 0 || b == 0 {
            return a;
        }
        if let Some(id) = self.rests.get(&(a, b)) {
            return *id;
        }
        let id = self.id(self.get(a).minus(&self.get(b)));
        self.rests.insert((a, b), id);
        id
    }
}

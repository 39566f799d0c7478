//! What the picture shows, in words: nodes with their rows, lines between them, letters and notes.

use std::collections::BTreeMap;

use ringfence_model::fact::{AddressRange, Ports, ScopeClass};

use super::gather::{Detail, Gathered, Member, Place, Vertex};
use super::groups::Group;
use super::layout::size;
use super::nets::{Bundle, Net, Nets};
use super::{LINES, NODES, Shown, outside, text, twins};
use crate::prose::{counted, grouped};

/// Names in one node at most.
const NAMED: usize = 10;
/// How wide names in a node are.
const ROOM: i32 = 230;
/// Names of one letter in the legend at most.
const LISTED: usize = 14;

/// A picture before it is laid out.
pub(super) struct Drawing {
    pub(super) title: String,
    pub(super) summary: String,
    /// Titles of the boxes around nodes.
    pub(super) lanes: Vec<String>,
    pub(super) nodes: Vec<Node>,
    pub(super) lines: Vec<Line>,
    pub(super) letters: Vec<Letter>,
    pub(super) notes: Vec<String>,
}

/// A box of the picture.
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) shape: Shape,
    pub(super) title: String,
    /// Beside the title: kind and class.
    pub(super) aside: String,
    /// Lines below the title.
    pub(super) names: Vec<String>,
    pub(super) class: Option<ScopeClass>,
    /// What it answers.
    pub(super) rows: Vec<Row>,
    /// Letters that stand for it, among others.
    pub(super) letters: Vec<char>,
    /// Everything about it.
    pub(super) full: String,
}

/// What a node stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Inside,
    Outside,
    /// Everything in its lane.
    Lane,
    /// Where lines between lanes end, for all of its lane.
    Entry,
    /// Where lines between lanes begin.
    Exit,
}

/// Ports of a node that are open to somebody.
pub(super) struct Row {
    pub(super) text: String,
    pub(super) style: Style,
    /// Letters of those they are open to, without a line.
    pub(super) letters: Vec<char>,
    /// Whether they are open among the members of the node.
    pub(super) within: bool,
    /// Lines that name those of other lanes they are open to.
    pub(super) names: Vec<String>,
}

/// How a line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Style {
    /// Whether it is certain; else it depends, and is dashed.
    pub(super) certain: bool,
    /// Whether every port of every protocol is open.
    pub(super) wide: bool,
}

/// Lines from several nodes into one row.
pub(super) struct Line {
    pub(super) from: Vec<usize>,
    pub(super) to: usize,
    pub(super) row: usize,
    pub(super) style: Style,
}

/// A letter and whom it stands for.
pub(super) struct Letter {
    pub(super) letter: char,
    pub(super) text: String,
}

impl Drawing {
    pub(super) fn new(shown: Shown<'_>) -> Self {
        let (gathered, nets, notes) = readable(shown);
        let mut writer = Writer { gathered: &gathered, groups: &nets.groups, hubs: BTreeMap::new() };
        let mut nodes: Vec<Node> =
            (0..).zip(&gathered.vertices).map(|(id, one)| writer.node(id, one)).collect();
        let mut lines = Vec::new();
        for net in &nets.all {
            let (row, style) = writer.row(net);
            let from = writer.sources(net, &mut nodes);
            let to = net.to as usize;
            let Some(node) = nodes.get_mut(to) else { continue };
            let index = node.rows.len();
            node.full.push_str(&format!("\n{}", writer.sentence(net, &row)));
            node.rows.push(row);
            if !from.is_empty() {
                lines.push(Line { from, to, row: index, style });
            }
        }
        writer.bundles(&nets.bundles, &mut nodes, &mut lines);
        let letters = writer.letters();
        let summary = summary(&gathered);
        let title = format!("Who can talk to whom under profile {}", shown.map.profile);
        let lanes = writer.lanes();
        Self { title, summary, lanes, nodes, lines, letters, notes }
    }
}

/// The finest detail that a person can read, and what is to be said of it.
fn readable(shown: Shown<'_>) -> (Gathered, Nets, Vec<String>) {
    let fine = Gathered::new(shown, Detail::Workloads).map(|all| twins::fold(all, shown.lonely));
    if let Some(fine) = fine.filter(|fine| fine.vertices.len() <= NODES) {
        let nets = Nets::new(&fine);
        if nets.lines() <= LINES {
            return (fine, nets, Vec::new());
        }
    }
    let coarse = Gathered::new(shown, Detail::Namespaces).map(|all| twins::fold(all, shown.lonely));
    let mut notes = vec![
        "A node is a namespace: a line says that some workload of one may open the ports to some workload of \
         the other. `--focus NAMESPACE/*` shows the workloads."
            .to_owned(),
    ];
    let Some(coarse) = coarse else {
        notes.push("There are too many connections for a picture; `--format csv` lists them.".to_owned());
        let nothing = Gathered::nothing();
        let nets = Nets::new(&nothing);
        return (nothing, nets, notes);
    };
    let (coarse, left_out) = coarse.most_connected(NODES);
    if left_out > 0 {
        notes.push(format!("{} with fewer connections are left out.", counted(left_out, "node")));
    }
    let nets = Nets::new(&coarse);
    (coarse, nets, notes)
}

fn summary(gathered: &Gathered) -> String {
    let workloads: usize = gathered.vertices.iter().map(|vertex| vertex.workloads).sum();
    let inside = gathered.vertices.iter().filter(|vertex| matches!(vertex.place, Place::Lane(_)));
    let namespaces = match gathered.detail {
        Detail::Workloads => gathered.lanes.len(),
        Detail::Namespaces => inside.map(|vertex| vertex.members.len()).sum(),
    };
    format!("{} in {}", counted(workloads, "workload"), counted(namespaces, "namespace"))
}

struct Writer<'a> {
    gathered: &'a Gathered,
    groups: &'a [Group],
    /// Nodes that stand for whole lanes.
    hubs: BTreeMap<u32, usize>,
}

impl Writer<'_> {
    fn lanes(&self) -> Vec<String> {
        let name = |lane: &String| match (self.gathered.detail, lane.as_str()) {
            (Detail::Namespaces, "") => "cluster".to_owned(),
            (Detail::Namespaces, name) => format!("cluster {name}"),
            (Detail::Workloads, name) => name.to_owned(),
        };
        self.gathered.lanes.iter().map(name).collect()
    }

    fn node(&self, id: u32, vertex: &Vertex) -> Node {
        let of = |(index, group): (usize, &Group)| {
            let is_named = !group.inverted && group.members.binary_search(&id).is_ok();
            is_named.then(|| letter(index))
        };
        let letters = self.groups.iter().enumerate().filter_map(of).collect();
        let (title, aside, names) = self.called(vertex);
        let full = self.full_names(id);
        let shape = if matches!(vertex.place, Place::Lane(_)) { Shape::Inside } else { Shape::Outside };
        Node {
            place: vertex.place,
            shape,
            title,
            aside,
            names,
            class: vertex.class,
            rows: Vec::new(),
            letters,
            full,
        }
    }

    /// Title, aside and names.
    fn called(&self, vertex: &Vertex) -> (String, String, Vec<String>) {
        if !is_inside(vertex) && vertex.is_range() {
            let (title, aside, lines) = outside::called(&ranges(vertex));
            return (title, aside.to_owned(), lines);
        }
        let class = vertex.class.map(|class| class.as_str().to_owned());
        let count = vertex.members.len();
        let (noun, kind) = match (self.gathered.detail, vertex.members.first()) {
            (_, first) if vertex.place == Place::From => {
                let is_door = first.is_some_and(|first| !first.lines.is_empty());
                let kind = first.filter(|_| count == 1).map(|first| first.kind.clone());
                (if is_door { "way in" } else { "source" }, kind.filter(|kind| !kind.is_empty()))
            }
            _ if vertex.place == Place::To => ("destination", None),
            (Detail::Workloads, first) => ("workload", first.map(|first| first.kind.clone())),
            (Detail::Namespaces, _) => ("namespace", Some(counted(vertex.workloads, "workload"))),
        };
        let kind = kind.filter(|_| count == 1 || self.gathered.detail == Detail::Namespaces);
        let aside = [kind, class].into_iter().flatten().collect::<Vec<_>>().join(", ");
        match vertex.members.as_slice() {
            [one] => (one.name.clone(), aside, one.lines.clone()),
            many => {
                let name = |one: &Member| match one.lines.is_empty() {
                    true => one.name.clone(),
                    false => format!("{} {}", one.kind, one.name),
                };
                let mut names: Vec<String> = many.iter().take(NAMED).map(name).collect();
                names.extend((count > NAMED).then(|| format!("and {} more", grouped(count - NAMED))));
                (several(count, noun), aside, text::wrapped(&names, size::SMALL, ROOM))
            }
        }
    }

    /// The names of all members with their lane, for a tooltip.
    fn full_names(&self, id: u32) -> String {
        const TOLD: usize = 60;
        let names = self.names(&[id], TOLD);
        names.join(", ")
    }

    /// The row of a net, and how lines into it look.
    fn row(&self, net: &Net) -> (Row, Style) {
        let ports = self.gathered.ports(net.ports);
        let style = Style { certain: net.certain, wide: ports == Ports::all() };
        let mark = if net.certain { "" } else { " ?" };
        let letters = net.groups.iter().map(|group| letter(*group as usize)).collect();
        let text = format!("{}{mark}", text::ports(&ports));
        let mut named = self.names(&net.named.0, usize::MAX);
        named.extend(net.named.1.iter().map(|lane| format!("{}/*", self.lane(*lane))));
        if let Some(first) = named.first_mut() {
            *first = format!("from {first}");
        }
        let names = text::wrapped(&named, size::SMALL, ROOM);
        (Row { text, style, letters, within: net.within, names }, style)
    }

    /// The nodes that lines come from; a hub is made where a whole lane may.
    fn sources(&mut self, net: &Net, nodes: &mut Vec<Node>) -> Vec<usize> {
        let mut from: Vec<usize> = net.sources.iter().map(|source| *source as usize).collect();
        for lane in &net.lanes {
            let next = nodes.len();
            let node = *self.hubs.entry(*lane).or_insert(next);
            if node == next {
                nodes.push(self.hub(*lane));
            }
            from.push(node);
        }
        from
    }

    fn hub(&self, lane: u32) -> Node {
        self.of_lane(lane, Shape::Lane, format!("any workload of {}", self.lane(lane)))
    }

    /// A node that stands for its lane.
    fn of_lane(&self, lane: u32, shape: Shape, title: String) -> Node {
        Node {
            place: Place::Lane(lane),
            shape,
            full: title.clone(),
            title,
            aside: String::new(),
            names: Vec::new(),
            class: None,
            rows: Vec::new(),
            letters: Vec::new(),
        }
    }

    fn lane(&self, lane: u32) -> &str {
        self.gathered.lanes.get(lane as usize).map(String::as_str).unwrap_or_default()
    }

    /// Lines from lane to lane, with a node at either end.
    fn bundles(&self, bundles: &[Bundle], nodes: &mut Vec<Node>, lines: &mut Vec<Line>) {
        let mut ends: BTreeMap<(u32, bool), usize> = BTreeMap::new();
        let mut end = |lane: u32, entry: bool, nodes: &mut Vec<Node>| {
            *ends.entry((lane, entry)).or_insert_with(|| {
                let (shape, word) = if entry { (Shape::Entry, "into") } else { (Shape::Exit, "out of") };
                nodes.push(self.of_lane(lane, shape, format!("{word} {}", self.lane(lane))));
                nodes.len() - 1
            })
        };
        for bundle in bundles {
            let to = end(bundle.to, true, nodes);
            let from: Vec<usize> = bundle.from.iter().map(|lane| end(*lane, false, nodes)).collect();
            let style = Style { certain: bundle.certain, wide: bundle.ports == Ports::all() };
            let mark = if bundle.certain { "" } else { " ?" };
            let text = format!("{}{mark}", text::ports(&bundle.ports));
            let Some(node) = nodes.get_mut(to) else { continue };
            lines.push(Line { from, to, row: node.rows.len(), style });
            node.rows.push(Row { text, style, letters: Vec::new(), within: false, names: Vec::new() });
        }
    }

    /// `answers TCP 8443 to storefront/checkout, A`.
    fn sentence(&self, net: &Net, row: &Row) -> String {
        let mut to = self.names(&net.sources, LISTED);
        to.extend(self.names(&net.named.0, LISTED));
        to.extend(net.lanes.iter().chain(&net.named.1).map(|lane| format!("{}/*", self.lane(*lane))));
        to.extend(row.letters.iter().map(|letter| format!("all of {letter}")));
        to.extend(net.within.then(|| "one another".to_owned()));
        format!("answers {} to {}", row.text, to.join(", "))
    }

    fn letters(&self) -> Vec<Letter> {
        let text = |(index, group): (usize, &Group)| {
            let outside: Vec<AddressRange> = group
                .members
                .iter()
                .filter_map(|id| self.gathered.vertices.get(*id as usize))
                .filter(|vertex| !is_inside(vertex))
                .flat_map(ranges)
                .collect();
            let inside: Vec<u32> = group.members.iter().copied().filter(|id| self.is_inside(*id)).collect();
            let mut parts = Vec::new();
            if group.inverted {
                parts.push(self.all_but(&inside));
            } else if !inside.is_empty() {
                parts.push(self.members(&inside));
            }
            if !outside.is_empty() {
                let (title, _, lines) = outside::called(&outside);
                parts.push(std::iter::once(title).chain(lines).collect::<Vec<_>>().join(", "));
            }
            Letter { letter: letter(index), text: parts.join("; ") }
        };
        self.groups.iter().enumerate().map(text).collect()
    }

    fn is_inside(&self, id: u32) -> bool {
        self.gathered.vertices.get(id as usize).is_some_and(is_inside)
    }

    fn members(&self, members: &[u32]) -> String {
        let mut names = self.names(members, LISTED);
        let all = self.names(members, usize::MAX).len();
        names.extend((all > names.len()).then(|| format!("and {} more", grouped(all - names.len()))));
        names.join(", ")
    }

    fn all_but(&self, members: &[u32]) -> String {
        let ids = (0..).take(self.gathered.vertices.len());
        let others: Vec<u32> =
            ids.filter(|id| self.is_inside(*id) && members.binary_search(id).is_err()).collect();
        let noun = if self.gathered.detail == Detail::Workloads { "workload" } else { "namespace" };
        match others.as_slice() {
            [] => format!("every {noun}"),
            others => format!("every {noun} but {}", self.members(others)),
        }
    }

    /// Names of vertices, `ns/name`; at most `most`.
    fn names(&self, vertices: &[u32], most: usize) -> Vec<String> {
        let all = vertices.iter().filter_map(|id| self.gathered.vertices.get(*id as usize));
        let names = all.flat_map(|vertex| {
            let lane = match vertex.place {
                Place::Lane(lane) => self.gathered.lanes.get(lane as usize).map(String::as_str),
                Place::From | Place::To => None,
            };
            let lane =
                lane.filter(|lane| !lane.is_empty()).map(|lane| format!("{lane}/")).unwrap_or_default();
            vertex.members.iter().map(move |member| format!("{lane}{}", member.name))
        });
        names.take(most).collect()
    }
}

/// `3 workloads`, `2 ways in`.
fn several(count: usize, noun: &str) -> String {
    match noun.split_once(' ') {
        Some((noun, rest)) => format!("{} {rest}", counted(count, noun)),
        None => counted(count, noun),
    }
}

fn is_inside(vertex: &Vertex) -> bool {
    matches!(vertex.place, Place::Lane(_))
}

fn ranges(vertex: &Vertex) -> Vec<AddressRange> {
    vertex.members.iter().filter_map(|member| member.range).collect()
}

fn letter(index: usize) -> char {
    u8::try_from(index).ok().and_then(|index| b'A'.checked_add(index)).map_or('?', char::from)
}

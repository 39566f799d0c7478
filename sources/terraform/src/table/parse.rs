//! Reads `.map` files.

use ringfence_model::{Fold, Key, Kind};
use rustc_hash::FxHashMap;

use super::{Block, BlockId, How, Mapping, Part, Path, Rule, Step, Table, Target, Word};

/// The table that `files` make, and the lines that are not understood.
pub(super) fn parse(files: &[&'static str]) -> (Table, Vec<String>) {
    let mut parser = Parser::default();
    for file in files {
        for (index, line) in file.lines().enumerate() {
            let trimmed = line.trim_start();
            if trimmed.is_empty() || trimmed.starts_with('#') {
                continue;
            }
            if let Err(what) = parser.line(line.len() - trimmed.len(), trimmed) {
                parser.faults.push(format!("line {}: {what}", index + 1));
            }
        }
    }
    parser.finish()
}

type Result<T> = std::result::Result<T, String>;

#[derive(Default)]
struct Parser {
    table: Table,
    shapes: FxHashMap<&'static str, BlockId>,
    /// Rules whose block is a shape, by block and attribute.
    shaped: Vec<(BlockId, &'static str, &'static str)>,
    /// Blocks that are like a shape.
    alike: Vec<(BlockId, &'static str)>,
    /// Types that have the lines of another one.
    copies: Vec<(&'static str, &'static str)>,
    /// The type of the section, unless it is a shape.
    section: Option<&'static str>,
    /// The blocks that are open, by depth; a rule without lines has none yet.
    open: Vec<Option<BlockId>>,
    faults: Vec<String>,
}

impl Parser {
    fn line(&mut self, indent: usize, text: &'static str) -> Result<()> {
        let words: Vec<&'static str> =
            text.split_whitespace().take_while(|word| !word.starts_with('#')).collect();
        let (first, rest) = words.split_first().ok_or("nothing there")?;
        let depth = indent / 2;
        if !indent.is_multiple_of(2) || depth > self.open.len() {
            return Err("indent by two for each block".to_owned());
        }
        match (depth, *first) {
            (0, _) => self.header(first, rest),
            (_, ":") => self.directive(depth, rest),
            (_, attribute) => self.rule(depth, attribute, rest),
        }
    }

    fn header(&mut self, name: &'static str, rest: &[&'static str]) -> Result<()> {
        self.open.clear();
        self.section = None;
        if let [like, other] = rest
            && *like == "like"
        {
            self.copies.push((name, other));
            return Ok(());
        }
        let block = self.add_block();
        self.open.push(Some(block));
        if name.starts_with('@') {
            self.shapes.insert(name, block);
            return Ok(());
        }
        self.section = Some(name);
        let kind = rest.first().filter(|word| !word.starts_with('@')).copied().unwrap_or(name);
        if let Some(shape) = rest.iter().find(|word| word.starts_with('@')) {
            self.alike.push((block, shape));
        }
        let mappings = self.table.types.entry(name).or_default();
        let twice = mappings.iter().any(|mapping| mapping.when.is_none());
        mappings.push(Mapping { kind: Kind::new(kind), when: None, part: None, block });
        if twice { Err(format!("`{name}` has a section already")) } else { Ok(()) }
    }

    fn add_block(&mut self) -> BlockId {
        self.table.blocks.push(Block::default());
        BlockId(self.table.blocks.len() - 1)
    }

    fn block(&mut self, depth: usize) -> Result<&mut Block> {
        let id = self.block_id(depth)?;
        self.table.blocks.get_mut(id.0).ok_or_else(|| "no block is open".to_owned())
    }

    /// The block that lines at `depth` belong to; made where the rule above had no lines yet.
    fn block_id(&mut self, depth: usize) -> Result<BlockId> {
        let parent = depth.checked_sub(2).and_then(|at| self.open.get(at)).copied().flatten();
        match self.open.get(depth - 1).copied() {
            Some(Some(id)) => Ok(id),
            Some(None) => {
                let id = self.add_block();
                self.adopt(parent, id);
                if let Some(slot) = self.open.get_mut(depth - 1) {
                    *slot = Some(id);
                }
                Ok(id)
            }
            None => Err("no block is open".to_owned()),
        }
    }

    /// Hands `id` to the last rule of `parent`. Below camel blocks everything is camel.
    fn adopt(&mut self, parent: Option<BlockId>, id: BlockId) {
        let Some(parent) = parent else { return };
        let Some(block) = self.table.blocks.get_mut(parent.0) else { return };
        let (camel, like) = (block.camel, block.like.unwrap_or(parent));
        if let Some(rule) = block.rules.last_mut() {
            rule.block = Some(id);
        }
        if let Some(made) = self.table.blocks.get_mut(id.0).filter(|_| camel) {
            (made.camel, made.like) = (true, Some(like));
        }
    }

    fn directive(&mut self, depth: usize, words: &[&'static str]) -> Result<()> {
        match words {
            ["camel"] => self.block(depth)?.camel = true,
            ["like", shape] => {
                let id = self.block_id(depth)?;
                self.alike.push((id, shape));
            }
            ["set", path, value] => self.block(depth)?.constants.push((steps(path), word(value))),
            ["when", attribute, value] => self.mapping()?.when = Some((attribute, value)),
            ["part", owners, kind, fold @ ..] => {
                let owners = owners.split('+').collect();
                let part = Part { owners, kind: Kind::new(*kind), fold: folding(fold)? };
                self.mapping()?.part = Some(part);
            }
            _ => return Err(format!("`{}` is no directive", words.join(" "))),
        }
        Ok(())
    }

    fn mapping(&mut self) -> Result<&mut Mapping> {
        let mappings = self.section.and_then(|name| self.table.types.get_mut(name));
        mappings
            .and_then(|mappings| mappings.last_mut())
            .ok_or_else(|| "only a type can have this".to_owned())
    }

    fn rule(&mut self, depth: usize, attribute: &'static str, words: &[&'static str]) -> Result<()> {
        let (target, changes) = words.split_first().ok_or("a property is missing")?;
        let id = self.block_id(depth)?;
        let mut rule = Rule {
            attribute,
            target: match *target {
                "-" => Target::Dropped,
                "." => Target::Parent,
                path => Target::Path(steps(path)),
            },
            how: How::Copy,
            with: None,
            otherwise_empty: false,
            spread: false,
            block: None,
        };
        self.open.truncate(depth);
        self.open.push(None);
        let changed = self.changes(id, &mut rule, changes);
        let block = self.block(depth)?;
        block.spreads |= rule.spread;
        block.rules.push(rule);
        changed
    }

    fn changes(&mut self, id: BlockId, rule: &mut Rule, mut words: &[&'static str]) -> Result<()> {
        while let Some((first, rest)) = words.split_first() {
            words = rest;
            match (*first, rest) {
                ("spread", _) => rule.spread = true,
                ("else", ["[]", after @ ..]) => (rule.otherwise_empty, words) = (true, after),
                ("with", [pair, after @ ..]) => {
                    let (name, value) = pair.split_once('=').ok_or("`with` takes NAME=VALUE")?;
                    (rule.with, words) = (Some((name.into(), word(value))), after);
                }
                (shape, _) if shape.starts_with('@') => self.shaped.push((id, rule.attribute, shape)),
                ("pairs", [key, value, after @ ..]) => {
                    (rule.how, words) = (How::Pairs((*key).into(), (*value).into()), after);
                }
                ("map", [name, value, after @ ..]) => (rule.how, words) = (How::Entries(name, value), after),
                ("keyed", [name, after @ ..]) => (rule.how, words) = (How::Keyed(name), after),
                ("attribute", [name, after @ ..]) => (rule.how, words) = (How::Attribute(name), after),
                (other, _) => rule.how = simple(other, &mut rule.how)?,
            }
        }
        Ok(())
    }

    /// Resolves shapes and copies, and sorts the rules.
    fn finish(mut self) -> (Table, Vec<String>) {
        for (id, attribute, shape) in std::mem::take(&mut self.shaped) {
            let target = self.shape(shape);
            let block = self.table.blocks.get_mut(id.0);
            let rule =
                block.and_then(|block| block.rules.iter_mut().find(|rule| rule.attribute == attribute));
            if let Some(rule) = rule {
                rule.block = target;
            }
        }
        for (id, shape) in std::mem::take(&mut self.alike) {
            let target = self.shape(shape);
            let camel =
                target.and_then(|target| self.table.blocks.get(target.0)).is_some_and(|block| block.camel);
            if let Some(block) = self.table.blocks.get_mut(id.0) {
                (block.like, block.camel) = (target, block.camel || camel);
            }
        }
        for (name, other) in std::mem::take(&mut self.copies) {
            match self.table.types.get(other).cloned() {
                Some(mappings) => drop(self.table.types.insert(name, mappings)),
                None => self.faults.push(format!("`{name}` is like `{other}`, which has no section")),
            }
        }
        self.table.blocks.iter_mut().for_each(|block| block.rules.sort_by_key(|rule| rule.attribute));
        (self.table, self.faults)
    }

    fn shape(&mut self, name: &'static str) -> Option<BlockId> {
        let found = self.shapes.get(name).copied();
        if found.is_none() {
            self.faults.push(format!("there is no shape `{name}`"));
        }
        found
    }
}

fn folding(words: &[&'static str]) -> Result<Fold> {
    Ok(match words {
        ["merge"] => Fold::Merge,
        ["append", list] => Fold::Append((*list).into()),
        ["value", list, property] => Fold::AppendValue { list: (*list).into(), property: (*property).into() },
        _ => return Err("a part is `merge`, `append LIST` or `value LIST PROPERTY`".to_owned()),
    })
}

/// A transformation of one word; translations of words add up.
fn simple(name: &'static str, before: &mut How) -> Result<How> {
    Ok(match name {
        "json" => How::Json,
        "first" => How::First,
        "list" => How::List,
        "bool" => How::Truth,
        "number" => How::Number,
        "zero" => How::Zero,
        "self" => How::Itself,
        _ => {
            let (from, to) = name.split_once('=').ok_or_else(|| format!("`{name}` is no transformation"))?;
            let mut words = if let How::Words(words) = before { std::mem::take(words) } else { Vec::new() };
            words.push((from, word(to)));
            How::Words(words)
        }
    })
}

fn steps(path: &'static str) -> Path {
    let step = |text: &'static str| {
        let name = text.strip_suffix("[]");
        Step { key: Key::from(name.unwrap_or(text)), list: name.is_some() }
    };
    path.split('.').map(step).collect()
}

fn word(text: &'static str) -> Word {
    match text {
        "true" => Word::Truth(true),
        "false" => Word::Truth(false),
        _ => Word::Text(text.into()),
    }
}

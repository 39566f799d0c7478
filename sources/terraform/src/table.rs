//! The mapping as data: which Terraform type is which canonical kind, attribute by attribute.
//!
//! One `.map` file a family of services. A section begins at the margin, its lines are indented by two
//! more for each block they lie in:
//!
//! ```text
//! aws_eks_cluster AWS::EKS::Cluster          # type, kind; the type alone where AWS has no kind for it
//!   name             Name                    # attribute, property
//!   log_types        Logging.Types[].Type    # below other properties; each element of a list
//!   vpc_config       ResourcesVpcConfig      # a block of one element becomes an object
//!     subnet_ids     SubnetIds
//!   taint            Taints[]                # a block becomes a list of objects
//! aws_s3_bucket_versioning
//!   : part bucket AWS::S3::Bucket merge      # part of the bucket that `bucket` names
//! aws_alb like aws_lb                        # the same lines
//! @rule                                      # a shape, used as `ATTRIBUTE TARGET @rule`
//! ```
//!
//! What follows the property says how the value changes: see [`How`] and [`Rule`].

mod parse;

use std::sync::LazyLock;

use ringfence_model::{Fold, Key, Kind, Text};
use rustc_hash::FxHashMap;

use parse::parse;

/// All families.
const FILES: &[&str] = &[
    include_str!("../tables/compute.map"),
    include_str!("../tables/databases.map"),
    include_str!("../tables/edge.map"),
    include_str!("../tables/eks.map"),
    include_str!("../tables/iam.map"),
    include_str!("../tables/keys.map"),
    include_str!("../tables/kubernetes.map"),
    include_str!("../tables/load-balancers.map"),
    include_str!("../tables/logging.map"),
    include_str!("../tables/messaging.map"),
    include_str!("../tables/s3.map"),
    include_str!("../tables/security-groups.map"),
    include_str!("../tables/serverless.map"),
    include_str!("../tables/storage.map"),
    include_str!("../tables/stores.map"),
    include_str!("../tables/vpc.map"),
    include_str!("../tables/waf.map"),
];

static TABLE: LazyLock<(Table, Vec<String>)> = LazyLock::new(|| parse(FILES));

/// The whole mapping.
#[derive(Debug, Default)]
pub(crate) struct Table {
    types: FxHashMap<&'static str, Vec<Mapping>>,
    blocks: Vec<Block>,
}

/// One Terraform type, or that part of it for which `when` holds.
#[derive(Clone, Debug)]
pub(crate) struct Mapping {
    /// The canonical kind; the Terraform type where AWS has no kind for it.
    pub(crate) kind: Kind,
    /// An attribute and the text it must have.
    pub(crate) when: Option<(&'static str, &'static str)>,
    /// What it is a part of.
    pub(crate) part: Option<Part>,
    /// Its attributes.
    pub(crate) block: BlockId,
}

/// How a resource is a part of another one.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    /// The attributes that name the owner.
    pub(crate) owners: Vec<&'static str>,
    /// Kind of the owner.
    pub(crate) kind: Kind,
    /// How it becomes a part.
    pub(crate) fold: Fold,
}

/// A block of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BlockId(usize);

/// The attributes of a block.
#[derive(Debug, Default)]
pub(crate) struct Block {
    /// Sorted by attribute.
    rules: Vec<Rule>,
    /// What every object of this block has.
    pub(crate) constants: Vec<(Path, Word)>,
    /// Where attributes without a rule are looked up.
    like: Option<BlockId>,
    /// Whether an attribute without a rule becomes camelCase.
    pub(crate) camel: bool,
    /// Whether one block becomes several objects.
    pub(crate) spreads: bool,
}

/// Where a property lies below its block.
pub(crate) type Path = Vec<Step>;

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// The property.
    pub(crate) key: Key,
    /// Whether it is a list, of which the rest of the path describes an element.
    pub(crate) list: bool,
}

/// A value as the table writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    /// `true` or `false`.
    Truth(bool),
    /// Anything else.
    Text(Text),
}

/// What becomes of one attribute.
#[derive(Debug)]
pub(crate) struct Rule {
    /// The attribute.
    pub(crate) attribute: &'static str,
    /// Where it goes.
    pub(crate) target: Target,
    /// How its value changes.
    pub(crate) how: How,
    /// `with NAME=VALUE`: a property beside it.
    pub(crate) with: Option<(Key, Word)>,
    /// `else []`: an empty list where nothing is configured.
    pub(crate) otherwise_empty: bool,
    /// `spread`: one object for each element.
    pub(crate) spread: bool,
    /// The attributes of its blocks.
    pub(crate) block: Option<BlockId>,
}

/// Where an attribute goes.
#[derive(Debug)]
pub(crate) enum Target {
    /// `-`: nowhere.
    Dropped,
    /// `.`: its attributes go where it lies.
    Parent,
    /// To a property.
    Path(Path),
}

/// How a value changes.
#[derive(Debug)]
pub(crate) enum How {
    /// Not at all.
    Copy,
    /// `pairs K V`: a map becomes a list of objects with key and value.
    Pairs(Key, Key),
    /// `map N V`: blocks become a map.
    Entries(&'static str, &'static str),
    /// `keyed N`: blocks become objects of a map, each under what its attribute `N` says.
    Keyed(&'static str),
    /// `json`: a text becomes what it says.
    Json,
    /// `first`: a list of one becomes its element.
    First,
    /// `list`: a value becomes a list of one.
    List,
    /// `bool`: the texts `true` and `false` become truth values.
    Truth,
    /// `number`: a text of digits becomes a number.
    Number,
    /// `zero`: 0 is the same as absent.
    Zero,
    /// `a=b c=d`: words become others.
    Words(Vec<(&'static str, Word)>),
    /// `attribute NAME`: becomes an object with `Key` and `Value`, a text.
    Attribute(&'static str),
    /// `self`: true becomes a reference to the resource itself.
    Itself,
}

impl Table {
    /// The mapping that ships with Ringfence.
    pub(crate) fn built_in() -> &'static Self {
        &TABLE.0
    }

    /// The mappings of a Terraform type.
    pub(crate) fn of(&self, kind: &str) -> &[Mapping] {
        self.types.get(kind).map(Vec::as_slice).unwrap_or_default()
    }

    /// A block.
    pub(crate) fn block(&self, id: BlockId) -> &Block {
        static NOTHING: Block =
            Block { rules: Vec::new(), constants: Vec::new(), like: None, camel: false, spreads: false };
        self.blocks.get(id.0).unwrap_or(&NOTHING)
    }

    /// The rule of an attribute. Four steps: a loop of `like` ends.
    pub(crate) fn rule(&self, id: BlockId, attribute: &str) -> Option<&Rule> {
        let mut next = Some(id);
        for _ in 0..4 {
            let block = self.blocks.get(next?.0)?;
            if let Ok(at) = block.rules.binary_search_by(|rule| rule.attribute.cmp(attribute)) {
                return block.rules.get(at);
            }
            next = block.like;
        }
        None
    }
}

impl Block {
    /// The rules of the block itself.
    pub(crate) fn rules(&self) -> &[Rule] {
        &self.rules
    }
}

impl Rule {
    /// The path, for a rule that has one.
    pub(crate) fn path(&self) -> Option<&Path> {
        if let Target::Path(path) = &self.target { Some(path) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_understood() {
        assert_eq!(TABLE.1, Vec::<String>::new());
        assert!(Table::built_in().types.len() >= 280, "{}", Table::built_in().types.len());
    }

    #[test]
    fn a_mistake_is_named() {
        let (_, faults) = parse(&["aws_a AWS::A\n  b  C nonsense\n   d E\naws_a AWS::B\naws_c like aws_d\n"]);
        assert_eq!(
            faults,
            [
                "line 2: `nonsense` is no transformation",
                "line 3: indent by two for each block",
                "line 4: `aws_a` has a section already",
                "`aws_c` is like `aws_d`, which has no section",
            ]
        );
    }
}

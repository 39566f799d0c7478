//! Where an AWS resource has its network interfaces, so that a message can name the addresses to declare.

use std::collections::BTreeSet;

use ringfence_model::{Estate, ResourceId};

/// How far references are followed: a database names a subnet group, which names subnets.
const FAR: usize = 2;
/// How many subnets a message names.
const MOST: usize = 6;

/// The blocks of the subnets that `resources` name, as far as they are known; sorted.
pub(super) fn of(estate: &Estate, resources: &[ResourceId]) -> Vec<String> {
    let aws = |id: &ResourceId| estate.resource(*id).is_some_and(|one| one.kind.is_aws());
    let mut reached: BTreeSet<ResourceId> = resources.iter().copied().filter(aws).collect();
    let mut blocks = BTreeSet::new();
    for _ in 0..FAR {
        let next = reached.iter().flat_map(|id| estate.links_from(*id)).map(|link| link.to);
        reached = next.collect();
        for resource in reached.iter().filter_map(|id| estate.resource(*id)) {
            if resource.kind.as_str() == "AWS::EC2::Subnet" {
                blocks.extend(resource.body.text("CidrBlock").map(str::to_owned));
            }
        }
    }
    blocks.into_iter().take(MOST).collect()
}

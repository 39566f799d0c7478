//! A cluster for reach: namespaces, pods and NetworkPolicies with named ports, ranges and address blocks.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

use crate::random::Random;

/// How large a cluster is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    /// Pods.
    pub(crate) pods: usize,
    /// NetworkPolicies.
    pub(crate) policies: usize,
    /// Namespaces.
    pub(crate) namespaces: usize,
}

/// Writes the cluster as one stream.
pub(crate) fn write(file: &Path, size: Size, seed: u64) -> io::Result<()> {
    let mut random = Random::new(seed);
    let mut text = String::new();
    for namespace in 0..size.namespaces {
        append(
            &mut text,
            format_args!(
                "---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: n{namespace}, labels: {{team: t{}}}}}\n",
                namespace % 7
            ),
        );
    }
    for pod in 0..size.pods {
        append(
            &mut text,
            format_args!(
                "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: p{pod}, namespace: n{}, labels: {{app: a{}, tier: t{}}}}}\nspec: {{containers: [{{name: c, image: i, ports: [{{name: web, containerPort: {}}}]}}]}}\nstatus: {{podIP: 10.{}.{}.{}}}\n",
                pod % size.namespaces,
                random.below(20),
                random.below(4),
                8080 + random.below(3),
                pod / 65_536 % 256,
                pod / 256 % 256,
                pod % 256
            ),
        );
    }
    for policy in 0..size.policies {
        policy_text(&mut text, policy, size, &mut random);
    }
    fs::write(file, text)
}

fn policy_text(text: &mut String, policy: usize, size: Size, random: &mut Random) {
    append(
        text,
        format_args!(
            "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: q{policy}, namespace: n{}}}\nspec:\n  podSelector: {{matchLabels: {{app: a{}}}}}\n  policyTypes: [Ingress{}]\n  ingress:\n    - from:\n        - podSelector: {{matchLabels: {{tier: t{}}}}}\n          namespaceSelector: {{matchLabels: {{team: t{}}}}}\n",
            policy % size.namespaces,
            random.below(20),
            if random.once_in(2) { ", Egress" } else { "" },
            random.below(4),
            random.below(7)
        ),
    );
    if random.once_in(4) {
        append(text, format_args!("        - ipBlock: {{cidr: 192.168.{}.0/24}}\n", random.below(256)));
    }
    let port = if random.once_in(3) { "web".to_owned() } else { (8000 + random.below(200)).to_string() };
    append(
        text,
        format_args!("      ports: [{{port: {port}}}]\n  egress:\n    - to: [{{podSelector: {{}}}}]\n"),
    );
}

fn append(text: &mut String, part: std::fmt::Arguments<'_>) {
    // Writing into a String cannot fail.
    text.write_fmt(part).unwrap_or_default();
}

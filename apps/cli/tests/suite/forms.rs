//! The forms of `ringfence reach`: tables, pictures, Markdown, sentences; and `--focus`.

use std::collections::BTreeSet;
use std::path::Path;

use crate::folder::{Folder, Run};

fn example(part: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/card-payments").join(part);
    folder.display().to_string()
}

fn reach(part: &str, arguments: &[&str]) -> Run {
    let folder = example(part);
    Folder::new().run(&[&["reach", "--quiet", &folder], arguments].concat())
}

fn lines(text: &str) -> BTreeSet<String> {
    text.lines().map(str::to_owned).collect()
}

#[test]
fn every_form_is_the_same_whatever_the_order_of_files() {
    let parts = ["cde", "storefront", "platform"]
        .map(|name| format!("{}/k8s/{name}-network.yaml", example("hardened")));
    let others =
        ["cde", "storefront", "platform"].map(|name| format!("{}/k8s/{name}.yaml", example("hardened")));
    for format in ["txt", "csv", "dot", "svg", "github"] {
        let run = |turned: bool| {
            let mut files: Vec<&str> = parts
                .iter()
                .chain(&others)
                .map(String::as_str)
                .filter(|file| Path::new(file).exists())
                .collect();
            assert!(files.len() >= 4, "{files:?}");
            if turned {
                files.reverse();
            }
            Folder::new().run(&[&["reach", "--quiet", "--format", format], files.as_slice()].concat())
        };
        let (one, other) = (run(false), run(true));
        assert!(one.stdout.len() > 500, "{format}: {}{}", one.stdout, one.stderr);
        assert_eq!(one.stdout, other.stdout, "{format}");
    }
}

#[test]
fn the_table_holds_the_pairs_of_the_listing() {
    for part in ["hardened", "as-built"] {
        let listing = reach(part, &[]).stdout;
        let table = reach(part, &["--format", "csv"]).stdout;
        let pairs = |text: &str, mark: &str| -> BTreeSet<(String, String)> {
            let ends = |line: &str| {
                let (from, rest) = line.split_once(mark)?;
                let to = rest.split([',', ' ']).next()?;
                Some((from.to_owned(), to.to_owned()))
            };
            text.lines().filter_map(ends).collect()
        };
        let mut of_table = pairs(&table, ",");
        of_table.remove(&("source".to_owned(), "destination".to_owned()));
        assert_eq!(of_table, pairs(&listing, " => "));
        assert!(of_table.len() > 20, "{part}");
    }
}

#[test]
fn a_focus_is_every_line_that_touches_it_in_either_direction() {
    for part in ["hardened", "as-built"] {
        let all = lines(&reach(part, &[]).stdout);
        for (focus, mark) in [
            ("cde/*", "cde/"),
            ("storefront/checkout", "storefront/checkout["),
            ("platform/identity[Deployment]", "platform/identity["),
        ] {
            let expected: BTreeSet<String> = all
                .iter()
                .filter(|line| line.starts_with(mark) || line.contains(&format!("=> {mark}")))
                .cloned()
                .collect();
            let focused = reach(part, &["--focus", focus]);
            assert_eq!(lines(&focused.stdout), expected, "{part} {focus}");
            assert!(!expected.is_empty());
            let on =
                |arguments: &[&str]| lines(&reach(part, &[arguments, &["--port", "8443"]].concat()).stdout);
            let narrowed: BTreeSet<String> = on(&[])
                .into_iter()
                .filter(|line| line.starts_with(mark) || line.contains(&format!("=> {mark}")))
                .collect();
            assert_eq!(on(&["--focus", focus]), narrowed, "{part} {focus} on a port");
        }
    }
}

#[test]
fn a_focused_picture_leaves_the_others_out() {
    let focused = reach("hardened", &["--focus", "cde/vault", "--format", "svg"]).stdout;
    assert!(focused.contains(">vault<") && focused.contains("settlement, tokenizer"), "{focused}");
    assert!(!focused.contains(">catalogue<"), "{focused}");
    let whole = reach("hardened", &["--format", "svg"]).stdout;
    assert!(whole.contains(">catalogue<") && whole.contains("class=\"cde\""), "{whole}");
}

#[test]
fn what_is_only_presumed_is_not_coloured() {
    let folder = Folder::new();
    folder.write(
        "pod.yaml",
        b"apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop}\nspec: {containers: []}\n",
    );
    let picture = folder.run(&["reach", "--quiet", "--format", "svg", "pod.yaml"]).stdout;
    assert!(picture.contains(">web<") && !picture.contains("class=\"cde\""), "{picture}");
}

#[test]
fn graphs_are_statements() {
    let graph = reach("as-built", &["--format", "dot"]).stdout;
    for line in graph.lines() {
        assert!(line.ends_with([';', '{', '}']), "{line}");
        assert_eq!(line.replace("\\\\", "").replace("\\\"", "").matches('"').count() % 2, 0, "{line}");
    }
    assert_eq!(graph.matches('{').count(), graph.matches('}').count());
    assert!(
        graph.contains("subgraph \"cluster_0\"")
            && graph.contains("style=dashed")
            && graph.contains("penwidth")
    );
}

#[test]
fn pull_requests_get_a_short_table_first() {
    let text = reach("hardened", &["--format", "github"]).stdout;
    assert!(text.starts_with("### Who can talk to whom\n"), "{text}");
    assert!(text.contains("| `storefront` | `cde` | TCP 8443 |"), "{text}");
    assert!(text.contains("<details><summary>"), "{text}");
}

#[test]
fn questions_that_make_no_sense_are_usage_errors() {
    let usage = |arguments: &[&str], words: &str| {
        let run = reach("hardened", arguments);
        assert_eq!(run.code, 2, "{}", run.stderr);
        assert!(run.stderr.contains(words), "{}", run.stderr);
    };
    usage(&["--focus", "cde/*", "--from", "internet"], "--focus");
    usage(&["--focus", "nowhere/*"], "nothing is called `nowhere/*`");
    usage(&["--focus", "10.0.0.0/8"], "nothing is called `10.0.0.0/8`");
    usage(&["--explain", "--format", "csv"], "`--explain` is text");
    usage(&["--format", "png"], "svg");
}

/// What is said of one pair, the folder of the example taken out of places.
fn explained(from: &str, to: &str) -> String {
    let folder = format!("{}/", example("hardened"));
    let arguments = ["reach", "--quiet", "hardened", "--explain", "--from", from, "--to", to];
    let outside = Path::new(&folder).parent().and_then(Path::parent).expect("a folder").to_owned();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_ringfence"))
        .args(arguments)
        .current_dir(outside.join("card-payments"))
        .output()
        .expect("the binary");
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn a_closed_pair_is_answered_as_a_colleague_would() {
    insta::assert_snapshot!(explained("storefront/search", "cde/tokenizer"), @r"
    storefront/search cannot reach cde/tokenizer on any port: both sides close it, each on its own.
      Out of storefront/search: 3 policies select it for egress, and none of their rules matches
      cde/tokenizer.
        - NetworkPolicy storefront/allow-dns allows only UDP 53 and TCP 53 to pods `k8s-app=kube-dns` of
          namespace `kube-system` (hardened/k8s/storefront-network.yaml:22:7)
        - NetworkPolicy storefront/default-deny lets nothing out
          (hardened/k8s/storefront-network.yaml:5:1)
        - NetworkPolicy storefront/search lets nothing out (hardened/k8s/storefront-network.yaml:135:1)
      Into cde/tokenizer: 2 policies select it for ingress, and none of their rules matches
      storefront/search.
        - NetworkPolicy cde/default-deny lets nothing in (hardened/k8s/cde-network.yaml:5:1)
        - NetworkPolicy cde/tokenizer allows only TCP 8443 from pods `app=order-entry` of namespace
          `cde` (hardened/k8s/cde-network.yaml:79:7)
    ");
}

#[test]
fn an_open_pair_names_the_rule_of_either_side() {
    insta::assert_snapshot!(explained("storefront/checkout", "cde/authoriser"), @r"
    storefront/checkout can reach cde/authoriser on TCP 8443 and nothing else.
      Out of storefront/checkout: 3 policies select it for egress, and TCP 8443 is open, TCP 443,5432
      may be.
        - NetworkPolicy storefront/checkout allows TCP 8443 to pods `app=authoriser` of namespace `cde`
          (hardened/k8s/storefront-network.yaml:93:7)
        - NetworkPolicy storefront/checkout perhaps allows TCP 5432 to 10.20.128.0/23
          (hardened/k8s/storefront-network.yaml:100:7)
        - NetworkPolicy storefront/checkout perhaps allows TCP 443 to 10.20.144.0/23
          (hardened/k8s/storefront-network.yaml:105:7)
      Into cde/authoriser: 2 policies select it for ingress, and TCP 8443 is open.
        - NetworkPolicy cde/authoriser allows TCP 8443 from pods `app=checkout` of namespace
          `storefront` (hardened/k8s/cde-network.yaml:140:7)
    ");
}

#[test]
fn the_internet_is_called_so() {
    insta::assert_snapshot!(explained("internet", "cde/vault"), @r"
    The internet cannot reach cde/vault on any port: nothing lets it into cde/vault.
      Into cde/vault: 2 policies select it for ingress, and none of their rules matches the internet.
        - NetworkPolicy cde/default-deny lets nothing in (hardened/k8s/cde-network.yaml:5:1)
        - NetworkPolicy cde/vault allows only TCP 8443 from pods `app=tokenizer` of namespace `cde`,
          pods `app=authoriser` of namespace `cde` or pods `app=settlement` of namespace `cde`
          (hardened/k8s/cde-network.yaml:101:7)
    ");
}

//! Builds a synthetic cluster dump of so many megabytes, reads it, and prints time and peak memory.
//!
//! `cargo run --release -p ringfence-text --example measure -- json 50`; the kinds are `json` (as
//! `kubectl get -o json` prints it), `yaml` (a stream of manifests), `line` (JSON on one line) and
//! `text` (YAML with one text on one line).

#![expect(clippy::disallowed_methods, reason = "a measurement reads arguments, clock and system")]

use std::fmt::Write;

use ringfence_model::Sources;
use ringfence_text::{Budget, read};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let kind = arguments.next().unwrap_or_else(|| "json".to_owned());
    let size = arguments.next().and_then(|size| size.parse().ok()).unwrap_or(50) << 20;
    let text = match kind.as_str() {
        "yaml" => repeat(size, "", manifest, ""),
        "line" => repeat(size, "{\"items\":[", |out, number| item(out, number, ""), "null]}"),
        "text" => format!("a: {}\nb: 1\n", "x".repeat(size)),
        _ => {
            repeat(size, "{\n    \"items\": [", |out, number| item(out, number, "\n            "), "null]}\n")
        }
    };
    let before = peak();
    let file = Sources::default().add("measure", "");
    let started = now();
    let (nodes, diagnostics) = read(file, &text, &Budget::default());
    let seconds = started.elapsed().as_secs_f64();
    let megabytes = text.len() as f64 / f64::from(1 << 20);
    println!(
        "{kind}: {megabytes:.1} MB in {seconds:.3} s = {:.0} MB/s; {} documents, {} diagnostics; peak {} MB with \
         the text, {before} MB before, {:.2} times the text",
        megabytes / seconds,
        nodes.len(),
        diagnostics.len(),
        peak(),
        peak() as f64 / megabytes,
    );
    let started = now();
    drop(nodes);
    println!("dropped in {:.3} s", started.elapsed().as_secs_f64());
}

fn now() -> std::time::Instant {
    std::time::Instant::now()
}

/// The most memory that this process had, in MB.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<usize>().ok());
    kilobytes.unwrap_or(0) >> 10
}

fn repeat(size: usize, before: &str, one: impl Fn(&mut String, usize), after: &str) -> String {
    let mut out = String::with_capacity(size + 4096);
    out.push_str(before);
    let mut number = 0;
    while out.len() < size {
        one(&mut out, number);
        number += 1;
    }
    out.push_str(after);
    out
}

fn manifest(out: &mut String, number: usize) {
    let _ = write!(
        out,
        "---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: service-{number}\n  namespace: team-{}\n  \
         labels:\n    app.kubernetes.io/name: service-{number}\n    tier: backend\nspec:\n  replicas: {}\n  selector:\n    \
         matchLabels:\n      app.kubernetes.io/name: service-{number}\n  template:\n    metadata:\n      labels:\n        \
         app.kubernetes.io/name: service-{number}\n    spec:\n      serviceAccountName: service-{number}\n      \
         containers:\n      - name: main\n        image: registry.example.com/team/service-{number}:1.{}.0\n        ports:\n        \
         - containerPort: 8080\n          name: http\n        env:\n        - name: MODE\n          value: \"production\"\n        \
         securityContext:\n          runAsNonRoot: true\n          capabilities:\n            drop: [ALL]\n        resources:\n          \
         limits:\n            cpu: 500m\n            memory: 256Mi\n",
        number % 40,
        number % 7,
        number % 13,
    );
}

fn item(out: &mut String, number: usize, line: &str) {
    let _ = write!(
        out,
        "{{{line}\"apiVersion\": \"v1\",{line}\"kind\": \"Pod\",{line}\"metadata\": {{{line}    \"name\": \"service-{number}-7d4b9c\",\
         {line}    \"namespace\": \"team-{}\",{line}    \"uid\": \"3f1c2a7e-0000-4000-8000-{number:012}\",{line}    \"creationTimestamp\": \
         \"2026-11-24T10:00:00Z\",{line}    \"labels\": {{{line}        \"app.kubernetes.io/name\": \"service-{number}\",{line}        \
         \"pod-template-hash\": \"7d4b9c\"{line}    }}{line}}},{line}\"spec\": {{{line}    \"containers\": [{{{line}        \"name\": \"main\",\
         {line}        \"image\": \"registry.example.com/team/service@sha256:{:064x}\",{line}        \"ports\": [{{\"containerPort\": 8080, \
         \"protocol\": \"TCP\"}}],{line}        \"resources\": {{\"limits\": {{\"cpu\": \"500m\", \"memory\": \"256Mi\"}}}},{line}        \
         \"securityContext\": {{\"runAsNonRoot\": true, \"readOnlyRootFilesystem\": true}}{line}    }}],{line}    \"nodeName\": \
         \"ip-10-0-{}-{}.eu-central-1.compute.internal\",{line}    \"priority\": 0,{line}    \"tolerations\": [{{\"effect\": \"NoExecute\", \
         \"key\": \"node.kubernetes.io/not-ready\", \"operator\": \"Exists\", \"tolerationSeconds\": 300}}]{line}}},{line}\"status\": \
         {{\"phase\": \"Running\", \"podIP\": \"10.1.{}.{}\", \"startTime\": \"2026-11-24T10:00:00Z\"}}\n}},\n",
        number % 40,
        number,
        number % 200,
        number % 250,
        number % 200,
        number % 250,
    );
}

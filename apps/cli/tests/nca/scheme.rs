//! Schemes of network-config-analyzer: configurations, and what is asked of them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use libtest_mimic::Failed;
use ringfence_model::EstateBuilder;
use serde_json::{Value as Json, json};

use crate::yaml;

/// Where the tool's own repository begins in an address of one of its files.
const REPOSITORY: [&str; 2] = [
    "https://github.com/np-guard/network-config-analyzer/blob/master/",
    "https://raw.githubusercontent.com/np-guard/network-config-analyzer/master/",
];

/// Kinds that make pods, and Namespace.
const TOPOLOGY: [&str; 9] = [
    "Namespace",
    "Pod",
    "Deployment",
    "ReplicaSet",
    "ReplicationController",
    "StatefulSet",
    "DaemonSet",
    "Job",
    "CronJob",
];

/// One scheme.
#[derive(Debug)]
pub(crate) struct Scheme {
    /// File name without its end.
    pub(crate) name: String,
    pub(crate) configs: BTreeMap<String, Config>,
    pub(crate) queries: Vec<Query>,
}

/// Pods and policies.
#[derive(Clone, Debug, Default)]
pub(crate) struct Config {
    pub(crate) topology: Vec<Json>,
    pub(crate) policies: Vec<Json>,
}

/// One question.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    pub(crate) name: String,
    pub(crate) kind: String,
    /// `config`, or `config/namespace/policy`.
    pub(crate) configs: Vec<String>,
    pub(crate) expected: Option<i64>,
    /// Where the expected output is.
    pub(crate) output: Option<PathBuf>,
}

/// All schemes below a folder, sorted by name.
pub(crate) fn all(folder: &Path) -> Result<Vec<Scheme>, Failed> {
    let mut files: Vec<PathBuf> = files(folder, true)?;
    files.retain(|path| path.to_string_lossy().contains("-scheme"));
    files.iter().map(|path| read(path)).collect()
}

fn read(path: &Path) -> Result<Scheme, Failed> {
    let folder = Folder(path.parent().unwrap_or(path).to_path_buf());
    let documents = documents(path)?;
    let scheme = documents.first().ok_or("an empty scheme")?;
    let mut configs = BTreeMap::new();
    for config in items(&scheme["networkConfigList"]) {
        let name = config["name"].as_str().unwrap_or_default().to_owned();
        configs.insert(name, folder.config(scheme, config)?);
    }
    let queries = items(&scheme["queries"]).filter_map(|query| folder.query(query)).collect();
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Scheme { name, configs, queries })
}

/// The folder of a scheme; paths in it are relative to it.
struct Folder(PathBuf);

impl Folder {
    fn config(&self, scheme: &Json, config: &Json) -> Result<Config, Failed> {
        let mut topology = self.topology(config)?;
        for namespaces in [true, false] {
            // What a configuration does not have of its own is the scheme's.
            let there = |manifest: &Json| (manifest["kind"].as_str() == Some("Namespace")) == namespaces;
            if !topology.iter().any(there) {
                topology.extend(self.topology(scheme)?.into_iter().filter(there));
            }
        }
        let source = if config["networkPolicyList"].is_null() { "resourceList" } else { "networkPolicyList" };
        let all = self.manifests(&config[source])?;
        let named = |kind: &'static str| move |one: &Json| one["kind"].as_str() == Some(kind);
        let policies: Vec<Json> = all.iter().filter(|one| named("NetworkPolicy")(one)).cloned().collect();
        let mut config = Config { topology, policies };
        config.add_phantoms(all.iter().any(named("Ingress")));
        Ok(config)
    }

    fn topology(&self, of: &Json) -> Result<Vec<Json>, Failed> {
        let mut found = Vec::new();
        for (key, namespaces) in [("namespaceList", true), ("podList", false)] {
            let list = if of[key].is_null() { &of["resourceList"] } else { &of[key] };
            found.extend(self.manifests(list)?.into_iter().filter(|manifest| {
                let kind = manifest["kind"].as_str().unwrap_or_default();
                TOPOLOGY.contains(&kind) && (kind == "Namespace") == namespaces
            }));
        }
        // Of two definitions of one workload the tool keeps one; in these cases they differ in images alone.
        let mut seen = BTreeSet::new();
        found.retain(|manifest| seen.insert((manifest["kind"].to_string(), policy_name(manifest))));
        Ok(found)
    }

    /// The objects of a path or a list of them.
    fn manifests(&self, list: &Json) -> Result<Vec<Json>, Failed> {
        let paths = list.as_str().into_iter().chain(items(list).filter_map(Json::as_str));
        let mut manifests = Vec::new();
        for path in paths.filter(|path| !path.is_empty()) {
            for file in self.resolve(path)? {
                documents(&file)?.into_iter().for_each(|document| flatten(document, &mut manifests));
            }
        }
        Ok(manifests)
    }

    fn resolve(&self, path: &str) -> Result<Vec<PathBuf>, Failed> {
        if let Some(inside) = REPOSITORY.iter().find_map(|prefix| path.strip_prefix(prefix)) {
            let root = self.0.ancestors().find(|folder| folder.join(inside).is_file());
            return Ok(vec![root.ok_or("a file of the repository is not here")?.join(inside)]);
        }
        let (path, deep) = path.strip_suffix("/**").map_or((path, false), |path| (path, true));
        let path = self.0.join(path);
        if path.is_dir() { files(&path, deep) } else { Ok(vec![path]) }
    }

    fn query(&self, query: &Json) -> Option<Query> {
        let keys = ["name", "expected", "expectedOutput", "outputConfiguration"];
        let (kind, configs) = query.as_object()?.iter().find(|(key, _)| !keys.contains(&key.as_str()))?;
        Some(Query {
            name: query["name"].as_str()?.to_owned(),
            kind: kind.clone(),
            configs: items(configs).filter_map(Json::as_str).map(str::to_owned).collect(),
            expected: query["expected"].as_i64(),
            output: query["expectedOutput"].as_str().map(|path| self.0.join(path)),
        })
    }
}

impl Config {
    /// The tool adds pods that the input lacks (README of the cases): a DNS server where a rule asks for one, an
    /// ingress controller where there is an Ingress.
    fn add_phantoms(&mut self, ingress: bool) {
        let dns = |manifest: &Json| manifest.to_string().contains(r#""k8s-app":"kube-dns""#);
        if self.policies.iter().any(dns) && !self.topology.iter().any(dns) {
            self.topology.push(phantom("kube-system", "kube-dns-livesim", json!({"k8s-app": "kube-dns"})));
        }
        if ingress {
            let labels = json!({"app": "ingress-nginx"});
            self.topology.push(phantom("ingress-controller-ns", "ingress-controller-livesim", labels));
        }
    }

    /// The configuration with this policy alone.
    pub(crate) fn only(&self, namespaced: &str) -> Self {
        let policies = self.policies.iter().filter(|policy| policy_name(policy) == namespaced);
        Self { topology: self.topology.clone(), policies: policies.cloned().collect() }
    }

    /// The pods of both.
    pub(crate) fn with_topology_of(&self, other: &Self) -> Self {
        let mut both = self.clone();
        let new = other.topology.iter().filter(|manifest| !self.topology.contains(manifest));
        both.topology.extend(new.cloned());
        both
    }

    /// The configuration with other policies.
    pub(crate) fn with(&self, policies: Vec<Json>) -> Self {
        Self { topology: self.topology.clone(), policies }
    }
}

impl Scheme {
    /// The configuration that a query names.
    pub(crate) fn config(&self, name: &str) -> Result<Config, Failed> {
        let (config, policy) = name.split_once('/').map_or((name, None), |(name, one)| (name, Some(one)));
        let config = self.configs.get(config).ok_or_else(|| format!("no configuration `{config}`"))?;
        Ok(policy.map_or_else(|| config.clone(), |policy| config.only(policy)))
    }
}

fn phantom(namespace: &str, name: &str, labels: Json) -> Json {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {"containers": [{"name": "c", "image": "registry.example/c:1"}]},
    })
}

/// `namespace/name`.
pub(crate) fn policy_name(policy: &Json) -> String {
    let metadata = &policy["metadata"];
    let namespace = metadata["namespace"].as_str().unwrap_or("default");
    format!("{namespace}/{}", metadata["name"].as_str().unwrap_or_default())
}

pub(crate) fn items(value: &Json) -> impl Iterator<Item = &Json> {
    value.as_array().into_iter().flatten()
}

/// Items of lists as objects of their own.
fn flatten(document: Json, manifests: &mut Vec<Json>) {
    let Some(kind) = document["kind"].as_str().and_then(|kind| kind.strip_suffix("List")) else {
        manifests.push(document);
        return;
    };
    for item in items(&document["items"]) {
        let mut item = item.clone();
        if item["kind"].is_null() {
            item["kind"] = kind.into();
            item["apiVersion"] = document["apiVersion"].clone();
        }
        flatten(item, manifests);
    }
}

fn documents(path: &Path) -> Result<Vec<Json>, Failed> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let file = EstateBuilder::default().sources_mut().add(path.display().to_string(), text.as_str());
    Ok(yaml::documents(file, &text)?.iter().map(yaml::json).filter(Json::is_object).collect())
}

fn files(folder: &Path, deep: bool) -> Result<Vec<PathBuf>, Failed> {
    let mut found = Vec::new();
    let entries = std::fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path()));
    let mut paths = entries.collect::<Result<Vec<PathBuf>, _>>()?;
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() && deep {
            found.extend(files(&path, deep)?);
        } else if [".yaml", ".yml", ".json"].iter().any(|end| name.ends_with(end)) {
            found.push(path);
        }
    }
    Ok(found)
}

//! Properties: nothing panics, and the order of keys says nothing.

use proptest::prelude::*;
use ringfence_model::{Cause, FileId, Key, Location, Map, Node, Origin, Sources, Value};

use super::Read;
use crate::language::{DECLARATION, Record, Shape};

fn file() -> FileId {
    Sources::default().add("ringfence.yaml", "")
}

/// Every key and word of the language, so that arbitrary trees reach deep into it.
fn vocabulary() -> Vec<String> {
    fn add(record: &'static Record, words: &mut Vec<String>) {
        for key in record.keys {
            words.push(key.name.to_owned());
            add_shape(&key.shape, words);
        }
    }
    fn add_shape(shape: &'static Shape, words: &mut Vec<String>) {
        match shape {
            Shape::Word(all) => words.extend(all.iter().map(|word| word.0.to_owned())),
            Shape::List(item) | Shape::Many(item) => add_shape(item, words),
            Shape::Record(record) | Shape::Named(record) => add(record, words),
            Shape::Either(plain, record) => {
                add_shape(plain, words);
                add(record, words);
            }
            _ => {}
        }
    }
    let mut words =
        vec!["ringfence.declaration/1".to_owned(), "443/TCP".to_owned(), "a".to_owned(), String::new()];
    add(&DECLARATION, &mut words);
    words
}

fn tree() -> impl Strategy<Value = Node> {
    let node = |value: Value| Node::explicit(value, Location::new(file(), 0, 1));
    let word = prop::sample::select(vocabulary());
    let leaf = prop_oneof![
        4 => word.clone().prop_map(|text| Value::from(text.as_str())),
        1 => any::<String>().prop_map(|text| Value::from(text.as_str())),
        1 => any::<bool>().prop_map(Value::Bool),
        1 => any::<i64>().prop_map(Value::Int),
        1 => any::<f64>().prop_map(Value::Float),
        1 => Just(Value::Null),
        1 => Just(Node::unresolved(Cause::Unrendered, None, Origin::derived("test", None)).value),
    ];
    leaf.prop_map(node).prop_recursive(6, 120, 8, move |inner| {
        let entries = prop::collection::btree_map(word.clone(), inner.clone(), 0..8);
        prop_oneof![
            prop::collection::vec(inner, 0..5).prop_map(Value::from),
            entries.prop_map(|map| Value::from(
                map.into_iter().map(|(key, node)| (Key::from(key), node)).collect::<Map>()
            )),
        ]
        .prop_map(node)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_tree_is_read_and_every_error_has_place_and_help(document in tree()) {
        let (_, diagnostics) = crate::read(file(), &document);
        prop_assert!(diagnostics.iter().all(|one| one.location.is_some() && one.help.is_some()));
    }

    #[test]
    fn any_text_is_read(text in any::<String>()) {
        crate::property::text(&text);
    }

    #[test]
    fn the_order_of_keys_says_nothing(seed in any::<u64>()) {
        let read = Read::new(include_str!("../../../../examples/flows/call-centre.yaml"));
        let mut document = read.document.clone();
        shuffle(&mut document, &mut seed.max(1).clone());
        let (mut declaration, diagnostics) = crate::read(file(), &document);
        prop_assert!(diagnostics.is_empty(), "{diagnostics:?}");
        // Endpoints are named; their order is that of the keys.
        declaration.endpoints.sort_by(|one, other| one.name.value.cmp(&other.name.value));
        let mut expected = read.declaration;
        expected.endpoints.sort_by(|one, other| one.name.value.cmp(&other.name.value));
        prop_assert_eq!(declaration, expected);
    }
}

/// Reorders the entries of every map, by a small generator of its own.
fn shuffle(node: &mut Node, state: &mut u64) {
    match &mut node.value {
        Value::List(items) => items.iter_mut().for_each(|item| shuffle(item, state)),
        Value::Map(map) => {
            let mut entries = std::mem::take(map).into_entries();
            entries.iter_mut().for_each(|entry| shuffle(&mut entry.node, state));
            for index in (1..entries.len()).rev() {
                *state =
                    state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                entries.swap(index, (*state >> 33) as usize % (index + 1));
            }
            *map = Map::new(entries);
        }
        _ => {}
    }
}

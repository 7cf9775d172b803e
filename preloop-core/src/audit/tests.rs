//! The chain breaks on any edit, gap or reorder.

use crate::time::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn chain(length: usize) -> Vec<AuditRecord> {
    let mut head = ChainHead::default();
    (0..length)
        .map(|number| {
            let at = Timestamp::from_unix_seconds(1_800_000_000 + i64::try_from(number).unwrap())
                .unwrap();
            let mut record = AuditRecord::new(format!("id-{number}"), at, AuditKind::Decision);
            record.tool = Some(format!("tool-{number}"));
            record.arguments = Some(json!({"n": number, "x": 0.1, "big": 1e300}));
            head.seal(&mut record);
            record
        })
        .collect()
}

fn problems(records: &[AuditRecord]) -> usize {
    let mut verifier = ChainVerifier::default();
    records.iter().filter(|record| verifier.check(record).is_err()).count()
}

#[test]
fn a_chain_verifies_also_after_a_trip_over_the_wire() {
    let records = chain(5);
    assert_eq!(problems(&records), 0);
    let wire = serde_json::to_string(&records).unwrap();
    let back: Vec<AuditRecord> = serde_json::from_str(&wire).unwrap();
    assert_eq!(problems(&back), 0);
    assert_eq!(records.first().map(|record| record.previous_hash.as_str()), Some(GENESIS_HASH));
}

#[test]
fn kinds_keep_their_names() {
    for kind in AuditKind::ALL {
        assert_eq!(AuditKind::from_name(kind.as_str()), Some(kind));
        assert_eq!(serde_json::to_value(kind).unwrap(), json!(kind.as_str()));
    }
}

/// Every single value of a record, changed in one way.
fn edits(value: &Value) -> Vec<Value> {
    let mut edited = Vec::new();
    for (key, field) in value.as_object().unwrap() {
        let other = match (key.as_str(), field) {
            ("kind", _) => json!("vote"),
            ("at", _) => json!("2000-01-01T00:00:00Z"),
            ("enforcement_point", _) => json!("http"),
            ("principal" | "decision" | "outcome", _) => continue,
            (_, Value::Number(number)) => json!(number.as_u64().unwrap() + 1),
            (_, Value::Object(map)) => {
                let mut map = map.clone();
                map.insert("more".to_owned(), Value::Null);
                Value::Object(map)
            }
            (_, Value::String(text)) => json!(format!("{text}0")),
            (_, _) => json!("added"),
        };
        let mut copy = value.clone();
        copy.as_object_mut().unwrap().insert(key.clone(), other);
        edited.push(copy);
    }
    edited
}

#[test]
fn an_edit_of_any_field_is_found() {
    let records = chain(3);
    let wire = serde_json::to_value(&records[1]).unwrap();
    let edits = edits(&wire);
    assert!(edits.len() > 12);
    for edit in edits {
        let mut changed = records.clone();
        changed[1] = serde_json::from_value(edit.clone()).unwrap();
        assert!(problems(&changed) > 0, "{edit}");
    }
}

proptest! {
    #[test]
    fn a_gap_or_a_swap_is_found(length in 3_usize..12, left in 0_usize..12, right in 0_usize..12) {
        let records = chain(length);
        let (left, right) = (left % length, right % length);
        let mut swapped = records.clone();
        swapped.swap(left, right);
        prop_assert_eq!(problems(&swapped) > 0, left != right);
        let mut short = records;
        short.remove(left);
        // Only cutting the end off leaves a sound chain; the noted head finds that.
        prop_assert_eq!(problems(&short) > 0, left != length - 1);
    }
}

//! What operators take and give.

use super::Types;
use crate::cel::ast::{Arithmetic, Relation};
use crate::cel::types::Type;

const fn is_number(found: Type) -> bool {
    matches!(found, Type::Int | Type::Uint | Type::Double | Type::Number)
}

const fn is_open(found: Type) -> bool {
    matches!(found, Type::Dyn | Type::Variable(_))
}

/// The result of an arithmetic operator; none if the operands can never go together.
pub(crate) fn arithmetic(
    types: &mut Types,
    sign: Arithmetic,
    left: Type,
    right: Type,
) -> Option<Type> {
    let (left, right) = (types.resolve(left), types.resolve(right));
    if is_open(left) || is_open(right) {
        let known = if is_open(left) { right } else { left };
        return takes(sign, known).then_some(match known {
            Type::Text | Type::Bytes => known,
            Type::List(_) => types.list(Type::Dyn),
            _ => Type::Dyn,
        });
    }
    if is_number(left) && is_number(right) {
        let mixes = left == Type::Number || right == Type::Number;
        return match sign {
            _ if mixes => Some(Type::Number),
            Arithmetic::Remainder if left == Type::Double => None,
            _ => (left == right).then_some(left),
        };
    }
    match (sign, left, right) {
        (Arithmetic::Add, Type::Text, Type::Text) => Some(Type::Text),
        (Arithmetic::Add, Type::Bytes, Type::Bytes) => Some(Type::Bytes),
        (Arithmetic::Add, Type::List(first), Type::List(second)) => {
            let element = types.join(types.part(first), types.part(second));
            Some(types.list(element))
        }
        (Arithmetic::Add | Arithmetic::Subtract, Type::Timestamp, Type::Duration)
        | (Arithmetic::Add, Type::Duration, Type::Timestamp) => Some(Type::Timestamp),
        (Arithmetic::Add | Arithmetic::Subtract, Type::Duration, Type::Duration)
        | (Arithmetic::Subtract, Type::Timestamp, Type::Timestamp) => Some(Type::Duration),
        _ => None,
    }
}

/// Whether the operator takes values of this type at all.
fn takes(sign: Arithmetic, known: Type) -> bool {
    match known {
        Type::Int | Type::Uint | Type::Number => true,
        Type::Double => sign != Arithmetic::Remainder,
        Type::Text | Type::Bytes | Type::List(_) => sign == Arithmetic::Add,
        Type::Timestamp | Type::Duration => {
            matches!(sign, Arithmetic::Add | Arithmetic::Subtract)
        }
        other => is_open(other),
    }
}

/// Whether values of these types can be compared so.
pub(crate) fn relation(types: &mut Types, relation: Relation, left: Type, right: Type) -> bool {
    match relation {
        Relation::Equal | Relation::NotEqual => equality(types, left, right),
        Relation::In => membership(types, left, right),
        _ => {
            let (left, right) = (types.resolve(left), types.resolve(right));
            let ordered = |found: Type| {
                is_open(found)
                    || is_number(found)
                    || matches!(
                        found,
                        Type::Bool | Type::Text | Type::Bytes | Type::Timestamp | Type::Duration
                    )
            };
            ordered(left)
                && ordered(right)
                && (is_open(left)
                    || is_open(right)
                    || left == right
                    || (is_number(left) && is_number(right)))
        }
    }
}

fn equality(types: &mut Types, left: Type, right: Type) -> bool {
    let (left, right) = (types.resolve(left), types.resolve(right));
    if left == Type::Null || right == Type::Null || (is_number(left) && is_number(right)) {
        return true;
    }
    let snapshot = types.snapshot();
    if types.fits(left, right) {
        return true;
    }
    types.restore(snapshot);
    let snapshot = types.snapshot();
    if types.fits(right, left) {
        return true;
    }
    types.restore(snapshot);
    false
}

fn membership(types: &mut Types, left: Type, right: Type) -> bool {
    match types.resolve(right) {
        Type::List(element) => {
            let element = types.part(element);
            equality(types, left, element)
        }
        Type::Map(key, _) => {
            let key = types.part(key);
            equality(types, left, key)
        }
        Type::Object(_) | Type::Record(_) => equality(types, left, Type::Text),
        other => is_open(other),
    }
}

/// What indexing gives: the element or value; none if the types can never go together.
pub(crate) fn index(types: &mut Types, base: Type, index: Type) -> Option<Type> {
    let index = types.resolve(index);
    match types.resolve(base) {
        Type::List(element) => {
            let fits = is_open(index) || matches!(index, Type::Int | Type::Number);
            fits.then(|| types.part(element))
        }
        Type::Map(key, value) => {
            let key = types.part(key);
            equality(types, index, key).then(|| types.part(value))
        }
        Type::Object(_) | Type::Record(_) => {
            (is_open(index) || index == Type::Text).then_some(Type::Dyn)
        }
        Type::Optional(inner) => {
            let inner = types.part(inner);
            let found = self::index(types, inner, index)?;
            Some(types.optional(found))
        }
        other => is_open(other).then_some(Type::Dyn),
    }
}

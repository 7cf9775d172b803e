//! A second evaluator: slow, and meant to be seen to be right. It walks the tree, copies every value, knows no
//! budget, folds nothing, and shares no code with the engine but the names of the kinds of failure.

mod value;

use std::cmp::Ordering;

use preloop_core::cel::FailureKind;
use serde_json::Value as Json;

use crate::expression::{Expression, Sign, Walk};
use crate::functions::{self, time};
use crate::world::World;
use value::{TYPES, whole};
pub(crate) use value::{Value, equal, is_number, make_map, number_order, order};

pub(crate) type Answer = Result<Value, FailureKind>;

/// The variables in reach, innermost last.
#[derive(Debug)]
pub(crate) struct Scope {
    variables: Vec<(String, Value)>,
    /// As the specification has it: numbers of two types never add up. Here they do, since JSON knows only numbers.
    strict: bool,
}

impl Scope {
    pub(crate) fn new(args: &Json) -> Self {
        let mut variables = World::of(args).variables();
        variables.push(("args".to_owned(), Value::of_json(args)));
        Self { variables, strict: false }
    }

    pub(crate) fn strict(args: &Json) -> Self {
        Self { strict: true, ..Self::new(args) }
    }
}

fn truth(value: &Value) -> Result<bool, FailureKind> {
    match value {
        Value::Bool(value) => Ok(*value),
        _ => Err(FailureKind::WrongType),
    }
}

/// The value of an expression.
pub(crate) fn evaluate(expression: &Expression, scope: &mut Scope) -> Answer {
    Ok(match expression {
        Expression::Null => Value::Null,
        Expression::Bool(value) => Value::Bool(*value),
        Expression::Int(value) => Value::Int(*value),
        Expression::Uint(value) => Value::Uint(*value),
        Expression::Double(value) => Value::Double(*value),
        Expression::Text(value) => Value::Text(value.clone()),
        Expression::Bytes(value) => Value::Bytes(value.clone()),
        Expression::Name(name) => named(name, scope)?,
        Expression::Select { base, field, optional } => {
            let base = evaluate(base, scope)?;
            select(base, field, *optional)?
        }
        Expression::Has { base, field } => match evaluate(base, scope)? {
            Value::Optional(None) => Value::Bool(false),
            Value::Optional(Some(inner)) => has(&inner, field)?,
            other => has(&other, field)?,
        },
        Expression::Index { base, index, optional } => {
            let base = evaluate(base, scope)?;
            let position = evaluate(index, scope)?;
            indexed(base, &position, *optional)?
        }
        Expression::List(items) => list(items, scope)?,
        Expression::Map(entries) => map(entries, scope)?,
        Expression::Not(operand) => Value::Bool(!truth(&evaluate(operand, scope)?)?),
        Expression::Negate(operand) => match evaluate(operand, scope)? {
            Value::Int(value) => Value::Int(value.checked_neg().ok_or(FailureKind::Overflow)?),
            Value::Double(value) => Value::Double(-value),
            _ => return Err(FailureKind::WrongType),
        },
        Expression::Binary { sign, left, right } => binary(*sign, left, right, scope)?,
        Expression::Conditional(parts) => {
            let chosen = if truth(&evaluate(&parts[0], scope)?)? { 1 } else { 2 };
            evaluate(&parts[chosen], scope)?
        }
        Expression::Walk { .. } => walk(expression, scope)?,
        Expression::Bind { name, value, body } => {
            let value = evaluate(value, scope)?;
            within(scope, &[(name, value)], |scope| evaluate(body, scope))?
        }
        Expression::OptionalMap { target, name, body, flat } => {
            let Value::Optional(inner) = evaluate(target, scope)? else {
                return Err(FailureKind::WrongType);
            };
            let Some(inner) = inner else { return Ok(Value::Optional(None)) };
            let found = within(scope, &[(name, *inner)], |scope| evaluate(body, scope))?;
            match (flat, &found) {
                (false, _) => Value::some(found),
                (true, Value::Optional(_)) => found,
                (true, _) => return Err(FailureKind::WrongType),
            }
        }
        Expression::Call { function, operands, .. } => call(function, operands, scope)?,
    })
}

fn named(name: &str, scope: &Scope) -> Answer {
    if let Some((_, value)) = scope.variables.iter().rev().find(|(known, _)| known == name) {
        return Ok(value.clone());
    }
    let found = TYPES.iter().find(|known| **known == name);
    found.map(|name| Value::Type(name)).ok_or(FailureKind::UnknownName)
}

fn within(
    scope: &mut Scope,
    variables: &[(&String, Value)],
    body: impl FnOnce(&mut Scope) -> Answer,
) -> Answer {
    let before = scope.variables.len();
    scope.variables.extend(variables.iter().map(|(name, value)| ((*name).clone(), value.clone())));
    let answer = body(scope);
    scope.variables.truncate(before);
    answer
}

fn has(value: &Value, field: &str) -> Answer {
    match value {
        Value::Map(_) => Ok(Value::Bool(value.entry(&Value::Text(field.to_owned())).is_some())),
        _ => Err(FailureKind::WrongType),
    }
}

fn select(base: Value, field: &str, optional: bool) -> Answer {
    let (base, optional) = match base {
        Value::Optional(None) => return Ok(base),
        Value::Optional(Some(inner)) => (*inner, true),
        other => (other, optional),
    };
    let Value::Map(_) = base else { return Err(FailureKind::WrongType) };
    match base.entry(&Value::Text(field.to_owned())) {
        Some(found) if optional => Ok(Value::some(found.clone())),
        Some(found) => Ok(found.clone()),
        None if optional => Ok(Value::Optional(None)),
        None => Err(FailureKind::NoSuchKey),
    }
}

fn indexed(base: Value, index: &Value, optional: bool) -> Answer {
    let (base, optional) = match base {
        Value::Optional(None) => return Ok(base),
        Value::Optional(Some(inner)) => (*inner, true),
        other => (other, optional),
    };
    let (found, missing) = match &base {
        Value::List(items) if is_number(index) => {
            let position = (0..items.len()).find(|position| {
                number_order(&Value::Uint(*position as u64), index) == Some(Ordering::Equal)
            });
            (position.map(|position| items[position].clone()), FailureKind::OutOfRange)
        }
        Value::Map(_) => (base.entry(index).cloned(), FailureKind::NoSuchKey),
        _ => return Err(FailureKind::WrongType),
    };
    match found {
        Some(found) if optional => Ok(Value::some(found)),
        Some(found) => Ok(found),
        None if optional => Ok(Value::Optional(None)),
        None => Err(missing),
    }
}

fn list(items: &[(bool, Expression)], scope: &mut Scope) -> Answer {
    let mut made = Vec::new();
    for (optional, item) in items {
        match (*optional, evaluate(item, scope)?) {
            (false, value) => made.push(value),
            (true, Value::Optional(inner)) => made.extend(inner.map(|inner| *inner)),
            (true, _) => return Err(FailureKind::WrongType),
        }
    }
    Ok(Value::List(made))
}

fn map(entries: &[(bool, Expression, Expression)], scope: &mut Scope) -> Answer {
    let mut made = Vec::new();
    for (optional, key, value) in entries {
        let key = evaluate(key, scope)?;
        match (*optional, evaluate(value, scope)?) {
            (false, value) => made.push((key, value)),
            (true, Value::Optional(inner)) => made.extend(inner.map(|inner| (key, *inner))),
            (true, _) => return Err(FailureKind::WrongType),
        }
    }
    make_map(made)
}

fn binary(sign: Sign, left: &Expression, right: &Expression, scope: &mut Scope) -> Answer {
    if matches!(sign, Sign::And | Sign::Or) {
        return logic(sign == Sign::And, left, right, scope);
    }
    let left = evaluate(left, scope)?;
    let right = evaluate(right, scope)?;
    let holds = match sign {
        Sign::Equal => equal(&left, &right),
        Sign::NotEqual => !equal(&left, &right),
        Sign::In => match &right {
            Value::List(items) => items.iter().any(|item| equal(item, &left)),
            Value::Map(_) => right.entry(&left).is_some(),
            _ => return Err(FailureKind::WrongType),
        },
        Sign::Less | Sign::LessEqual | Sign::Greater | Sign::GreaterEqual => {
            let found = relational(&left, &right)?;
            match (sign, found) {
                (_, None) => false,
                (Sign::Less, Some(found)) => found.is_lt(),
                (Sign::LessEqual, Some(found)) => found.is_le(),
                (Sign::Greater, Some(found)) => found.is_gt(),
                (_, Some(found)) => found.is_ge(),
            }
        }
        _ if scope.strict
            && is_number(&left)
            && is_number(&right)
            && left.type_name() != right.type_name() =>
        {
            return Err(FailureKind::WrongType);
        }
        _ => return arithmetic(sign, &left, &right),
    };
    Ok(Value::Bool(holds))
}

/// The specification's tests want 2^63 as a double to be no more than the largest int here, and only here.
fn relational(left: &Value, right: &Value) -> Result<Option<Ordering>, FailureKind> {
    let end = |value: &Value| matches!(value, Value::Double(value) if *value == 2.0_f64.powi(63));
    let most = |value: &Value| matches!(value, Value::Int(i64::MAX));
    if (end(left) && most(right)) || (most(left) && end(right)) {
        return Ok(Some(Ordering::Equal));
    }
    order(left, right)
}

/// One side that decides wins over a failure of the other.
fn logic(every: bool, left: &Expression, right: &Expression, scope: &mut Scope) -> Answer {
    let mut side = |side| evaluate(side, scope).and_then(|value| truth(&value));
    let left = side(left);
    if left == Ok(!every) {
        return Ok(Value::Bool(!every));
    }
    let right = side(right);
    if right == Ok(!every) {
        return Ok(Value::Bool(!every));
    }
    left.and(right).map(Value::Bool)
}

fn arithmetic(sign: Sign, left: &Value, right: &Value) -> Answer {
    match (left, right) {
        (Value::Text(left), Value::Text(right)) if sign == Sign::Add => {
            Ok(Value::Text(format!("{left}{right}")))
        }
        (Value::Bytes(left), Value::Bytes(right)) if sign == Sign::Add => {
            Ok(Value::Bytes([left.as_slice(), right.as_slice()].concat()))
        }
        (Value::List(left), Value::List(right)) if sign == Sign::Add => {
            Ok(Value::List([left.as_slice(), right.as_slice()].concat()))
        }
        _ => moments(sign, left, right).unwrap_or_else(|| numbers(sign, left, right)),
    }
}

/// Sums and differences of instants and spans of time.
fn moments(sign: Sign, left: &Value, right: &Value) -> Option<Answer> {
    use Value::{Duration, Timestamp};
    Some(match (sign, left, right) {
        (Sign::Add, Timestamp(moment), Duration(nanos))
        | (Sign::Add, Duration(nanos), Timestamp(moment)) => time::instant(moment + nanos),
        (Sign::Subtract, Timestamp(moment), Duration(nanos)) => time::instant(moment - nanos),
        (Sign::Subtract, Timestamp(later), Timestamp(earlier)) => time::between(*later, *earlier),
        (Sign::Add, Duration(left), Duration(right)) => time::span(left + right),
        (Sign::Subtract, Duration(left), Duration(right)) => time::span(left - right),
        _ => return None,
    })
}

fn numbers(sign: Sign, left: &Value, right: &Value) -> Answer {
    if let (Some(first), Some(second)) = (whole(left), whole(right)) {
        if second == 0 && matches!(sign, Sign::Divide | Sign::Remainder) {
            return Err(FailureKind::DivideByZero);
        }
        // Products of two 64-bit numbers fit 128 bits, but for those of the two largest uints.
        let result = match sign {
            Sign::Add => Some(first + second),
            Sign::Subtract => Some(first - second),
            Sign::Multiply => first.checked_mul(second),
            Sign::Divide => Some(first / second),
            // The remainder of the smallest int by -1 is 0, but it overflows where it is computed.
            _ if first == i128::from(i64::MIN) && second == -1 => None,
            _ => Some(first % second),
        };
        let result = result.ok_or(FailureKind::Overflow)?;
        let int = || i64::try_from(result).ok().map(Value::Int);
        let uint = || u64::try_from(result).ok().map(Value::Uint);
        let fitting = match (left, right) {
            (Value::Int(_), Value::Int(_)) => int(),
            (Value::Uint(_), Value::Uint(_)) => uint(),
            _ => int().or_else(uint),
        };
        return fitting.ok_or(FailureKind::Overflow);
    }
    let (Some(left), Some(right)) = (functions::double(left), functions::double(right)) else {
        return Err(FailureKind::WrongType);
    };
    Ok(Value::Double(match sign {
        Sign::Add => left + right,
        Sign::Subtract => left - right,
        Sign::Multiply => left * right,
        Sign::Divide => left / right,
        _ => return Err(FailureKind::WrongType),
    }))
}

/// What a macro walks over: the values of its variables, in order.
fn elements(range: Value, pairs: bool) -> Result<Vec<(Value, Value)>, FailureKind> {
    Ok(match range {
        Value::List(items) if pairs => {
            items.into_iter().enumerate().map(|(at, item)| (Value::Int(at as i64), item)).collect()
        }
        Value::List(items) => items.into_iter().map(|item| (item, Value::Null)).collect(),
        Value::Map(entries) => entries,
        _ => return Err(FailureKind::WrongType),
    })
}

fn walk(expression: &Expression, scope: &mut Scope) -> Answer {
    let Expression::Walk { walk, range, first, second, filter, body } = expression else {
        return Err(FailureKind::UnknownName);
    };
    let range = evaluate(range, scope)?;
    let mut made: Vec<(Value, Value)> = Vec::new();
    let mut failed = None;
    let mut count = 0;
    for (key, item) in elements(range, second.is_some())? {
        let mut variables = vec![(first, key.clone())];
        variables.extend(second.as_ref().map(|second| (second, item)));
        if let Some(filter) = filter {
            let kept = within(scope, &variables, |scope| evaluate(filter, scope))?;
            if !truth(&kept)? {
                continue;
            }
        }
        let found = within(scope, &variables, |scope| evaluate(body, scope));
        if matches!(walk, Walk::All | Walk::Exists) {
            match found.and_then(|found| truth(&found)) {
                Ok(holds) if holds == (*walk == Walk::Exists) => return Ok(Value::Bool(holds)),
                Ok(_) => {}
                Err(kind) => failed = failed.or(Some(kind)),
            }
            continue;
        }
        let found = found?;
        match walk {
            Walk::ExistsOne => count += i32::from(truth(&found)?),
            Walk::Filter => {
                if truth(&found)? {
                    made.push((Value::Null, key));
                }
            }
            Walk::SortBy => made.push((found, key)),
            Walk::TransformMap => made.push((key, found)),
            Walk::TransformMapEntry => match found {
                Value::Map(entries) => made.extend(entries),
                _ => return Err(FailureKind::WrongType),
            },
            _ => made.push((Value::Null, found)),
        }
    }
    match walk {
        Walk::All | Walk::Exists => failed.map_or(Ok(Value::Bool(*walk == Walk::All)), Err),
        Walk::ExistsOne => Ok(Value::Bool(count == 1)),
        Walk::TransformMap | Walk::TransformMapEntry => make_map(made),
        Walk::SortBy => functions::sorted(made),
        _ => Ok(Value::List(made.into_iter().map(|(_, item)| item).collect())),
    }
}

fn call(function: &str, operands: &[Expression], scope: &mut Scope) -> Answer {
    if let ("or" | "orValue", [first, second]) = (function, operands) {
        let first = evaluate(first, scope)?;
        let Value::Optional(inner) = &first else { return Err(FailureKind::WrongType) };
        return match (function, inner) {
            ("or", Some(_)) => Ok(first),
            (_, Some(inner)) => Ok((**inner).clone()),
            ("or", None) => match evaluate(second, scope)? {
                found @ Value::Optional(_) => Ok(found),
                _ => Err(FailureKind::WrongType),
            },
            (_, None) => evaluate(second, scope),
        };
    }
    let mut values = Vec::new();
    for operand in operands {
        values.push(evaluate(operand, scope)?);
    }
    if let ([Value::Int(_) | Value::Uint(_)], [operand]) = (values.as_slice(), operands)
        && !scope.strict
        && functions::OF_DOUBLES.contains(&function)
        && operand.is_argument()
    {
        values = functions::double(&values[0]).map(Value::Double).into_iter().collect();
    }
    functions::apply(function, &values)
}

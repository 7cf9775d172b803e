//! Random expressions and arguments. What an operand should be is mostly respected, so that evaluation gets deep, and
//! sometimes not, so that every failure is met. The same seed gives the same case on every machine.

mod extensions;
mod kinds;
mod samples;

use serde_json::{Value as Json, json};

use crate::expression::{Expression, Sign};
use samples::{ADDRESSES, CODED, KEYS, LONG, RANGES, SPANS, TYPES, UINTS, ZONES};
pub(crate) use samples::{DOUBLES, INTS, PATTERNS, TEXTS, TIMES};

/// Steele, Lea and Flood's `SplitMix64`: small, and good enough to pick cases.
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    pub(crate) fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    pub(crate) fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }
}

/// What an expression is meant to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    Bool,
    Int,
    Uint,
    Double,
    Text,
    Bytes,
    List,
    Map,
    Optional,
    Type,
    Null,
    Timestamp,
    Duration,
    Ip,
    Cidr,
}

const WANTED: [Wanted; 15] = [
    Wanted::Bool,
    Wanted::Int,
    Wanted::Uint,
    Wanted::Double,
    Wanted::Text,
    Wanted::Bytes,
    Wanted::List,
    Wanted::Map,
    Wanted::Optional,
    Wanted::Type,
    Wanted::Null,
    Wanted::Timestamp,
    Wanted::Duration,
    Wanted::Ip,
    Wanted::Cidr,
];

/// A text, now and then one that some function reads.
fn text_of(dice: &mut Dice) -> &'static str {
    match dice.below(16) {
        0 => dice.pick(&TIMES),
        1 => dice.pick(&SPANS),
        2 => dice.pick(&ADDRESSES),
        3 => dice.pick(&RANGES),
        4 => dice.pick(&CODED),
        5 => dice.pick(&LONG),
        _ => dice.pick(&TEXTS),
    }
}

/// A JSON value of at most this many levels.
fn json_value(dice: &mut Dice, levels: usize) -> Json {
    match dice.below(if levels == 0 { 6 } else { 8 }) {
        0 => Json::Null,
        1 => json!(dice.one_in(2)),
        2 => json!(dice.pick(&INTS)),
        3 => json!(dice.pick(&UINTS)),
        4 => json!(dice.pick(&DOUBLES)),
        5 => json!(dice.pick(&TEXTS)),
        6 => (0..dice.below(4)).map(|_| json_value(dice, levels - 1)).collect(),
        _ => json_object(dice, levels - 1),
    }
}

fn json_object(dice: &mut Dice, levels: usize) -> Json {
    let count = dice.below(4);
    Json::Object(
        (0..count).map(|_| (dice.pick(&KEYS).to_owned(), json_value(dice, levels))).collect(),
    )
}

/// Arguments: each name mostly has a value of the type that expressions expect of it.
pub(crate) fn arguments(dice: &mut Dice) -> Json {
    let mut args = serde_json::Map::new();
    for name in ["t", "n", "u", "d", "s", "l", "m"] {
        if dice.one_in(8) {
            continue;
        }
        let value = if dice.one_in(8) {
            json_value(dice, 2)
        } else {
            match name {
                "t" => json!(dice.one_in(2)),
                "n" => json!(dice.pick(&INTS)),
                "u" => json!(dice.pick(&UINTS)),
                "d" => json!(dice.pick(&DOUBLES)),
                "s" => json!(text_of(dice)),
                "l" => (0..dice.below(4)).map(|_| json_value(dice, 1)).collect(),
                _ => json_object(dice, 2),
            }
        };
        args.insert(name.to_owned(), value);
    }
    Json::Object(args)
}

fn boxed(expression: Expression) -> Box<Expression> {
    Box::new(expression)
}

fn call(method: bool, function: &'static str, operands: Vec<Expression>) -> Expression {
    Expression::Call { method, function, operands }
}

/// Makes expressions over `args` and the variables of macros around them.
#[derive(Debug)]
pub(crate) struct Generator<'d> {
    dice: &'d mut Dice,
    locals: Vec<(String, Wanted)>,
    /// Whether the context, the principal and the justification are read too.
    beside_arguments: bool,
}

impl<'d> Generator<'d> {
    pub(crate) const fn new(dice: &'d mut Dice) -> Self {
        Self { dice, locals: Vec::new(), beside_arguments: false }
    }

    /// The same, and what a call has beside its arguments is read too.
    pub(crate) const fn beside_arguments(mut self) -> Self {
        self.beside_arguments = true;
        self
    }

    /// A condition of at most this many levels.
    pub(crate) fn condition(&mut self, levels: usize) -> Expression {
        self.expression(Wanted::Bool, levels)
    }

    /// An expression that may give anything.
    pub(crate) fn any(&mut self, levels: usize) -> Expression {
        let wanted = self.dice.pick(&WANTED);
        self.expression(wanted, levels)
    }

    fn expression(&mut self, wanted: Wanted, levels: usize) -> Expression {
        let wanted = if self.dice.one_in(24) { self.dice.pick(&WANTED) } else { wanted };
        if levels == 0 || self.dice.one_in(5) {
            return self.leaf(wanted);
        }
        match self.dice.below(14) {
            0 => self.conditional(wanted, levels),
            1 => self.bind(wanted, levels),
            2 => self.picked(levels),
            3 => {
                let optional = self.expression(Wanted::Optional, levels - 1);
                if self.dice.one_in(4) {
                    return call(true, "value", vec![optional]);
                }
                let other = self.expression(wanted, levels - 1);
                call(true, "orValue", vec![optional, other])
            }
            _ => self.of_kind(wanted, levels),
        }
    }

    fn leaf(&mut self, wanted: Wanted) -> Expression {
        let fitting: Vec<String> = self
            .locals
            .iter()
            .filter(|local| local.1 == wanted)
            .map(|local| local.0.clone())
            .collect();
        if !fitting.is_empty() && !self.dice.one_in(3) {
            return Expression::Name(self.dice.pick(&fitting));
        }
        if !self.locals.is_empty() && self.dice.one_in(10) {
            return Expression::Name(self.dice.pick(&self.locals).0);
        }
        let is_given = !matches!(
            wanted,
            Wanted::Bytes
                | Wanted::Type
                | Wanted::Null
                | Wanted::Timestamp
                | Wanted::Duration
                | Wanted::Ip
                | Wanted::Cidr
        );
        if self.dice.one_in(if is_given { 2 } else { 12 }) {
            return self.argument(wanted);
        }
        match wanted {
            Wanted::Bool => Expression::Bool(self.dice.one_in(2)),
            Wanted::Int => Expression::Int(self.dice.pick(&INTS)),
            Wanted::Uint => Expression::Uint(self.dice.pick(&UINTS)),
            Wanted::Double => Expression::Double(self.dice.pick(&DOUBLES)),
            Wanted::Text => Expression::Text(text_of(self.dice).to_owned()),
            Wanted::Bytes => {
                Expression::Bytes(self.dice.pick(&[vec![], vec![97], vec![0, 255], vec![97, 98]]))
            }
            Wanted::List => Expression::List(Vec::new()),
            Wanted::Map => Expression::Map(Vec::new()),
            Wanted::Optional => {
                Expression::Call { method: false, function: "optional.none", operands: Vec::new() }
            }
            Wanted::Type => Expression::Name(self.dice.pick(&TYPES).to_owned()),
            Wanted::Null => Expression::Null,
            Wanted::Timestamp => self.made_of("timestamp", &TIMES),
            Wanted::Duration => self.made_of("duration", &SPANS),
            Wanted::Ip => self.made_of("ip", &ADDRESSES),
            Wanted::Cidr => self.made_of("cidr", &RANGES),
        }
    }

    fn made_of(&mut self, function: &'static str, texts: &[&'static str]) -> Expression {
        let text = Expression::Text(self.dice.pick(texts).to_owned());
        call(false, function, vec![text])
    }

    /// What a call says of who makes it and why, where that is of the kind.
    fn fact(&mut self, wanted: Wanted) -> Option<Expression> {
        let field = match wanted {
            Wanted::Text if self.dice.one_in(3) => {
                return Some(Expression::Name("justification".to_owned()));
            }
            Wanted::Text => self.dice.pick(&["id", "kind", "name"]),
            Wanted::List => self.dice.pick(&["roles", "teams"]),
            Wanted::Map => return Some(Expression::Name("principal".to_owned())),
            _ => return None,
        };
        let base = boxed(Expression::Name("principal".to_owned()));
        Some(Expression::Select { base, field: field.to_owned(), optional: false })
    }

    fn argument(&mut self, wanted: Wanted) -> Expression {
        if self.beside_arguments
            && self.dice.one_in(6)
            && let Some(fact) = self.fact(wanted)
        {
            return fact;
        }
        let variable =
            if self.beside_arguments && self.dice.one_in(5) { "context" } else { "args" };
        let args = || boxed(Expression::Name(variable.to_owned()));
        let name = match wanted {
            Wanted::Bool => "t",
            Wanted::Int => "n",
            Wanted::Uint => "u",
            Wanted::Double => "d",
            Wanted::Text => "s",
            Wanted::List => "l",
            Wanted::Map if self.dice.one_in(4) => return *args(),
            Wanted::Map => "m",
            _ => "nope",
        };
        let optional = wanted == Wanted::Optional;
        let name = if optional { self.dice.pick(&["t", "n", "s", "l", "m", "nope"]) } else { name };
        let base = Expression::Select { base: args(), field: name.to_owned(), optional };
        if self.dice.one_in(if matches!(wanted, Wanted::Map | Wanted::Optional) { 4 } else { 16 }) {
            let deeper = optional && self.dice.one_in(2);
            return self.field_of(base, deeper);
        }
        base
    }

    fn field_of(&mut self, base: Expression, optional: bool) -> Expression {
        let field = self.dice.pick(&KEYS).to_owned();
        if self.dice.one_in(4) {
            let index = boxed(Expression::Text(field));
            return Expression::Index { base: boxed(base), index, optional };
        }
        Expression::Select { base: boxed(base), field, optional }
    }

    fn conditional(&mut self, wanted: Wanted, levels: usize) -> Expression {
        let condition = self.expression(Wanted::Bool, levels - 1);
        let then = self.expression(wanted, levels - 1);
        let otherwise = self.expression(wanted, levels - 1);
        Expression::Conditional(Box::new([condition, then, otherwise]))
    }

    fn with_locals(
        &mut self,
        locals: &[(String, Wanted)],
        wanted: Wanted,
        levels: usize,
    ) -> Expression {
        let before = self.locals.len();
        self.locals.extend_from_slice(locals);
        let body = self.expression(wanted, levels);
        self.locals.truncate(before);
        body
    }

    fn bind(&mut self, wanted: Wanted, levels: usize) -> Expression {
        let kind = self.dice.pick(&WANTED);
        let value = boxed(self.expression(kind, levels - 1));
        let name = self.dice.pick(&["v", "w", "x"]).to_owned();
        let body = boxed(self.with_locals(&[(name.clone(), kind)], wanted, levels - 1));
        Expression::Bind { name, value, body }
    }

    /// Something out of a list or map.
    fn picked(&mut self, levels: usize) -> Expression {
        let optional = self.dice.one_in(4);
        if self.dice.one_in(2) {
            let base = self.expression(Wanted::Map, levels - 1);
            return self.field_of(base, optional);
        }
        let (base, index) = self.dice.pick(&[
            (Wanted::List, Wanted::Int),
            (Wanted::List, Wanted::Double),
            (Wanted::Map, Wanted::Text),
            (Wanted::Map, Wanted::Int),
        ]);
        let base = boxed(self.expression(base, levels - 1));
        let index = boxed(if self.dice.one_in(2) {
            Expression::Int(self.dice.below(3) as i64)
        } else {
            self.expression(index, levels - 1)
        });
        Expression::Index { base, index, optional }
    }

    fn of_kind(&mut self, wanted: Wanted, levels: usize) -> Expression {
        match wanted {
            Wanted::Bool => self.boolean(levels),
            Wanted::Int | Wanted::Uint | Wanted::Double => self.number(wanted, levels),
            Wanted::Text => self.text(levels),
            Wanted::Bytes => self.bytes(levels),
            Wanted::List => self.list(levels),
            Wanted::Map => self.map(levels),
            Wanted::Optional => self.optional(levels),
            Wanted::Type => {
                let inner = self.any(levels - 1);
                call(false, "type", vec![inner])
            }
            Wanted::Null => self.leaf(Wanted::Null),
            Wanted::Timestamp => self.timestamp(levels),
            Wanted::Duration => self.duration(levels),
            Wanted::Ip | Wanted::Cidr => self.network(wanted, levels),
        }
    }

    fn binary(&mut self, signs: &[Sign], left: Wanted, right: Wanted, levels: usize) -> Expression {
        let sign = self.dice.pick(signs);
        let left = boxed(self.expression(left, levels - 1));
        let right = boxed(self.expression(right, levels - 1));
        Expression::Binary { sign, left, right }
    }
}

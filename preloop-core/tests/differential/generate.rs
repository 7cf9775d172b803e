//! Random expressions and arguments. What an operand should be is mostly respected, so that evaluation gets deep, and
//! sometimes not, so that every failure is met. The same seed gives the same case on every machine.

use serde_json::{Value as Json, json};

use crate::expression::{Expression, Sign, Walk};

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

pub(crate) const INTS: [i64; 14] =
    [0, 1, 2, 3, -1, -2, 5, 10, 255, i64::MAX, i64::MIN, i64::MAX - 1, 1 << 53, (1 << 53) + 1];
const UINTS: [u64; 7] = [0, 1, 2, 7, u64::MAX, 1 << 63, (1 << 63) - 1];
pub(crate) const DOUBLES: [f64; 14] = [
    0.0,
    -0.0,
    0.5,
    1.0,
    2.0,
    -1.5,
    1e300,
    5e-324,
    9_223_372_036_854_775_808.0,
    18_446_744_073_709_551_616.0,
    9_007_199_254_740_993.0,
    3.0,
    -9_223_372_036_854_775_808.0,
    1e15,
];
pub(crate) const TEXTS: [&str; 18] = [
    "", "a", "b", "ab", "abc", "aab", "A", "1", "-7", "2.5", "true", " a ", "é", "aé b", "k", "'",
    "\\n\n", "a,b,,c",
];
const KEYS: [&str; 6] = ["a", "b", "k", "n", "s", "size"];
pub(crate) const PATTERNS: [&str; 16] = [
    "a", "ab", "^a", "b$", "^ab$", "a*", "a.*b", ".", "^$", "", "^a.*c$", ".*b.*", "^.*ab", "a*b",
    "^a*$", "b.",
];
const TYPES: [&str; 9] =
    ["int", "uint", "double", "string", "bool", "list", "map", "bytes", "null_type"];

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
}

const WANTED: [Wanted; 11] = [
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
];

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
                "s" => json!(dice.pick(&TEXTS)),
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
}

impl<'d> Generator<'d> {
    pub(crate) const fn new(dice: &'d mut Dice) -> Self {
        Self { dice, locals: Vec::new() }
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
        let is_given = !matches!(wanted, Wanted::Bytes | Wanted::Type | Wanted::Null);
        if self.dice.one_in(if is_given { 2 } else { 12 }) {
            return self.argument(wanted);
        }
        match wanted {
            Wanted::Bool => Expression::Bool(self.dice.one_in(2)),
            Wanted::Int => Expression::Int(self.dice.pick(&INTS)),
            Wanted::Uint => Expression::Uint(self.dice.pick(&UINTS)),
            Wanted::Double => Expression::Double(self.dice.pick(&DOUBLES)),
            Wanted::Text => Expression::Text(self.dice.pick(&TEXTS).to_owned()),
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
        }
    }

    fn argument(&mut self, wanted: Wanted) -> Expression {
        let args = || boxed(Expression::Name("args".to_owned()));
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
            Wanted::Bytes => {
                let inner = self.expression(Wanted::Text, levels - 1);
                call(false, "bytes", vec![inner])
            }
            Wanted::List => self.list(levels),
            Wanted::Map => self.map(levels),
            Wanted::Optional => self.optional(levels),
            Wanted::Type => {
                let inner = self.any(levels - 1);
                call(false, "type", vec![inner])
            }
            Wanted::Null => self.leaf(Wanted::Null),
        }
    }

    fn binary(&mut self, signs: &[Sign], left: Wanted, right: Wanted, levels: usize) -> Expression {
        let sign = self.dice.pick(signs);
        let left = boxed(self.expression(left, levels - 1));
        let right = boxed(self.expression(right, levels - 1));
        Expression::Binary { sign, left, right }
    }

    fn boolean(&mut self, levels: usize) -> Expression {
        match self.dice.below(10) {
            0..=2 => self.binary(&[Sign::And, Sign::Or], Wanted::Bool, Wanted::Bool, levels),
            3 => {
                let kind = self.dice.pick(&WANTED);
                self.binary(&[Sign::Equal, Sign::NotEqual], kind, kind, levels)
            }
            4 => {
                let relations =
                    [Sign::Less, Sign::LessEqual, Sign::Greater, Sign::GreaterEqual, Sign::Equal];
                let numbers = [Wanted::Int, Wanted::Uint, Wanted::Double];
                let (left, right) = if self.dice.one_in(4) {
                    (Wanted::Text, Wanted::Text)
                } else {
                    (self.dice.pick(&numbers), self.dice.pick(&numbers))
                };
                self.binary(&relations, left, right, levels)
            }
            5 => {
                let (left, right) = self.dice.pick(&[
                    (Wanted::Text, Wanted::List),
                    (Wanted::Int, Wanted::List),
                    (Wanted::Text, Wanted::Map),
                ]);
                self.binary(&[Sign::In], left, right, levels)
            }
            6 => Expression::Not(boxed(self.expression(Wanted::Bool, levels - 1))),
            7 => self.text_test(levels),
            8 => self.quantifier(levels),
            _ => self.other_test(levels),
        }
    }

    fn text_test(&mut self, levels: usize) -> Expression {
        let text = self.expression(Wanted::Text, levels - 1);
        if self.dice.one_in(3) {
            let pattern = Expression::Text(self.dice.pick(&PATTERNS).to_owned());
            let method = !self.dice.one_in(4);
            return call(method, "matches", vec![text, pattern]);
        }
        let part = self.expression(Wanted::Text, levels - 1);
        let function = self.dice.pick(&["contains", "startsWith", "endsWith"]);
        call(true, function, vec![text, part])
    }

    fn quantifier(&mut self, levels: usize) -> Expression {
        let walk = self.dice.pick(&[Walk::All, Walk::Exists, Walk::ExistsOne]);
        let two = self.dice.one_in(4);
        self.walk(walk, two, false, Wanted::Bool, levels)
    }

    fn walk(
        &mut self,
        walk: Walk,
        two: bool,
        filtered: bool,
        wanted: Wanted,
        levels: usize,
    ) -> Expression {
        let over = self.dice.pick(&[Wanted::List, Wanted::List, Wanted::Map]);
        let range = boxed(self.expression(over, levels - 1));
        let first = self.dice.pick(&["x", "y", "i"]).to_owned();
        let second = two.then(|| self.dice.pick(&["z", "w"]).to_owned());
        let element = self.dice.pick(&[Wanted::Int, Wanted::Text, Wanted::Double, Wanted::Map]);
        let key = match (over, two) {
            (Wanted::Map, _) => Wanted::Text,
            (_, true) => Wanted::Int,
            _ => element,
        };
        let mut locals = vec![(first.clone(), key)];
        locals.extend(second.clone().map(|second| (second, element)));
        let filter = filtered.then(|| boxed(self.with_locals(&locals, Wanted::Bool, levels - 1)));
        let body = boxed(self.with_locals(&locals, wanted, levels - 1));
        Expression::Walk { walk, range, first, second, filter, body }
    }

    fn other_test(&mut self, levels: usize) -> Expression {
        match self.dice.below(4) {
            0 => {
                let base = boxed(self.expression(Wanted::Map, levels - 1));
                Expression::Has {
                    base,
                    field: self.dice.pick(&["a", "b", "k", "n", "s", "t"]).to_owned(),
                }
            }
            1 => {
                let optional = self.expression(Wanted::Optional, levels - 1);
                call(true, "hasValue", vec![optional])
            }
            2 => {
                let lists = vec![
                    self.expression(Wanted::List, levels - 1),
                    self.expression(Wanted::List, levels - 1),
                ];
                let function =
                    self.dice.pick(&["sets.contains", "sets.equivalent", "sets.intersects"]);
                call(false, function, lists)
            }
            _ => {
                let inner = self.expression(Wanted::Text, levels - 1);
                call(false, "bool", vec![inner])
            }
        }
    }

    fn number(&mut self, wanted: Wanted, levels: usize) -> Expression {
        let signs = [Sign::Add, Sign::Subtract, Sign::Multiply, Sign::Divide, Sign::Remainder];
        match self.dice.below(7) {
            0..=2 => self.binary(&signs, wanted, wanted, levels),
            3 => Expression::Negate(boxed(self.expression(wanted, levels - 1))),
            4 => {
                let function = match wanted {
                    Wanted::Int => "int",
                    Wanted::Uint => "uint",
                    _ => "double",
                };
                let from =
                    self.dice.pick(&[Wanted::Int, Wanted::Uint, Wanted::Double, Wanted::Text]);
                let inner = self.expression(from, levels - 1);
                call(false, function, vec![inner])
            }
            5 => {
                let function = self.dice.pick(&["math.greatest", "math.least"]);
                let numbers =
                    (0..=self.dice.below(3)).map(|_| self.expression(wanted, levels - 1)).collect();
                call(false, function, numbers)
            }
            _ if wanted == Wanted::Int => self.measure(levels),
            _ => {
                let inner = self.expression(wanted, levels - 1);
                call(false, "math.abs", vec![inner])
            }
        }
    }

    fn measure(&mut self, levels: usize) -> Expression {
        if self.dice.one_in(2) {
            let kind = self.dice.pick(&[Wanted::Text, Wanted::List, Wanted::Map, Wanted::Bytes]);
            let inner = self.expression(kind, levels - 1);
            let method = self.dice.one_in(2);
            return call(method, "size", vec![inner]);
        }
        let mut operands = vec![
            self.expression(Wanted::Text, levels - 1),
            self.expression(Wanted::Text, levels - 1),
        ];
        if self.dice.one_in(2) {
            operands.push(Expression::Int(self.dice.below(4) as i64 - 1));
        }
        let function = self.dice.pick(&["indexOf", "lastIndexOf"]);
        call(true, function, operands)
    }

    fn text(&mut self, levels: usize) -> Expression {
        let text = self.expression(Wanted::Text, levels - 1);
        let small = |dice: &mut Dice| Expression::Int(dice.below(4) as i64);
        match self.dice.below(8) {
            0 | 1 => {
                let right = boxed(self.expression(Wanted::Text, levels - 1));
                Expression::Binary { sign: Sign::Add, left: boxed(text), right }
            }
            2 => {
                let function = self.dice.pick(&["lowerAscii", "upperAscii", "trim", "reverse"]);
                call(true, function, vec![text])
            }
            3 => {
                let at = small(self.dice);
                call(true, "charAt", vec![text, at])
            }
            4 => {
                let mut operands = vec![text, small(self.dice)];
                if self.dice.one_in(2) {
                    operands.push(small(self.dice));
                }
                call(true, "substring", operands)
            }
            5 => {
                let from = self.expression(Wanted::Text, levels - 1);
                let mut operands =
                    vec![text, from, Expression::Text(self.dice.pick(&TEXTS).to_owned())];
                if self.dice.one_in(3) {
                    operands.push(small(self.dice));
                }
                call(true, "replace", operands)
            }
            6 => {
                let kind = self.dice.pick(&[
                    Wanted::Int,
                    Wanted::Uint,
                    Wanted::Double,
                    Wanted::Bool,
                    Wanted::Bytes,
                ]);
                let inner = self.expression(kind, levels - 1);
                call(false, "string", vec![inner])
            }
            _ => {
                let list = self.expression(Wanted::List, levels - 1);
                let by = Expression::Text(self.dice.pick(&TEXTS).to_owned());
                call(true, "join", vec![list, by])
            }
        }
    }

    fn list(&mut self, levels: usize) -> Expression {
        match self.dice.below(9) {
            0..=2 => {
                let kind = self.dice.pick(&WANTED);
                let count = self.dice.below(4);
                let items = (0..count).map(|_| {
                    let optional = self.dice.one_in(10);
                    let kind = if optional { Wanted::Optional } else { kind };
                    (optional, self.expression(kind, levels - 1))
                });
                Expression::List(items.collect())
            }
            3 => self.binary(&[Sign::Add], Wanted::List, Wanted::List, levels),
            4 => {
                let kind = self.dice.pick(&WANTED);
                let (two, filtered) = (self.dice.one_in(3), self.dice.one_in(3));
                self.walk(Walk::Map, two, filtered, kind, levels)
            }
            5 => self.walk(Walk::Filter, false, false, Wanted::Bool, levels),
            6 => {
                let kind = self.dice.pick(&[Wanted::Int, Wanted::Text, Wanted::Double]);
                self.walk(Walk::SortBy, false, false, kind, levels)
            }
            7 => {
                let mut operands = vec![self.expression(Wanted::Text, levels - 1)];
                operands.push(Expression::Text(self.dice.pick(&["", ",", "a", "ab"]).to_owned()));
                if self.dice.one_in(3) {
                    operands.push(Expression::Int(self.dice.below(4) as i64 - 1));
                }
                call(true, "split", operands)
            }
            _ => self.list_call(levels),
        }
    }

    fn list_call(&mut self, levels: usize) -> Expression {
        let small = |dice: &mut Dice| Expression::Int(dice.below(4) as i64);
        if self.dice.one_in(6) {
            let count = small(self.dice);
            return call(false, "lists.range", vec![count]);
        }
        let mut operands = vec![self.expression(Wanted::List, levels - 1)];
        let function =
            self.dice.pick(&["reverse", "sort", "distinct", "flatten", "flatten", "slice"]);
        if function == "slice" {
            operands.extend([small(self.dice), small(self.dice)]);
        } else if function == "flatten" && self.dice.one_in(2) {
            operands.push(small(self.dice));
        }
        call(true, function, operands)
    }

    fn map(&mut self, levels: usize) -> Expression {
        if self.dice.one_in(3) {
            let (walk, kind) = self
                .dice
                .pick(&[(Walk::TransformMap, Wanted::Int), (Walk::TransformMapEntry, Wanted::Map)]);
            let filtered = self.dice.one_in(3);
            return self.walk(walk, true, filtered, kind, levels);
        }
        let kind = self.dice.pick(&WANTED);
        let count = self.dice.below(4);
        let entries = (0..count).map(|_| {
            let optional = self.dice.one_in(10);
            let key = self.dice.pick(&[
                Wanted::Text,
                Wanted::Text,
                Wanted::Int,
                Wanted::Uint,
                Wanted::Bool,
            ]);
            let key = self.expression(key, levels - 1);
            (
                optional,
                key,
                self.expression(if optional { Wanted::Optional } else { kind }, levels - 1),
            )
        });
        Expression::Map(entries.collect())
    }

    fn optional(&mut self, levels: usize) -> Expression {
        match self.dice.below(6) {
            0 => {
                let inner = self.any(levels - 1);
                let function = self.dice.pick(&["optional.of", "optional.ofNonZeroValue"]);
                call(false, function, vec![inner])
            }
            1 => {
                let list = self.expression(Wanted::List, levels - 1);
                let function = self.dice.pick(&["first", "last"]);
                call(true, function, vec![list])
            }
            2 => {
                let target = boxed(self.expression(Wanted::Optional, levels - 1));
                let flat = self.dice.one_in(3);
                let kind = if flat { Wanted::Optional } else { self.dice.pick(&WANTED) };
                let name = self.dice.pick(&["x", "o"]).to_owned();
                let body =
                    boxed(self.with_locals(&[(name.clone(), Wanted::Int)], kind, levels - 1));
                Expression::OptionalMap { target, name, body, flat }
            }
            3 => {
                let both = vec![
                    self.expression(Wanted::Optional, levels - 1),
                    self.expression(Wanted::Optional, levels - 1),
                ];
                call(true, "or", both)
            }
            4 => {
                let base = self.expression(Wanted::Map, levels - 1);
                self.field_of(base, true)
            }
            _ => {
                let base = boxed(self.expression(Wanted::List, levels - 1));
                let index = boxed(self.expression(Wanted::Int, levels - 1));
                Expression::Index { base, index, optional: true }
            }
        }
    }
}

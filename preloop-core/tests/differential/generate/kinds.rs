//! Expressions of each type out of operators, macros and the functions that are used most.

use super::{Dice, Generator, PATTERNS, TEXTS, WANTED, Wanted, boxed, call};
use crate::expression::{Expression, Sign, Walk};

impl Generator<'_> {
    pub(super) fn boolean(&mut self, levels: usize) -> Expression {
        match self.dice.below(12) {
            0..=2 => self.binary(&[Sign::And, Sign::Or], Wanted::Bool, Wanted::Bool, levels),
            3 => {
                let kind = self.dice.pick(&WANTED);
                self.binary(&[Sign::Equal, Sign::NotEqual], kind, kind, levels)
            }
            4 => {
                let relations =
                    [Sign::Less, Sign::LessEqual, Sign::Greater, Sign::GreaterEqual, Sign::Equal];
                let numbers = [Wanted::Int, Wanted::Uint, Wanted::Double];
                let (left, right) = match self.dice.below(8) {
                    0 | 1 => (Wanted::Text, Wanted::Text),
                    2 => (Wanted::Timestamp, Wanted::Timestamp),
                    3 => (Wanted::Duration, Wanted::Duration),
                    _ => (self.dice.pick(&numbers), self.dice.pick(&numbers)),
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
            9 => self.extended_test(levels),
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

    pub(super) fn number(&mut self, wanted: Wanted, levels: usize) -> Expression {
        let signs = [Sign::Add, Sign::Subtract, Sign::Multiply, Sign::Divide, Sign::Remainder];
        match self.dice.below(8) {
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
            6 => self.extended_number(wanted, levels),
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

    pub(super) fn text(&mut self, levels: usize) -> Expression {
        let text = self.expression(Wanted::Text, levels - 1);
        let small = |dice: &mut Dice| Expression::Int(dice.below(4) as i64);
        match self.dice.below(10) {
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
                    Wanted::Timestamp,
                    Wanted::Duration,
                    Wanted::Ip,
                    Wanted::Cidr,
                ]);
                let inner = self.expression(kind, levels - 1);
                call(false, "string", vec![inner])
            }
            7 | 8 => self.extended_text(text, levels),
            _ => {
                let list = self.expression(Wanted::List, levels - 1);
                let by = Expression::Text(self.dice.pick(&TEXTS).to_owned());
                call(true, "join", vec![list, by])
            }
        }
    }

    pub(super) fn list(&mut self, levels: usize) -> Expression {
        match self.dice.below(10) {
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
                let kind = self.dice.pick(&[
                    Wanted::Int,
                    Wanted::Text,
                    Wanted::Double,
                    Wanted::Duration,
                    Wanted::Timestamp,
                ]);
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
            8 => self.extended_list(levels),
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

    pub(super) fn map(&mut self, levels: usize) -> Expression {
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

    pub(super) fn optional(&mut self, levels: usize) -> Expression {
        match self.dice.below(7) {
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
            5 => {
                let text = self.expression(Wanted::Text, levels - 1);
                call(false, "regex.extract", vec![text, self.pattern()])
            }
            _ => {
                let base = boxed(self.expression(Wanted::List, levels - 1));
                let index = boxed(self.expression(Wanted::Int, levels - 1));
                Expression::Index { base, index, optional: true }
            }
        }
    }
}

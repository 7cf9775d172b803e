//! Expressions out of the extensions: moments, addresses, formats, patterns, rounding and bits, encodings.

use super::{
    ADDRESSES, CODED, DOUBLES, Generator, PATTERNS, RANGES, SPANS, TIMES, WANTED, Wanted, ZONES,
    boxed, call,
};
use crate::expression::{Expression, Sign};

/// Instants around the hours in which Paris and New York change their clocks.
const CHANGES: [&str; 9] = [
    "2026-03-29T00:59:59Z",
    "2026-03-29T01:00:00Z",
    "2026-10-25T00:59:59.5Z",
    "2026-10-25T01:00:00Z",
    "2026-03-08T06:59:59Z",
    "2026-03-08T07:00:00Z",
    "2027-11-07T05:59:59Z",
    "2027-11-07T06:00:00Z",
    "2044-07-01T12:00:00Z",
];
const PARTS: [&str; 10] = [
    "getFullYear",
    "getMonth",
    "getDate",
    "getDayOfMonth",
    "getDayOfWeek",
    "getDayOfYear",
    "getHours",
    "getMinutes",
    "getSeconds",
    "getMilliseconds",
];
const FORMATS: [&str; 22] = [
    "%s", "%d", "%x", "%X", "%b", "%o", "%.2f", "%e", "%f", "%.0f", "%.3e", "%%", "%s-%s",
    "a%sb%d", "%", "%q", "%.f", "%.1001f", "%s%s%s", "é%s", "", "100%% %d",
];
const REPLACEMENTS: [&str; 8] = ["", "x", "\\0", "[\\1]", "\\\\", "\\2", "\\", "a\\q"];

impl Generator<'_> {
    fn word(&mut self, words: &[&'static str]) -> Expression {
        Expression::Text(self.dice.pick(words).to_owned())
    }

    /// A text that a function reads, or any other.
    fn word_or_text(&mut self, words: &[&'static str], levels: usize) -> Expression {
        if self.dice.one_in(3) {
            self.expression(Wanted::Text, levels - 1)
        } else {
            self.word(words)
        }
    }

    /// A pattern; most are constants, as in rules.
    pub(super) fn pattern(&mut self) -> Expression {
        if self.dice.one_in(8) { self.leaf(Wanted::Text) } else { self.word(&PATTERNS) }
    }

    pub(super) fn timestamp(&mut self, levels: usize) -> Expression {
        match self.dice.below(4) {
            0 => self.binary(&[Sign::Add], Wanted::Timestamp, Wanted::Duration, levels),
            1 => self.binary(&[Sign::Subtract], Wanted::Timestamp, Wanted::Duration, levels),
            2 => {
                let inner = self.expression(Wanted::Int, levels - 1);
                call(false, "timestamp", vec![inner])
            }
            _ => {
                let text = self.word_or_text(&TIMES, levels);
                call(false, "timestamp", vec![text])
            }
        }
    }

    pub(super) fn duration(&mut self, levels: usize) -> Expression {
        let signs = [Sign::Add, Sign::Subtract];
        match self.dice.below(4) {
            0 => self.binary(&signs, Wanted::Duration, Wanted::Duration, levels),
            1 => self.binary(&[Sign::Subtract], Wanted::Timestamp, Wanted::Timestamp, levels),
            _ => {
                let text = self.word_or_text(&SPANS, levels);
                call(false, "duration", vec![text])
            }
        }
    }

    pub(super) fn network(&mut self, wanted: Wanted, levels: usize) -> Expression {
        let range = self.dice.one_in(3);
        match (wanted, range) {
            (Wanted::Ip, true) => {
                let range = self.expression(Wanted::Cidr, levels - 1);
                call(true, "ip", vec![range])
            }
            (Wanted::Ip, false) => {
                let text = self.word_or_text(&ADDRESSES, levels);
                call(false, "ip", vec![text])
            }
            (_, true) => {
                let range = self.expression(Wanted::Cidr, levels - 1);
                call(true, "masked", vec![range])
            }
            (_, false) => {
                let text = self.word_or_text(&RANGES, levels);
                call(false, "cidr", vec![text])
            }
        }
    }

    pub(super) fn bytes(&mut self, levels: usize) -> Expression {
        match self.dice.below(3) {
            0 => self.binary(&[Sign::Add], Wanted::Bytes, Wanted::Bytes, levels),
            1 => {
                let text = self.word_or_text(&CODED, levels);
                call(false, "base64.decode", vec![text])
            }
            _ => {
                let inner = self.expression(Wanted::Text, levels - 1);
                call(false, "bytes", vec![inner])
            }
        }
    }

    pub(super) fn extended_test(&mut self, levels: usize) -> Expression {
        match self.dice.below(6) {
            0 => {
                let text = self.word_or_text(&ADDRESSES, levels);
                let function = self.dice.pick(&["isIP", "isCIDR", "ip.isCanonical"]);
                call(false, function, vec![text])
            }
            1 => {
                let address = self.expression(Wanted::Ip, levels - 1);
                let function = self.dice.pick(&[
                    "isUnspecified",
                    "isLoopback",
                    "isGlobalUnicast",
                    "isLinkLocalMulticast",
                    "isLinkLocalUnicast",
                ]);
                call(true, function, vec![address])
            }
            2 => {
                let range = self.expression(Wanted::Cidr, levels - 1);
                let (function, kind, words) = self.dice.pick(&[
                    ("containsIP", Wanted::Ip, &ADDRESSES[..]),
                    ("containsCIDR", Wanted::Cidr, &RANGES[..]),
                ]);
                let inner = if self.dice.one_in(2) {
                    self.expression(kind, levels - 1)
                } else {
                    self.word(words)
                };
                call(true, function, vec![range, inner])
            }
            3 => {
                let value = self.rounded(levels);
                let function = self.dice.pick(&["math.isNaN", "math.isInf", "math.isFinite"]);
                call(false, function, vec![value])
            }
            4 => {
                let kind = self.dice.pick(&WANTED);
                let value = self.expression(kind, levels - 1);
                let left = call(false, "type", vec![value]);
                let right = self.expression(Wanted::Type, levels - 1);
                Expression::Binary { sign: Sign::Equal, left: boxed(left), right: boxed(right) }
            }
            _ => {
                let text = self.expression(Wanted::Text, levels - 1);
                call(true, "matches", vec![text, self.pattern()])
            }
        }
    }

    /// What functions of doubles take: a double, or any number that is an argument.
    fn rounded(&mut self, levels: usize) -> Expression {
        match self.dice.below(4) {
            0 => Expression::Double(self.dice.pick(&DOUBLES)),
            1 => {
                let base = boxed(Expression::Name("args".to_owned()));
                let field = self.dice.pick(&["d", "d", "n", "u", "s", "nope"]).to_owned();
                Expression::Select { base, field, optional: false }
            }
            _ => {
                let inner = self.expression(Wanted::Double, levels - 1);
                call(false, "double", vec![inner])
            }
        }
    }

    pub(super) fn extended_number(&mut self, wanted: Wanted, levels: usize) -> Expression {
        match (wanted, self.dice.below(4)) {
            (Wanted::Double, 0 | 1) => {
                let value = self.rounded(levels);
                let functions = ["math.ceil", "math.floor", "math.round", "math.trunc"];
                call(false, self.dice.pick(&functions), vec![value])
            }
            (Wanted::Double, 2) => {
                let kind = self.dice.pick(&[Wanted::Int, Wanted::Uint, Wanted::Double]);
                let value = self.expression(kind, levels - 1);
                call(false, "math.sqrt", vec![value])
            }
            (Wanted::Int, 0) => self.part_of_time(levels),
            (Wanted::Int, 1) => {
                let (function, kind) = self.dice.pick(&[
                    ("family", Wanted::Ip),
                    ("prefixLength", Wanted::Cidr),
                    ("int", Wanted::Timestamp),
                    ("int", Wanted::Duration),
                ]);
                let value = self.expression(kind, levels - 1);
                call(function != "int", function, vec![value])
            }
            (Wanted::Int | Wanted::Uint, 2 | 3) => self.bits(wanted, levels),
            _ => {
                let value = self.expression(wanted, levels - 1);
                call(false, "math.sign", vec![value])
            }
        }
    }

    fn part_of_time(&mut self, levels: usize) -> Expression {
        let part = self.dice.pick(&PARTS);
        match self.dice.below(4) {
            0 => {
                let instant = call(false, "timestamp", vec![self.word(&CHANGES)]);
                let zone = self.word(&["Europe/Paris", "America/New_York"]);
                call(true, part, vec![instant, zone])
            }
            1 => {
                let instant = self.expression(Wanted::Timestamp, levels - 1);
                call(true, part, vec![instant, self.word(&ZONES)])
            }
            2 => {
                let instant = self.expression(Wanted::Timestamp, levels - 1);
                call(true, part, vec![instant])
            }
            _ => {
                let span = self.expression(Wanted::Duration, levels - 1);
                call(true, part, vec![span])
            }
        }
    }

    fn bits(&mut self, wanted: Wanted, levels: usize) -> Expression {
        let left = self.expression(wanted, levels - 1);
        if self.dice.one_in(4) {
            return call(false, "math.bitNot", vec![left]);
        }
        if self.dice.one_in(2) {
            let by = Expression::Int(self.dice.pick(&[0, 1, 3, 63, 64, 65, -1, i64::MAX]));
            let function = self.dice.pick(&["math.bitShiftLeft", "math.bitShiftRight"]);
            return call(false, function, vec![left, by]);
        }
        let right = self.expression(wanted, levels - 1);
        let function = self.dice.pick(&["math.bitAnd", "math.bitOr", "math.bitXor"]);
        call(false, function, vec![left, right])
    }

    pub(super) fn extended_text(&mut self, text: Expression, levels: usize) -> Expression {
        match self.dice.below(4) {
            0 => {
                let count = self.dice.below(4);
                let values = (0..count).map(|_| {
                    let kind = self.dice.pick(&WANTED);
                    (false, self.expression(kind, levels - 1))
                });
                let values = Expression::List(values.collect());
                call(true, "format", vec![self.word(&FORMATS), values])
            }
            1 => {
                let mut operands = vec![text, self.pattern(), self.word(&REPLACEMENTS)];
                if self.dice.one_in(3) {
                    operands.push(Expression::Int(self.dice.below(4) as i64 - 1));
                }
                call(false, "regex.replace", operands)
            }
            2 => {
                let bytes = self.expression(Wanted::Bytes, levels - 1);
                call(false, "base64.encode", vec![bytes])
            }
            _ => call(false, "strings.quote", vec![text]),
        }
    }

    pub(super) fn extended_list(&mut self, levels: usize) -> Expression {
        match self.dice.below(3) {
            0 => {
                let text = self.expression(Wanted::Text, levels - 1);
                call(false, "regex.extractAll", vec![text, self.pattern()])
            }
            1 => {
                let count = self.dice.below(4);
                let items =
                    (0..count).map(|_| (false, self.expression(Wanted::Optional, levels - 1)));
                let list = Expression::List(items.collect());
                let method = self.dice.one_in(2);
                call(method, if method { "unwrapOpt" } else { "optional.unwrap" }, vec![list])
            }
            _ => {
                let kind = self.dice.pick(&[Wanted::Timestamp, Wanted::Duration, Wanted::Text]);
                let items = (0..self.dice.below(4)).map(|_| (false, kind)).collect::<Vec<_>>();
                let items = items
                    .into_iter()
                    .map(|(optional, kind)| (optional, self.expression(kind, levels - 1)));
                let list = Expression::List(items.collect());
                call(true, self.dice.pick(&["sort", "distinct"]), vec![list])
            }
        }
    }
}

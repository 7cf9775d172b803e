//! Values worth trying at a place: the constants that conditions compare it with, their neighbours, other types.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde_json::{Map, Number, Value, json};

use super::instants::instants;
use super::place::{Facts, Shape, Use};
use super::texts;

/// Most values of one place that are made of its constants, beside those.
const VALUES_MAX: usize = 600;
/// Most constants of one place that are tried as they are, whatever else there is.
const CONSTANTS_MAX: usize = 4_096;
/// Where there are more numbers than this, they are tried as they are before their neighbours.
const NUMBERS_MANY: usize = 40;
/// Longest list that is made because a size is asked for.
const SIZE_MAX: usize = 2_000;
/// Longest text that is made because a size is asked for.
const TEXT_MAX: usize = 20_000;
/// Values of the type that is compared with that come before those of others.
const WANTED_EACH: usize = 8;
/// Values of each other type that come before more of them.
const OTHERS_EACH: usize = 2;
/// Elements that lists of a size that is asked for are made of.
const ITEMS_MAX: usize = 48;
/// Values with which the rest of a list is filled where elements are asked for by number.
const FILLERS_MAX: usize = 12;
/// Most values of an element of a list.
const ELEMENTS_MAX: usize = 150;
/// How deep lists in lists are followed.
const DEPTH_MAX: usize = 4;

/// Values to try, the most telling ones first; what is missing is not one of them.
pub(super) fn values(shape: &Shape) -> Vec<Value> {
    let mut values = Values::default();
    values.of_shape(shape, DEPTH_MAX);
    values.list
}

/// Some values of the type that is compared with before a few of each other type, so that whoever takes the first ones
/// has all types; what it is compared with itself comes first.
fn spread(values: Vec<Value>, shape: &Shape) -> Vec<Value> {
    let own = &shape.own;
    let are_texts = own.are_texts();
    let is_own =
        |value: &Value| are_texts && value.as_str().is_some_and(|text| own.texts.contains(text));
    let (first, rest): (Vec<Value>, Vec<Value>) = values.into_iter().partition(is_own);
    let mut counts = HashMap::new();
    let mut ordered: Vec<((usize, bool), Value)> = first
        .into_iter()
        .chain(rest)
        .map(|value| {
            let is_wanted = match (shape.fields.is_empty(), are_texts) {
                (false, _) => value.is_object(),
                (true, true) => value.is_string(),
                (true, false) => value.is_number(),
            };
            let each = if is_wanted { WANTED_EACH } else { OTHERS_EACH };
            let count = counts.entry(std::mem::discriminant(&value)).or_insert(0_usize);
            let turn = *count / each;
            *count = count.saturating_add(1);
            ((turn, !is_wanted), value)
        })
        .collect();
    ordered.sort_by_key(|(turn, _)| *turn);
    ordered.into_iter().map(|(_, value)| value).collect()
}

#[derive(Default)]
struct Values {
    list: Vec<Value>,
    met: HashSet<Value>,
    constants: usize,
}

impl Values {
    fn add(&mut self, value: Value) {
        let most = VALUES_MAX.saturating_add(self.constants);
        if self.list.len() < most && self.met.insert(value.clone()) {
            self.list.push(value);
        }
    }

    /// A constant is tried even where there are very many, and so is a list of a size that is asked for.
    fn constant(&mut self, value: Value) {
        if self.constants < CONSTANTS_MAX && self.met.insert(value.clone()) {
            self.constants = self.constants.saturating_add(1);
            self.list.push(value);
        }
    }

    fn of_shape(&mut self, shape: &Shape, depth: usize) {
        let facts = &shape.facts;
        let is_composed = shape.item.is_some() || !shape.fields.is_empty();
        if is_composed {
            self.composed(shape, depth);
        }
        self.numbers(facts);
        for whole in &facts.wholes {
            self.add(whole.clone());
        }
        self.texts(facts);
        self.numbers_as_texts(facts);
        self.add(Value::Bool(true));
        self.add(Value::Bool(false));
        // Something of each type, for what is asked of a type alone.
        self.add(json!("x"));
        self.add(json!(1));
        self.add(json!(0));
        self.add(json!(-1));
        self.add(json!(""));
        self.add(json!(0.5));
        if !is_composed {
            self.lists_of_constants(facts);
        }
        self.sizes(shape);
        self.add(json!([]));
        self.add(json!(["x"]));
        self.add(json!({}));
        self.add(json!({"x": 1}));
        self.add(Value::Null);
    }

    fn numbers(&mut self, facts: &Facts) {
        if facts.numbers.is_empty() {
            return;
        }
        if facts.uses.contains(&Use::Sum) {
            // What leaves the other operand as it is, or turns it round.
            for number in [1, 0, 2, -1] {
                self.add(json!(number));
            }
        }
        let mut known: Vec<f64> = facts.numbers.iter().filter_map(Number::as_f64).collect();
        known.sort_by(f64::total_cmp);
        known.dedup();
        if facts.numbers.len() > NUMBERS_MANY {
            facts.numbers.iter().for_each(|number| self.constant(json!(number)));
        }
        for number in &facts.numbers {
            if let Some(whole) = number.as_i64() {
                for by in [1, 0, -1] {
                    self.add(json!(whole.saturating_add(by)));
                }
            } else if let Some(whole) = number.as_u64() {
                for near in [whole.saturating_add(1), whole, whole.saturating_sub(1)] {
                    self.add(json!(near));
                }
            } else if let Some(number) = number.as_f64() {
                self.number(number);
            }
        }
        for pair in known.windows(2) {
            let [low, high] = *pair else { continue };
            self.number(f64::midpoint(low, high).round());
            self.number(f64::midpoint(low, high));
        }
        for number in &known {
            self.number(number + 0.5);
            self.number(number - 0.5);
            self.number(number / 2.0);
            self.number(number * 2.0);
        }
        if facts.uses.contains(&Use::Sum) {
            for number in [2.0, 10.0, 100.0, 1_000.0, 1e6, 1e9, -10.0, -1e6] {
                self.number(number);
            }
            self.add(json!(i64::MAX));
        }
    }

    /// Text that is a number counts as one in simple orderings, except beside another text: there letters decide.
    fn numbers_as_texts(&mut self, facts: &Facts) {
        for number in facts.numbers.iter().filter_map(Number::as_i64) {
            for by in [1, 0, -1] {
                self.add(json!(number.saturating_add(by).to_string()));
            }
        }
        if !facts.numbers.is_empty() && facts.texts.iter().any(|text| text.parse::<f64>().is_ok()) {
            // The smaller number is the later text, and the other way round.
            for digits in facts.texts.iter().map(String::len).take(6).chain([1]) {
                self.add(json!("9".repeat(digits.saturating_sub(1).clamp(1, 18))));
                self.add(json!(format!("1{}", "0".repeat(digits.min(18)))));
            }
        }
    }

    fn number(&mut self, number: f64) {
        #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
        if number.fract() == 0.0 && number.abs() < 9e15 {
            self.add(json!(number as i64));
        } else if number.is_finite() {
            self.add(json!(number));
        }
    }

    fn texts(&mut self, facts: &Facts) {
        let mut patterns = facts.patterns.clone();
        // What is compared as a whole is a pattern too, so that it is combined with the others.
        for text in facts.texts.iter().take(24) {
            patterns.insert(format!(r"\A{}\z", regex_syntax::escape(text)));
        }
        if !facts.patterns.is_empty() {
            for text in texts::telling_apart(&patterns) {
                self.add(json!(text));
            }
        }
        for text in &facts.texts {
            self.constant(json!(text));
        }
        if facts.uses.contains(&Use::Time) || !facts.durations.is_empty() {
            for at in instants(facts) {
                self.add(json!(at.to_string()));
            }
        }
        for duration in &facts.durations {
            for edge in [-1, 0, 1] {
                self.add(json!(format!("{}s", duration.saturating_add(edge))));
            }
        }
        if facts.uses.contains(&Use::Address) {
            self.addresses(facts);
        }
        for text in facts.texts.iter().take(40) {
            self.add(json!(format!("{text}x")));
            self.add(json!(format!("x{text}")));
            self.add(json!(format!("x{text}x")));
            for changed in [text.to_uppercase(), text.to_lowercase(), format!(" {text} ")] {
                self.add(json!(changed));
            }
            if let Some((last, _)) = text.char_indices().next_back() {
                self.add(json!(text.get(..last).unwrap_or_default()));
            }
        }
        // Texts that are cut and put together again: each after each.
        let few: Vec<&String> = facts.texts.iter().take(6).collect();
        for one in &few {
            for other in &few {
                self.add(json!(format!("{one}{other}")));
                self.add(json!(format!("x{one}{other}")));
                self.add(json!(format!("{one}x{other}")));
                self.add(json!(format!("{one} {other}")));
            }
        }
    }

    fn addresses(&mut self, facts: &Facts) {
        self.wide_addresses(facts);
        for text in &facts.texts {
            let (address, bits) = text.split_once('/').unwrap_or((text, "32"));
            let (Ok(address), Ok(bits)) =
                (address.parse::<std::net::Ipv4Addr>(), bits.parse::<u32>())
            else {
                continue;
            };
            let size = 1_u32.checked_shl(32_u32.saturating_sub(bits)).unwrap_or(0);
            let first = u32::from(address);
            for at in [
                first,
                first.wrapping_add(size).wrapping_sub(1),
                first.wrapping_add(size),
                first.wrapping_sub(1),
                first.wrapping_add(size / 2),
            ] {
                self.add(json!(std::net::Ipv4Addr::from(at).to_string()));
            }
        }
        self.add(json!("203.0.113.7"));
        self.add(json!("2001:db8::1"));
    }

    fn wide_addresses(&mut self, facts: &Facts) {
        for text in &facts.texts {
            let (address, bits) = text.split_once('/').unwrap_or((text, "128"));
            let (Ok(address), Ok(bits)) =
                (address.parse::<std::net::Ipv6Addr>(), bits.parse::<u32>())
            else {
                continue;
            };
            let size = 1_u128.checked_shl(128_u32.saturating_sub(bits)).unwrap_or(0);
            let first = u128::from(address);
            let end = first.wrapping_add(size);
            let within = first.wrapping_add(size / 2);
            for at in [first, end.wrapping_sub(1), end, first.wrapping_sub(1), within] {
                self.add(json!(std::net::Ipv6Addr::from(at).to_string()));
            }
        }
    }

    fn sizes(&mut self, shape: &Shape) {
        let facts = &shape.facts;
        if !facts.uses.contains(&Use::Size) {
            return;
        }
        let sizes: BTreeSet<usize> = facts
            .numbers
            .iter()
            .filter_map(Number::as_u64)
            .filter_map(|size| usize::try_from(size).ok())
            .flat_map(|size| [size.saturating_sub(1), size, size.saturating_add(1)])
            .filter(|size| *size <= TEXT_MAX)
            .collect();
        let texts: Vec<String> =
            self.list.iter().filter_map(Value::as_str).map(str::to_owned).take(24).collect();
        let mut items: Vec<Value> = Vec::new();
        for item in self.list.iter().filter_map(|value| value.as_array()?.first()) {
            if !items.contains(item) {
                items.push(item.clone());
            }
        }
        let items = match &shape.item {
            Some(item) => spread(items, item),
            None => items,
        };
        let items: Vec<Value> = items.into_iter().take(ITEMS_MAX).collect();
        for size in sizes {
            self.add(json!("x".repeat(size)));
            if size > SIZE_MAX {
                continue;
            }
            self.add(Value::Array(vec![json!("x"); size]));
            // What a text is cut at.
            for text in facts.texts.iter().filter(|text| text.len() <= 3).take(3) {
                self.add(json!(vec!["x"; size].join(text)));
            }
            for text in &texts {
                let length = text.chars().count();
                if length < size {
                    self.add(json!(format!("{text}{}", "x".repeat(size.saturating_sub(length)))));
                }
            }
            for text in facts.texts.iter().take(6) {
                self.add(json!(format!("{}{text}", "x".repeat(size))));
            }
            for item in &items {
                self.constant(Value::Array(vec![item.clone(); size]));
            }
            let keys = (0..size.min(40)).map(|number| (format!("k{number}"), json!(1)));
            self.add(Value::Object(keys.collect()));
        }
    }

    fn lists_of_constants(&mut self, facts: &Facts) {
        for text in facts.texts.iter().take(12) {
            self.add(json!([text]));
            self.add(json!([format!("x{text}x")]));
        }
        for number in facts.numbers.iter().take(6) {
            self.add(json!([number]));
        }
        let few: Vec<&String> = facts.texts.iter().take(6).collect();
        if few.len() > 1 {
            self.add(json!(few));
        }
    }

    /// Lists in which the elements that are asked for by number are each in turn something else than the rest.
    fn numbered(&mut self, facts: &Facts, elements: &[Value]) {
        let indices: Vec<usize> =
            facts.indices.iter().copied().filter(|index| *index < 64).take(8).collect();
        let Some(highest) = indices.last() else { return };
        for filler in elements.iter().take(FILLERS_MAX).step_by(3) {
            let list = vec![filler.clone(); highest.saturating_add(1)];
            for index in &indices {
                for element in elements.iter().take(12) {
                    let mut list = list.clone();
                    if let Some(at) = list.get_mut(*index) {
                        *at = element.clone();
                    }
                    self.add(Value::Array(list));
                }
            }
        }
    }

    /// Lists of elements, objects of fields.
    fn composed(&mut self, shape: &Shape, depth: usize) {
        let Some(depth) = depth.checked_sub(1) else { return };
        if let Some(item) = &shape.item {
            let mut elements = Values::default();
            elements.of_shape(item, depth);
            let elements = spread(elements.list, item);
            let elements: Vec<Value> = elements.into_iter().take(ELEMENTS_MAX).collect();
            for element in &elements {
                self.add(Value::Array(vec![element.clone()]));
            }
            let few = elements.iter().take(10);
            for one in few.clone() {
                for other in few.clone() {
                    self.add(json!([one, other]));
                }
            }
            self.numbered(&shape.facts, &elements);
            for key in shape.facts.texts.iter().take(6) {
                for element in few.clone() {
                    self.add(json!({ key: element }));
                }
            }
            for (number, element) in elements.iter().enumerate().take(10) {
                if let Some(key) = element.as_str() {
                    self.add(json!({key: 1}));
                }
                self.add(json!({ (format!("k{number}")): element }));
            }
        }
        if !shape.fields.is_empty() {
            for object in objects(shape, depth) {
                self.add(Value::Object(object));
            }
        }
    }
}

/// Objects whose fields take one of their values each: all of two fields, else one field varied at a time and pairs.
fn objects(shape: &Shape, depth: usize) -> Vec<Map<String, Value>> {
    let fields: Vec<(&String, Vec<Option<Value>>)> = shape
        .fields
        .iter()
        .map(|(name, shape)| {
            let mut values = Values::default();
            values.of_shape(shape, depth);
            let most = if shape_count(shape) > 2 { 8 } else { 14 };
            let values = spread(values.list, shape);
            let mut list: Vec<Option<Value>> = values.into_iter().take(most).map(Some).collect();
            list.push(None);
            (name, list)
        })
        .collect();
    let base: Vec<usize> = vec![0; fields.len()];
    let mut choices: BTreeSet<Vec<usize>> = BTreeSet::from([base.clone()]);
    for (one, (_, first)) in fields.iter().enumerate() {
        for (other, (_, second)) in fields.iter().enumerate().skip(one) {
            for left in 0..first.len() {
                for right in 0..second.len() {
                    let mut choice = base.clone();
                    if let Some(at) = choice.get_mut(one) {
                        *at = left;
                    }
                    if let (Some(at), true) = (choice.get_mut(other), other != one) {
                        *at = right;
                    }
                    choices.insert(choice);
                }
            }
        }
    }
    choices
        .into_iter()
        .map(|choice| {
            fields
                .iter()
                .zip(choice)
                .filter_map(|((name, values), at)| {
                    Some(((*name).clone(), values.get(at)?.clone()?))
                })
                .collect()
        })
        .collect()
}

fn shape_count(shape: &Shape) -> usize {
    shape.fields.len()
}

//! Values worth trying at a place: the constants that conditions compare it with, their neighbours, other types.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Number, Value, json};

use super::place::{Facts, Shape, Use};
use super::texts;

/// Most values of one place.
const VALUES_MAX: usize = 400;
/// Longest list or text that is made because a size is asked for.
const SIZE_MAX: usize = 2_000;
/// Most values of an element of a list.
const ELEMENTS_MAX: usize = 150;
/// How deep lists in lists are followed.
const DEPTH_MAX: usize = 4;
/// A Monday; instants are counted from here where nothing says otherwise.
const EPOCH: i64 = 1_767_614_400;

/// Values to try, the most telling ones first; what is missing is not one of them.
pub(super) fn values(shape: &Shape) -> Vec<Value> {
    let mut values = Values { list: Vec::new() };
    values.of_shape(shape, DEPTH_MAX);
    values.list
}

/// Instants to try.
pub(super) fn instants(facts: &Facts) -> Vec<Timestamp> {
    let mut seconds: Vec<i64> = Vec::new();
    for text in &facts.texts {
        if let Ok(at) = text.parse::<Timestamp>() {
            let at = at.as_second();
            seconds.extend([at, at.saturating_add(1), at.saturating_sub(1)]);
            for duration in &facts.durations {
                let (after, before) = (at.saturating_add(*duration), at.saturating_sub(*duration));
                seconds.extend([after, before, after.saturating_add(1), before.saturating_sub(1)]);
            }
        }
    }
    for duration in &facts.durations {
        for edge in [-1, 0, 1] {
            seconds.push(EPOCH.saturating_add(*duration).saturating_add(edge));
            seconds.push(EPOCH.saturating_sub(*duration).saturating_add(edge));
        }
    }
    let noon = EPOCH.saturating_add(12 * 3600);
    seconds.push(noon);
    if facts.uses.contains(&Use::Time) {
        seconds.extend((0..7).map(|day| noon.saturating_add(day * 86_400)));
        // Each hour of a working day and of a day off, in every zone; half hours for the zones that have them.
        for day in [1, 5] {
            let hours = (0..48).map(|half| day * 86_400 + half * 1_800);
            seconds.extend(hours.map(|at| EPOCH.saturating_add(at)));
        }
        seconds.extend((0..13).map(|month| noon.saturating_add(month * 30 * 86_400)));
        seconds.extend((0..31).map(|day| noon.saturating_add(day * 86_400)));
        for number in facts.numbers.iter().filter_map(Number::as_i64) {
            years(number, &mut seconds);
            seconds.extend([number, number.saturating_add(1), number.saturating_sub(1)]);
            // Minutes and seconds.
            seconds.extend((0..2).flat_map(|less| {
                let number = number.saturating_sub(less);
                [noon.saturating_add(number), noon.saturating_add(number.saturating_mul(60))]
            }));
        }
    }
    let mut met = BTreeSet::new();
    seconds
        .into_iter()
        .filter(|second| met.insert(*second))
        .filter_map(|second| Timestamp::from_second(second).ok())
        .collect()
}

fn years(number: i64, seconds: &mut Vec<i64>) {
    if !(1970..=9000).contains(&number) {
        return;
    }
    for year in [number.saturating_sub(1), number, number.saturating_add(1)] {
        let start = format!("{year:04}-01-15T12:00:00Z");
        seconds.extend(start.parse::<Timestamp>().map(Timestamp::as_second));
    }
}

struct Values {
    list: Vec<Value>,
}

impl Values {
    fn add(&mut self, value: Value) {
        if self.list.len() < VALUES_MAX && !self.list.contains(&value) {
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
        self.sizes(facts);
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
            // What leaves the other operand as it is.
            for number in [1, 0, 2] {
                self.add(json!(number));
            }
        }
        let mut known: Vec<f64> = facts.numbers.iter().filter_map(Number::as_f64).collect();
        known.sort_by(f64::total_cmp);
        known.dedup();
        for number in &facts.numbers {
            if let Some(whole) = number.as_i64() {
                for by in [1, 0, -1] {
                    self.add(json!(whole.saturating_add(by)));
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
        // Text that is a number counts as one in simple orderings.
        for number in facts.numbers.iter().filter_map(Number::as_i64) {
            for by in [1, 0, -1] {
                self.add(json!(number.saturating_add(by).to_string()));
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
            self.add(json!(text));
        }
        if facts.uses.contains(&Use::Time) || !facts.durations.is_empty() {
            for at in instants(facts) {
                self.add(json!(at.to_string()));
            }
        }
        for duration in &facts.durations {
            for edge in [-1, 0, 1] {
                let span = SignedDuration::from_secs(duration.saturating_add(edge));
                self.add(json!(format!("{}s", span.as_secs())));
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

    fn sizes(&mut self, facts: &Facts) {
        if !facts.uses.contains(&Use::Size) {
            return;
        }
        let sizes: BTreeSet<usize> = facts
            .numbers
            .iter()
            .filter_map(Number::as_u64)
            .filter_map(|size| usize::try_from(size).ok())
            .flat_map(|size| [size.saturating_sub(1), size, size.saturating_add(1)])
            .filter(|size| *size <= SIZE_MAX)
            .collect();
        let texts: Vec<String> =
            self.list.iter().filter_map(Value::as_str).map(str::to_owned).take(24).collect();
        let lists: Vec<Vec<Value>> =
            self.list.iter().filter_map(Value::as_array).take(12).cloned().collect();
        for size in sizes {
            self.add(json!("x".repeat(size)));
            self.add(Value::Array(vec![json!("x"); size]));
            for text in &texts {
                let length = text.chars().count();
                if length < size {
                    self.add(json!(format!("{text}{}", "x".repeat(size.saturating_sub(length)))));
                }
            }
            for list in &lists {
                if let Some(item) = list.first() {
                    self.add(Value::Array(vec![item.clone(); size]));
                }
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

    /// Lists of elements, objects of fields.
    fn composed(&mut self, shape: &Shape, depth: usize) {
        let Some(depth) = depth.checked_sub(1) else { return };
        if let Some(item) = &shape.item {
            let mut elements = Values { list: Vec::new() };
            elements.of_shape(item, depth);
            let elements: Vec<Value> = elements.list.into_iter().take(ELEMENTS_MAX).collect();
            for element in &elements {
                self.add(Value::Array(vec![element.clone()]));
            }
            let few = elements.iter().take(10);
            for one in few.clone() {
                for other in few.clone() {
                    self.add(json!([one, other]));
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
            let mut values = Values { list: Vec::new() };
            values.of_shape(shape, depth);
            let most = if shape_count(shape) > 2 { 8 } else { 14 };
            let mut list: Vec<Option<Value>> =
                values.list.into_iter().take(most).map(Some).collect();
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

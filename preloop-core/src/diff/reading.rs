//! What a condition reads, and the constants beside it, from its tree: the raw material of calls worth trying.
//!
//! Nothing here has to be exact: it only proposes values, and every call made of them is run through both policies.

use super::place::{Facts, Place, Root, Shape, Shapes, Target, Use};
use crate::cel::ast::{Comprehension, Expr, Id, Relation, Tree};
use crate::cel::lib::encode::base64_encode;
use crate::cel::lib::regex;
use crate::cel::lib::time::Duration;
use crate::cel::value::{Val, Value, to_json};

/// Longest bytes of a constant that are tried as text.
const BYTES_MAX: usize = 4_096;

/// How a condition is made of parts that are true or false.
#[derive(Clone, Debug)]
pub(super) enum Logic {
    All(Vec<Logic>),
    Any(Vec<Logic>),
    Not(Box<Logic>),
    /// The number of a part.
    Part(usize),
}

/// A part that is not made of others, and where it reads.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) text: String,
    pub(super) places: Vec<Place>,
}

/// What a loop variable or a bound name stands for.
#[derive(Clone)]
struct Alias<'s> {
    name: &'s str,
    target: Option<Target>,
    facts: Facts,
}

/// Reads one condition.
pub(super) struct Reader<'t, 's> {
    text: &'s str,
    tree: &'t Tree<'s>,
    /// A bare name is an argument.
    is_simple: bool,
    aliases: Vec<Alias<'s>>,
    pub(super) parts: Vec<Part>,
    pub(super) shapes: &'t mut Shapes,
}

/// What one part holds.
#[derive(Default)]
struct Gathered {
    targets: Vec<Target>,
    facts: Facts,
}

impl<'t, 's> Reader<'t, 's> {
    pub(super) fn new(
        text: &'s str,
        tree: &'t Tree<'s>,
        is_simple: bool,
        shapes: &'t mut Shapes,
    ) -> Self {
        Self { text, tree, is_simple, aliases: Vec::new(), parts: Vec::new(), shapes }
    }

    /// The whole condition; parts are kept while no variable of a macro is in sight.
    pub(super) fn logic(&mut self, id: Id) -> Logic {
        match self.tree.node(id) {
            Some(Expr::And(run)) => Logic::All(
                self.tree.run(run).to_vec().into_iter().map(|id| self.logic(id)).collect(),
            ),
            Some(Expr::Or(run)) => Logic::Any(
                self.tree.run(run).to_vec().into_iter().map(|id| self.logic(id)).collect(),
            ),
            Some(Expr::Not(inner)) => Logic::Not(Box::new(self.logic(inner))),
            Some(Expr::Conditional { condition, then, otherwise }) => {
                let condition = self.logic(condition);
                let (then, otherwise) = (self.logic(then), self.logic(otherwise));
                let not = Logic::Not(Box::new(condition.clone()));
                Logic::Any(vec![
                    Logic::All(vec![condition, then]),
                    Logic::All(vec![not, otherwise]),
                ])
            }
            _ => self.part(id),
        }
    }

    fn part(&mut self, id: Id) -> Logic {
        let mut gathered = Gathered::default();
        self.gather(id, &mut gathered);
        let mut places: Vec<Place> =
            gathered.targets.iter().map(|target| target.place.clone()).collect();
        self.settle(&gathered);
        places.extend(self.places_inside(id));
        places.sort();
        places.dedup();
        self.parts.push(Part { text: self.tree.span(id).text(self.text).to_owned(), places });
        Logic::Part(self.parts.len().saturating_sub(1))
    }

    /// Every constant of a part may matter at every place of it.
    fn settle(&mut self, gathered: &Gathered) {
        for target in &gathered.targets {
            let shape = Shape::at(self.shapes, target);
            if shape.own.is_empty() {
                shape.own.add(&gathered.facts);
            }
            shape.facts.add(&gathered.facts);
        }
    }

    /// The places that macros inside of a part read.
    fn places_inside(&mut self, id: Id) -> Vec<Place> {
        let mut found = Vec::new();
        let mut open = vec![id];
        while let Some(id) = open.pop() {
            if let Some(target) = self.target(id) {
                found.push(target.place);
                if let Some(Expr::Index { index, .. }) = self.tree.node(id) {
                    open.push(index);
                }
                continue;
            }
            open.extend(self.children(id));
        }
        found
    }

    fn children(&self, id: Id) -> Vec<Id> {
        match self.tree.node(id) {
            None | Some(Expr::Literal(_) | Expr::Name { .. }) => Vec::new(),
            Some(Expr::Select { base, .. } | Expr::Has { base, .. }) => vec![base],
            Some(Expr::Index { base, index, .. }) => vec![base, index],
            Some(Expr::Call { target, arguments, .. }) => {
                target.into_iter().chain(self.tree.run(arguments).iter().copied()).collect()
            }
            Some(Expr::Not(inner) | Expr::Negate(inner)) => vec![inner],
            Some(Expr::And(run) | Expr::Or(run) | Expr::List(run) | Expr::Map(run)) => {
                self.tree.run(run).to_vec()
            }
            Some(Expr::Chain { operands, .. }) => self.tree.run(operands).to_vec(),
            Some(Expr::Relation { left, right, .. }) => vec![left, right],
            Some(Expr::Conditional { condition, then, otherwise }) => {
                vec![condition, then, otherwise]
            }
            Some(Expr::Comprehension(number)) => {
                self.tree.comprehensions.get(number as usize).map_or_else(Vec::new, |each| {
                    each.filter.into_iter().chain([each.range, each.body]).collect()
                })
            }
            Some(Expr::Bind { value, body, .. }) => vec![value, body],
            Some(Expr::OptionalMap { target, body, .. }) => vec![target, body],
        }
    }

    /// What stands where, as far as it can be told from the text.
    fn target(&self, id: Id) -> Option<Target> {
        match self.tree.node(id)? {
            Expr::Name { name, .. } => {
                if let Some(alias) = self.aliases.iter().rev().find(|alias| alias.name == name) {
                    return alias.target.clone();
                }
                let root = match name {
                    "args" => Root::Args,
                    "context" => Root::Context,
                    "principal" => Root::Principal,
                    "session" => Root::SessionId,
                    "tool" => Root::Tool,
                    "now" => Root::Now,
                    "justification" => Root::Justification,
                    _ if self.is_simple => {
                        return Some(Target::of(Place::new(Root::Args)).key(name));
                    }
                    _ => return None,
                };
                Some(Target::of(Place::new(root)))
            }
            Expr::Select { base, field, .. } | Expr::Has { base, field, .. } => {
                Some(self.target(base)?.key(field))
            }
            Expr::Index { base, index, .. } => {
                let base = self.target(base)?;
                Some(match self.literal(index) {
                    Some(Value::Text(key)) => base.key(key),
                    _ => base.item(),
                })
            }
            _ => None,
        }
    }

    fn literal(&self, id: Id) -> Option<&'t Value> {
        let Expr::Literal(number) = self.tree.node(id)? else { return None };
        self.tree.literal(number)
    }

    fn gather(&mut self, id: Id, gathered: &mut Gathered) {
        if let Some(target) = self.target(id) {
            gathered.targets.push(target);
            if let Some(Expr::Index { base, index, .. }) = self.tree.node(id) {
                match self.literal(index) {
                    Some(Value::Int(number)) => self.element(base, *number),
                    _ => self.gather(index, gathered),
                }
            }
            return;
        }
        match self.tree.node(id) {
            Some(Expr::Literal(number)) => {
                if let Some(value) = self.tree.literal(number) {
                    constant(value, &mut gathered.facts);
                }
            }
            Some(Expr::Name { name, .. }) => {
                let alias = self.aliases.iter().rev().find(|alias| alias.name == name);
                if let Some(alias) = alias {
                    gathered.facts.add(&alias.facts);
                }
            }
            Some(Expr::Relation { relation, left, right }) => {
                self.relation(relation, left, right, gathered);
            }
            Some(Expr::Call { .. }) => self.call(id, gathered),
            Some(Expr::Comprehension(number)) => {
                if let Some(each) = self.tree.comprehensions.get(number as usize).copied() {
                    self.comprehension(each, gathered);
                }
            }
            Some(Expr::Bind { name, value, body }) => {
                self.gather(value, gathered);
                let target = self.target(value);
                self.within(name, target, Facts::default(), |reader| {
                    reader.gather(body, gathered);
                });
            }
            Some(Expr::OptionalMap { target, name, body, .. }) => {
                self.gather(target, gathered);
                let inner = self.target(target);
                self.within(name, inner, Facts::default(), |reader| reader.gather(body, gathered));
            }
            Some(Expr::List(_) | Expr::Map(_)) => {
                gathered.facts.wholes.extend(self.whole(id));
                self.children(id).into_iter().for_each(|child| self.gather(child, gathered));
            }
            Some(Expr::Chain { .. } | Expr::Negate(_)) => {
                gathered.facts.uses.insert(Use::Sum);
                self.children(id).into_iter().for_each(|child| self.gather(child, gathered));
            }
            _ => self.children(id).into_iter().for_each(|child| self.gather(child, gathered)),
        }
    }

    /// An element is asked for by its number.
    fn element(&mut self, list: Id, number: i64) {
        if let (Some(target), Ok(number)) = (self.target(list), usize::try_from(number)) {
            Shape::at(self.shapes, &target).facts.indices.insert(number);
        }
    }

    /// The value of a list or an object of constants.
    fn whole(&self, id: Id) -> Option<serde_json::Value> {
        match self.tree.node(id)? {
            Expr::Literal(number) => Some(to_json(Val::of(self.tree.literal(number)?))),
            Expr::List(run) => self.tree.run(run).iter().map(|item| self.whole(*item)).collect(),
            Expr::Map(run) => {
                let entries = self.tree.run(run).chunks(2).map(|entry| match entry {
                    [key, value] => match self.literal(*key)? {
                        Value::Text(key) => Some((key.to_string(), self.whole(*value)?)),
                        _ => None,
                    },
                    _ => None,
                });
                entries.collect::<Option<_>>().map(serde_json::Value::Object)
            }
            _ => None,
        }
    }

    fn relation(&mut self, relation: Relation, left: Id, right: Id, gathered: &mut Gathered) {
        if relation == Relation::In
            && let Some(target) = self.target(right)
        {
            let mut element = Gathered::default();
            self.gather(left, &mut element);
            let facts = element.facts.clone();
            Shape::at(self.shapes, &target.clone().item()).facts.add(&facts);
            if let (Some(Value::Text(key)), true) = (self.literal(left), target.below.is_empty()) {
                // The key of an object may be asked for in this way too.
                let child = target.clone().key(key);
                Shape::at(self.shapes, &child);
                gathered.targets.push(child);
            }
            gathered.targets.push(target);
            gathered.targets.extend(element.targets);
            gathered.facts.add(&facts);
            return;
        }
        self.gather(left, gathered);
        self.gather(right, gathered);
    }

    fn call(&mut self, id: Id, gathered: &mut Gathered) {
        let Some(Expr::Call { target, function, arguments, .. }) = self.tree.node(id) else {
            return;
        };
        let arguments = self.tree.run(arguments).to_vec();
        let text = arguments.first().and_then(|id| match self.literal(*id) {
            Some(Value::Text(text)) => Some(text.to_string()),
            _ => None,
        });
        if let ("contains" | "startsWith" | "endsWith", Some(text)) = (function, &text) {
            // What is looked for in a text may be a member of a list as well.
            gathered.facts.texts.insert(text.clone());
        }
        match (function, &text) {
            ("contains", Some(text)) => pattern(&regex_syntax::escape(text), gathered),
            ("startsWith", Some(text)) => {
                pattern(&format!(r"\A{}", regex_syntax::escape(text)), gathered);
            }
            ("endsWith", Some(text)) => {
                pattern(&format!(r"{}\z", regex_syntax::escape(text)), gathered);
            }
            ("matches", Some(text)) => {
                if let Ok(regex) = regex::compile(text) {
                    pattern(regex.regex_text(), gathered);
                }
                if let Some(target) = target {
                    self.gather(target, gathered);
                }
                return;
            }
            ("indexOf" | "lastIndexOf" | "charAt" | "substring", _) => {
                gathered.facts.uses.insert(Use::Size);
            }
            ("size", _) => {
                let mut inner = Gathered::default();
                let operands = target.into_iter().chain(arguments);
                operands.for_each(|operand| self.gather(operand, &mut inner));
                for target in &inner.targets {
                    // Which sizes is said by the numbers beside it.
                    Shape::at(self.shapes, target).facts.uses.insert(Use::Size);
                }
                gathered.targets.extend(inner.targets);
                gathered.facts.add(&inner.facts);
                return;
            }
            ("duration", Some(text)) => {
                if let Ok(duration) = Duration::parse(text) {
                    gathered.facts.durations.insert(duration.as_seconds());
                }
            }
            ("timestamp", _) => {
                gathered.facts.uses.insert(Use::Time);
            }
            ("ip" | "cidr" | "containsIP" | "containsCIDR", _) => {
                gathered.facts.uses.insert(Use::Address);
            }
            (name, _) if name.starts_with("get") => {
                gathered.facts.uses.insert(Use::Time);
            }
            _ => {}
        }
        target.into_iter().chain(arguments).for_each(|id| self.gather(id, gathered));
    }

    fn comprehension(&mut self, each: Comprehension<'s>, gathered: &mut Gathered) {
        let mut range = Gathered::default();
        self.gather(each.range, &mut range);
        // Where the range is worked out (`args.line.split(' ')`), its elements are taken for the whole.
        let element = match self.target(each.range) {
            Some(target) => {
                let target = target.item();
                Shape::at(self.shapes, &target);
                Some(target)
            }
            None => range.targets.first().cloned(),
        };
        let variable = each.second.unwrap_or(each.first);
        let facts = range.facts.clone();
        self.within(variable, element, facts, |reader| {
            for body in each.filter.into_iter().chain([each.body]) {
                reader.body(body, gathered);
            }
        });
        gathered.targets.extend(range.targets);
        gathered.facts.add(&range.facts);
    }

    /// The body of a macro: each of its parts has constants of its own.
    fn body(&mut self, id: Id, gathered: &mut Gathered) {
        match self.tree.node(id) {
            Some(Expr::And(run) | Expr::Or(run)) => {
                self.tree.run(run).to_vec().into_iter().for_each(|id| self.body(id, gathered));
            }
            Some(Expr::Not(inner)) => self.body(inner, gathered),
            _ => {
                let mut part = Gathered::default();
                self.gather(id, &mut part);
                gathered.targets.extend(part.targets.iter().cloned());
                gathered.facts.add(&part.facts);
                self.settle(&part);
            }
        }
    }

    fn within(
        &mut self,
        name: &'s str,
        target: Option<Target>,
        facts: Facts,
        inside: impl FnOnce(&mut Self),
    ) {
        self.aliases.push(Alias { name, target, facts });
        inside(self);
        self.aliases.pop();
    }
}

fn pattern(text: &str, gathered: &mut Gathered) {
    gathered.facts.patterns.insert(text.to_owned());
}

fn constant(value: &Value, facts: &mut Facts) {
    match value {
        Value::Int(number) => facts.numbers.push((*number).into()),
        Value::Uint(number) => facts.numbers.push((*number).into()),
        Value::Double(number) => facts.numbers.extend(serde_json::Number::from_f64(*number)),
        Value::Text(text) => {
            facts.texts.insert(text.to_string());
        }
        Value::Bytes(bytes) => {
            facts.texts.extend(base64_encode(bytes, BYTES_MAX));
            facts.texts.extend(std::str::from_utf8(bytes).map(str::to_owned));
        }
        Value::List(items) => items.iter().for_each(|item| constant(item, facts)),
        _ => {}
    }
}

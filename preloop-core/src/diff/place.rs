//! Where the values of a call stand that conditions read, and what is known of each from the conditions' own text.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Number, Value};

/// The part of a call that a place is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Root {
    Args,
    Context,
    Annotations,
    Principal,
    SessionId,
    SessionCalls,
    /// Earlier calls that entries want made; put behind those of `SessionCalls`.
    Evidence,
    Now,
    Justification,
    IsNew,
    /// `tool.name`, `tool.source`, `tool.server`: given by the kind of call.
    Tool,
}

/// A value of a call: a part of it, and the keys below.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Place {
    pub(super) root: Root,
    pub(super) keys: Vec<String>,
}

/// One step below a place: into the elements of a list (or the values of a map), or to a field of an element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Item,
    Field(String),
}

/// A place, and what is read of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) place: Place,
    pub(super) below: Vec<Step>,
}

/// What is done with a value before it is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Use {
    /// It is asked for its size.
    Size,
    /// It is compared as an instant, or asked for its calendar.
    Time,
    /// It is an address of a network.
    Address,
    /// It is part of a sum, a product or the like.
    Sum,
}

/// What the conditions say of the values at a place.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    pub(super) numbers: Vec<Number>,
    pub(super) texts: BTreeSet<String>,
    /// Lists and objects that are compared as a whole.
    pub(super) wholes: Vec<Value>,
    /// Patterns whose answers matter, as regular expressions.
    pub(super) patterns: BTreeSet<String>,
    /// Seconds.
    pub(super) durations: BTreeSet<i64>,
    pub(super) uses: BTreeSet<Use>,
    /// The numbers of elements that are asked for.
    pub(super) indices: BTreeSet<usize>,
}

/// The facts of a place and of what is below it.
#[derive(Clone, Debug, Default)]
pub(super) struct Shape {
    pub(super) facts: Facts,
    /// What it was first compared with, before the constants of a wider part are tried there too.
    pub(super) own: Facts,
    pub(super) item: Option<Box<Shape>>,
    pub(super) fields: BTreeMap<String, Shape>,
}

/// The shapes of every place that is read.
pub(super) type Shapes = BTreeMap<Place, Shape>;

// === impl Place ===

impl Place {
    pub(super) fn new(root: Root) -> Self {
        Self { root, keys: Vec::new() }
    }

    /// Whether one lies inside the other.
    pub(super) fn is_related(&self, other: &Self) -> bool {
        self.root == other.root
            && self.keys.iter().zip(&other.keys).all(|(one, other)| one == other)
    }
}

// === impl Target ===

impl Target {
    pub(super) fn of(place: Place) -> Self {
        Self { place, below: Vec::new() }
    }

    /// The value under a key.
    pub(super) fn key(mut self, key: &str) -> Self {
        if !self.below.is_empty() {
            self.below.push(Step::Field(key.to_owned()));
            return self;
        }
        let root = match (self.place.root, self.place.keys.is_empty(), key) {
            (Root::Tool, true, "annotations") => Root::Annotations,
            (Root::Tool, true, "is_new") => Root::IsNew,
            (Root::SessionId, true, "calls") => Root::SessionCalls,
            (Root::SessionId, true, "id") => return self,
            _ => {
                self.place.keys.push(key.to_owned());
                return self;
            }
        };
        self.place.root = root;
        self
    }

    /// An element.
    pub(super) fn item(mut self) -> Self {
        self.below.push(Step::Item);
        self
    }
}

// === impl Shape ===

impl Shape {
    /// The shape at a target, made where it is not there yet.
    pub(super) fn at<'s>(shapes: &'s mut Shapes, target: &Target) -> &'s mut Self {
        let mut shape = shapes.entry(target.place.clone()).or_default();
        for step in &target.below {
            shape = match step {
                Step::Item => shape.item.get_or_insert_default(),
                Step::Field(name) => shape.fields.entry(name.clone()).or_default(),
            };
        }
        shape
    }
}

// === impl Facts ===

impl Facts {
    /// Whether only texts are compared with.
    pub(super) fn are_texts(&self) -> bool {
        self.numbers.is_empty() && !(self.texts.is_empty() && self.patterns.is_empty())
    }

    /// Whether nothing is compared with.
    pub(super) fn is_empty(&self) -> bool {
        self.numbers.is_empty() && self.texts.is_empty() && self.patterns.is_empty()
    }

    /// Takes over what another place's values are compared with.
    pub(super) fn add(&mut self, other: &Self) {
        for number in &other.numbers {
            if !self.numbers.contains(number) {
                self.numbers.push(number.clone());
            }
        }
        self.texts.extend(other.texts.iter().cloned());
        for whole in &other.wholes {
            if !self.wholes.contains(whole) {
                self.wholes.push(whole.clone());
            }
        }
        self.patterns.extend(other.patterns.iter().cloned());
        self.durations.extend(&other.durations);
        self.uses.extend(&other.uses);
    }
}

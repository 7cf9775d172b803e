//! Arguments against a schema, within a budget of steps.

use std::cmp::Ordering;
use std::fmt::Write as _;

use serde_json::{Map, Number, Value};

use super::{Additional, Node, NodeId, SchemaViolation, ToolSchema, Types};
use crate::limits::{NESTING_MAX, SCHEMA_NODES_MAX, SCHEMA_STEPS_MAX};

/// Values nested deeper than this are not looked at, they are refused; twice what JSON input may have.
const DEPTH_MAX: usize = 128;
/// Longest piece of a value or a name in a message, in characters.
const SHOWN_CHARS: usize = 80;

pub(super) fn check(schema: &ToolSchema, args: &Value) -> Result<(), SchemaViolation> {
    let mut check = Check { schema, steps: SCHEMA_STEPS_MAX, path: Vec::new() };
    check.value(schema.root, args, DEPTH_MAX).map_err(|problem| SchemaViolation {
        message: problem.message(&path_text(&problem.path)),
        path: path_text(&problem.path),
    })
}

struct Check<'s, 'v> {
    schema: &'s ToolSchema,
    steps: u32,
    path: Vec<Step<'v>>,
}

#[derive(Clone, Copy, Debug)]
enum Step<'v> {
    Key(&'v str),
    Index(usize),
}

struct Problem<'v> {
    path: Vec<Step<'v>>,
    what: What,
}

enum What {
    Missing(String),
    Unknown { key: String, known: Vec<String> },
    Type { wanted: Types, found: &'static str },
    Constant { allowed: Vec<Value> },
    Never,
    NoBranch,
    TooMuch,
}

/// Boxed, so that the frames of a deep walk stay small.
type Checked<'v> = Result<(), Box<Problem<'v>>>;

impl<'s, 'v> Check<'s, 'v> {
    fn value(&mut self, mut id: NodeId, value: &'v Value, depth: usize) -> Checked<'v> {
        let Some(depth) = depth.checked_sub(1) else { return self.problem(What::TooMuch) };
        // A reference is followed here, so that a chain of them needs no stack.
        loop {
            let node = self.node(id)?;
            self.scalar(node, value)?;
            match value {
                Value::Object(map) => self.object(node, map, depth)?,
                Value::Array(items) => self.list(node, items, depth)?,
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
            }
            for branch in &node.all_of {
                self.value(*branch, value, depth)?;
            }
            for branches in &node.any_of {
                self.any(branches, value, depth)?;
            }
            match node.reference {
                Some(reference) => id = reference,
                None => return Ok(()),
            }
        }
    }

    /// The node, one step of the budget taken for it.
    fn node(&mut self, id: NodeId) -> Result<&'s Node, Box<Problem<'v>>> {
        // INVARIANT: the reader only hands out ids of nodes it made.
        match (self.steps.checked_sub(1), self.schema.nodes.get(id)) {
            (Some(steps), Some(node)) => {
                self.steps = steps;
                Ok(node)
            }
            _ => Err(self.boxed(What::TooMuch)),
        }
    }

    /// What a node says of a value without looking inside.
    fn scalar(&mut self, node: &Node, value: &'v Value) -> Checked<'v> {
        if node.never {
            return self.problem(What::Never);
        }
        if let Some(types) = node.types
            && !types.contains(type_of(value))
        {
            return self.problem(What::Type { wanted: types, found: named(value) });
        }
        match &node.constants {
            Some(constants) => self.constants(constants, value),
            None => Ok(()),
        }
    }

    fn constants(&mut self, constants: &[Value], value: &'v Value) -> Checked<'v> {
        let cost = u32::try_from(constants.len()).unwrap_or(u32::MAX);
        let Some(steps) = self.steps.checked_sub(cost) else {
            return self.problem(What::TooMuch);
        };
        self.steps = steps;
        let mut compared = SCHEMA_NODES_MAX;
        if constants.iter().any(|constant| is_equal(constant, value, NESTING_MAX, &mut compared)) {
            return Ok(());
        }
        self.problem(What::Constant { allowed: constants.iter().take(8).cloned().collect() })
    }

    fn object(&mut self, node: &Node, map: &'v Map<String, Value>, depth: usize) -> Checked<'v> {
        if let Some(missing) = node.required.iter().find(|name| !map.contains_key(*name)) {
            return self.problem(What::Missing(missing.clone()));
        }
        if node.properties.is_empty() && matches!(node.additional, Additional::Anything) {
            return Ok(());
        }
        for (key, value) in map {
            let id = match (node.properties.get(key).copied(), node.additional) {
                (Some(id), _) | (None, Additional::Fits(id)) => id,
                (None, Additional::Anything) => continue,
                (None, Additional::Nothing) => return self.unknown(node, key),
            };
            self.path.push(Step::Key(key));
            self.value(id, value, depth)?;
            self.path.pop();
        }
        Ok(())
    }

    fn unknown(&self, node: &Node, key: &str) -> Checked<'v> {
        let known = node.properties.keys().take(16).cloned().collect();
        self.problem(What::Unknown { key: key.to_owned(), known })
    }

    fn list(&mut self, node: &Node, items: &'v [Value], depth: usize) -> Checked<'v> {
        for (index, item) in items.iter().enumerate() {
            let Some(id) = node.prefix_items.get(index).copied().or(node.items) else {
                return Ok(());
            };
            self.path.push(Step::Index(index));
            self.value(id, item, depth)?;
            self.path.pop();
        }
        Ok(())
    }

    /// At least one branch must fit. A branch's own problem is told only where there is no choice of them.
    fn any(&mut self, branches: &[NodeId], value: &'v Value, depth: usize) -> Checked<'v> {
        let place = self.path.len();
        let mut only = None;
        for branch in branches {
            let Err(problem) = self.value(*branch, value, depth) else { return Ok(()) };
            if matches!(problem.what, What::TooMuch) {
                return Err(problem);
            }
            self.path.truncate(place);
            only = Some(problem);
        }
        match only {
            // Its path is the more exact one.
            Some(problem) if branches.len() == 1 => Err(problem),
            _ => self.problem(What::NoBranch),
        }
    }

    fn problem(&self, what: What) -> Checked<'v> {
        Err(self.boxed(what))
    }

    fn boxed(&self, what: What) -> Box<Problem<'v>> {
        Box::new(Problem { path: self.path.clone(), what })
    }
}

impl Problem<'_> {
    fn message(&self, path: &str) -> String {
        self.what.message(path)
    }
}

impl What {
    fn message(&self, path: &str) -> String {
        match self {
            Self::Missing(name) => {
                format!("`{path}` lacks the required field `{}`", cut(name))
            }
            Self::Unknown { key, known } => {
                let key = cut(key);
                if known.is_empty() {
                    return format!("`{path}` takes no field `{key}`");
                }
                format!("`{path}` takes no field `{key}`; it takes {}", listed(known))
            }
            Self::Type { wanted, found } => format!("`{path}` must be {wanted}, not {found}"),
            Self::Constant { allowed } => {
                let allowed: Vec<String> = allowed.iter().map(Value::to_string).collect();
                format!("`{path}` must be one of {}", listed(&allowed))
            }
            Self::Never => format!("`{path}` is not accepted by this tool"),
            Self::NoBranch => {
                format!("`{path}` fits none of the forms that the tool accepts")
            }
            Self::TooMuch => format!("`{path}` is too large to be checked"),
        }
    }
}

fn listed(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{}`", cut(name))).collect();
    names.join(", ")
}

fn cut(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN_CHARS).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

fn path_text(path: &[Step<'_>]) -> String {
    let mut text = String::from("args");
    for step in path {
        let written = match step {
            Step::Key(key) => write!(text, ".{}", cut(key)),
            Step::Index(index) => write!(text, "[{index}]"),
        };
        if written.is_err() {
            break;
        }
    }
    text
}

fn type_of(value: &Value) -> Types {
    match value {
        Value::Null => Types::NULL,
        Value::Bool(_) => Types::BOOLEAN,
        Value::Number(number) if is_integral(number) => Types::INTEGER,
        Value::Number(_) => Types::NUMBER,
        Value::String(_) => Types::STRING,
        Value::Array(_) => Types::ARRAY,
        Value::Object(_) => Types::OBJECT,
    }
}

fn named(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// 30.0 is an integer, as JSON Schema says.
fn is_integral(number: &Number) -> bool {
    !number.is_f64()
        || number.as_f64().is_some_and(|double| double.is_finite() && double.fract() == 0.0)
}

/// Equality of JSON values: 1 and 1.0 are equal, and so are objects in any key order.
fn is_equal(left: &Value, right: &Value, depth: usize, budget: &mut usize) -> bool {
    let (Some(depth), Some(left_over)) = (depth.checked_sub(1), budget.checked_sub(1)) else {
        return false;
    };
    *budget = left_over;
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => is_same_number(left, right),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len()
                && left.iter().zip(right).all(|(left, right)| is_equal(left, right, depth, budget))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(key, left)| {
                    right.get(key).is_some_and(|right| is_equal(left, right, depth, budget))
                })
        }
        _ => left == right,
    }
}

fn is_same_number(left: &Number, right: &Number) -> bool {
    if left == right {
        return true;
    }
    // Integers that differ are told above; what is left is an integer beside a double.
    match (left.is_f64(), right.is_f64()) {
        (false, false) => false,
        _ => match (left.as_f64(), right.as_f64()) {
            (Some(left), Some(right)) => left.partial_cmp(&right) == Some(Ordering::Equal),
            _ => false,
        },
    }
}

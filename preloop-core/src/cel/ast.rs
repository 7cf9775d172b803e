//! The tree of an expression: nodes in one vector, children by number, a place for each.
//!
//! Macros are nodes of their own, and chains of one operator are one node, so the height of the tree is the nesting
//! that a reader sees. Nothing here is recursive: dropping it is dropping vectors.

use std::cmp::Ordering;

use super::span::Span;
use super::value::Value;

/// The number of a node.
pub(crate) type Id = u32;

/// A run of numbers in [`Tree::children`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) start: u32,
    pub(crate) len: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Arithmetic {
    pub(crate) const fn sign(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Relation {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    In,
}

impl Relation {
    pub(crate) const fn sign(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
            Self::In => "in",
        }
    }

    /// Whether an order is what the relation asks for.
    #[inline]
    pub(crate) const fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Equal | Self::In => order.is_eq(),
            Self::NotEqual => order.is_ne(),
            Self::Less => order.is_lt(),
            Self::LessEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterEqual => order.is_ge(),
        }
    }
}

/// Which macro walks over a list or map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loop {
    All,
    Exists,
    ExistsOne,
    /// `map` with one variable, `transformList` with two.
    Map,
    Filter,
    TransformMap,
    TransformMapEntry,
    /// `sortBy`: the keys to sort by.
    SortBy,
}

/// A macro over the elements of a list or the entries of a map.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Comprehension<'s> {
    pub(crate) kind: Loop,
    pub(crate) range: Id,
    /// The element (or key); with two variables the index (or key).
    pub(crate) first: &'s str,
    /// The element (or value) where the macro was given two variables.
    pub(crate) second: Option<&'s str>,
    /// The condition of the `map` and `transform` forms that have one.
    pub(crate) filter: Option<Id>,
    pub(crate) body: Id,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Expr<'s> {
    /// The number of a literal in [`Tree::literals`].
    Literal(u32),
    /// `rooted` names start with a dot.
    Name {
        name: &'s str,
        rooted: bool,
    },
    Select {
        base: Id,
        field: &'s str,
        field_span: Span,
        optional: bool,
    },
    /// `has(base.field)`.
    Has {
        base: Id,
        field: &'s str,
        field_span: Span,
        optional: bool,
    },
    Index {
        base: Id,
        index: Id,
        optional: bool,
    },
    Call {
        target: Option<Id>,
        function: &'s str,
        function_span: Span,
        arguments: Run,
    },
    Not(Id),
    Negate(Id),
    And(Run),
    Or(Run),
    /// Operands in [`Tree::children`], the operators between them in [`Tree::signs`] from `signs` on.
    Chain {
        operands: Run,
        signs: u32,
    },
    Relation {
        relation: Relation,
        left: Id,
        right: Id,
    },
    Conditional {
        condition: Id,
        then: Id,
        otherwise: Id,
    },
    /// Elements; [`Tree::optional`] tells which stand behind a question mark.
    List(Run),
    /// Keys and values in turn.
    Map(Run),
    /// The number of a comprehension in [`Tree::comprehensions`].
    Comprehension(u32),
    /// `cel.bind(name, value, body)`.
    Bind {
        name: &'s str,
        value: Id,
        body: Id,
    },
    /// `optMap` and, where `flat`, `optFlatMap`.
    OptionalMap {
        target: Id,
        name: &'s str,
        body: Id,
        flat: bool,
    },
}

/// A parsed expression.
#[derive(Debug, Default)]
pub(crate) struct Tree<'s> {
    pub(crate) nodes: Vec<Expr<'s>>,
    pub(crate) spans: Vec<Span>,
    /// How many levels hang below each node, itself included.
    pub(crate) heights: Vec<u8>,
    pub(crate) children: Vec<Id>,
    /// Beside each child: whether it stands behind a question mark.
    pub(crate) optional: Vec<bool>,
    pub(crate) signs: Vec<Arithmetic>,
    pub(crate) literals: Vec<Value>,
    pub(crate) comprehensions: Vec<Comprehension<'s>>,
    pub(crate) root: Id,
}

impl<'s> Tree<'s> {
    /// An empty tree with room for what an expression of so many bytes usually has.
    pub(crate) fn with_room_for(bytes: usize) -> Self {
        let nodes = (bytes >> 3).saturating_add(4).min(64);
        Self {
            nodes: Vec::with_capacity(nodes),
            spans: Vec::with_capacity(nodes),
            heights: Vec::with_capacity(nodes),
            ..Self::default()
        }
    }

    pub(crate) fn span(&self, id: Id) -> Span {
        self.spans.get(id as usize).copied().unwrap_or_default()
    }

    pub(crate) fn node(&self, id: Id) -> Option<Expr<'s>> {
        self.nodes.get(id as usize).copied()
    }

    pub(crate) fn run(&self, run: Run) -> &[Id] {
        let start = run.start as usize;
        self.children.get(start..start.saturating_add(run.len as usize)).unwrap_or(&[])
    }

    pub(crate) fn is_optional(&self, run: Run, position: usize) -> bool {
        self.optional.get((run.start as usize).saturating_add(position)).copied().unwrap_or(false)
    }

    pub(crate) fn literal(&self, number: u32) -> Option<&Value> {
        self.literals.get(number as usize)
    }

    /// The name that fields are read from, where nothing but fields is read.
    pub(crate) fn root_name(&self, mut id: Id) -> Option<&'s str> {
        loop {
            match self.node(id)? {
                Expr::Select { base, .. } => id = base,
                Expr::Name { name, .. } => return Some(name),
                _ => return None,
            }
        }
    }

    /// The names of `a.b.c`, if that is what the node is, outermost first; and whether it starts with a dot.
    pub(crate) fn dotted(&self, mut id: Id) -> Option<(Vec<&'s str>, bool)> {
        let mut names = Vec::new();
        loop {
            match self.node(id)? {
                Expr::Select { base, field, optional: false, .. } => {
                    names.push(field);
                    id = base;
                }
                Expr::Name { name, rooted } => {
                    names.push(name);
                    names.reverse();
                    return Some((names, rooted));
                }
                _ => return None,
            }
        }
    }
}

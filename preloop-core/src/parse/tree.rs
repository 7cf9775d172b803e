//! The located node tree: what the text says, before anything is made of it.

use serde_json::{Map, Number, Value};

/// A node of a [`Tree`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct NodeId(u32);

/// How a scalar is written, which decides how its text maps to the document's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// YAML without quotes, and everything that is no scalar.
    Plain,
    /// YAML in single quotes.
    SingleQuoted,
    /// YAML in double quotes.
    DoubleQuoted,
    /// YAML block scalar, literal or folded.
    Block,
    /// A JSON string.
    Json,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    Sequence(Vec<NodeId>),
    /// Keys are text nodes; no key stands twice.
    Mapping(Vec<(NodeId, NodeId)>),
    /// What could not be read; why is reported, and nothing more is said about it.
    Refused,
}

/// A value and where it begins.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    pub(crate) style: Style,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// All nodes of a document. YAML aliases are edges to the node of their anchor, so the tree is a
/// graph without cycles; what it would be expanded is bounded when it is built.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    nodes: Vec<Node>,
    root: NodeId,
}

static NOTHING: Node = Node { kind: Kind::Null, style: Style::Plain, start: 0, end: 0 };

impl Tree {
    pub(crate) fn new(nodes: Vec<Node>, root: NodeId) -> Self {
        Self { nodes, root }
    }

    pub(crate) fn root(&self) -> NodeId {
        self.root
    }

    pub(crate) fn node(&self, id: NodeId) -> &Node {
        // INVARIANT: ids come from the builder of this very tree.
        self.nodes.get(id.0 as usize).unwrap_or(&NOTHING)
    }

    pub(crate) fn text(&self, id: NodeId) -> Option<&str> {
        match &self.node(id).kind {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The members of a mapping; none of anything else.
    pub(crate) fn members(&self, id: NodeId) -> &[(NodeId, NodeId)] {
        match &self.node(id).kind {
            Kind::Mapping(members) => members,
            _ => &[],
        }
    }

    /// The key's node and the value's node of a member.
    pub(crate) fn member(&self, id: NodeId, key: &str) -> Option<(NodeId, NodeId)> {
        self.members(id).iter().copied().find(|(name, _)| self.text(*name) == Some(key))
    }

    /// The node as a JSON value. Recursion is bounded by the nesting that the builder allows.
    pub(crate) fn value(&self, id: NodeId) -> Value {
        match &self.node(id).kind {
            Kind::Null | Kind::Refused => Value::Null,
            Kind::Bool(value) => Value::Bool(*value),
            Kind::Number(number) => Value::Number(number.clone()),
            Kind::Text(text) => Value::String(text.clone()),
            Kind::Sequence(items) => {
                Value::Array(items.iter().map(|item| self.value(*item)).collect())
            }
            Kind::Mapping(_) => Value::Object(self.object(id)),
        }
    }

    /// The members of a mapping as a JSON object.
    pub(crate) fn object(&self, id: NodeId) -> Map<String, Value> {
        let member = |(key, value): &(NodeId, NodeId)| {
            Some((self.text(*key)?.to_owned(), self.value(*value)))
        };
        self.members(id).iter().filter_map(member).collect()
    }
}

/// Hands out ids while a tree grows.
#[derive(Debug, Default)]
pub(crate) struct Nodes(Vec<Node>);

impl Nodes {
    pub(crate) fn add(&mut self, node: Node) -> NodeId {
        // A document of 1 MiB has fewer nodes than u32 counts.
        let id = NodeId(u32::try_from(self.0.len()).unwrap_or(u32::MAX));
        self.0.push(node);
        id
    }

    pub(crate) fn get(&self, id: NodeId) -> &Node {
        self.0.get(id.0 as usize).unwrap_or(&NOTHING)
    }

    pub(crate) fn get_mut(&mut self, id: NodeId) -> Option<&mut Node> {
        self.0.get_mut(id.0 as usize)
    }

    pub(crate) fn finish(self, root: NodeId) -> Tree {
        Tree::new(self.0, root)
    }
}

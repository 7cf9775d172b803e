//! The located node tree: what the text says, before anything is made of it.

use std::collections::HashSet;

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

/// Where a text lies among those of its tree, which [`Tree::text`] reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TextId {
    start: u32,
    end: u32,
}

/// What a node is. Two texts that say the same are not equal here: each lies at a place of its own.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    Null,
    Bool(bool),
    Number(Number),
    Text(TextId),
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
    nodes: Nodes,
    root: NodeId,
    /// How many nodes it would have with its aliases expanded.
    size: usize,
}

static NOTHING: Node = Node { kind: Kind::Null, style: Style::Plain, start: 0, end: 0 };

impl Tree {
    /// A tree of nothing, to which others are appended.
    pub(super) fn empty() -> Self {
        Self { nodes: Nodes::default(), root: NodeId(0), size: 0 }
    }

    /// Takes over the nodes of another tree, whose text begins at an offset of this one's, and gives
    /// the other's root.
    pub(super) fn append(&mut self, other: Self, offset: usize) -> NodeId {
        let before = narrow(self.nodes.list.len());
        let moved = |id: NodeId| NodeId(id.0.saturating_add(before));
        let texts_before = narrow(self.nodes.texts.len());
        self.nodes.texts.push_str(&other.nodes.texts);
        for mut node in other.nodes.list {
            node.start += offset;
            node.end += offset;
            match &mut node.kind {
                Kind::Text(text) => {
                    text.start = text.start.saturating_add(texts_before);
                    text.end = text.end.saturating_add(texts_before);
                }
                Kind::Sequence(items) => {
                    for item in items {
                        *item = moved(*item);
                    }
                }
                Kind::Mapping(members) => {
                    for (key, value) in members {
                        (*key, *value) = (moved(*key), moved(*value));
                    }
                }
                _ => {}
            }
            self.nodes.list.push(node);
        }
        self.size = self.size.saturating_add(other.size);
        moved(other.root)
    }

    /// Adds a node that no text says as such: a list put together from several, for one.
    pub(super) fn add(&mut self, node: Node) -> NodeId {
        self.nodes.add(node)
    }

    /// Keeps a text that no text says as such.
    pub(super) fn keep(&mut self, text: &str) -> Kind {
        self.nodes.keep(text)
    }

    /// Takes members out of the root mapping, by their keys.
    pub(crate) fn remove_members(&mut self, keys: &HashSet<NodeId>) {
        let root = self.nodes.get_mut(self.root).map(|node| &mut node.kind);
        if let Some(Kind::Mapping(members)) = root {
            members.retain(|(key, _)| !keys.contains(key));
        }
    }

    pub(super) fn set_root(&mut self, root: NodeId) {
        self.root = root;
    }

    pub(super) fn size(&self) -> usize {
        self.size
    }

    pub(crate) fn root(&self) -> NodeId {
        self.root
    }

    pub(crate) fn node(&self, id: NodeId) -> &Node {
        // INVARIANT: ids come from the builder of this very tree.
        self.nodes.get(id)
    }

    /// What a text says; none of anything else.
    pub(crate) fn text(&self, id: NodeId) -> Option<&str> {
        self.nodes.text(id)
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
            Kind::Text(_) => Value::String(self.text(id).unwrap_or_default().to_owned()),
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

/// Nodes with their texts; hands out ids while a tree grows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Nodes {
    list: Vec<Node>,
    /// The texts of all nodes one after the other, so that no node has to be freed by itself.
    texts: String,
}

impl Nodes {
    /// Room for what a text of so many bytes usually has.
    pub(crate) fn with_room_for(bytes: usize) -> Self {
        // A node for each sixteen bytes; keys and values are some two thirds of the text.
        Self { list: Vec::with_capacity(bytes / 16), texts: String::with_capacity(bytes / 4 * 3) }
    }

    pub(crate) fn add(&mut self, node: Node) -> NodeId {
        let id = NodeId(narrow(self.list.len()));
        self.list.push(node);
        id
    }

    /// Keeps a text, to be the kind of a node.
    pub(crate) fn keep(&mut self, text: &str) -> Kind {
        let start = narrow(self.texts.len());
        self.texts.push_str(text);
        Kind::Text(TextId { start, end: narrow(self.texts.len()) })
    }

    pub(crate) fn get(&self, id: NodeId) -> &Node {
        self.list.get(id.0 as usize).unwrap_or(&NOTHING)
    }

    pub(crate) fn get_mut(&mut self, id: NodeId) -> Option<&mut Node> {
        self.list.get_mut(id.0 as usize)
    }

    pub(crate) fn text(&self, id: NodeId) -> Option<&str> {
        match self.get(id).kind {
            Kind::Text(TextId { start, end }) => self.texts.get(start as usize..end as usize),
            _ => None,
        }
    }

    pub(crate) fn finish(self, root: NodeId, size: usize) -> Tree {
        Tree { nodes: self, root, size }
    }
}

/// A document of 1 MiB has fewer nodes, and less text, than u32 counts.
fn narrow(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

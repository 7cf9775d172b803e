//! Grows a node tree from events, YAML's or JSON's: paths, duplicate keys and bounds in one place.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::tree::{Kind, Node, NodeId, Nodes, Style, Tree};
use crate::diagnostic::{Code, Diagnostic, Findings, Lines};
use crate::limits::{DOCUMENT_NODES_MAX, NESTING_MAX};

/// Reading cannot go on; why is among the findings.
#[derive(Debug)]
pub(crate) struct Stop;

/// So many keys of a mapping are looked through for one that stands twice.
const FEW_KEYS: usize = 16;

/// A container that is still open.
#[derive(Debug)]
struct Open {
    id: NodeId,
    /// Of a mapping, the keys met, once there are too many to look them through; of a sequence none.
    keys: Option<BTreeSet<String>>,
    /// Of a mapping, the key whose value comes next.
    key: Option<Key>,
    size: usize,
    height: usize,
}

#[derive(Debug)]
struct Key {
    id: NodeId,
    /// A key that was refused: its value is read and left out.
    is_refused: bool,
}

/// How much a finished node counts where it is used again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extent {
    size: usize,
    height: usize,
}

/// Grows the tree.
pub(crate) struct Builder<'a> {
    text: &'a str,
    lines: &'a Lines,
    findings: &'a mut Findings,
    nodes: Nodes,
    open: Vec<Open>,
    root: Option<NodeId>,
    total: usize,
}

impl<'a> Builder<'a> {
    pub(crate) fn new(text: &'a str, lines: &'a Lines, findings: &'a mut Findings) -> Self {
        let nodes = Nodes::with_room_for(text.len());
        Self { text, lines, findings, nodes, open: Vec::new(), root: None, total: 0 }
    }

    /// The tree, or none where there was nothing.
    pub(crate) fn finish(self) -> Option<Tree> {
        self.root.map(|root| self.nodes.finish(root, self.total))
    }

    /// Reports an error at a byte offset, with the path of what is being read.
    pub(crate) fn error(&mut self, code: Code, offset: usize, message: String, help: &str) {
        let mut diagnostic = Diagnostic::new(code, self.path(), message);
        if !help.is_empty() {
            diagnostic = diagnostic.help(help);
        }
        self.findings.error(diagnostic.at(self.lines.place(self.text, offset)));
    }

    /// The path of what is being read.
    fn path(&self) -> String {
        let mut path = String::new();
        for open in &self.open {
            match &open.key {
                Some(key) => {
                    if let Some(name) = self.nodes.text(key.id) {
                        let dot = if path.is_empty() { "" } else { "." };
                        path.push_str(dot);
                        path.push_str(name);
                    }
                }
                None => {
                    if let Kind::Sequence(items) = &self.nodes.get(open.id).kind {
                        let _ = write!(path, "[{}]", items.len());
                    }
                }
            }
        }
        path
    }

    /// Where the innermost open container begins.
    pub(crate) fn open_start(&self) -> Option<usize> {
        self.open.last().map(|open| self.nodes.get(open.id).start)
    }

    /// Steps out of the innermost container, so that an error is about it as a whole.
    pub(crate) fn leave(&mut self) {
        self.open.pop();
    }

    /// Whether the next node is a key.
    pub(crate) fn wants_key(&self) -> bool {
        self.open.last().is_some_and(|open| open.keys.is_some() && open.key.is_none())
    }

    /// Takes a key. A key that stands twice is an error; its value is left out.
    pub(crate) fn key(&mut self, name: &str, style: Style, start: usize, end: usize) {
        let is_new = self.is_new_key(name);
        if !is_new {
            let shown: String = name.chars().take(80).collect();
            let mut path = self.path();
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(&shown);
            let diagnostic =
                Diagnostic::new(Code::DuplicateKey, path, format!("duplicate key `{shown}`"))
                    .at(self.lines.place(self.text, start))
                    .help("keep one of the two");
            self.findings.error(diagnostic);
        }
        self.push_key(name, style, start, end, !is_new);
    }

    fn is_new_key(&mut self, name: &str) -> bool {
        let Some(open) = self.open.last_mut() else { return true };
        let Some(keys) = open.keys.as_mut() else { return true };
        let nodes = &self.nodes;
        let Kind::Mapping(members) = &nodes.get(open.id).kind else { return true };
        let mut names = members.iter().filter_map(|(key, _)| nodes.text(*key));
        if members.len() < FEW_KEYS {
            return names.all(|known| known != name);
        }
        if keys.is_empty() {
            keys.extend(names.map(str::to_owned));
        }
        keys.insert(name.to_owned())
    }

    /// Takes a key whose value is to be left out; why is among the findings.
    pub(crate) fn refused_key(&mut self, name: &str, style: Style, start: usize, end: usize) {
        self.push_key(name, style, start, end, true);
    }

    fn push_key(&mut self, name: &str, style: Style, start: usize, end: usize, refused: bool) {
        let kind = self.keep(name);
        let id = self.nodes.add(Node { kind, style, start, end });
        if let Some(open) = self.open.last_mut() {
            open.key = Some(Key { id, is_refused: refused });
        }
    }

    pub(crate) fn begin_mapping(&mut self, start: usize) -> Result<NodeId, Stop> {
        self.begin(Kind::Mapping(Vec::new()), Some(BTreeSet::new()), start)
    }

    pub(crate) fn begin_sequence(&mut self, start: usize) -> Result<NodeId, Stop> {
        self.begin(Kind::Sequence(Vec::new()), None, start)
    }

    fn begin(
        &mut self,
        kind: Kind,
        keys: Option<BTreeSet<String>>,
        start: usize,
    ) -> Result<NodeId, Stop> {
        self.check_nesting(1, start)?;
        self.count(1, start)?;
        let id = self.nodes.add(Node { kind, style: Style::Plain, start, end: start });
        self.open.push(Open { id, keys, key: None, size: 1, height: 1 });
        Ok(id)
    }

    fn check_nesting(&mut self, height: usize, start: usize) -> Result<(), Stop> {
        if self.open.len() + height <= NESTING_MAX {
            return Ok(());
        }
        let message = format!("nesting is deeper than {NESTING_MAX}");
        let diagnostic = Diagnostic::new(Code::NestingTooDeep, "", message);
        self.findings.error(diagnostic.at(self.lines.place(self.text, start)));
        Err(Stop)
    }

    fn count(&mut self, size: usize, start: usize) -> Result<(), Stop> {
        self.total = self.total.saturating_add(size);
        if self.total <= DOCUMENT_NODES_MAX {
            return Ok(());
        }
        let message =
            format!("the document has more than {DOCUMENT_NODES_MAX} nodes, aliases expanded");
        self.error(Code::TooManyNodes, start, message, "use fewer aliases");
        Err(Stop)
    }

    /// Closes the innermost container.
    pub(crate) fn end(&mut self, end: usize) -> Option<(NodeId, Extent)> {
        let open = self.open.pop()?;
        if let Some(node) = self.nodes.get_mut(open.id) {
            node.end = end;
        }
        let extent = Extent { size: open.size, height: open.height };
        self.attach(open.id, extent);
        Some((open.id, extent))
    }

    /// Keeps a text, to be the kind of a node.
    pub(crate) fn keep(&mut self, text: &str) -> Kind {
        self.nodes.keep(text)
    }

    /// Takes a value that holds no other.
    pub(crate) fn scalar(&mut self, node: Node) -> Result<(NodeId, Extent), Stop> {
        self.count(1, node.start)?;
        let id = self.nodes.add(node);
        let extent = Extent { size: 1, height: 0 };
        self.attach(id, extent);
        Ok((id, extent))
    }

    /// Takes a finished node once more.
    pub(crate) fn alias(&mut self, id: NodeId, extent: Extent, start: usize) -> Result<(), Stop> {
        self.check_nesting(extent.height, start)?;
        self.count(extent.size, start)?;
        self.attach(id, extent);
        Ok(())
    }

    fn attach(&mut self, id: NodeId, extent: Extent) {
        let Some(open) = self.open.last_mut() else {
            self.root = Some(id);
            return;
        };
        open.size = open.size.saturating_add(extent.size);
        open.height = open.height.max(extent.height + 1);
        let key = open.key.take();
        let Some(container) = self.nodes.get_mut(open.id) else { return };
        match (&mut container.kind, key) {
            (Kind::Sequence(items), _) => items.push(id),
            (Kind::Mapping(members), Some(key)) if !key.is_refused => members.push((key.id, id)),
            _ => {}
        }
    }
}

//! A document as it is written: its nodes with their own spelling, and the comments around them.

/// The number of a node.
pub(super) type Id = usize;

/// Everything that a file says, to readers and to people.
#[derive(Clone, Debug, Default)]
pub(super) struct Sheet {
    pub(super) nodes: Vec<Node>,
    pub(super) root: Id,
    /// Directives and comments before `---`.
    pub(super) prefix: Vec<Comment>,
    /// Whether the document begins with `---`.
    pub(super) has_marker: bool,
    /// Comments at the top that belong to the file and not to its first key.
    pub(super) header: Vec<Comment>,
    /// Whether a blank line follows the header.
    pub(super) has_header_gap: bool,
}

/// A comment on lines of its own, or a directive.
#[derive(Clone, Debug)]
pub(super) struct Comment {
    pub(super) text: String,
    /// Whether a blank line stands before it.
    pub(super) is_set_off: bool,
}

/// A value.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// Its anchor and tag as they are written.
    pub(super) properties: Vec<String>,
    /// Of a block list or mapping its column, in characters from the left; of one in brackets the
    /// byte offset of the bracket.
    pub(super) begin: usize,
    pub(super) body: Body,
}

#[derive(Clone, Debug)]
pub(super) enum Body {
    /// Nothing is written.
    Empty,
    /// An alias, or a scalar in any style but block, as it is written.
    Scalar(String),
    Block(BlockScalar),
    Collection(Collection),
}

/// A literal or folded text.
#[derive(Clone, Debug)]
pub(super) struct BlockScalar {
    /// `|` or `>`.
    pub(super) style: char,
    /// Whether the indentation is said, because the text begins with a blank.
    pub(super) is_indented: bool,
    /// `-`, `+` or nothing.
    pub(super) chomping: &'static str,
    /// The lines without their indentation.
    pub(super) lines: Vec<String>,
}

/// A list or a mapping.
#[derive(Clone, Debug)]
pub(super) struct Collection {
    pub(super) is_mapping: bool,
    /// In brackets.
    pub(super) is_flow: bool,
    /// In brackets that stand on several lines.
    pub(super) is_spread: bool,
    pub(super) entries: Vec<Entry>,
    /// Comments behind the last entry.
    pub(super) tail: Vec<Comment>,
}

/// An item of a list or a member of a mapping.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// Comments before it.
    pub(super) lead: Vec<Comment>,
    /// Whether a blank line stands right before it.
    pub(super) is_set_off: bool,
    pub(super) key: Option<Key>,
    /// Comments on its own line.
    pub(super) trailing: Vec<String>,
    /// Comments that stand where the value is left out.
    pub(super) inside: Vec<Comment>,
    pub(super) value: Id,
}

/// The key of a member.
#[derive(Clone, Debug)]
pub(super) struct Key {
    /// As it is written.
    pub(super) raw: String,
    /// What it says.
    pub(super) name: String,
}

impl Sheet {
    pub(super) fn collection(&self, id: Id) -> Option<&Collection> {
        match &self.nodes.get(id)?.body {
            Body::Collection(collection) => Some(collection),
            _ => None,
        }
    }

    pub(super) fn collection_mut(&mut self, id: Id) -> Option<&mut Collection> {
        match &mut self.nodes.get_mut(id)?.body {
            Body::Collection(collection) => Some(collection),
            _ => None,
        }
    }

    /// The text of every comment and directive, sorted.
    pub(super) fn comments(&self) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        let texts = |comments: &[Comment]| -> Vec<String> {
            comments.iter().map(|comment| comment.text.clone()).collect()
        };
        all.extend(texts(&self.prefix));
        all.extend(texts(&self.header));
        for node in &self.nodes {
            let Body::Collection(collection) = &node.body else { continue };
            all.extend(texts(&collection.tail));
            for entry in &collection.entries {
                all.extend(texts(&entry.lead));
                all.extend(texts(&entry.inside));
                all.extend(entry.trailing.iter().cloned());
            }
        }
        all.sort();
        all
    }
}

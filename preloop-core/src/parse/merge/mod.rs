//! Several files to one document: lists are joined in the order of the files, and what can be said
//! only once has to be said alike.
//!
//! The files' trees become one tree over all their texts, so that every value keeps its place and
//! what comes after sees a document like any other.

use super::decoder::Decoder;
use super::fields::Section;
use super::path::Path;
use super::section::{self, DEFAULTS, DOCUMENT, METADATA};
use super::tree::{Kind, Node, NodeId, Style, Tree};
use super::{Places, located};
use crate::diagnostic::{Code, Diagnostic, Findings, Lines};
use crate::document::PolicyDocument;
use crate::limits::{DOCUMENT_BYTES_MAX, DOCUMENT_NODES_MAX, POLICY_FILES_MAX, TOOLS_MAX};

/// One of the files that a policy is spread over.
#[derive(Clone, Copy, Debug)]
pub struct PolicyFile<'f> {
    /// What it is called in messages.
    pub name: &'f str,
    /// What stands in it: JSON or YAML.
    pub text: &'f [u8],
}

/// Reads the files as far as they can be read, as one document.
pub(crate) fn read_files(
    files: &[PolicyFile<'_>],
    findings: &mut Findings,
) -> Option<(PolicyDocument, Places)> {
    check_sizes(files, findings)?;
    let Forest { text, lines, mut tree, roots } = Forest::read(files, findings)?;
    let decoder = &mut Decoder::new(&tree, &text, &lines, findings);
    let members: Vec<Member> = merge(decoder, &roots);
    let start = roots.first().map_or(0, |root| tree.node(*root).start);
    let add = |member: Member| {
        let key = add_key(&mut tree, member.name, member.key);
        (key, member.value.add_to(&mut tree))
    };
    let root = mapping(members.into_iter().map(add).collect(), start);
    let root = tree.add(root);
    tree.set_root(root);
    let document = section::policy(&mut Decoder::new(&tree, &text, &lines, findings))?;
    Some((document, Places::new(&text, lines, tree)))
}

/// All files together are bounded as one document is, so that each policy can be written as one.
fn check_sizes(files: &[PolicyFile<'_>], findings: &mut Findings) -> Option<()> {
    let (count, bytes) = (files.len(), files.iter().map(|file| file.text.len()).sum::<usize>());
    let message = if count > POLICY_FILES_MAX {
        format!("the policy has {count} files, at most {POLICY_FILES_MAX} may be")
    } else if bytes > DOCUMENT_BYTES_MAX {
        format!("the policy's files have {bytes} bytes, at most {DOCUMENT_BYTES_MAX} may be")
    } else if count == 0 {
        findings.error(Diagnostic::new(Code::EmptyDocument, "", "the policy has no files"));
        return None;
    } else {
        return Some(());
    };
    findings.error(Diagnostic::new(Code::DocumentTooLarge, "", message));
    None
}

/// The trees of all files, side by side.
struct Forest {
    text: String,
    lines: Lines,
    tree: Tree,
    roots: Vec<NodeId>,
}

impl Forest {
    /// None where a file cannot be read at all: what it would have said is missing everywhere.
    fn read(files: &[PolicyFile<'_>], findings: &mut Findings) -> Option<Self> {
        let (mut text, mut starts) = (String::new(), Vec::with_capacity(files.len()));
        let (mut tree, mut roots) = (Tree::empty(), Vec::with_capacity(files.len()));
        for file in files {
            let mut own = Findings::default();
            if let Some((content, _, part)) = located(file.text, &mut own) {
                if !text.is_empty() {
                    text.push('\n');
                }
                roots.push(tree.append(part, text.len()));
                starts.push((file.name.to_owned(), text.len()));
                text.push_str(content);
            }
            findings.absorb(own, file.name);
        }
        if tree.size() > DOCUMENT_NODES_MAX {
            let message =
                format!("the files have more than {DOCUMENT_NODES_MAX} nodes, aliases expanded");
            findings.error(Diagnostic::new(Code::TooManyNodes, "", message));
            return None;
        }
        let lines = Lines::of_files(&text, starts);
        (roots.len() == files.len()).then_some(Self { text, lines, tree, roots })
    }
}

/// A member of the merged document.
struct Member {
    name: &'static str,
    key: NodeId,
    value: Merged,
}

/// A value put together from several files.
enum Merged {
    /// The only one, or the first of several that agree.
    One(NodeId),
    List(Vec<NodeId>, usize),
    Mapping(Vec<(&'static str, NodeId, NodeId)>, usize),
}

impl Merged {
    fn add_to(self, tree: &mut Tree) -> NodeId {
        match self {
            Self::One(id) => id,
            Self::List(items, start) => {
                let kind = Kind::Sequence(items);
                tree.add(Node { kind, style: Style::Plain, start, end: start })
            }
            Self::Mapping(members, start) => {
                let add = |(name, key, value)| (add_key(tree, name, key), value);
                let members = members.into_iter().map(add).collect();
                tree.add(mapping(members, start))
            }
        }
    }
}

/// Adds a key in its canonical spelling, at the place of the one written: the files may spell it
/// differently, and a slip is reported already.
fn add_key(tree: &mut Tree, name: &str, written: NodeId) -> NodeId {
    let Node { style, start, end, .. } = *tree.node(written);
    let kind = tree.keep(name);
    tree.add(Node { kind, style, start, end })
}

fn mapping(members: Vec<(NodeId, NodeId)>, start: usize) -> Node {
    Node { kind: Kind::Mapping(members), style: Style::Plain, start, end: start }
}

/// The members of the files' roots, each once; what does not fit together is reported.
fn merge(decoder: &mut Decoder<'_>, roots: &[NodeId]) -> Vec<Member> {
    let mut members: Vec<Member> = Vec::new();
    for root in roots {
        let Some(fields) = decoder.fields(&Path::Root, *root, &DOCUMENT) else { continue };
        if fields.value("version").is_some() {
            section::version(decoder, &fields);
        }
        for (name, key, value) in fields.found() {
            if let Some(member) = members.iter_mut().find(|member| member.name == name) {
                member.value.join(decoder, name, value);
                continue;
            }
            let start = decoder.tree.node(value).start;
            let mut merged = match name {
                "version" => Merged::One(value),
                "metadata" | "defaults" => Merged::Mapping(Vec::new(), start),
                _ => Merged::List(Vec::new(), start),
            };
            merged.join(decoder, name, value);
            members.push(Member { name, key, value: merged });
        }
    }
    members
}

impl Merged {
    fn join(&mut self, decoder: &mut Decoder<'_>, name: &'static str, value: NodeId) {
        let at = Path::Root.key(name);
        if decoder.is_null(value) {
            return;
        }
        match self {
            // Every version but one is an error of its own.
            Self::One(_) => {}
            // How many there may be of what is checked once all are together; this list alone cannot
            // have more than the longest one.
            Self::List(items, _) => items.extend(decoder.items(&at, value, TOOLS_MAX)),
            Self::Mapping(members, _) => {
                let section = if name == "metadata" { &METADATA } else { &DEFAULTS };
                join_fields(decoder, members, &at, value, section);
            }
        }
    }
}

/// Adds the fields of a mapping to those of the files before.
fn join_fields(
    decoder: &mut Decoder<'_>,
    members: &mut Vec<(&'static str, NodeId, NodeId)>,
    at: &Path<'_>,
    value: NodeId,
    section: &'static Section,
) {
    let Some(fields) = decoder.fields(at, value, section) else { return };
    for (name, key, value) in fields.found() {
        let known = members.iter().find(|(known, ..)| *known == name).copied();
        let Some((_, first_key, first)) = known else {
            members.push((name, key, value));
            continue;
        };
        if decoder.tree.value(first) != decoder.tree.value(value) {
            let (found, other) = (decoder.describe(value), decoder.describe(first));
            let message = format!("`{at}.{name}` is {found} here and {other} in another file");
            let help = format!("keep one of the two; the other is at {}", decoder.place(first_key));
            decoder.error(Code::ConflictingFiles, &at.key(name), value, message, help);
        }
    }
}

#[cfg(test)]
mod tests;

//! A JSON document with indentation; numbers and texts as they are written.

use super::order::Freedom;
use crate::parse::{DOCUMENT, Kind, NodeId, Shape, Tree, json_tree};

/// Writes a JSON document again; none where it is not one.
pub(super) fn write(text: &str, freedom: Freedom) -> Option<String> {
    let tree = json_tree(text)?;
    let mut writer = Writer { text, tree: &tree, freedom, out: String::new() };
    writer.value(tree.root(), 0, Shape::One(&DOCUMENT));
    writer.out.push('\n');
    Some(writer.out)
}

struct Writer<'t> {
    text: &'t str,
    tree: &'t Tree,
    freedom: Freedom,
    out: String,
}

impl Writer<'_> {
    /// Recursion is bounded by the nesting of documents.
    fn value(&mut self, id: NodeId, indent: usize, shape: Shape) {
        match &self.tree.node(id).kind {
            Kind::Mapping(members) if !members.is_empty() => {
                let members = self.arranged(members, shape);
                self.out.push('{');
                for (number, (name, key, value)) in members.into_iter().enumerate() {
                    self.line(number, indent + 2);
                    match name.filter(|_| self.freedom.spelling) {
                        Some(name) => {
                            self.out.push('"');
                            self.out.push_str(name);
                            self.out.push('"');
                        }
                        None => self.raw(key),
                    }
                    self.out.push_str(": ");
                    let inside = match (shape, name) {
                        (Shape::One(section), Some(name)) => Shape::under(section, name),
                        _ => shape.named(),
                    };
                    self.value(value, indent + 2, inside);
                }
                self.end(indent, '}');
            }
            Kind::Sequence(items) if !items.is_empty() => {
                self.out.push('[');
                for (number, item) in items.iter().enumerate() {
                    self.line(number, indent + 2);
                    self.value(*item, indent + 2, shape.item());
                }
                self.end(indent, ']');
            }
            Kind::Mapping(_) => self.out.push_str("{}"),
            Kind::Sequence(_) => self.out.push_str("[]"),
            _ => self.raw(id),
        }
    }

    /// The members in the order of the manual, with the own spelling of their keys where they have one.
    fn arranged(
        &self,
        members: &[(NodeId, NodeId)],
        shape: Shape,
    ) -> Vec<(Option<&'static str>, NodeId, NodeId)> {
        let mut arranged: Vec<_> = members
            .iter()
            .map(|(key, value)| {
                let name = self.tree.text(*key).unwrap_or_default();
                let field = match shape {
                    Shape::One(section) => section.position(name),
                    _ => None,
                };
                (field.map(|(_, field)| field.name), *key, *value, field.map(|(place, _)| place))
            })
            .collect();
        if self.freedom.order && matches!(shape, Shape::One(_)) {
            arranged.sort_by_key(|(_, _, _, place)| place.unwrap_or(usize::MAX));
        }
        arranged.into_iter().map(|(name, key, value, _)| (name, key, value)).collect()
    }

    fn raw(&mut self, id: NodeId) {
        let node = self.tree.node(id);
        self.out.push_str(self.text.get(node.start..node.end).unwrap_or_default().trim());
    }

    fn line(&mut self, number: usize, indent: usize) {
        self.out.push_str(if number > 0 { ",\n" } else { "\n" });
        self.out.extend(std::iter::repeat_n(' ', indent));
    }

    fn end(&mut self, indent: usize, bracket: char) {
        self.out.push('\n');
        self.out.extend(std::iter::repeat_n(' ', indent));
        self.out.push(bracket);
    }
}

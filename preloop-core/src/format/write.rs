//! Sheet to text: two blanks a level, one blank line at most, what fits in brackets left in them.

use super::sheet::{BlockScalar, Body, Collection, Comment, Entry, Id, Sheet};

/// Widest line on which brackets stay; texts are never broken.
const WIDTH: usize = 100;

/// Writes a whole document.
pub(super) fn write(sheet: &Sheet) -> String {
    let mut writer = Writer { sheet, out: String::new(), kept: None };
    writer.document();
    writer.out
}

struct Writer<'s> {
    sheet: &'s Sheet,
    out: String,
    /// The end of a text whose last blank lines are its own.
    kept: Option<usize>,
}

impl<'s> Writer<'s> {
    fn document(&mut self) {
        let sheet = self.sheet;
        self.comments(&sheet.prefix, 0, true);
        if sheet.has_marker {
            self.out.push_str("---\n");
        }
        self.comments(&sheet.header, 0, true);
        if sheet.has_header_gap {
            self.blank();
        }
        let Some(root) = sheet.collection(sheet.root) else { return };
        if let Some(node) = sheet.nodes.get(sheet.root)
            && !node.properties.is_empty()
        {
            self.out.push_str(&node.properties.join(" "));
            self.out.push('\n');
        }
        if root.entries.is_empty() {
            self.out.push_str("{}\n");
        }
        for (number, entry) in root.entries.iter().enumerate() {
            let column = entry.key.as_ref().map_or(0, |key| key.raw.chars().count() + 2);
            if number > 0 && self.is_tall(entry.value, column) {
                self.blank();
            }
            self.comments(&entry.lead, 0, number == 0);
            if entry.is_set_off && (number > 0 || !entry.lead.is_empty()) {
                self.blank();
            }
            self.entry(entry, 0);
        }
        self.comments(&root.tail, 0, root.entries.is_empty());
    }

    fn blank(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with("\n\n") && self.kept != Some(self.out.len())
        {
            self.out.push('\n');
        }
    }

    fn indent(&mut self, indent: usize) {
        self.out.extend(std::iter::repeat_n(' ', indent));
    }

    /// Comments on lines of their own; the first thing of a collection is not set off.
    fn comments(&mut self, comments: &[Comment], indent: usize, is_first: bool) {
        for (number, comment) in comments.iter().enumerate() {
            if comment.is_set_off && !(is_first && number == 0) {
                self.blank();
            }
            self.indent(indent);
            self.out.push_str(&comment.text);
            self.out.push('\n');
        }
    }

    fn trailing(&mut self, comments: &[String]) {
        for comment in comments {
            self.out.push_str("  ");
            self.out.push_str(comment);
        }
        self.out.push('\n');
    }

    /// Whether a value is written on lines of its own, one entry each.
    fn is_tall(&self, id: Id, column: usize) -> bool {
        let Some(collection) = self.sheet.collection(id) else { return false };
        !collection.entries.is_empty()
            && self.flow(id).is_none_or(|text| column + text.chars().count() > WIDTH)
    }

    /// A value on one line inside brackets, where it can be written so.
    ///
    /// Recursion is bounded by the nesting of documents.
    fn flow(&self, id: Id) -> Option<String> {
        let node = self.sheet.nodes.get(id)?;
        let mut text = match &node.body {
            Body::Empty => "null".to_owned(),
            Body::Scalar(raw) if !raw.contains('\n') => raw.clone(),
            Body::Scalar(_) | Body::Block(_) => return None,
            Body::Collection(collection) => self.brackets(collection)?,
        };
        if !node.properties.is_empty() {
            text = format!("{} {text}", node.properties.join(" "));
        }
        Some(text)
    }

    fn brackets(&self, collection: &Collection) -> Option<String> {
        let is_plain = |entry: &Entry| {
            entry.lead.is_empty() && entry.trailing.is_empty() && entry.inside.is_empty()
        };
        let is_flow = collection.is_flow && !collection.is_spread;
        let may_stay =
            is_flow && collection.tail.is_empty() && collection.entries.iter().all(is_plain);
        if !may_stay && !collection.entries.is_empty() {
            return None;
        }
        let entry = |entry: &Entry| {
            let value = self.flow(entry.value)?;
            Some(match &entry.key {
                Some(key) => format!("{}: {value}", key.raw),
                None => value,
            })
        };
        let entries: Vec<String> = collection.entries.iter().map(entry).collect::<Option<_>>()?;
        let entries = entries.join(", ");
        Some(if collection.is_mapping { format!("{{{entries}}}") } else { format!("[{entries}]") })
    }

    /// The entries of a tall collection; the first stands behind the `- ` of its item.
    fn tall(&mut self, collection: &'s Collection, indent: usize, is_behind_dash: bool) {
        for (number, entry) in collection.entries.iter().enumerate() {
            if number > 0 || !is_behind_dash {
                let is_first = number == 0;
                self.comments(&self.lead(entry, indent), indent, is_first);
                if entry.is_set_off && (!is_first || !entry.lead.is_empty()) {
                    self.blank();
                }
                self.indent(indent);
            }
            self.entry(entry, indent);
        }
        self.comments(&collection.tail, indent, collection.entries.is_empty());
    }

    /// The comments before an entry, with those of what stands behind its dash.
    fn lead(&self, entry: &Entry, indent: usize) -> Vec<Comment> {
        let mut lead = entry.lead.clone();
        if entry.key.is_some() || !self.stands_behind_dash(entry.value, indent) {
            return lead;
        }
        let hoisted = |text: &String| Comment { text: text.clone(), is_set_off: false };
        lead.extend(entry.trailing.iter().map(hoisted));
        let first = self.sheet.collection(entry.value).and_then(|inner| inner.entries.first());
        if let Some(first) = first {
            lead.extend(self.lead(first, indent + 2));
        }
        lead
    }

    /// Whether an item's value is a tall collection that begins on the line of its dash.
    fn stands_behind_dash(&self, id: Id, indent: usize) -> bool {
        let is_bare = self.sheet.nodes.get(id).is_some_and(|node| node.properties.is_empty());
        is_bare && self.is_tall(id, indent + 2)
    }

    /// An entry from where its line is indented.
    fn entry(&mut self, entry: &'s Entry, indent: usize) {
        if let Some(key) = &entry.key {
            self.out.push_str(&key.raw);
            self.out.push(':');
            let column = indent + key.raw.chars().count() + 2;
            self.value(entry, indent, column);
            return;
        }
        self.out.push('-');
        if self.stands_behind_dash(entry.value, indent)
            && let Some(collection) = self.sheet.collection(entry.value)
        {
            self.out.push(' ');
            self.tall(collection, indent + 2, true);
            return;
        }
        self.value(entry, indent, indent + 2);
    }

    /// A value behind `key:` or `-`.
    fn value(&mut self, entry: &'s Entry, indent: usize, column: usize) {
        let Some(node) = self.sheet.nodes.get(entry.value) else { return };
        let is_tall = self.is_tall(entry.value, column);
        // Brackets carry their own.
        if is_tall || self.is_scalar(entry.value) {
            for property in &node.properties {
                self.out.push(' ');
                self.out.push_str(property);
            }
        }
        match &node.body {
            Body::Collection(collection) if is_tall => {
                self.trailing(&entry.trailing);
                self.tall(collection, indent + 2, false);
            }
            Body::Collection(_) => {
                self.out.push(' ');
                let text = self.flow(entry.value).unwrap_or_default();
                self.out.push_str(&text);
                self.trailing(&entry.trailing);
            }
            Body::Empty => {
                self.trailing(&entry.trailing);
                self.comments(&entry.inside, indent + 2, true);
            }
            Body::Scalar(raw) => {
                self.out.push(' ');
                self.scalar(raw, indent + 2);
                self.trailing(&entry.trailing);
            }
            Body::Block(scalar) => self.block(scalar, &entry.trailing, indent + 2),
        }
    }

    fn is_scalar(&self, id: Id) -> bool {
        self.sheet.collection(id).is_none()
    }

    fn scalar(&mut self, raw: &str, indent: usize) {
        let is_double = raw.starts_with('"');
        for (number, line) in raw.split('\n').enumerate() {
            let mut line = line;
            if number > 0 {
                self.out.push('\n');
                line = line.trim_start_matches([' ', '\t']);
                if !line.is_empty() {
                    self.indent(indent);
                }
            }
            self.out.push_str(if is_double { line } else { line.trim_end_matches([' ', '\t']) });
        }
    }

    fn block(&mut self, scalar: &BlockScalar, trailing: &[String], indent: usize) {
        self.out.push(' ');
        self.out.push(scalar.style);
        if scalar.is_indented {
            self.out.push('2');
        }
        self.out.push_str(scalar.chomping);
        self.trailing(trailing);
        for line in &scalar.lines {
            if !line.is_empty() {
                self.indent(indent);
                self.out.push_str(line);
            }
            self.out.push('\n');
        }
        if scalar.chomping == "+" {
            self.kept = Some(self.out.len());
        }
    }
}

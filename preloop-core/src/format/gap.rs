//! What stands between two values: blanks, signs, comments, anchors and tags.

/// What a gap holds.
#[derive(Debug, Default)]
pub(super) struct Gap {
    pub(super) comments: Vec<Found>,
    /// Anchors and tags, in order.
    pub(super) properties: Vec<String>,
    /// How many of the comments stand before `---`, where it is there.
    pub(super) marker: Option<usize>,
    /// Where the `-` of list items stand.
    pub(super) dashes: Vec<usize>,
    /// Whether a blank line stands before what follows.
    pub(super) is_set_off: bool,
    /// Where the gap ends.
    pub(super) end: usize,
}

/// A comment of a gap.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) text: String,
    pub(super) column: usize,
    /// Whether it stands on the line of what is before the gap.
    pub(super) is_trailing: bool,
    pub(super) is_set_off: bool,
}

/// Where a gap ends.
#[derive(Clone, Copy, Debug)]
pub(super) enum Until {
    /// At an offset, or behind the properties that stand there.
    Offset(usize),
    /// At the first sign that no gap holds.
    Content,
    /// Behind the properties: the value is left out.
    Properties,
}

/// Reads a gap and as many anchors and tags in it as the value behind it has.
pub(super) fn read(text: &str, start: usize, until: Until, wanted: usize) -> Gap {
    let mut reader = Reader {
        text,
        at: start,
        line_breaks: 0,
        has_line_break: start == 0,
        dash: None,
        gap: Gap::default(),
    };
    while let Some(next) = reader.rest().chars().next() {
        let has_all = reader.gap.properties.len() >= wanted;
        let leads_on = wanted > 0 && matches!(next, ' ' | '\t' | '\n' | '#');
        let is_end = match until {
            Until::Offset(limit) => reader.at >= limit && !leads_on,
            Until::Content => false,
            Until::Properties => true,
        };
        if has_all && is_end || !reader.step(next, wanted) {
            break;
        }
    }
    let line_breaks = reader.dash.unwrap_or(reader.line_breaks);
    reader.gap.is_set_off = line_breaks >= 2;
    reader.gap.end = reader.at;
    reader.gap
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    /// Line breaks since the last comment or value.
    line_breaks: usize,
    has_line_break: bool,
    /// The line breaks before the first `-`.
    dash: Option<usize>,
    gap: Gap,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn begins_line(&self) -> bool {
        self.text.get(..self.at).is_some_and(|before| before.is_empty() || before.ends_with('\n'))
    }

    /// Takes one sign; false where a value begins.
    fn step(&mut self, next: char, wanted: usize) -> bool {
        match next {
            '\n' => {
                self.line_breaks += 1;
                self.has_line_break = true;
                self.at += 1;
            }
            '#' => self.comment(),
            '%' if self.begins_line() && self.gap.marker.is_none() => self.comment(),
            '&' | '!' if self.gap.properties.len() < wanted => {
                let end = self.rest().find([' ', '\t', '\n', ',', '[', ']', '{', '}']);
                // A verbatim tag `!<...>` may hold the signs of a flow; it is refused elsewhere.
                let word = self.rest().get(..end.unwrap_or(self.rest().len())).unwrap_or_default();
                self.gap.properties.push(word.to_owned());
                self.at += word.len();
            }
            '-' if self.begins_line() && self.rest().starts_with("---") => {
                self.gap.marker = Some(self.gap.comments.len());
                self.at += 3;
                self.line_breaks = 0;
                self.has_line_break = true;
            }
            '.' if self.begins_line() && self.rest().starts_with("...") => self.at += 3,
            '-' => {
                self.dash.get_or_insert(self.line_breaks);
                self.gap.dashes.push(self.at);
                self.at += 1;
            }
            ' ' | '\t' | '?' | ':' | ',' | '[' | ']' | '{' | '}' => self.at += 1,
            _ => return false,
        }
        true
    }

    fn comment(&mut self) {
        let line = self.rest().split('\n').next().unwrap_or_default();
        let begin = self.text.get(..self.at).and_then(|before| before.rfind('\n'));
        let before = self.text.get(begin.map_or(0, |at| at + 1)..self.at).unwrap_or_default();
        self.gap.comments.push(Found {
            text: line.trim_end().to_owned(),
            column: before.chars().count(),
            is_trailing: !self.has_line_break,
            is_set_off: self.line_breaks >= 2,
        });
        if self.dash.is_some() {
            self.dash = Some(0);
        }
        self.line_breaks = 0;
        self.at += line.len();
    }
}

//! A text as the parser of YAML takes it.

use saphyr_parser::StrInput;
use saphyr_parser::input::{Input, SkipTabs};

/// The crate's own input with a smaller buffer.
///
/// For each scalar without quotes the parser makes room for as many characters as the buffer is said to hold, so
/// the crate's 128 cost every key a second block of memory. Nothing else depends on that number.
pub(super) struct TextInput<'t>(StrInput<'t>);

/// What the crate's input for characters of any source holds.
const BUFFER_CHARS: usize = 16;

impl<'t> TextInput<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self(StrInput::new(text))
    }
}

/// Everything that [`StrInput`] does in a way of its own is left to it.
impl Input for TextInput<'_> {
    #[inline]
    fn lookahead(&mut self, count: usize) {
        self.0.lookahead(count);
    }

    #[inline]
    fn buflen(&self) -> usize {
        self.0.buflen()
    }

    #[inline]
    fn bufmaxlen(&self) -> usize {
        BUFFER_CHARS
    }

    #[inline]
    fn raw_read_ch(&mut self) -> char {
        self.0.raw_read_ch()
    }

    #[inline]
    fn raw_read_non_breakz_ch(&mut self) -> Option<char> {
        self.0.raw_read_non_breakz_ch()
    }

    #[inline]
    fn skip(&mut self) {
        self.0.skip();
    }

    #[inline]
    fn skip_n(&mut self, count: usize) {
        self.0.skip_n(count);
    }

    #[inline]
    fn peek(&self) -> char {
        self.0.peek()
    }

    #[inline]
    fn peek_nth(&self, n: usize) -> char {
        self.0.peek_nth(n)
    }

    #[inline]
    fn peek_opt(&self) -> Option<char> {
        self.0.peek_opt()
    }

    #[inline]
    fn next_2_are(&self, first: char, second: char) -> bool {
        self.0.next_2_are(first, second)
    }

    #[inline]
    fn next_3_are(&self, first: char, second: char, third: char) -> bool {
        self.0.next_3_are(first, second, third)
    }

    #[inline]
    fn next_is_document_indicator(&self) -> bool {
        self.0.next_is_document_indicator()
    }

    #[inline]
    fn next_is_document_start(&self) -> bool {
        self.0.next_is_document_start()
    }

    #[inline]
    fn next_is_document_end(&self) -> bool {
        self.0.next_is_document_end()
    }

    #[inline]
    fn skip_ws_to_eol(&mut self, skip_tabs: SkipTabs) -> (usize, Result<SkipTabs, &'static str>) {
        self.0.skip_ws_to_eol(skip_tabs)
    }

    #[inline]
    fn next_can_be_plain_scalar(&self, in_flow: bool) -> bool {
        self.0.next_can_be_plain_scalar(in_flow)
    }

    #[inline]
    fn next_is_blank_or_break(&self) -> bool {
        self.0.next_is_blank_or_break()
    }

    #[inline]
    fn next_is_blank_or_breakz(&self) -> bool {
        self.0.next_is_blank_or_breakz()
    }

    #[inline]
    fn next_is_blank(&self) -> bool {
        self.0.next_is_blank()
    }

    #[inline]
    fn next_is_break(&self) -> bool {
        self.0.next_is_break()
    }

    #[inline]
    fn next_is_breakz(&self) -> bool {
        self.0.next_is_breakz()
    }

    #[inline]
    fn next_is_z(&self) -> bool {
        self.0.next_is_z()
    }

    #[inline]
    fn next_is_flow(&self) -> bool {
        self.0.next_is_flow()
    }

    #[inline]
    fn next_is_digit(&self) -> bool {
        self.0.next_is_digit()
    }

    #[inline]
    fn next_is_alpha(&self) -> bool {
        self.0.next_is_alpha()
    }

    fn skip_while_non_breakz(&mut self) -> usize {
        self.0.skip_while_non_breakz()
    }

    fn skip_while_blank(&mut self) -> usize {
        self.0.skip_while_blank()
    }

    fn fetch_while_is_alpha(&mut self, out: &mut String) -> usize {
        self.0.fetch_while_is_alpha(out)
    }

    fn fetch_while_is_yaml_non_space(&mut self, out: &mut String) -> usize {
        self.0.fetch_while_is_yaml_non_space(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;
    use saphyr_parser::{Event, Parser, ScanError, Span};

    /// What the parser makes of a text, up to its first error.
    fn events<'t>(input: impl Input + 't) -> Vec<Result<(Event<'t>, Span), ScanError>> {
        let mut parser = Parser::new(input);
        let mut events = Vec::new();
        while let Some(event) = parser.next_event() {
            let is_end = event.is_err();
            events.push(event);
            if is_end {
                break;
            }
        }
        events
    }

    /// Lines of every kind that YAML has, and what breaks them.
    fn text() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            "[ ]{0,20}",
            "[\n\r\t]",
            "[a-zé😀]{1,30}",
            "[-?:,\\[\\]{}#&*!|>'\"%@`~.0-9+]{1,3}",
            Just("- ".to_owned()),
            Just(": ".to_owned()),
            Just(" # c\n".to_owned()),
            Just("a: |2-\n".to_owned()),
            Just("b: >+\n".to_owned()),
            Just("\n---\n".to_owned()),
            Just("\n...\n".to_owned()),
            Just("%YAML 1.2\n".to_owned()),
            Just("\"\\u0041\\\n \"".to_owned()),
            Just("\u{feff}".to_owned()),
        ];
        proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn every_event_is_that_of_the_crates_own_input(text in text()) {
            prop_assert_eq!(events(TextInput::new(&text)), events(StrInput::new(&text)));
        }
    }
}

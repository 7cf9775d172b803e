//! Text functions. Positions and lengths count characters.

use super::Answer;
use crate::cel::code::OpId;
use crate::cel::failure::Trouble;
use crate::cel::function::Function;
use crate::cel::lib::{encode, text};
use crate::cel::program::machine::{ITEMS_MAX, Machine, TEXT_MAX};
use crate::cel::value::{Items, Val};

impl<'e> Machine<'e> {
    pub(super) fn text_function(
        &self,
        id: OpId,
        function: Function,
        values: &[Val<'e>],
    ) -> Answer<'e> {
        match (function, values) {
            (Function::Reverse, [list]) if list.items().is_some() => {
                self.list_function(id, function, values)
            }
            (Function::Format, [Val::Text(pattern), list]) => self.format(id, pattern, *list),
            (Function::Join, [list]) => self.join(id, *list, ""),
            (Function::Join, [list, Val::Text(separator)]) => self.join(id, *list, separator),
            (Function::Base64Encode, [Val::Bytes(bytes)]) => {
                self.charge_bytes(bytes.len(), id)?;
                let made = self.lib(encode::base64_encode(bytes, TEXT_MAX), id)?;
                self.made_text(id, &made)
            }
            (Function::Base64Decode, [Val::Text(text)]) => {
                self.charge_bytes(text.len(), id)?;
                let made = self.lib(encode::base64_decode(text, TEXT_MAX), id)?;
                self.check_text(id, made.len())?;
                Ok(Some(Val::Bytes(self.arena().alloc_slice_copy(&made))))
            }
            (_, [Val::Text(text), rest @ ..]) => {
                self.charge_bytes(text.len(), id)?;
                if rest.is_empty() {
                    return self.text_alone(id, function, text);
                }
                if let Some(found) = self.text_search(id, function, text, rest)? {
                    return Ok(Some(found));
                }
                self.text_part(id, function, text, rest)
            }
            _ => Ok(None),
        }
    }

    fn text_alone(&self, id: OpId, function: Function, text: &'e str) -> Answer<'e> {
        let made = match function {
            Function::Trim => return Ok(Some(Val::Text(text::trim(text)))),
            Function::LowerAscii => self.lib(text::lower_ascii(text, TEXT_MAX), id)?,
            Function::UpperAscii => self.lib(text::upper_ascii(text, TEXT_MAX), id)?,
            Function::Reverse => self.lib(text::reverse(text, TEXT_MAX), id)?.into(),
            Function::Quote => self.lib(text::quote(text, TEXT_MAX), id)?.into(),
            _ => return Ok(None),
        };
        self.made_text(id, &made)
    }

    fn text_search(
        &self,
        id: OpId,
        function: Function,
        text: &'e str,
        rest: &[Val<'e>],
    ) -> Answer<'e> {
        Ok(Some(match (function, rest) {
            (Function::Contains, [Val::Text(part)]) => {
                self.charge_bytes(part.len(), id)?;
                Val::Bool(memchr::memmem::find(text.as_bytes(), part.as_bytes()).is_some())
            }
            (Function::StartsWith, [Val::Text(part)]) => Val::Bool(text.starts_with(part)),
            (Function::EndsWith, [Val::Text(part)]) => Val::Bool(text.ends_with(part)),
            (Function::IndexOf, [Val::Text(part)]) => Val::Int(text::index_of(text, part)),
            (Function::IndexOf, [Val::Text(part), Val::Int(from)]) => {
                Val::Int(self.lib(text::index_of_from(text, part, *from), id)?)
            }
            (Function::LastIndexOf, [Val::Text(part)]) => Val::Int(text::last_index_of(text, part)),
            (Function::LastIndexOf, [Val::Text(part), Val::Int(from)]) => {
                Val::Int(self.lib(text::last_index_of_from(text, part, *from), id)?)
            }
            _ => return Ok(None),
        }))
    }

    fn text_part(
        &self,
        id: OpId,
        function: Function,
        text: &'e str,
        rest: &[Val<'e>],
    ) -> Answer<'e> {
        let part = match (function, rest) {
            (Function::CharAt, [Val::Int(at)]) => text::char_at(text, *at),
            (Function::Substring, [Val::Int(start)]) => text::substring(text, *start),
            (Function::Substring, [Val::Int(start), Val::Int(end)]) => {
                text::substring_between(text, *start, *end)
            }
            (Function::Split, [Val::Text(separator)]) => {
                return self.split(id, text, separator, -1);
            }
            (Function::Split, [Val::Text(separator), Val::Int(limit)]) => {
                return self.split(id, text, separator, *limit);
            }
            (Function::Replace, [Val::Text(from), Val::Text(to)]) => {
                return self.replace(id, text, (from, to), -1);
            }
            (Function::Replace, [Val::Text(from), Val::Text(to), Val::Int(limit)]) => {
                return self.replace(id, text, (from, to), *limit);
            }
            _ => return Ok(None),
        };
        self.lib(part, id).map(|part| Some(Val::Text(part)))
    }

    fn split(&self, id: OpId, text: &'e str, separator: &str, limit: i64) -> Answer<'e> {
        let parts = self.lib(text::split(text, separator, limit, ITEMS_MAX), id)?;
        let parts: Vec<Val<'e>> = parts.into_iter().map(Val::Text).collect();
        self.made_list(id, &parts)
    }

    fn replace(&self, id: OpId, text: &str, parts: (&str, &str), limit: i64) -> Answer<'e> {
        let made = self.lib(text::replace(text, parts.0, parts.1, limit, TEXT_MAX), id)?;
        self.made_text(id, &made)
    }

    fn join(&self, id: OpId, list: Val<'e>, separator: &str) -> Answer<'e> {
        let Some(items) = list.items() else { return Ok(None) };
        self.charge_items(items.len(), id)?;
        let texts = self.texts(id, items)?;
        let made = self.lib(text::join(texts, separator, TEXT_MAX), id)?;
        self.made_text(id, &made)
    }

    fn texts(&self, id: OpId, items: Items<'e>) -> Result<Vec<&'e str>, Trouble> {
        let text = |item| match item {
            Val::Text(text) => Ok(text),
            other => Err(self.wrong_type(id, "a list of text", other)),
        };
        items.iter().map(text).collect()
    }
}

//! Pattern functions. Constant patterns were built when the expression was compiled; others are built when met, which
//! is dear and paid for before it is done.

use std::borrow::Cow;

use super::Answer;
use crate::cel::code::OpId;
use crate::cel::failure::Trouble;
use crate::cel::function::Function;
use crate::cel::lib::LibError;
use crate::cel::lib::regex::{self, Pattern, Reread};
use crate::cel::program::machine::{ITEMS_MAX, Machine, TEXT_MAX};
use crate::cel::value::Val;

/// How many bytes a unit pays for that a search may read again: it seldom does.
const REREAD_BYTES: usize = 256;

impl<'e> Machine<'e> {
    fn pattern(&self, id: OpId, text: &str) -> Result<Cow<'e, Pattern>, Trouble> {
        let known = self.code.known_patterns().find(|known| known.as_str() == text);
        if let Some(known) = known {
            return Ok(Cow::Borrowed(known));
        }
        self.charge_units(regex::reading_effort(text), id)?;
        let draft = self.lib(regex::read(text), id)?;
        self.charge_units(draft.folding(), id)?;
        let plan = self.lib(draft.plan(), id)?;
        self.charge_units(plan.effort(), id)?;
        self.lib(plan.build(), id).map(Cow::Owned)
    }

    fn charge_units(&self, units: u64, id: OpId) -> Result<(), Trouble> {
        self.charge(u32::try_from(units).unwrap_or(u32::MAX), id)
    }

    pub(super) fn pattern_function(
        &self,
        id: OpId,
        function: Function,
        values: &[Val<'e>],
    ) -> Answer<'e> {
        let [Val::Text(text), Val::Text(pattern), rest @ ..] = values else { return Ok(None) };
        let pattern = self.pattern(id, pattern)?;
        self.charge_bytes(pattern.scanned(text), id)?;
        match (function, rest) {
            (Function::Matches, []) => Ok(Some(Val::Bool(pattern.is_match(text)))),
            (Function::RegexExtract, []) => {
                let found = self.lib(regex::extract(&pattern, text), id)?;
                Ok(Some(match found {
                    Some(found) => self.some(Val::Text(found)),
                    None => Val::Optional(None),
                }))
            }
            (Function::RegexExtractAll, []) => {
                let found = self.again(id, &pattern, |reread| {
                    regex::extract_all(&pattern, text, ITEMS_MAX, reread)
                })?;
                let found: Vec<Val<'e>> = found.into_iter().map(Val::Text).collect();
                self.made_list(id, &found)
            }
            (Function::RegexReplace, [Val::Text(by)]) => self.rewrite(id, &pattern, text, by, -1),
            (Function::RegexReplace, [Val::Text(by), Val::Int(limit)]) => {
                self.rewrite(id, &pattern, text, by, *limit)
            }
            _ => Ok(None),
        }
    }

    fn rewrite(&self, id: OpId, pattern: &Pattern, text: &str, by: &str, limit: i64) -> Answer<'e> {
        let made = self.again(id, pattern, |reread| {
            regex::replace(pattern, text, by, limit, TEXT_MAX, reread)
        })?;
        self.made_text(id, &made)
    }

    /// Searches that go on behind each match, paid for as they go.
    fn again<T>(
        &self,
        id: OpId,
        pattern: &Pattern,
        search: impl FnOnce(&mut Reread) -> Result<Option<T>, LibError>,
    ) -> Result<T, Trouble> {
        let left = usize::try_from(self.fuel_left()).unwrap_or(usize::MAX);
        let allowed = left.saturating_mul(REREAD_BYTES).saturating_add(REREAD_BYTES - 1);
        let mut reread = Reread::new(pattern, allowed);
        let found = search(&mut reread);
        if let Ok(None) = found {
            self.charge(u32::MAX, id)?;
        }
        self.charge_items(reread.spent() / REREAD_BYTES, id)?;
        self.lib(found, id)?.ok_or_else(|| self.broken(id))
    }
}

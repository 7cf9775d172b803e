//! Calls: operands are evaluated, then the function's family decides by the types it meets.

mod convert;
mod format;
mod list;
mod math;
mod net;
mod optional;
mod pattern;
mod text;
mod time;

use super::machine::{Machine, Scope};
use crate::cel::ast::Run;
use crate::cel::code::OpId;
use crate::cel::failure::{FailureKind, Trouble};
use crate::cel::function::Function;
use crate::cel::value::Val;

/// The most operands that a function takes, those of `math.greatest` and `math.least` aside.
const OPERANDS_MAX: usize = 4;

/// What a family of functions answers: none where the operands are not of types it takes.
type Answer<'e> = Result<Option<Val<'e>>, Trouble>;

impl<'e> Machine<'e> {
    pub(super) fn call(
        &self,
        id: OpId,
        function: Function,
        arguments: Run,
        scope: Scope<'_, 'e>,
    ) -> Result<Val<'e>, Trouble> {
        let operands = self.code.run(arguments);
        match function {
            Function::MathGreatest | Function::MathLeast => {
                return self.extreme(id, function, operands, scope);
            }
            Function::Or | Function::OrValue => {
                return self.or_else(id, function, operands, scope);
            }
            _ => {}
        }
        let mut values = [Val::Null; OPERANDS_MAX];
        for (slot, operand) in values.iter_mut().zip(operands) {
            *slot = self.operand(*operand, scope)?;
        }
        let values = values.get(..operands.len()).unwrap_or(&[]);
        match self.apply(id, function, values)? {
            Some(value) => Ok(value),
            None => Err(self.no_overload(id, function, values)),
        }
    }

    fn apply(&self, id: OpId, function: Function, values: &[Val<'e>]) -> Answer<'e> {
        match family(function) {
            Family::Text => self.text_function(id, function, values),
            Family::Pattern => self.pattern_function(id, function, values),
            Family::Convert => self.convert(id, function, values),
            Family::Time => self.time_function(id, function, values),
            Family::Math => self.math_function(id, function, values),
            Family::List => self.list_function(id, function, values),
            Family::Optional => self.optional_function(id, function, values),
            Family::Net => self.net_function(id, function, values),
        }
    }

    #[cold]
    fn no_overload(&self, id: OpId, function: Function, values: &[Val<'_>]) -> Trouble {
        self.fail(FailureKind::WrongType, id, || {
            let shown: Vec<&str> = values.iter().map(|value| value.type_name().as_str()).collect();
            format!("`{}` does not work on {}", function.name(), shown.join(", "))
        })
    }

    /// Text made by a function, paid for and moved into the arena.
    fn made_text(&self, id: OpId, text: &str) -> Answer<'e> {
        self.check_text(id, text.len())?;
        Ok(Some(Val::Text(self.arena().alloc_str(text))))
    }

    /// A list made by a function, paid for and moved into the arena.
    fn made_list(&self, id: OpId, items: &[Val<'e>]) -> Answer<'e> {
        if items.len() > super::machine::ITEMS_MAX {
            return Err(self.too_long(id));
        }
        self.charge_items(items.len(), id)?;
        Ok(Some(Val::List(self.arena().alloc_slice_copy(items))))
    }
}

/// Functions by where their meaning is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    Text,
    Pattern,
    Convert,
    Time,
    Math,
    List,
    Optional,
    Net,
}

const fn family(function: Function) -> Family {
    use Function as F;
    match function {
        F::Contains
        | F::StartsWith
        | F::EndsWith
        | F::CharAt
        | F::IndexOf
        | F::LastIndexOf
        | F::LowerAscii
        | F::UpperAscii
        | F::Replace
        | F::Split
        | F::Substring
        | F::Trim
        | F::Reverse
        | F::Format
        | F::Quote
        | F::Join
        | F::Base64Encode
        | F::Base64Decode => Family::Text,
        F::Matches | F::RegexExtract | F::RegexExtractAll | F::RegexReplace => Family::Pattern,
        F::Int | F::Uint | F::Double | F::Text | F::Bytes | F::Bool | F::Dyn | F::Type => {
            Family::Convert
        }
        F::Timestamp
        | F::Duration
        | F::GetFullYear
        | F::GetMonth
        | F::GetDate
        | F::GetDayOfMonth
        | F::GetDayOfWeek
        | F::GetDayOfYear
        | F::GetHours
        | F::GetMinutes
        | F::GetSeconds
        | F::GetMilliseconds => Family::Time,
        _ => other_family(function),
    }
}

const fn other_family(function: Function) -> Family {
    use Function as F;
    match function {
        F::MathGreatest
        | F::MathLeast
        | F::MathCeil
        | F::MathFloor
        | F::MathRound
        | F::MathTrunc
        | F::MathAbs
        | F::MathSign
        | F::MathSqrt
        | F::MathIsNan
        | F::MathIsInf
        | F::MathIsFinite
        | F::MathBitAnd
        | F::MathBitOr
        | F::MathBitXor
        | F::MathBitNot
        | F::MathBitShiftLeft
        | F::MathBitShiftRight => Family::Math,
        F::Size
        | F::ListsRange
        | F::Slice
        | F::Flatten
        | F::Distinct
        | F::Sort
        | F::First
        | F::Last
        | F::SetsContains
        | F::SetsEquivalent
        | F::SetsIntersects => Family::List,
        F::OptionalOf
        | F::OptionalOfNonZeroValue
        | F::OptionalNone
        | F::OptionalUnwrap
        | F::UnwrapOpt
        | F::HasValue
        | F::Value
        | F::Or
        | F::OrValue => Family::Optional,
        _ => Family::Net,
    }
}

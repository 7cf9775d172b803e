//! Functions of numbers.

use super::Answer;
use crate::cel::code::OpId;
use crate::cel::failure::Trouble;
use crate::cel::function::Function;
use crate::cel::lib::number::{self, Number};
use crate::cel::program::machine::{Machine, Scope};
use crate::cel::value::Val;

const fn as_number(value: Val<'_>) -> Option<Number> {
    Some(match value {
        Val::Int(value) => Number::Int(value),
        Val::Uint(value) => Number::Uint(value),
        Val::Double(value) => Number::Double(value),
        _ => return None,
    })
}

const fn as_val<'e>(number: Number) -> Val<'e> {
    match number {
        Number::Int(value) => Val::Int(value),
        Number::Uint(value) => Val::Uint(value),
        Number::Double(value) => Val::Double(value),
    }
}

impl<'e> Machine<'e> {
    /// `math.greatest` and `math.least`, of several numbers or of a list of them.
    pub(super) fn extreme(
        &self,
        id: OpId,
        function: Function,
        operands: &[OpId],
        scope: Scope<'_, 'e>,
    ) -> Result<Val<'e>, Trouble> {
        let mut values = Vec::with_capacity(operands.len());
        for operand in operands {
            values.push(self.operand(*operand, scope)?);
        }
        if let [list] = values.as_slice()
            && let Some(items) = list.items()
        {
            self.charge_items(items.len(), id)?;
            values = items.iter().collect();
        }
        let mut best: Option<Number> = None;
        for value in values {
            let Some(number) = as_number(value) else {
                return Err(self.wrong_type(id, "a number", value));
            };
            best = Some(match best {
                None => number,
                Some(best) if function == Function::MathGreatest => {
                    self.lib(number::greatest(best, number), id)?
                }
                Some(best) => self.lib(number::least(best, number), id)?,
            });
        }
        best.map(as_val).ok_or_else(|| self.wrong_type(id, "at least one number", Val::List(&[])))
    }

    pub(super) fn math_function(
        &self,
        id: OpId,
        function: Function,
        values: &[Val<'e>],
    ) -> Answer<'e> {
        match *values {
            [Val::Double(value)] if rounding(function, value).is_some() => {
                Ok(rounding(function, value))
            }
            [value] => self.math_of_one(id, function, value),
            [left, right] => self.math_of_two(id, function, left, right),
            _ => Ok(None),
        }
    }

    fn math_of_one(&self, id: OpId, function: Function, value: Val<'e>) -> Answer<'e> {
        let Some(number) = as_number(value) else { return Ok(None) };
        Ok(Some(match (function, number) {
            (Function::MathAbs, number) => as_val(self.lib(number::abs(number), id)?),
            (Function::MathSign, number) => as_val(number::sign(number)),
            (Function::MathSqrt, number) => Val::Double(number::sqrt(number)),
            (Function::MathBitNot, Number::Int(value)) => Val::Int(number::bit_not(value)),
            (Function::MathBitNot, Number::Uint(value)) => Val::Uint(number::unsigned_not(value)),
            _ => return Ok(None),
        }))
    }

    fn math_of_two(
        &self,
        id: OpId,
        function: Function,
        left: Val<'e>,
        right: Val<'e>,
    ) -> Answer<'e> {
        Ok(Some(match (function, left, right) {
            (Function::MathBitAnd, Val::Int(left), Val::Int(right)) => {
                Val::Int(number::bit_and(left, right))
            }
            (Function::MathBitOr, Val::Int(left), Val::Int(right)) => {
                Val::Int(number::bit_or(left, right))
            }
            (Function::MathBitXor, Val::Int(left), Val::Int(right)) => {
                Val::Int(number::bit_xor(left, right))
            }
            (Function::MathBitAnd, Val::Uint(left), Val::Uint(right)) => {
                Val::Uint(number::unsigned_and(left, right))
            }
            (Function::MathBitOr, Val::Uint(left), Val::Uint(right)) => {
                Val::Uint(number::unsigned_or(left, right))
            }
            (Function::MathBitXor, Val::Uint(left), Val::Uint(right)) => {
                Val::Uint(number::unsigned_xor(left, right))
            }
            (Function::MathBitShiftLeft, Val::Int(left), Val::Int(by)) => {
                Val::Int(self.lib(number::bit_shift_left(left, by), id)?)
            }
            (Function::MathBitShiftRight, Val::Int(left), Val::Int(by)) => {
                Val::Int(self.lib(number::bit_shift_right(left, by), id)?)
            }
            (Function::MathBitShiftLeft, Val::Uint(left), Val::Int(by)) => {
                Val::Uint(self.lib(number::unsigned_shift_left(left, by), id)?)
            }
            (Function::MathBitShiftRight, Val::Uint(left), Val::Int(by)) => {
                Val::Uint(self.lib(number::unsigned_shift_right(left, by), id)?)
            }
            _ => return Ok(None),
        }))
    }
}

fn rounding<'e>(function: Function, value: f64) -> Option<Val<'e>> {
    Some(match function {
        Function::MathCeil => Val::Double(number::ceil(value)),
        Function::MathFloor => Val::Double(number::floor(value)),
        Function::MathRound => Val::Double(number::round(value)),
        Function::MathTrunc => Val::Double(number::trunc(value)),
        Function::MathIsNan => Val::Bool(number::is_nan(value)),
        Function::MathIsInf => Val::Bool(number::is_inf(value)),
        Function::MathIsFinite => Val::Bool(number::is_finite(value)),
        _ => return None,
    })
}

//! Arithmetic. Whole numbers are exact or fail; a whole number that meets a double becomes one.

use super::machine::{ITEMS_MAX, Machine, Scope, TEXT_MAX};
use crate::cel::ast::{Arithmetic, Run};
use crate::cel::code::OpId;
use crate::cel::failure::{FailureKind, Trouble};
use crate::cel::lib::number::{double_from_int, double_from_uint};
use crate::cel::value::Val;

impl<'e> Machine<'e> {
    pub(super) fn chain(
        &self,
        id: OpId,
        operands: Run,
        signs: u32,
        scope: Scope<'_, 'e>,
    ) -> Result<Val<'e>, Trouble> {
        let Some((first, rest)) = self.code.run(operands).split_first() else {
            return Err(self.broken(id));
        };
        let signs = self.code.signs.get(signs as usize..).unwrap_or(&[]);
        let mut value = self.operand(*first, scope)?;
        for (operand, sign) in rest.iter().zip(signs) {
            let right = self.operand(*operand, scope)?;
            value = self.arithmetic(id, *sign, value, right)?;
        }
        Ok(value)
    }

    pub(super) fn arithmetic(
        &self,
        id: OpId,
        sign: Arithmetic,
        left: Val<'e>,
        right: Val<'e>,
    ) -> Result<Val<'e>, Trouble> {
        let result = match (left, right) {
            (Val::Int(left), Val::Int(right)) => whole(sign, left, right).map(Val::Int),
            (Val::Uint(left), Val::Uint(right)) => unsigned(sign, left, right).map(Val::Uint),
            (Val::Int(left), Val::Uint(right)) => wide(sign, left.into(), right.into()),
            (Val::Uint(left), Val::Int(right)) => wide(sign, left.into(), right.into()),
            _ => return self.other_arithmetic(id, sign, left, right),
        };
        result.map_err(|kind| {
            self.fail(kind, id, || match kind {
                FailureKind::DivideByZero => "division by zero".to_owned(),
                _ => format!("the result of `{}` is out of range", sign.sign()),
            })
        })
    }

    fn other_arithmetic(
        &self,
        id: OpId,
        sign: Arithmetic,
        left: Val<'e>,
        right: Val<'e>,
    ) -> Result<Val<'e>, Trouble> {
        if let (Some(first), Some(second)) = (double(left), double(right)) {
            let result = doubles(sign, first, second).map(Val::Double);
            return result.ok_or_else(|| self.no_arithmetic(id, sign, left, right));
        }
        match (sign, left, right) {
            (Arithmetic::Add, Val::Text(left), Val::Text(right)) => self.join_text(id, left, right),
            (Arithmetic::Add, Val::Bytes(left), Val::Bytes(right)) => {
                self.check_text(id, left.len().saturating_add(right.len()))?;
                Ok(Val::Bytes(self.arena().alloc_slice_copy(&[left, right].concat())))
            }
            (Arithmetic::Add, Val::Timestamp(instant), Val::Duration(span))
            | (Arithmetic::Add, Val::Duration(span), Val::Timestamp(instant)) => {
                self.lib(instant.plus(span), id).map(Val::Timestamp)
            }
            (Arithmetic::Subtract, Val::Timestamp(left), Val::Duration(right)) => {
                self.lib(left.minus(right), id).map(Val::Timestamp)
            }
            (Arithmetic::Subtract, Val::Timestamp(left), Val::Timestamp(right)) => {
                self.lib(left.since(right), id).map(Val::Duration)
            }
            (Arithmetic::Add, Val::Duration(left), Val::Duration(right)) => {
                self.lib(left.checked_add(right), id).map(Val::Duration)
            }
            (Arithmetic::Subtract, Val::Duration(left), Val::Duration(right)) => {
                self.lib(left.checked_sub(right), id).map(Val::Duration)
            }
            (Arithmetic::Add, left, right) if left.items().is_some() && right.items().is_some() => {
                self.join_lists(id, left, right)
            }
            _ => Err(self.no_arithmetic(id, sign, left, right)),
        }
    }

    #[cold]
    fn no_arithmetic(&self, id: OpId, sign: Arithmetic, left: Val<'_>, right: Val<'_>) -> Trouble {
        self.fail(FailureKind::WrongType, id, || {
            format!(
                "`{}` does not work on {} and {}",
                sign.sign(),
                left.type_name().as_str(),
                right.type_name().as_str()
            )
        })
    }

    /// Pays for text that is about to be made, if it may be.
    pub(super) fn check_text(&self, id: OpId, bytes: usize) -> Result<(), Trouble> {
        if bytes > TEXT_MAX {
            return Err(self.fail(FailureKind::TooLarge, id, || {
                format!("the result is longer than {TEXT_MAX} bytes")
            }));
        }
        self.charge_bytes(bytes, id)
    }

    fn join_text(&self, id: OpId, left: &str, right: &str) -> Result<Val<'e>, Trouble> {
        let length = left.len().saturating_add(right.len());
        self.check_text(id, length)?;
        let mut joined = String::with_capacity(length);
        joined.push_str(left);
        joined.push_str(right);
        Ok(Val::Text(self.arena().alloc_str(&joined)))
    }

    fn join_lists(&self, id: OpId, left: Val<'e>, right: Val<'e>) -> Result<Val<'e>, Trouble> {
        let (Some(left), Some(right)) = (left.items(), right.items()) else {
            return Err(self.broken(id));
        };
        let length = left.len().saturating_add(right.len());
        if length > ITEMS_MAX {
            return Err(self.too_long(id));
        }
        self.charge_items(length, id)?;
        let joined: Vec<Val<'e>> = left.iter().chain(right.iter()).collect();
        Ok(Val::List(self.arena().alloc_slice_copy(&joined)))
    }

    pub(super) fn widen(&self, operand: OpId, scope: Scope<'_, 'e>) -> Result<Val<'e>, Trouble> {
        let value = self.operand(operand, scope)?;
        Ok(double(value).map_or(value, Val::Double))
    }

    pub(super) fn negate(
        &self,
        id: OpId,
        operand: OpId,
        scope: Scope<'_, 'e>,
    ) -> Result<Val<'e>, Trouble> {
        match self.operand(operand, scope)? {
            Val::Int(value) => value.checked_neg().map(Val::Int).ok_or_else(|| {
                self.fail(FailureKind::Overflow, id, || {
                    "the result of `-` is out of range".to_owned()
                })
            }),
            Val::Double(value) => Ok(Val::Double(-value)),
            other => Err(self.wrong_type(id, "a number with sign", other)),
        }
    }
}

/// A number with sign, which is all that usual arithmetic is about.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Plain {
    Int(i64),
    Double(f64),
}

impl Plain {
    #[inline]
    pub(super) const fn of(value: Val<'_>) -> Option<Self> {
        match value {
            Val::Int(value) => Some(Self::Int(value)),
            Val::Double(value) => Some(Self::Double(value)),
            _ => None,
        }
    }

    #[inline]
    pub(super) const fn value<'a>(self) -> Val<'a> {
        match self {
            Self::Int(value) => Val::Int(value),
            Self::Double(value) => Val::Double(value),
        }
    }

    #[inline]
    fn double(self) -> f64 {
        match self {
            Self::Int(value) => double_from_int(value),
            Self::Double(value) => value,
        }
    }

    /// The result of an operator, where there is one.
    #[inline]
    pub(super) fn and(self, sign: Arithmetic, right: Self) -> Option<Self> {
        if let (Self::Int(left), Self::Int(right)) = (self, right) {
            return whole(sign, left, right).ok().map(Self::Int);
        }
        doubles(sign, self.double(), right.double()).map(Self::Double)
    }
}

/// The result of doubles; none for a remainder, which they have not.
fn doubles(sign: Arithmetic, left: f64, right: f64) -> Option<f64> {
    Some(match sign {
        Arithmetic::Add => left + right,
        Arithmetic::Subtract => left - right,
        Arithmetic::Multiply => left * right,
        Arithmetic::Divide => left / right,
        Arithmetic::Remainder => return None,
    })
}

pub(super) fn double(value: Val<'_>) -> Option<f64> {
    match value {
        Val::Double(value) => Some(value),
        Val::Int(value) => Some(double_from_int(value)),
        Val::Uint(value) => Some(double_from_uint(value)),
        _ => None,
    }
}

fn whole(sign: Arithmetic, left: i64, right: i64) -> Result<i64, FailureKind> {
    let divides = matches!(sign, Arithmetic::Divide | Arithmetic::Remainder);
    if divides && right == 0 {
        return Err(FailureKind::DivideByZero);
    }
    match sign {
        Arithmetic::Add => left.checked_add(right),
        Arithmetic::Subtract => left.checked_sub(right),
        Arithmetic::Multiply => left.checked_mul(right),
        Arithmetic::Divide => left.checked_div(right),
        Arithmetic::Remainder => left.checked_rem(right),
    }
    .ok_or(FailureKind::Overflow)
}

fn unsigned(sign: Arithmetic, left: u64, right: u64) -> Result<u64, FailureKind> {
    let divides = matches!(sign, Arithmetic::Divide | Arithmetic::Remainder);
    if divides && right == 0 {
        return Err(FailureKind::DivideByZero);
    }
    match sign {
        Arithmetic::Add => left.checked_add(right),
        Arithmetic::Subtract => left.checked_sub(right),
        Arithmetic::Multiply => left.checked_mul(right),
        Arithmetic::Divide => left.checked_div(right),
        Arithmetic::Remainder => left.checked_rem(right),
    }
    .ok_or(FailureKind::Overflow)
}

/// An int and a uint, which is what an argument beyond 2^63 is: exact, int where it fits.
fn wide<'a>(sign: Arithmetic, left: i128, right: i128) -> Result<Val<'a>, FailureKind> {
    let divides = matches!(sign, Arithmetic::Divide | Arithmetic::Remainder);
    if divides && right == 0 {
        return Err(FailureKind::DivideByZero);
    }
    let result = match sign {
        Arithmetic::Add => left.checked_add(right),
        Arithmetic::Subtract => left.checked_sub(right),
        Arithmetic::Multiply => left.checked_mul(right),
        Arithmetic::Divide => left.checked_div(right),
        Arithmetic::Remainder => left.checked_rem(right),
    }
    .ok_or(FailureKind::Overflow)?;
    i64::try_from(result)
        .map(Val::Int)
        .or_else(|_| u64::try_from(result).map(Val::Uint))
        .map_err(|_| FailureKind::Overflow)
}

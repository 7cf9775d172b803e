//! Values that may be absent.

use super::Answer;
use crate::cel::code::OpId;
use crate::cel::failure::{FailureKind, Trouble};
use crate::cel::function::Function;
use crate::cel::lib::time::Duration;
use crate::cel::program::machine::{Machine, Scope};
use crate::cel::value::Val;

impl<'e> Machine<'e> {
    /// `or` and `orValue`, which only look at their second operand where the first is absent.
    pub(super) fn or_else(
        &self,
        id: OpId,
        function: Function,
        operands: &[OpId],
        scope: Scope<'_, 'e>,
    ) -> Result<Val<'e>, Trouble> {
        let [first, second] = *operands else { return Err(self.broken(id)) };
        let first = self.operand(first, scope)?;
        let Val::Optional(inner) = first else {
            return Err(self.wrong_type(id, "an optional", first));
        };
        match inner {
            Some(inner) if function == Function::OrValue => return Ok(*inner),
            Some(_) => return Ok(first),
            None => {}
        }
        let second = self.operand(second, scope)?;
        if function == Function::Or && !matches!(second, Val::Optional(_)) {
            return Err(self.wrong_type(id, "an optional", second));
        }
        Ok(second)
    }

    pub(super) fn optional_function(
        &self,
        id: OpId,
        function: Function,
        values: &[Val<'e>],
    ) -> Answer<'e> {
        Ok(Some(match (function, values) {
            (Function::OptionalNone, []) => Val::Optional(None),
            (Function::OptionalOf, [value]) => self.some(*value),
            (Function::OptionalOfNonZeroValue, [value]) => {
                if is_zero(*value) {
                    Val::Optional(None)
                } else {
                    self.some(*value)
                }
            }
            (Function::HasValue, [Val::Optional(inner)]) => Val::Bool(inner.is_some()),
            (Function::Value, [Val::Optional(Some(inner))]) => **inner,
            (Function::Value, [Val::Optional(None)]) => {
                return Err(self.fail(FailureKind::NoValue, id, || {
                    FailureKind::NoValue.describe().to_owned()
                }));
            }
            (Function::OptionalUnwrap | Function::UnwrapOpt, [list]) => {
                let Some(items) = list.items() else { return Ok(None) };
                let mut made = Vec::with_capacity(items.len());
                for item in items.iter() {
                    match item {
                        Val::Optional(inner) => made.extend(inner.copied()),
                        other => return Err(self.wrong_type(id, "a list of optionals", other)),
                    }
                }
                return self.made_list(id, &made);
            }
            _ => return Ok(None),
        }))
    }
}

/// Whether a value is the one its type starts from.
fn is_zero(value: Val<'_>) -> bool {
    match value {
        Val::Null => true,
        Val::Bool(value) => !value,
        Val::Int(value) => value == 0,
        Val::Uint(value) => value == 0,
        Val::Double(value) => value == 0.0,
        Val::Text(value) => value.is_empty(),
        Val::Bytes(value) => value.is_empty(),
        Val::Duration(value) => value == Duration::default(),
        Val::Optional(value) => value.is_none(),
        other => other.items().is_some_and(|items| items.len() == 0) || other.map_len() == Some(0),
    }
}

//! Calls: which signature fits, and what it gives.

use super::Types;
use crate::cel::environment::Environment;
use crate::cel::function::{Function, Overload, Sig};
use crate::cel::types::Type;

/// Why no signature fits a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CallProblem {
    /// The name is known, but only as a function (or only as a method).
    Style { method: bool },
    /// With these counts of arguments (the receiver not counted) it can be called.
    Arity(Vec<usize>),
    /// The signatures of this arity take other types.
    Types,
}

impl Types {
    /// The type of a call. `arguments` start with the receiver where it is a method call.
    pub(crate) fn call(
        &mut self,
        function: Function,
        method: bool,
        arguments: &[Type],
    ) -> Result<Type, CallProblem> {
        if matches!(function, Function::MathGreatest | Function::MathLeast) {
            return self.extreme(arguments);
        }
        let style = function.overloads().iter().filter(|overload| overload.method == method);
        if style.clone().next().is_none() {
            return Err(CallProblem::Style { method: !method });
        }
        let fitting = |it: &&Overload| it.parameters.len() == arguments.len();
        let mut arity = style.clone().filter(fitting).peekable();
        if arity.peek().is_none() {
            let receiver = usize::from(method);
            let mut counts: Vec<usize> =
                style.map(|it| it.parameters.len().saturating_sub(receiver)).collect();
            counts.sort_unstable();
            counts.dedup();
            return Err(CallProblem::Arity(counts));
        }
        let mut result = None;
        for overload in arity {
            let snapshot = self.snapshot();
            if let Some(found) = self.signature(overload, arguments) {
                result = match result {
                    None => Some(found),
                    Some(known) if known == found => Some(known),
                    // Several signatures may be meant, so what comes out is known only when it is met.
                    Some(_) => return Ok(Type::Dyn),
                };
            } else {
                self.restore(snapshot);
            }
        }
        result.ok_or(CallProblem::Types)
    }

    fn extreme(&mut self, arguments: &[Type]) -> Result<Type, CallProblem> {
        if arguments.is_empty() {
            return Err(CallProblem::Arity(vec![1, 2, 3]));
        }
        let number = |found: Type| {
            matches!(
                found,
                Type::Int
                    | Type::Uint
                    | Type::Double
                    | Type::Number
                    | Type::Dyn
                    | Type::Variable(_)
            )
        };
        let mut joined: Option<Type> = None;
        for argument in arguments {
            let mut argument = self.resolve(*argument);
            if let (Type::List(element), [_]) = (argument, arguments) {
                argument = self.resolve(self.part(element));
            }
            if !number(argument) {
                return Err(CallProblem::Types);
            }
            joined = Some(match joined {
                None => argument,
                Some(known) => self.join(known, argument),
            });
        }
        Ok(joined.unwrap_or(Type::Dyn))
    }

    fn signature(&mut self, overload: &Overload, arguments: &[Type]) -> Option<Type> {
        let mut parameters = [None, None];
        for (want, got) in overload.parameters.iter().zip(arguments) {
            let want = self.of_sig(*want, &mut parameters);
            if !self.fits(want, *got) {
                return None;
            }
        }
        let result = self.of_sig(overload.result, &mut parameters);
        Some(self.resolve(result))
    }

    fn parameter(&mut self, slot: &mut Option<Type>) -> Type {
        if let Some(known) = slot {
            return *known;
        }
        let variable = self.variable();
        *slot = Some(variable);
        variable
    }

    fn of_sig(&mut self, sig: Sig, parameters: &mut [Option<Type>; 2]) -> Type {
        let [first, second] = parameters;
        match sig {
            Sig::Dyn => Type::Dyn,
            Sig::Bool => Type::Bool,
            Sig::Int => Type::Int,
            Sig::Uint => Type::Uint,
            Sig::Double => Type::Double,
            Sig::Text => Type::Text,
            Sig::Bytes => Type::Bytes,
            Sig::Timestamp => Type::Timestamp,
            Sig::Duration => Type::Duration,
            Sig::Ip => Type::Ip,
            Sig::Cidr => Type::Cidr,
            Sig::Kind => self.kind(Type::Dyn),
            Sig::A => self.parameter(first),
            Sig::ListA => {
                let element = self.parameter(first);
                self.list(element)
            }
            Sig::ListText => self.list(Type::Text),
            Sig::ListInt => self.list(Type::Int),
            Sig::ListDyn => self.list(Type::Dyn),
            Sig::ListOptional => {
                let element = self.parameter(first);
                let element = Type::Optional(self.id(element));
                self.list(element)
            }
            Sig::MapAB => {
                let key = self.parameter(first);
                let value = self.parameter(second);
                self.map(key, value)
            }
            Sig::OptionalA => {
                let inner = self.parameter(first);
                Type::Optional(self.id(inner))
            }
            Sig::OptionalText => Type::Optional(self.id(Type::Text)),
        }
    }

    /// The type of a call of a function that the environment declares; none if it declares no such signature.
    pub(crate) fn declared_call(
        &mut self,
        environment: &Environment,
        name: &str,
        method: bool,
        arguments: &[Type],
    ) -> Option<Type> {
        for function in &environment.functions {
            if function.name != name
                || function.method != method
                || function.parameters.len() != arguments.len()
            {
                continue;
            }
            let snapshot = self.snapshot();
            let mut parameters = Vec::new();
            let mut all = true;
            for (want, got) in function.parameters.iter().zip(arguments) {
                let want = self.declared(want, &mut parameters);
                all = all && self.fits(want, *got);
            }
            if all {
                let result = self.declared(&function.result, &mut parameters);
                return Some(self.resolve(result));
            }
            self.restore(snapshot);
        }
        None
    }
}

//! Calls: which function is meant, whether it takes what it is given, and operations of their own for usual ones.

use super::{Compiler, Out};
use crate::cel::ast::{Expr, Id};
use crate::cel::check::CallProblem;
use crate::cel::code::{Op, OpId};
use crate::cel::environment::STANDARD;
use crate::cel::function::Function;
use crate::cel::lib::format::placeholders;
use crate::cel::lib::time::Zone;
use crate::cel::parse::macro_usage;
use crate::cel::problem::{Problem, ProblemKind, cut, did_you_mean, nearest};
use crate::cel::span::Span;
use crate::cel::types::Type;
use crate::cel::value::Value;

/// The macros, which are offered where a function's name is close to theirs.
pub(in crate::cel) const MACROS: [&str; 13] = [
    "has",
    "all",
    "exists",
    "exists_one",
    "existsOne",
    "map",
    "filter",
    "sortBy",
    "transformList",
    "transformMap",
    "transformMapEntry",
    "optMap",
    "optFlatMap",
];

/// A call as it is written.
#[derive(Clone, Copy, Debug)]
struct Site<'n> {
    name: &'n str,
    name_span: Span,
    span: Span,
    /// Called on something.
    method: bool,
}

impl Compiler<'_, '_> {
    pub(super) fn call(&mut self, id: Id) -> Out {
        let span = self.tree.span(id);
        let Some(Expr::Call { target, function, function_span, arguments }) = self.tree.node(id)
        else {
            return self.unknown(span);
        };
        let mut site = Site { name: function, name_span: function_span, span, method: false };
        let full;
        let known;
        let tree = self.tree;
        let arguments = tree.run(arguments);
        let mut operands = Vec::with_capacity(arguments.len().saturating_add(1));
        match target {
            None => known = Function::named(function).filter(|_| !function.contains('.')),
            Some(target) => {
                if let Some(name) = self.namespaced(target, function) {
                    known = Function::named(&name);
                    full = name;
                    site.name = &full;
                    site.name_span = self.tree.span(target).to(function_span);
                } else {
                    site.method = true;
                    operands.push(self.visit(target));
                    known = Function::named(function).filter(|_| !function.contains('.'));
                }
            }
        }
        operands.extend(arguments.iter().map(|id| self.visit(*id)));
        let types: Vec<Type> = operands.iter().map(|operand| operand.found).collect();
        if !self.environment.functions.is_empty()
            && let Some(found) =
                self.types.declared_call(self.environment, site.name, site.method, &types)
        {
            let out = self.unknown(span);
            return Out { found, op: out.op };
        }
        let Some(known) = known else {
            self.unknown_function(site);
            return self.unknown(span);
        };
        let found = match self.types.call(known, site.method, &types) {
            Ok(found) => found,
            Err(problem) => {
                if self.environment.unchecked && matches!(problem, CallProblem::Types) {
                    Type::Dyn
                } else if self.environment.unchecked {
                    return self.mismatched_call(site, &operands);
                } else {
                    self.call_problem(site, &types, problem);
                    Type::Dyn
                }
            }
        };
        let operands: Vec<OpId> = operands.iter().map(|operand| operand.op).collect();
        let op = self.function(known, site, &operands);
        Out { found, op }
    }

    /// The full name of a function in a namespace, if `target` is one.
    fn namespaced(&self, target: Id, function: &str) -> Option<String> {
        // No namespace is named like a standard variable, and most calls are on one.
        if self.environment.standard
            && self.environment.functions.is_empty()
            && self.tree.root_name(target).is_some_and(|name| STANDARD.contains(&name))
        {
            return None;
        }
        let (names, rooted) = self.tree.dotted(target)?;
        let first = names.first()?;
        let local = self.frames.iter().any(|frame| {
            frame.first.0 == *first || frame.second.is_some_and(|second| second.0 == *first)
        });
        if local && !rooted {
            return None;
        }
        let mut full = names.join(".");
        full.push('.');
        full.push_str(function);
        let declared = self.environment.functions.iter().any(|known| known.name == full);
        (declared || Function::named(&full).is_some()).then_some(full)
    }

    /// A call that no signature can take, kept to fail when it is met (only where unchecked).
    fn mismatched_call(&mut self, site: Site<'_>, operands: &[Out]) -> Out {
        let operands: Vec<OpId> = operands.iter().map(|operand| operand.op).collect();
        let op = match Function::named(site.name) {
            // More operands than any signature has: no overload will take them.
            Some(function) => {
                let children = self.children(&operands, &[]);
                self.emit(Op::Call { function, arguments: children }, site.span, &operands)
            }
            None => self.unknown(site.span).op,
        };
        Out { found: Type::Dyn, op }
    }

    fn unknown_function(&mut self, site: Site<'_>) {
        if self.environment.unchecked {
            return;
        }
        let problem = Problem::new(
            ProblemKind::UnknownFunction,
            site.name_span,
            format!("unknown function `{}`", cut(site.name)),
        );
        if site.name == "has" {
            return self.problem(problem.help("write `has(args.field)`"));
        }
        if let Some(usage) = macro_usage(site.name) {
            return self.problem(problem.help(format!("it is called on a value, with {usage}")));
        }
        let known = Function::NAMES.iter().chain(&MACROS).copied();
        let last = |name: &'static str| name.rsplit_once('.').map_or(name, |(_, last)| last);
        let meant = in_cel(site.name)
            .or_else(|| nearest(site.name, known.clone()))
            .or_else(|| known.clone().find(|name| name.contains('.') && last(name) == site.name));
        self.problem(match meant {
            Some(meant) => problem.help(did_you_mean(site.name, meant)),
            None => problem,
        });
    }

    fn call_problem(&mut self, site: Site<'_>, types: &[Type], problem: CallProblem) {
        let name = site.name;
        let problem = match problem {
            CallProblem::Style { method: true } => Problem::new(
                ProblemKind::WrongType,
                site.name_span,
                format!("`{name}` is called on a value"),
            )
            .help(format!("write `value.{name}(…)`")),
            CallProblem::Style { method: false } => Problem::new(
                ProblemKind::WrongType,
                site.name_span,
                format!("`{name}` is not called on a value"),
            )
            .help(format!("write `{name}(value)`")),
            CallProblem::Arity(counts) => {
                let counts: Vec<String> = counts.iter().map(ToString::to_string).collect();
                let given = types.len().saturating_sub(usize::from(site.method));
                let (wanted, plural) = (counts.join(" or "), counts != ["1"]);
                Problem::new(
                    ProblemKind::WrongArity,
                    site.name_span,
                    format!(
                        "`{name}` takes {wanted} argument{}, not {given}",
                        if plural { "s" } else { "" }
                    ),
                )
            }
            CallProblem::Types => {
                let shown: Vec<String> =
                    types.iter().map(|found| self.types.show(*found)).collect();
                let message = match (shown.split_first(), site.method) {
                    (Some((receiver, [])), true) => format!("`{name}` does not work on {receiver}"),
                    (Some((receiver, rest)), true) => {
                        format!("`{name}` does not work on {receiver} with {}", rest.join(", "))
                    }
                    _ => format!("`{name}` does not take {}", shown.join(", ")),
                };
                Problem::new(ProblemKind::WrongType, site.span, message)
            }
        };
        self.problem(problem);
    }

    /// Writes the operation for a call.
    fn function(&mut self, function: Function, site: Site<'_>, operands: &[OpId]) -> OpId {
        if let (Function::Dyn, [operand]) = (function, operands) {
            return *operand;
        }
        if let Some(op) = self.usual(function, site, operands) {
            return self.emit(op, site.span, operands);
        }
        // A number from an argument, perhaps through a variable of a macro, is whole or not by its value; functions of
        // doubles take it either way.
        if let [operand] = *operands
            && takes_doubles(function)
            && self.code.nodes.get(operand as usize).is_some_and(|node| node.reads || node.free > 0)
        {
            let widened = self.emit(Op::Widen(operand), self.code.span(operand), operands);
            let children = self.children(&[widened], &[]);
            return self.emit(Op::Call { function, arguments: children }, site.span, &[widened]);
        }
        let children = self.children(operands, &[]);
        let id = self.emit(Op::Call { function, arguments: children }, site.span, operands);
        self.validate(function, site, operands, id);
        id
    }

    /// An operation of its own for a call of a usual shape.
    fn usual(&mut self, function: Function, site: Site<'_>, operands: &[OpId]) -> Option<Op> {
        if let (Function::Size, [operand]) = (function, operands) {
            return Some(Op::Size(*operand));
        }
        let [left, right] = *operands else { return None };
        let Op::Const(constant) = self.code.nodes.get(right as usize)?.op else { return None };
        self.text_test(function, left, constant, site.name_span.to(self.code.span(right)))
    }

    /// Reports constant instants, durations, addresses and patterns that are not valid.
    fn validate(&mut self, function: Function, site: Site<'_>, operands: &[OpId], id: OpId) {
        if takes_zone(function) && !self.environment.unchecked {
            self.check_zone(operands);
            return;
        }
        if function == Function::Format && !self.environment.unchecked {
            self.check_format(operands);
            return;
        }
        let checked = matches!(
            function,
            Function::Timestamp
                | Function::Duration
                | Function::Ip
                | Function::Cidr
                | Function::RegexExtract
                | Function::RegexExtractAll
                | Function::RegexReplace
        );
        if !checked {
            return;
        }
        let pattern = !matches!(
            function,
            Function::Timestamp | Function::Duration | Function::Ip | Function::Cidr
        );
        if pattern {
            if let Some(Value::Text(text)) = operands.get(1).and_then(|op| self.code.constant(*op))
            {
                let text = text.clone();
                let span = operands.get(1).map_or(site.span, |op| self.code.span(*op));
                let pattern = self.check_pattern(&text, span);
                self.code.patterns.extend(pattern);
            }
            return;
        }
        let constant = operands.iter().all(|op| self.code.constant(*op).is_some());
        if !constant || self.environment.unchecked || self.code.constant(id).is_some() {
            return;
        }
        if let Some(failure) = self.explain(id) {
            self.problem(Problem::new(ProblemKind::InvalidLiteral, site.span, failure));
        }
    }

    /// Reports a constant that is no pattern for `format`.
    fn check_format(&mut self, operands: &[OpId]) {
        let Some(pattern) = operands.first() else { return };
        let Some(Value::Text(text)) = self.code.constant(*pattern) else { return };
        if let Err(error) = placeholders(text) {
            let span = self.code.span(*pattern);
            self.problem(Problem::new(ProblemKind::InvalidLiteral, span, error.to_string()));
        }
    }

    /// Reports a constant that names no time zone.
    fn check_zone(&mut self, operands: &[OpId]) {
        let Some(zone) = operands.get(1) else { return };
        let Some(Value::Text(text)) = self.code.constant(*zone) else { return };
        if let Err(error) = Zone::parse(text) {
            let span = self.code.span(*zone);
            self.problem(Problem::new(ProblemKind::InvalidLiteral, span, error.to_string()));
        }
    }
}

/// Whether a function may name a time zone.
const fn takes_zone(function: Function) -> bool {
    matches!(
        function,
        Function::GetFullYear
            | Function::GetMonth
            | Function::GetDate
            | Function::GetDayOfMonth
            | Function::GetDayOfWeek
            | Function::GetDayOfYear
            | Function::GetHours
            | Function::GetMinutes
            | Function::GetSeconds
            | Function::GetMilliseconds
    )
}

/// Whether a function takes doubles and no other numbers.
const fn takes_doubles(function: Function) -> bool {
    matches!(
        function,
        Function::MathCeil
            | Function::MathFloor
            | Function::MathRound
            | Function::MathTrunc
            | Function::MathIsNan
            | Function::MathIsInf
            | Function::MathIsFinite
    )
}

/// What a function of other languages is called in CEL.
fn in_cel(name: &str) -> Option<&'static str> {
    Some(match name {
        "len" | "length" | "count" | "isEmpty" | "empty" => "size",
        "includes" | "has_substring" | "strpos" => "contains",
        "lower" | "tolower" | "toLower" | "toLowerCase" | "downcase" => "lowerAscii",
        "upper" | "toupper" | "toUpper" | "toUpperCase" | "upcase" => "upperAscii",
        "any" | "some" => "exists",
        "every" => "all",
        "strip" => "trim",
        "regex" | "search" | "test" => "matches",
        "str" | "toString" => "string",
        _ => return None,
    })
}

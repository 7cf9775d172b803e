//! One call as Python puts it: tool and arguments in whichever form they come, the answer as the one object that
//! stands for it.

use std::borrow::Cow;

use preloop_core::Call;
use preloop_core::call::{CallFacts, ToolFacts};
use preloop_core::cel::{ArgumentSource, JsonText, Tool};
use preloop_core::engine::{
    Ground, Host, HostValue, LivePolicy, PathKeys, Projection, Ruling, host_to_json,
};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyByteArray, PyBytes, PyDict, PyString};
use serde_json::Map;

use crate::arguments::PyValue;
use crate::caught::Caught;
use crate::decision::Decision;
use crate::engine::{CoreEngine, Prepared};

/// One call as Python puts it.
#[derive(Debug)]
pub(crate) struct Asked<'a, 'py> {
    pub(crate) tool: &'a Bound<'py, PyAny>,
    pub(crate) args: Option<&'a Bound<'py, PyAny>>,
    pub(crate) source: Option<&'a Bound<'py, PyString>>,
    /// Anything that a model wrote: what is no text is a fault of the call.
    pub(crate) justification: Option<&'a Bound<'py, PyAny>>,
}

/// The answer to a call: by the policy, or since it cannot be judged.
enum Answer<R> {
    Judged(R),
    Invalid(Box<preloop_core::Decision>),
}

impl Asked<'_, '_> {
    pub(crate) fn decide(
        &self,
        engine: &CoreEngine,
        facts: Option<&CallFacts>,
    ) -> PyResult<Py<Decision>> {
        let py = self.tool.py();
        engine.with_live(|live| {
            let answer = self.put(engine, live, facts, |call| match live.decide(call) {
                Ruling::Known(number, decision) => known(py, live, number, decision),
                Ruling::Made(decision) => Py::new(py, Decision::new(py, *decision)),
            })?;
            match answer {
                Answer::Judged(decision) => decision,
                Answer::Invalid(decision) => Py::new(py, Decision::new(py, *decision)),
            }
        })
    }

    pub(crate) fn explain(
        &self,
        engine: &CoreEngine,
        facts: Option<&CallFacts>,
    ) -> PyResult<Decision> {
        let live = engine.live();
        Ok(Decision::new(
            self.tool.py(),
            match self.put(engine, &live, facts, |call| live.explain(call))? {
                Answer::Judged(decision) => decision,
                Answer::Invalid(decision) => *decision,
            },
        ))
    }

    /// Puts the call together and has it judged.
    #[inline]
    fn put<R>(
        &self,
        engine: &CoreEngine,
        live: &LivePolicy<Prepared>,
        facts: Option<&CallFacts>,
        judge: impl FnOnce(&Call<'_>) -> R,
    ) -> PyResult<Answer<R>> {
        let invalid = |problem: &str| Ok(Answer::Invalid(Box::new(live.invalid(problem))));
        let described;
        let mut tool = Tool::default();
        // Telling a type exactly is one comparison, and what follows covers the subclasses.
        let exact = self.tool.cast_exact::<PyString>();
        if let Ok(name) = exact.or_else(|_| self.tool.cast::<PyString>()) {
            let Ok(name) = name.to_str() else { return invalid("the tool's name is not Unicode") };
            tool.name = name;
        } else {
            match described_tool(self.tool)? {
                Ok(facts) => described = facts,
                Err(problem) => return invalid(&problem),
            }
            tool.name = &described.name;
            tool.source = described.source.as_deref().unwrap_or("");
            tool.server = described.server.as_deref().unwrap_or("");
            tool.annotations = Some(&described.annotations);
            tool.is_new = described.is_new;
        }
        if tool.name.is_empty() {
            return invalid("the tool's name is empty");
        }
        if let Some(source) = self.source {
            let Ok(source) = source.to_str() else { return invalid("`source` is not Unicode") };
            tool.source = source;
        }
        let justification = match self.justification.map(|text| text.cast::<PyString>()) {
            None => "",
            Some(Err(_)) => return invalid("`justification` must be text"),
            Some(Ok(text)) => match text.to_str() {
                Ok(text) => text,
                Err(_) => return invalid("`justification` is not Unicode"),
            },
        };
        self.with_arguments(live, tool, |args| {
            let now = facts.and_then(|facts| facts.now).or_else(|| engine.now(live));
            judge(&Call {
                tool,
                args,
                schema: None,
                principal: facts.map(|facts| &facts.principal),
                session: facts.map(|facts| &facts.session),
                context: facts.map(|facts| &facts.context),
                now,
                justification,
            })
        })
    }

    /// The arguments in whichever form they come.
    #[inline]
    fn with_arguments<R>(
        &self,
        live: &LivePolicy<Prepared>,
        tool: Tool<'_>,
        judge: impl FnOnce(&dyn ArgumentSource) -> R,
    ) -> PyResult<Answer<R>> {
        let Some(args) = self.args.filter(|args| !args.is_none()) else {
            return Ok(Answer::Judged(judge(&Map::new())));
        };
        let invalid = |problem: String| Ok(Answer::Invalid(Box::new(live.invalid(problem))));
        let py = args.py();
        let caught = Caught::default();
        let host = PyValue::new(args.clone(), &caught);
        if args.cast_exact::<PyDict>().is_err() && args.cast::<PyDict>().is_err() {
            if let Some(text) = object_of_text(args) {
                let text = match text {
                    Ok(text) => text,
                    Err(problem) => return invalid(problem),
                };
                let paths = live.policy().arg_paths(tool.name, tool.source);
                return match JsonText::pull(&text, paths) {
                    Ok(args) => Ok(Answer::Judged(judge(&args))),
                    Err(error) => invalid(format!("the arguments are no JSON: {error}")),
                };
            }
            if !matches!(host.clone().read(), Ok(Host::Object(_))) {
                caught.check()?;
                let name = args.get_type().name().map(|name| name.to_string());
                let name = name.unwrap_or_default();
                return invalid(format!("the arguments are no object but of type `{name}`"));
            }
        }
        let keys = live.prepared().keys.get_or_init(py, || {
            PathKeys::new(live.policy(), |key| PyString::intern(py, key).unbind())
        });
        let ground = Ground::new(keys);
        let answer = judge(&Projection::new(host, &ground));
        caught.check()?;
        Ok(Answer::Judged(answer))
    }
}

/// The one object that stands for a decision of the policy.
#[inline]
fn known(
    py: Python<'_>,
    live: &LivePolicy<Prepared>,
    number: u32,
    decision: &preloop_core::Decision,
) -> PyResult<Py<Decision>> {
    let make = || Py::new(py, Decision::new(py, decision.clone()));
    let decisions = live.prepared().decisions.get_or_init(py, || {
        std::iter::repeat_with(PyOnceLock::new).take(live.decisions()).collect()
    });
    match decisions.get(number as usize) {
        Some(cell) => cell.get_or_try_init(py, make).map(|decision| decision.clone_ref(py)),
        None => make(),
    }
}

/// Arguments that are JSON text, as models write them; an error where the text is no object.
pub(crate) fn object_of_text<'a>(
    args: &'a Bound<'_, PyAny>,
) -> Option<Result<Cow<'a, [u8]>, String>> {
    let text = if let Ok(text) = args.cast::<PyString>() {
        match text.to_str() {
            Ok(text) => Cow::Borrowed(text.as_bytes()),
            Err(_) => return Some(Err("the arguments are not Unicode".to_owned())),
        }
    } else if let Ok(bytes) = args.cast::<PyBytes>() {
        Cow::Borrowed(bytes.as_bytes())
    } else {
        Cow::Owned(args.cast::<PyByteArray>().ok()?.to_vec())
    };
    let is_object = text.trim_ascii_start().first() == Some(&b'{');
    Some(if is_object { Ok(text) } else { Err("the arguments are no JSON object".to_owned()) })
}

/// A tool that is described by more than its name; raises where it is neither text nor a mapping.
fn described_tool(tool: &Bound<'_, PyAny>) -> PyResult<Result<ToolFacts, String>> {
    let caught = Caught::default();
    let host = PyValue::new(tool.clone(), &caught);
    if !matches!(host.clone().read(), Ok(Host::Object(_))) {
        caught.check()?;
        let name = tool.get_type().name()?;
        return Err(PyTypeError::new_err(format!(
            "`tool` must be text or a mapping, not `{name}`"
        )));
    }
    let value = host_to_json(&host);
    caught.check()?;
    Ok(match value {
        Ok(value) => ToolFacts::from_value(value).map_err(|error| error.to_string()),
        Err(fault) => Err(format!("`tool` cannot be read: {}", fault.message)),
    })
}

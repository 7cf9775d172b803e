//! One call as Python puts it: tool and arguments in whichever form they come, the answer as the one object that
//! stands for it.

use std::borrow::Cow;

use preloop_core::Call;
use preloop_core::call::{CallFacts, ToolFacts};
use preloop_core::cel::{JsonText, Tool};
use preloop_core::engine::{
    Ground, Host, HostValue, LivePolicy, PathKeys, Projection, Ruling, host_to_json,
};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyDict, PyString};
use serde_json::Map;

use crate::arguments::PyValue;
use crate::caught::Caught;
use crate::decision::Decision;
use crate::engine::{CoreEngine, Prepared};
use crate::live::with_live;
use crate::once::Once;

/// One call as Python puts it.
#[derive(Debug)]
pub(crate) struct Asked<'a, 'py> {
    pub(crate) tool: &'a Bound<'py, PyAny>,
    pub(crate) args: Option<&'a Bound<'py, PyAny>>,
    pub(crate) source: Option<&'a Bound<'py, PyString>>,
    /// Anything that a model wrote: what is no text is a fault of the call.
    pub(crate) justification: Option<&'a Bound<'py, PyAny>>,
}

/// A call as it is put to the policy.
enum Put<'a, 'c, 'v, 'py> {
    /// With arguments of any kind.
    Call(&'a Call<'c>),
    /// With a dict or another object of Python's, which are the call's arguments.
    Object(&'a Call<'c>, &'a Projection<'v, PyValue<'v, 'py>>),
    /// It cannot be judged, and this is the answer.
    Invalid(Box<preloop_core::Decision>),
}

impl Asked<'_, '_> {
    pub(crate) fn decide(
        &self,
        engine: &CoreEngine,
        facts: Option<&CallFacts>,
    ) -> PyResult<Py<Decision>> {
        let py = self.tool.py();
        let caught = Caught::default();
        let answer = with_live(engine, |live| {
            self.put(engine, live, facts, &caught, |put| {
                let ruling = match put {
                    Put::Object(call, args) => live.decide_projected(call, args),
                    Put::Call(call) => live.decide(call),
                    Put::Invalid(decision) => Ruling::Made(decision),
                };
                match ruling {
                    Ruling::Known(number, decision) => known(py, live, number, decision, &caught),
                    Ruling::Made(decision) => made(py, decision, &caught),
                }
            })
        });
        caught.or_raise(answer)
    }

    pub(crate) fn explain(
        &self,
        engine: &CoreEngine,
        facts: Option<&CallFacts>,
    ) -> PyResult<Py<Decision>> {
        let live = engine.live();
        let caught = Caught::default();
        let answer = self.put(engine, &live, facts, &caught, |put| {
            let decision = match put {
                Put::Call(call) | Put::Object(call, _) => Box::new(live.explain(call)),
                Put::Invalid(decision) => decision,
            };
            made(self.tool.py(), decision, &caught)
        });
        caught.or_raise(answer)
    }

    /// Puts the call together and has it judged; no answer where something has to be raised.
    #[inline]
    fn put<R>(
        &self,
        engine: &CoreEngine,
        live: &LivePolicy<Prepared>,
        facts: Option<&CallFacts>,
        caught: &Caught,
        judge: impl FnOnce(Put<'_, '_, '_, '_>) -> Option<R>,
    ) -> Option<R> {
        let described;
        // Telling a type exactly is one comparison, and what follows covers the subclasses.
        let mut tool = match self.tool.cast_exact::<PyString>().map(|name| name.to_str()) {
            Ok(Ok(name)) if !name.is_empty() => Tool { name, ..Tool::default() },
            _ => match caught.ok(self.described_tool())? {
                Ok(facts) => {
                    described = facts;
                    tool_of(&described)
                }
                Err(problem) => return judge(Put::Invalid(Box::new(live.invalid(problem)))),
            },
        };
        let mut justification = "";
        if self.source.is_some() || self.justification.is_some() {
            match self.texts() {
                Ok((source, why)) => {
                    tool.source = source.unwrap_or(tool.source);
                    justification = why;
                }
                Err(problem) => return judge(Put::Invalid(Box::new(live.invalid(problem)))),
            }
        }
        let call = |args| Call {
            tool,
            args,
            schema: None,
            principal: facts.map(|facts| &facts.principal),
            session: facts.map(|facts| &facts.session),
            context: facts.map(|facts| &facts.context),
            now: facts.and_then(|facts| facts.now).or_else(|| engine.now(live)),
            justification,
        };
        let Some(args) = self.args.filter(|args| !args.is_none()) else {
            return judge(Put::Call(&call(&Map::new())));
        };
        if !args.is_exact_instance_of::<PyDict>() {
            match caught.ok(text_in(args, caught))? {
                Ok(None) => {}
                Ok(Some(text)) => {
                    let paths = live.policy().arg_paths(tool.name, tool.source);
                    return match JsonText::pull(&text, paths) {
                        Ok(args) => judge(Put::Call(&call(&args))),
                        Err(error) => {
                            let problem = format!("the arguments are no JSON: {error}");
                            judge(Put::Invalid(Box::new(live.invalid(problem))))
                        }
                    };
                }
                Err(problem) => return judge(Put::Invalid(Box::new(live.invalid(problem)))),
            }
        }
        let py = args.py();
        let keys = live
            .prepared()
            .keys
            .get_or(|| PathKeys::new(live.policy(), |key| PyString::intern(py, key).unbind()));
        let ground = Ground::new(keys);
        let host = PyValue::new(args.clone(), caught);
        let args = Projection::new(host, &ground);
        judge(Put::Object(&call(&args), &args))
    }

    /// Source and justification, or why one of them cannot be read.
    #[inline(never)]
    fn texts(&self) -> Result<(Option<&str>, &str), &'static str> {
        let source = match self.source.map(|source| source.to_str()) {
            None => None,
            Some(source) => Some(source.map_err(|_| "`source` is not Unicode")?),
        };
        let justification = match self.justification {
            None => "",
            Some(text) => {
                let text = text.cast::<PyString>().map_err(|_| "`justification` must be text")?;
                text.to_str().map_err(|_| "`justification` is not Unicode")?
            }
        };
        Ok((source, justification))
    }

    /// A tool that is not just a name; raises where it is neither text nor a mapping.
    #[cold]
    fn described_tool(&self) -> PyResult<Result<ToolFacts, String>> {
        let facts = match self.tool.cast::<PyString>() {
            Ok(name) => match name.to_str() {
                Ok(name) => Ok(ToolFacts { name: name.to_owned(), ..ToolFacts::default() }),
                Err(_) => Err("the tool's name is not Unicode".to_owned()),
            },
            Err(_) => tool_in(self.tool)?,
        };
        Ok(facts.and_then(|facts| {
            if facts.name.is_empty() {
                Err("the tool's name is empty".to_owned())
            } else {
                Ok(facts)
            }
        }))
    }
}

/// The JSON text that arguments are which are no plain dict; none where they are an object of another kind.
#[inline(never)]
fn text_in<'v>(
    args: &'v Bound<'_, PyAny>,
    caught: &Caught,
) -> PyResult<Result<Option<Cow<'v, [u8]>>, String>> {
    if args.cast::<PyDict>().is_ok() {
        return Ok(Ok(None));
    }
    if let Some(text) = object_of_text(args) {
        return Ok(text.map(Some));
    }
    if matches!(PyValue::new(args.clone(), caught).read(), Ok(Host::Object(_))) {
        return Ok(Ok(None));
    }
    caught.check(args.py())?;
    let name = args.get_type().name().map(|name| name.to_string()).unwrap_or_default();
    Ok(Err(format!("the arguments are no object but of type `{name}`")))
}

/// A tool that is described by more than its name.
fn tool_of(facts: &ToolFacts) -> Tool<'_> {
    Tool {
        name: &facts.name,
        source: facts.source.as_deref().unwrap_or(""),
        server: facts.server.as_deref().unwrap_or(""),
        annotations: Some(&facts.annotations),
        is_new: facts.is_new,
    }
}

/// A decision that speaks of this very call.
#[cold]
fn made(
    py: Python<'_>,
    decision: Box<preloop_core::Decision>,
    caught: &Caught,
) -> Option<Py<Decision>> {
    caught.ok(Py::new(py, Decision::new(py, *decision)))
}

/// The one object that stands for a decision of the policy.
#[inline]
fn known(
    py: Python<'_>,
    live: &LivePolicy<Prepared>,
    number: u32,
    decision: &preloop_core::Decision,
    caught: &Caught,
) -> Option<Py<Decision>> {
    let decisions = &live.prepared().decisions;
    let decisions = decisions.get_or(|| (0..live.decisions()).map(|_| Once::new()).collect());
    let make = || Py::new(py, Decision::new(py, decision.clone()));
    let known = caught.ok(decisions.get(number as usize)?.get_or_try(make))?;
    Some(known.clone_ref(py))
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

/// A tool as a mapping describes it; raises where it is no mapping.
fn tool_in(tool: &Bound<'_, PyAny>) -> PyResult<Result<ToolFacts, String>> {
    let caught = Caught::default();
    let py = tool.py();
    let host = PyValue::new(tool.clone(), &caught);
    if !matches!(host.clone().read(), Ok(Host::Object(_))) {
        caught.check(py)?;
        let name = tool.get_type().name()?;
        return Err(PyTypeError::new_err(format!(
            "`tool` must be text or a mapping, not `{name}`"
        )));
    }
    let value = host_to_json(&host);
    caught.check(py)?;
    Ok(match value {
        Ok(value) => ToolFacts::from_value(value).map_err(|error| error.to_string()),
        Err(fault) => Err(format!("`tool` cannot be read: {}", fault.message)),
    })
}

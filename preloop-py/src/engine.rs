//! `Engine` and `BoundEngine`: a call is put together from Python's values, the core answers, the answer is handed out.

use std::borrow::Cow;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use preloop_core::call::{CallFacts, ToolFacts};
use preloop_core::cel::{ArgumentSource, JsonText, Tool};
use preloop_core::engine::{
    Ground, Host, HostValue, LivePolicy, PathKeys, Projection, Ruling, host_to_json,
};
use preloop_core::{Call, Report, Timestamp, ValidPolicy};
use preloop_files::PolicySource;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyByteArray, PyBytes, PyDict, PyString};
use serde_json::{Map, Value};

use crate::arguments::PyValue;
use crate::caught::Caught;
use crate::decision::Decision;
use crate::document::{Document, unreadable};
use crate::shapes::shape;
use crate::typed::{self, Given, Is};

pyo3::import_exception!(preloop_engine._errors, PolicyError);

type CoreEngine = preloop_core::Engine<Prepared>;

/// What is made once for each policy.
pub(crate) struct Prepared {
    keys: PyOnceLock<PathKeys<Py<PyString>>>,
    decisions: PyOnceLock<Box<[PyOnceLock<Py<Decision>>]>>,
}

impl Default for Prepared {
    fn default() -> Self {
        Self { keys: PyOnceLock::new(), decisions: PyOnceLock::new() }
    }
}

/// A policy that answers calls and can be replaced at any time, by any thread.
#[pyclass(frozen, module = "preloop_engine")]
pub(crate) struct Engine {
    inner: CoreEngine,
}

/// An engine with what is known beside each call: who acts, what was called before, other facts, the time.
#[pyclass(frozen, module = "preloop_engine")]
pub(crate) struct BoundEngine {
    inner: CoreEngine,
    facts: CallFacts,
}

fn refused(py: Python<'_>, report: &Report) -> PyErr {
    match shape(py, "Report", report) {
        Ok(report) => PolicyError::new_err((report.unbind(),)),
        Err(error) => error,
    }
}

impl Engine {
    fn load(
        py: Python<'_>,
        read: impl FnOnce() -> Result<ValidPolicy, Report> + Send,
    ) -> PyResult<Self> {
        #[expect(
            clippy::disallowed_methods,
            reason = "the engine's clock, read here and nowhere else"
        )]
        let clock = || {
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            Timestamp::UNIX_EPOCH.saturating_add(since)
        };
        let loaded = py.detach(|| read().map(|policy| CoreEngine::of(policy, Some(clock))));
        loaded.map(|inner| Self { inner }).map_err(|report| refused(py, &report))
    }
}

#[pymethods]
#[expect(clippy::needless_pass_by_value, reason = "Python's arguments arrive as values")]
impl Engine {
    /// An engine that decides by this document, in YAML or JSON.
    #[staticmethod]
    fn from_yaml(py: Python<'_>, text: Document) -> PyResult<Self> {
        Self::load(py, || ValidPolicy::parse(text.bytes()))
    }

    /// An engine that decides by this document, in JSON or YAML.
    #[staticmethod]
    fn from_json(py: Python<'_>, text: Document) -> PyResult<Self> {
        Self::load(py, || ValidPolicy::parse(text.bytes()))
    }

    /// An engine that decides by the document in this file, or by the files of this folder as one.
    #[staticmethod]
    fn from_file(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        let source = py.detach(|| PolicySource::read(&path));
        let source = source.map_err(|error| unreadable(path, &error))?;
        Self::load(py, || source.parse())
    }

    /// Decides a call. Never raises for what is in the call: what cannot be judged is denied, with errors.
    #[pyo3(signature = (tool, args=None, *, source=None, justification=None))]
    fn decide<'py>(
        &self,
        tool: Given<'_, 'py, typed::Tool>,
        args: Option<&Bound<'py, PyAny>>,
        source: Option<&Bound<'py, PyString>>,
        justification: Option<&Bound<'py, PyString>>,
    ) -> PyResult<Py<Decision>> {
        Asked { tool: &tool.0, args, source, justification }.decide(&self.inner, None)
    }

    /// Decides a call and tells, rule by rule, how.
    #[pyo3(signature = (tool, args=None, *, source=None, justification=None))]
    fn explain<'py>(
        &self,
        tool: Given<'_, 'py, typed::Tool>,
        args: Option<&Bound<'py, PyAny>>,
        source: Option<&Bound<'py, PyString>>,
        justification: Option<&Bound<'py, PyString>>,
    ) -> PyResult<Decision> {
        Asked { tool: &tool.0, args, source, justification }.explain(&self.inner, None)
    }

    /// The same engine with what is known beside each call. Without `now` it is the clock's time.
    #[pyo3(signature = (*, principal=None, session=None, context=None, now=None))]
    fn bind<'py>(
        &self,
        py: Python<'py>,
        principal: Option<Bound<'py, PyAny>>,
        session: Option<Bound<'py, PyAny>>,
        context: Option<Bound<'py, PyAny>>,
        now: Option<Given<'_, 'py, typed::Moment>>,
    ) -> PyResult<BoundEngine> {
        let now = now.map(|now| now.0.to_owned());
        let facts =
            [("principal", principal), ("session", session), ("context", context), ("now", now)];
        Ok(BoundEngine { inner: self.inner.clone(), facts: facts_of(py, facts)? })
    }

    /// Decides by another document from now on; one that is refused raises `PolicyError` and changes nothing.
    fn replace(&self, py: Python<'_>, text: Document) -> PyResult<()> {
        py.detach(|| self.inner.replace(text.bytes())).map_err(|report| refused(py, &report))
    }

    /// Which policy answers, and what became of replacing it.
    fn status(&self, py: Python<'_>) -> PyResult<Is<typed::Status>> {
        shape(py, "Status", &self.inner.status()).map(Is::from)
    }

    /// Does nothing, with the arguments of `decide`: what a call costs by itself.
    #[cfg(feature = "bench")]
    #[pyo3(signature = (tool, args=None, *, source=None, justification=None))]
    fn _empty<'py>(
        &self,
        tool: Given<'_, 'py, typed::Tool>,
        args: Option<&Bound<'py, PyAny>>,
        source: Option<&Bound<'py, PyString>>,
        justification: Option<&Bound<'py, PyString>>,
    ) {
        std::hint::black_box((self, &*tool.0, args, source, justification));
    }

    /// The least that a call can do which has to look into its arguments: the text of the tool and of one key, and an
    /// object that is there already.
    #[cfg(feature = "bench")]
    #[pyo3(signature = (tool, args=None, *, source=None, justification=None))]
    fn _least<'py>(
        &self,
        tool: Given<'_, 'py, typed::Tool>,
        args: Option<&Bound<'py, PyAny>>,
        source: Option<&Bound<'py, PyString>>,
        justification: Option<&Bound<'py, PyString>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let name = tool.0.cast::<PyString>()?;
        let key = pyo3::intern!(name.py(), "command");
        let value = args.map(|args| args.cast::<PyDict>().map(|args| args.get_item(key)));
        if let Some(Ok(Ok(Some(value)))) = value {
            std::hint::black_box(value.cast::<PyString>()?.to_str()?);
        }
        std::hint::black_box((self, name.to_str()?, source, justification));
        Ok(tool.0.to_owned())
    }

    fn __repr__(&self) -> String {
        let live = self.inner.live();
        let policy = live.policy().policy();
        format!("<Engine policy={:?} digest={}>", policy.name, policy.digest)
    }
}

#[pymethods]
impl BoundEngine {
    /// Decides a call. Never raises for what is in the call: what cannot be judged is denied, with errors.
    #[pyo3(signature = (tool, args=None, *, source=None, justification=None))]
    fn decide<'py>(
        &self,
        tool: Given<'_, 'py, typed::Tool>,
        args: Option<&Bound<'py, PyAny>>,
        source: Option<&Bound<'py, PyString>>,
        justification: Option<&Bound<'py, PyString>>,
    ) -> PyResult<Py<Decision>> {
        Asked { tool: &tool.0, args, source, justification }.decide(&self.inner, Some(&self.facts))
    }

    /// Decides a call and tells, rule by rule, how.
    #[pyo3(signature = (tool, args=None, *, source=None, justification=None))]
    fn explain<'py>(
        &self,
        tool: Given<'_, 'py, typed::Tool>,
        args: Option<&Bound<'py, PyAny>>,
        source: Option<&Bound<'py, PyString>>,
        justification: Option<&Bound<'py, PyString>>,
    ) -> PyResult<Decision> {
        Asked { tool: &tool.0, args, source, justification }.explain(&self.inner, Some(&self.facts))
    }

    /// The engine without what is bound.
    #[getter]
    fn engine(&self) -> Engine {
        Engine { inner: self.inner.clone() }
    }

    fn __repr__(&self) -> String {
        let live = self.inner.live();
        let policy = live.policy().policy();
        format!("<BoundEngine policy={:?} principal={:?}>", policy.name, self.facts.principal.id)
    }
}

/// Checks a policy document: every error and warning, with its place.
#[pyfunction]
#[expect(clippy::needless_pass_by_value, reason = "Python's arguments arrive as values")]
pub(crate) fn validate(py: Python<'_>, text: Document) -> PyResult<Is<typed::Report>> {
    let report = py.detach(|| preloop_core::validate(text.bytes()));
    shape(py, "Report", &report).map(Is::from)
}

/// Compares two policy documents: which changes there are, and which calls are answered otherwise.
#[pyfunction]
#[expect(clippy::needless_pass_by_value, reason = "Python's arguments arrive as values")]
pub(crate) fn diff(
    py: Python<'_>,
    before: Document,
    after: Document,
) -> PyResult<Is<typed::PolicyDiff>> {
    let compared = py.detach(|| {
        let before = ValidPolicy::parse(before.bytes())?;
        let after = ValidPolicy::parse(after.bytes())?;
        Ok(preloop_core::diff::diff(&before, &after))
    });
    match compared {
        Ok(diff) => shape(py, "PolicyDiff", &diff).map(Is::from),
        Err(report) => Err(refused(py, &report)),
    }
}

/// One call as Python puts it.
#[derive(Debug)]
struct Asked<'a, 'py> {
    tool: &'a Bound<'py, PyAny>,
    args: Option<&'a Bound<'py, PyAny>>,
    source: Option<&'a Bound<'py, PyString>>,
    justification: Option<&'a Bound<'py, PyString>>,
}

/// The answer to a call: by the policy, or since it cannot be judged.
enum Answer<R> {
    Judged(R),
    Invalid(Box<preloop_core::Decision>),
}

impl Asked<'_, '_> {
    fn decide(&self, engine: &CoreEngine, facts: Option<&CallFacts>) -> PyResult<Py<Decision>> {
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

    fn explain(&self, engine: &CoreEngine, facts: Option<&CallFacts>) -> PyResult<Decision> {
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
        let Ok(justification) = self.justification.map_or(Ok(""), |text| text.to_str()) else {
            return invalid("`justification` is not Unicode");
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
            if !matches!(host.read(), Ok(Host::Object(_))) {
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
    if !matches!(host.read(), Ok(Host::Object(_))) {
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

fn facts_of<'py>(
    py: Python<'py>,
    given: [(&str, Option<Bound<'py, PyAny>>); 4],
) -> PyResult<CallFacts> {
    let mut facts = Map::new();
    for (name, value) in given {
        let value = value.unwrap_or_else(|| py.None().into_bound(py));
        let caught = Caught::default();
        let json = host_to_json(&PyValue::new(value, &caught));
        caught.check()?;
        let json = json.map_err(|fault| {
            PyValueError::new_err(format!("`{name}` cannot be read: {}", fault.message))
        })?;
        facts.insert(name.to_owned(), json);
    }
    CallFacts::from_value(Value::Object(facts))
        .map_err(|error| PyValueError::new_err(error.to_string()))
}

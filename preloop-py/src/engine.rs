//! `Engine` and `BoundEngine`: a call is put together from Python's values, the core answers, the answer is handed out.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use preloop_core::call::CallFacts;
use preloop_core::engine::{PathKeys, host_to_json};
use preloop_core::{Report, Timestamp, ValidPolicy, dialect};
use preloop_files::PolicySource;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
#[cfg(feature = "bench")]
use pyo3::types::PyDict;
use pyo3::types::PyString;
use serde_json::{Map, Value};

use crate::arguments::PyValue;
use crate::asked::Asked;
use crate::caught::Caught;
use crate::decision::Decision;
use crate::document::{Document, unreadable};
use crate::once::Once;
use crate::shapes::shape;
use crate::typed::{self, Given, Is};

pyo3::import_exception!(preloop_engine._errors, PolicyError);

pub(crate) type CoreEngine = preloop_core::Engine<Prepared>;

/// What is made once for each policy.
pub(crate) struct Prepared {
    pub(crate) keys: Once<PathKeys<Py<PyString>>>,
    pub(crate) decisions: Once<Box<[Once<Py<Decision>>]>>,
}

impl Default for Prepared {
    fn default() -> Self {
        Self { keys: Once::new(), decisions: Once::new() }
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
        Self::load(py, || parse(text))
    }

    /// An engine that decides by this document, in JSON or YAML.
    #[staticmethod]
    fn from_json(py: Python<'_>, text: Document) -> PyResult<Self> {
        Self::load(py, || parse(text))
    }

    /// An engine that decides by the document in this file, or by the files of this folder as one.
    #[staticmethod]
    fn from_file(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        let source = py.detach(|| PolicySource::read(&path));
        let source = source.map_err(|error| unreadable(path, &error))?;
        Self::load(py, || source.any_dialect().map(|(policy, _)| policy))
    }

    /// Decides a call. Never raises for what is in the call: what cannot be judged is denied, with errors.
    #[pyo3(signature = (tool, args=None, *, source=None, justification=None))]
    fn decide<'py>(
        &self,
        tool: Given<'_, 'py, typed::Tool>,
        args: Option<&Bound<'py, PyAny>>,
        source: Option<&Bound<'py, PyString>>,
        justification: Option<Given<'_, 'py, typed::Text>>,
    ) -> PyResult<Py<Decision>> {
        let justification = justification.as_ref().map(|given| &*given.0);
        Asked { tool: &tool.0, args, source, justification }.decide(&self.inner, None)
    }

    /// Decides a call and tells, rule by rule, how.
    #[pyo3(signature = (tool, args=None, *, source=None, justification=None))]
    fn explain<'py>(
        &self,
        tool: Given<'_, 'py, typed::Tool>,
        args: Option<&Bound<'py, PyAny>>,
        source: Option<&Bound<'py, PyString>>,
        justification: Option<Given<'_, 'py, typed::Text>>,
    ) -> PyResult<Py<Decision>> {
        let justification = justification.as_ref().map(|given| &*given.0);
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
        justification: Option<Given<'_, 'py, typed::Text>>,
    ) {
        std::hint::black_box((self, &*tool.0, args, source, justification.map(|given| given.0)));
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
        justification: Option<Given<'_, 'py, typed::Text>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let name = tool.0.cast::<PyString>()?;
        let key = pyo3::intern!(name.py(), "command");
        let value = args.map(|args| args.cast::<PyDict>().map(|args| args.get_item(key)));
        if let Some(Ok(Ok(Some(value)))) = value {
            std::hint::black_box(value.cast::<PyString>()?.to_str()?);
        }
        std::hint::black_box((self, name.to_str()?, source, justification.map(|given| given.0)));
        Ok(tool.0.to_owned())
    }

    /// The rules of the benchmark as somebody would write them by hand for one tool, with nothing of an engine.
    #[cfg(feature = "bench")]
    #[pyo3(signature = (tool, args=None, *, source=None, justification=None))]
    fn _by_hand<'py>(
        &self,
        tool: Given<'_, 'py, typed::Tool>,
        args: Option<&Bound<'py, PyAny>>,
        source: Option<&Bound<'py, PyString>>,
        justification: Option<Given<'_, 'py, typed::Text>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let name = tool.0.cast::<PyString>()?;
        std::hint::black_box((self, source, justification.map(|given| given.0)));
        let key = pyo3::intern!(name.py(), "command");
        let Some(args) = args else { return Ok(tool.0.to_owned()) };
        let Some(value) = args.cast::<PyDict>()?.get_item(key)? else {
            return Ok(tool.0.to_owned());
        };
        let text = value.cast::<PyString>()?.to_str()?;
        let is_matched = name.to_str()? == "bash"
            && !text.contains("rm -rf /")
            && !(text.starts_with("sudo ") || text.contains("git push"))
            && text.starts_with("ls");
        Ok(if is_matched { tool.0.to_owned() } else { args.clone() })
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
        justification: Option<Given<'_, 'py, typed::Text>>,
    ) -> PyResult<Py<Decision>> {
        let justification = justification.as_ref().map(|given| &*given.0);
        Asked { tool: &tool.0, args, source, justification }.decide(&self.inner, Some(&self.facts))
    }

    /// Decides a call and tells, rule by rule, how.
    #[pyo3(signature = (tool, args=None, *, source=None, justification=None))]
    fn explain<'py>(
        &self,
        tool: Given<'_, 'py, typed::Tool>,
        args: Option<&Bound<'py, PyAny>>,
        source: Option<&Bound<'py, PyString>>,
        justification: Option<Given<'_, 'py, typed::Text>>,
    ) -> PyResult<Py<Decision>> {
        let justification = justification.as_ref().map(|given| &*given.0);
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

/// Checks a policy: every error and warning, with its place.
#[pyfunction]
#[expect(clippy::needless_pass_by_value, reason = "Python's arguments arrive as values")]
pub(crate) fn validate(py: Python<'_>, text: Document) -> PyResult<Is<typed::Report>> {
    let report = py.detach(|| dialect::validate(text.bytes()));
    shape(py, "Report", &report).map(Is::from)
}

/// Compares two policy documents: which changes there are, and which calls are answered otherwise.
#[pyfunction]
pub(crate) fn diff(
    py: Python<'_>,
    before: Document,
    after: Document,
) -> PyResult<Is<typed::PolicyDiff>> {
    let compared = py.detach(|| {
        let before = parse(before)?;
        let after = parse(after)?;
        Ok(preloop_core::diff::diff(&before, &after))
    });
    match compared {
        Ok(diff) => shape(py, "PolicyDiff", &diff).map(Is::from),
        Err(report) => Err(refused(py, &report)),
    }
}

/// A policy in any dialect.
#[expect(clippy::needless_pass_by_value, reason = "Python's arguments arrive as values")]
fn parse(text: Document) -> Result<ValidPolicy, Report> {
    dialect::any_dialect(text.bytes()).map(|(policy, _)| policy)
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
        caught.check(py)?;
        let json = json.map_err(|fault| {
            PyValueError::new_err(format!("`{name}` cannot be read: {}", fault.message))
        })?;
        facts.insert(name.to_owned(), json);
    }
    CallFacts::from_value(Value::Object(facts))
        .map_err(|error| PyValueError::new_err(error.to_string()))
}

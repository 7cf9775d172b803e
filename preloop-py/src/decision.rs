//! The decision as Python sees it: immutable, made once for each rule, and never true or false by itself.

use std::hash::{DefaultHasher, Hash, Hasher};

use preloop_core::Action;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple, PyType};

use crate::once::Once;
use crate::shapes::{json, python, shape, shapes};
use crate::typed::{self, Is};

/// The answer to one call. It has no truth value: ask `.allowed`, `.denied` or `.needs_approval`.
#[pyclass(frozen, module = "preloop_engine")]
pub(crate) struct Decision {
    /// What was decided; the same as over every wire.
    pub(crate) inner: preloop_core::Decision,
    action: Py<PyString>,
    reason: Py<PyString>,
    message: Py<PyString>,
    rule: Once<Py<PyAny>>,
    policy: Once<Py<PyAny>>,
    errors: Once<Py<PyTuple>>,
    trace: Once<Option<Py<PyTuple>>>,
}

impl Decision {
    pub(crate) fn new(py: Python<'_>, inner: preloop_core::Decision) -> Self {
        Self {
            action: PyString::intern(py, inner.action.as_str()).unbind(),
            reason: PyString::intern(py, inner.reason.as_str()).unbind(),
            message: PyString::new(py, &inner.message).unbind(),
            inner,
            rule: Once::new(),
            policy: Once::new(),
            errors: Once::new(),
            trace: Once::new(),
        }
    }
}

#[pymethods]
impl Decision {
    /// What happens to the call: `allow`, `require_approval` or `deny`.
    #[getter]
    fn action(&self, py: Python<'_>) -> Is<typed::Action> {
        Is::new(self.action.clone_ref(py))
    }

    /// Why, as one of a closed set, such as `rule_matched`.
    #[getter]
    fn reason(&self, py: Python<'_>) -> Is<typed::Reason> {
        Is::new(self.reason.clone_ref(py))
    }

    /// What the agent is told.
    #[getter]
    fn message(&self, py: Python<'_>) -> Py<PyString> {
        self.message.clone_ref(py)
    }

    /// Whether the call may run.
    #[getter]
    fn allowed(&self) -> bool {
        self.inner.action == Action::Allow
    }

    /// Whether the call must not run.
    #[getter]
    fn denied(&self) -> bool {
        self.inner.action == Action::Deny
    }

    /// Whether the call waits for an approval.
    #[getter]
    fn needs_approval(&self) -> bool {
        self.inner.action == Action::RequireApproval
    }

    /// The rule that decided, if one did.
    #[getter]
    fn rule(&self, py: Python<'_>) -> PyResult<Is<typed::Rule>> {
        let make = || match &self.inner.rule {
            Some(rule) => shape(py, "Rule", rule).map(Bound::unbind),
            None => Ok(py.None()),
        };
        self.rule.get_or_try(make).map(|rule| Is::new(rule.clone_ref(py)))
    }

    /// The workflow of an approval; `None` unless the action is `require_approval`.
    #[getter]
    fn approval_workflow(&self) -> Option<&str> {
        self.inner.approval_workflow.as_deref()
    }

    /// The policy that answered: its name and digest.
    #[getter]
    fn policy(&self, py: Python<'_>) -> PyResult<Is<typed::PolicyRef>> {
        let make = || shape(py, "PolicyRef", &self.inner.policy).map(Bound::unbind);
        self.policy.get_or_try(make).map(|policy| Is::new(policy.clone_ref(py)))
    }

    /// Conditions that could not be evaluated.
    #[getter]
    fn errors(&self, py: Python<'_>) -> PyResult<Is<typed::Errors>> {
        let make = || shapes(py, "ConditionError", &self.inner.errors).map(Bound::unbind);
        self.errors.get_or_try(make).map(|errors| Is::new(errors.clone_ref(py)))
    }

    /// The scope that an inherited answer comes from.
    #[getter]
    fn scope(&self) -> Option<&str> {
        self.inner.scope.as_deref()
    }

    /// Rule by rule, where an explanation was asked for.
    #[getter]
    fn trace(&self, py: Python<'_>) -> PyResult<Is<typed::Trace>> {
        let make = || {
            let trace = self.inner.trace.as_deref();
            trace.map(|trace| shapes(py, "TraceItem", trace).map(Bound::unbind)).transpose()
        };
        let trace = self.trace.get_or_try(make)?;
        let trace = trace.as_ref().map(|trace| trace.clone_ref(py).into_any());
        Ok(Is::new(trace.unwrap_or_else(|| py.None())))
    }

    /// The decision as JSON text, as it goes over every wire.
    fn to_json(&self) -> PyResult<String> {
        json(&self.inner).map(|value| value.to_string())
    }

    /// The decision as a dict, as it goes over every wire.
    fn to_dict(&self, py: Python<'_>) -> PyResult<Is<typed::Wire>> {
        python(py, &json(&self.inner)?).map(Is::from)
    }

    /// The decision that `to_json` wrote.
    #[classmethod]
    fn from_json(class: &Bound<'_, PyType>, text: &str) -> PyResult<Self> {
        match serde_json::from_str(text) {
            Ok(inner) => Ok(Self::new(class.py(), inner)),
            Err(error) => Err(PyValueError::new_err(format!("this is no decision: {error}"))),
        }
    }

    /// Refuses: `if engine.decide(...)` would let every call through.
    #[expect(clippy::unused_self, reason = "Python asks it of an object")]
    fn __bool__(&self) -> PyResult<bool> {
        Err(PyTypeError::new_err(
            "a decision is neither true nor false: ask `.allowed`, `.denied` or `.needs_approval`",
        ))
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Self>().is_ok_and(|other| other.get().inner == self.inner)
    }

    fn __hash__(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.inner.action, self.inner.reason, &self.inner.message).hash(&mut hasher);
        hasher.finish()
    }

    fn __repr__(&self) -> String {
        let rule = self.inner.rule.as_ref().map_or("None", |rule| rule.path.as_str());
        format!(
            "<Decision action={} reason={} rule={rule} message={:?}>",
            self.inner.action, self.inner.reason, self.inner.message
        )
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, (String,))> {
        let make = slf.get_type().getattr(intern!(slf.py(), "from_json"))?;
        Ok((make, (slf.get().to_json()?,)))
    }
}

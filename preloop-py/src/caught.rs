//! Exceptions that reading a call's values raised: faults of the call, unless they are meant for the program.

use std::cell::OnceCell;

use preloop_core::engine::HostFault;
use pyo3::exceptions::{PyException, PyRuntimeError};
use pyo3::prelude::*;

/// What the values of one call raised that is no answer to the call, such as `KeyboardInterrupt`.
#[derive(Debug, Default)]
pub(crate) struct Caught {
    interrupt: OnceCell<PyErr>,
}

impl Caught {
    /// The fault that an exception is. Its text stays out, since it may hold what nobody should see.
    #[cold]
    pub(crate) fn fault(&self, py: Python<'_>, error: PyErr) -> HostFault {
        let name = error.get_type(py).name().map(|name| name.to_string());
        let name = name.unwrap_or_else(|_| "an exception".to_owned());
        if !error.is_instance_of::<PyException>(py) {
            self.interrupt.get_or_init(|| error);
        }
        HostFault::new(format!("reading it raised {name}"))
    }

    /// What was done, unless it raised something, which is kept.
    #[inline]
    pub(crate) fn ok<T>(&self, done: PyResult<T>) -> Option<T> {
        done.map_err(|error| self.interrupt.get_or_init(|| error)).ok()
    }

    /// The answer, unless something has to be raised.
    #[inline]
    pub(crate) fn or_raise<T>(self, answer: Option<T>) -> PyResult<T> {
        match (self.interrupt.into_inner(), answer) {
            (None, Some(answer)) => Ok(answer),
            (Some(error), _) => Err(error),
            (None, None) => Err(PyRuntimeError::new_err("this call came to no decision")),
        }
    }

    /// Raises what has to be raised.
    pub(crate) fn check(&self, py: Python<'_>) -> PyResult<()> {
        match self.interrupt.get() {
            None => Ok(()),
            Some(error) => Err(error.clone_ref(py)),
        }
    }
}

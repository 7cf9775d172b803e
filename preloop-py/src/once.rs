//! What is made at its first use and kept. It is made outside of its place, so that nobody ever waits for it: making
//! objects of Python may run other code that asks for the same one (a finalizer), and a process may be forked meanwhile.

use std::convert::Infallible;
use std::sync::OnceLock;

use pyo3::prelude::*;
use pyo3::types::PyType;

/// A place for it.
pub(crate) struct Once<T>(OnceLock<T>);

impl<T> Once<T> {
    pub(crate) const fn new() -> Self {
        Self(OnceLock::new())
    }

    /// What was made first; several may make it, and all get the same one.
    #[inline]
    pub(crate) fn get_or_try<E>(&self, make: impl FnOnce() -> Result<T, E>) -> Result<&T, E> {
        if let Some(kept) = self.0.get() {
            return Ok(kept);
        }
        let kept = make()?;
        Ok(self.0.get_or_init(|| kept))
    }

    /// The same where making it cannot fail.
    #[inline]
    pub(crate) fn get_or(&self, make: impl FnOnce() -> T) -> &T {
        match self.get_or_try(|| Ok::<T, Infallible>(make())) {
            Ok(kept) => kept,
            Err(never) => match never {},
        }
    }
}

impl Once<Py<PyAny>> {
    /// What a module has under a name.
    pub(crate) fn import<'py>(
        &self,
        py: Python<'py>,
        module: &str,
        name: &str,
    ) -> PyResult<&Bound<'py, PyAny>> {
        let import = || Ok::<_, PyErr>(py.import(module)?.getattr(name)?.unbind());
        self.get_or_try(import).map(|found| found.bind(py))
    }
}

impl Once<Py<PyType>> {
    /// The class that a module has under a name.
    pub(crate) fn class<'py>(
        &self,
        py: Python<'py>,
        module: &str,
        name: &str,
    ) -> PyResult<&Bound<'py, PyType>> {
        let import =
            || Ok::<_, PyErr>(py.import(module)?.getattr(name)?.cast_into::<PyType>()?.unbind());
        self.get_or_try(import).map(|found| found.bind(py))
    }
}

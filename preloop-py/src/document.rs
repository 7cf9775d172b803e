//! Policy documents as Python gives them, and what is raised where a file cannot be read.

use std::io;
use std::path::{Path, PathBuf};

use preloop_core::canonical;
use preloop_core::engine::host_to_json;
use pyo3::exceptions::{PyFileNotFoundError, PyOSError, PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::pybacked::{PyBackedBytes, PyBackedStr};
use pyo3::types::{PyByteArray, PyBytes, PyString};

use crate::arguments::PyValue;
use crate::caught::Caught;
use crate::typed::{self, Given};

/// A policy document.
pub(crate) enum Document {
    Text(PyBackedStr),
    Bytes(PyBackedBytes),
}

impl Document {
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Bytes(bytes) => bytes,
        }
    }
}

impl<'py> FromPyObject<'_, 'py> for Document {
    type Error = PyErr;

    #[cfg(feature = "inspect")]
    const INPUT_TYPE: pyo3::inspect::PyStaticExpr = crate::typed::DOCUMENT;

    fn extract(given: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let py = given.py();
        if let Ok(text) = given.cast::<PyString>() {
            if let Ok(text) = text.extract::<PyBackedStr>() {
                return Ok(Self::Text(text));
            }
            // A lone surrogate: the report says that this is no UTF-8, as it does of a file.
            let bytes = text.call_method1(
                intern!(py, "encode"),
                (intern!(py, "utf-8"), intern!(py, "surrogatepass")),
            )?;
            return Ok(Self::Bytes(bytes.cast_into::<PyBytes>()?.into()));
        }
        if let Ok(bytes) = given.cast::<PyBytes>() {
            return Ok(Self::Bytes(bytes.to_owned().into()));
        }
        if let Ok(bytes) = given.cast::<PyByteArray>() {
            return Ok(Self::Bytes(bytes.to_owned().into()));
        }
        let name = given.get_type().name()?;
        Err(PyTypeError::new_err(format!("a document is text or bytes, not `{name}`")))
    }
}

/// A policy, a document or a flat one, as YAML: block style, keys sorted, members that are `None` left out. Two policies that
/// say the same are the same text.
#[pyfunction]
pub(crate) fn policy_to_yaml(policy: Given<'_, '_, typed::Policy>) -> PyResult<String> {
    let caught = Caught::default();
    let value = host_to_json(&PyValue::new(policy.0.to_owned(), &caught));
    caught.check(policy.0.py())?;
    let value = value.map_err(|fault| {
        PyValueError::new_err(format!("the policy cannot be read: {}", fault.message))
    })?;
    if !value.is_object() {
        let name = policy.0.get_type().name()?;
        return Err(PyTypeError::new_err(format!("a policy is a mapping, not `{name}`")));
    }
    canonical::policy_to_yaml(&value).map_err(|problem| PyValueError::new_err(problem.message))
}

/// As from `open`: an error of the kind of the fault, that names the file.
pub(crate) fn unreadable(path: PathBuf, error: &io::Error) -> PyErr {
    let text = error.to_string();
    let Some(number) = error.raw_os_error() else {
        return match error.kind() {
            io::ErrorKind::NotFound => PyFileNotFoundError::new_err(said(&path, &text)),
            _ => PyOSError::new_err(said(&path, &text)),
        };
    };
    let suffix = format!(" (os error {number})");
    let text = text.strip_suffix(&suffix).unwrap_or(&text).to_owned();
    PyOSError::new_err((number, text, path.into_os_string()))
}

fn said(path: &Path, text: &str) -> String {
    format!("`{}`: {text}", path.display())
}

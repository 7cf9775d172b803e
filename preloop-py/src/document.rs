//! Policy documents as Python gives them, and what is raised where a file cannot be read.

use std::io;
use std::path::{Path, PathBuf};

use pyo3::exceptions::{PyFileNotFoundError, PyOSError, PyTypeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::pybacked::{PyBackedBytes, PyBackedStr};
use pyo3::types::{PyByteArray, PyBytes, PyString};

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

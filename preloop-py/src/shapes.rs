//! The shapes of the wire as Python objects: core says what is in them, `preloop_engine._shapes` gives them classes.

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};
use serde::Serialize;
use serde_json::Value;

use crate::once::Once;

/// JSON as Python has it.
pub(crate) fn python<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        Value::Null => py.None().into_bound(py),
        Value::Bool(value) => value.into_pyobject(py)?.to_owned().into_any(),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(value), _) => value.into_pyobject(py)?.into_any(),
            (None, Some(value)) => value.into_pyobject(py)?.into_any(),
            (None, None) => number.as_f64().into_pyobject(py)?.into_any(),
        },
        Value::String(text) => text.into_pyobject(py)?.into_any(),
        Value::Array(items) => {
            let list = PyList::empty(py);
            for item in items {
                list.append(python(py, item)?)?;
            }
            list.into_any()
        }
        Value::Object(entries) => {
            let dict = PyDict::new(py);
            for (key, value) in entries {
                dict.set_item(key, python(py, value)?)?;
            }
            dict.into_any()
        }
    })
}

/// The same for anything that core writes as JSON.
pub(crate) fn json(value: &impl Serialize) -> PyResult<Value> {
    serde_json::to_value(value).map_err(|error| PyRuntimeError::new_err(error.to_string()))
}

/// An object of a class of `preloop_engine._shapes`, of its wire form.
pub(crate) fn shape<'py>(
    py: Python<'py>,
    class: &str,
    value: &impl Serialize,
) -> PyResult<Bound<'py, PyAny>> {
    static MODULE: Once<Py<PyModule>> = Once::new();
    let module =
        MODULE.get_or_try(|| PyModule::import(py, "preloop_engine._shapes").map(Bound::unbind))?;
    let fields = python(py, &json(value)?)?;
    module.bind(py).getattr(class)?.call_method1("_of_wire", (fields,))
}

/// One object for each.
pub(crate) fn shapes<'py>(
    py: Python<'py>,
    class: &str,
    values: &[impl Serialize],
) -> PyResult<Bound<'py, PyTuple>> {
    let shaped: PyResult<Vec<_>> = values.iter().map(|value| shape(py, class, value)).collect();
    PyTuple::new(py, shaped?)
}

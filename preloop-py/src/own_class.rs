//! Dicts and lists of a class of their own may show a tool other values than they hold: then nobody can say what the
//! tool gets, and the call is not valid.

use preloop_core::engine::HostFault;
use pyo3::exceptions::PyKeyError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple, PyType};

use crate::arguments::PyValue;

/// Checks that a key of a dict leads to the value that it holds, whichever way it is asked for.
#[cold]
pub(crate) fn check_entry<'py>(
    host: &PyValue<'_, 'py>,
    key: &Bound<'py, PyAny>,
    held: Option<&Bound<'py, PyAny>>,
) -> Result<(), HostFault> {
    let py = host.value.py();
    let plain = py.get_type::<PyDict>();
    for name in [intern!(py, "__getitem__"), intern!(py, "get")] {
        if !is_own(host, &plain, name)? {
            continue;
        }
        let is_held = match (host.value.call_method1(name, (key,)), held) {
            (Ok(shown), Some(held)) => shown.is(held),
            // What `get` gives where there is nothing.
            (Ok(shown), None) => shown.is_none(),
            (Err(error), None) if error.is_instance_of::<PyKeyError>(py) => true,
            (Err(error), _) => return Err(host.fault(error)),
        };
        if !is_held {
            return Err(fault(host));
        }
    }
    Ok(())
}

/// Checks that a list or a tuple shows the items that it holds.
pub(crate) fn check_items(host: &PyValue<'_, '_>) -> Result<(), HostFault> {
    if host.value.cast_exact::<PyTuple>().is_ok() { Ok(()) } else { check_shown(host) }
}

#[cold]
fn check_shown(host: &PyValue<'_, '_>) -> Result<(), HostFault> {
    let value = &host.value;
    let py = value.py();
    let (plain, length) = match (value.cast::<PyList>(), value.cast::<PyTuple>()) {
        (Ok(list), _) => (py.get_type::<PyList>(), list.len()),
        (_, Ok(tuple)) => (py.get_type::<PyTuple>(), tuple.len()),
        _ => return Ok(()),
    };
    let held = |position: usize| match (value.cast::<PyList>(), value.cast::<PyTuple>()) {
        (Ok(list), _) => list.get_item(position),
        (_, Ok(tuple)) => tuple.get_item(position),
        (Err(error), _) => Err(error.into()),
    };
    let raised = |error| host.fault(error);
    if is_own(host, &plain, intern!(py, "__iter__"))? {
        let mut count = 0;
        for shown in value.try_iter().map_err(raised)? {
            let shown = shown.map_err(raised)?;
            if count >= length || !shown.is(&held(count).map_err(raised)?) {
                return Err(fault(host));
            }
            count += 1;
        }
        if count != length {
            return Err(fault(host));
        }
    }
    if is_own(host, &plain, intern!(py, "__getitem__"))? {
        for position in 0..length {
            let shown = value.get_item(position).map_err(raised)?;
            if !shown.is(&held(position).map_err(raised)?) {
                return Err(fault(host));
            }
        }
    }
    Ok(())
}

/// Whether the class of a value has a method of its own instead of the usual one.
fn is_own<'py>(
    host: &PyValue<'_, 'py>,
    plain: &Bound<'py, PyType>,
    name: &Bound<'py, PyString>,
) -> Result<bool, HostFault> {
    let methods = plain.getattr(name).and_then(|usual| {
        let own = host.value.get_type().getattr(name)?;
        Ok(!own.is(&usual))
    });
    methods.map_err(|error| host.fault(error))
}

/// That a value shows other values than it holds.
#[cold]
pub(crate) fn fault(host: &PyValue<'_, '_>) -> HostFault {
    let name = host.value.get_type().name().map(|name| name.to_string()).unwrap_or_default();
    HostFault::new(format!("the class `{name}` shows other values than it holds"))
}

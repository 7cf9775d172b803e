//! Dicts and lists of a class of their own, or with methods of their own, may show a tool other values than they hold:
//! then nobody can say what the tool gets, and the call is not valid.

use preloop_core::engine::HostFault;
use pyo3::exceptions::PyKeyError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple, PyType};

use crate::arguments::PyValue;
use crate::special::Class;

static ORDERED_DICT: Class = Class::new("collections", "OrderedDict");

/// Checks that a key of a dict leads to the value that it holds, whichever way it is asked for.
#[cold]
pub(crate) fn check_entry<'py>(
    host: &PyValue<'_, 'py>,
    key: &Bound<'py, PyAny>,
    held: Option<&Bound<'py, PyAny>>,
) -> Result<(), HostFault> {
    let py = host.value.py();
    let plain = py.get_type::<PyDict>();
    if held.is_none() {
        // `d[key]` would make a value up.
        let makes_up = host.value.get_type().hasattr(intern!(py, "__missing__"));
        if makes_up.map_err(|error| host.fault(error))? {
            return Err(fault(host));
        }
    }
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

/// The keys, values or entries that a dict holds, whatever it shows.
type Held<'py> = fn(&Bound<'py, PyDict>) -> Bound<'py, PyList>;

/// Checks that whoever walks over a dict of a class of its own comes across what it holds, and across nothing else.
#[cold]
pub(crate) fn check_walks<'py>(
    host: &PyValue<'_, 'py>,
    dict: &Bound<'py, PyDict>,
) -> Result<(), HostFault> {
    let py = dict.py();
    let raised = |error| host.fault(error);
    let plain = py.get_type::<PyDict>();
    let ordered = ORDERED_DICT.get(py).map_err(raised)?;
    let ways: [(_, Held<'py>, _); 4] = [
        (intern!(py, "__iter__"), PyDictMethods::keys, false),
        (intern!(py, "keys"), PyDictMethods::keys, false),
        (intern!(py, "values"), PyDictMethods::values, false),
        (intern!(py, "items"), PyDictMethods::items, true),
    ];
    for (name, held, is_pairs) in ways {
        if !is_own(host, &plain, name)? || !is_own(host, ordered, name)? {
            continue;
        }
        let held = held(dict);
        let walk = dict.call_method0(name).and_then(|walk| walk.try_iter()).map_err(raised)?;
        // One more than is held tells already that there is too much: a walk need not end.
        let shown: PyResult<Vec<_>> = walk.take(held.len().saturating_add(1)).collect();
        let shown = shown.map_err(raised)?;
        let mut shown: Vec<_> = shown.iter().map(|part| identity(part, is_pairs)).collect();
        let mut held: Vec<_> = held.iter().map(|part| identity(&part, is_pairs)).collect();
        shown.sort_unstable();
        held.sort_unstable();
        if shown != held {
            return Err(fault(host));
        }
    }
    Ok(())
}

/// Which object this is, or which two: those of an entry come in a new pair each time.
fn identity(part: &Bound<'_, PyAny>, is_pair: bool) -> (usize, usize) {
    match part.extract::<(Bound<'_, PyAny>, Bound<'_, PyAny>)>() {
        Ok((key, value)) if is_pair => (key.as_ptr().addr(), value.as_ptr().addr()),
        _ => (part.as_ptr().addr(), 0),
    }
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

/// Whether a value has a method of its own instead of the usual one: its class does, itself, or its class's way to find
/// methods.
fn is_own<'py>(
    host: &PyValue<'_, 'py>,
    plain: &Bound<'py, PyType>,
    name: &Bound<'py, PyString>,
) -> Result<bool, HostFault> {
    let value = &host.value;
    let differs = |name: &Bound<'py, PyString>| -> PyResult<bool> {
        Ok(!value.get_type().getattr(name)?.is(&plain.getattr(name)?))
    };
    let is_own = || -> PyResult<bool> {
        if differs(name)? {
            return Ok(true);
        }
        // Python looks special methods up on the class alone.
        Ok(!name.to_str()?.starts_with("__")
            && (differs(intern!(value.py(), "__getattribute__"))? || has_itself(value, name)?))
    };
    is_own().map_err(|error| host.fault(error))
}

/// Whether a method stands in the value's own `__dict__`, where Python looks first. What is no function there is a value
/// that can be reached as an attribute, too, as in a dict that is its own `__dict__`.
fn has_itself(value: &Bound<'_, PyAny>, name: &Bound<'_, PyString>) -> PyResult<bool> {
    let Some(own) = value.getattr_opt(intern!(value.py(), "__dict__"))? else { return Ok(false) };
    let Ok(own) = own.cast::<PyDict>() else { return Ok(true) };
    Ok(own.get_item(name)?.is_some_and(|method| method.is_callable()))
}

/// That a value shows other values than it holds.
#[cold]
pub(crate) fn fault(host: &PyValue<'_, '_>) -> HostFault {
    let name = host.value.get_type().name().map(|name| name.to_string()).unwrap_or_default();
    HostFault::new(format!("the class `{name}` shows other values than it holds"))
}

//! Python values as the core reads them. The types that arguments nearly always have are here, the others in `special`.

use preloop_core::engine::{Field, Host, HostFault, HostValue};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};

use crate::caught::Caught;
use crate::{own_class, special};

/// A value that a call holds.
#[derive(Debug)]
pub(crate) struct PyValue<'c, 'py> {
    pub(crate) value: Bound<'py, PyAny>,
    pub(crate) caught: &'c Caught,
    /// How often a value stood for another one on the way here.
    stood_for: usize,
}

impl Clone for PyValue<'_, '_> {
    fn clone(&self) -> Self {
        Self { value: self.value.clone(), caught: self.caught, stood_for: self.stood_for }
    }
}

/// Most values that stand for another one in a row: an enumeration's, a root model's.
const STAND_FOR_MAX: usize = 8;

/// Text of Python's that is Unicode, read where it lies: one pointer, since text is what is moved most.
#[derive(Debug)]
pub(crate) struct PyText<'py>(Bound<'py, PyString>);

impl<'py> PyText<'py> {
    #[inline]
    pub(crate) fn new(text: Bound<'py, PyString>) -> Result<Self, HostFault> {
        if text.to_str().is_ok() { Ok(Self(text)) } else { Err(half_a_pair()) }
    }
}

impl AsRef<str> for PyText<'_> {
    #[inline]
    fn as_ref(&self) -> &str {
        // It was read before, and Python keeps what it read.
        self.0.to_str().unwrap_or_default()
    }
}

#[cold]
fn half_a_pair() -> HostFault {
    HostFault::new("text with a lone surrogate is no JSON text")
}

impl<'c, 'py> PyValue<'c, 'py> {
    pub(crate) const fn new(value: Bound<'py, PyAny>, caught: &'c Caught) -> Self {
        Self { value, caught, stood_for: 0 }
    }

    /// A part of this value.
    pub(crate) fn with(&self, value: Bound<'py, PyAny>) -> Self {
        Self::new(value, self.caught)
    }

    /// The value that this one stands for.
    pub(crate) fn inner(&self, value: Bound<'py, PyAny>) -> Result<Self, HostFault> {
        match self.stood_for.checked_add(1) {
            Some(stood_for) if stood_for <= STAND_FOR_MAX => {
                Ok(Self { value, caught: self.caught, stood_for })
            }
            _ => Err(HostFault::new("this stands for itself")),
        }
    }

    pub(crate) fn fault(&self, error: PyErr) -> HostFault {
        self.caught.fault(self.value.py(), error)
    }
}

/// As in JSON text, a whole number beyond 64 bits is the nearest double; where there is none, it is no number of JSON.
fn int<T, H>(value: &Bound<'_, PyInt>) -> Host<T, H> {
    if let Ok(value) = value.extract::<i64>() {
        return Host::Int(value);
    }
    if let Ok(value) = value.extract::<u64>() {
        return Host::Uint(value);
    }
    Host::Double(value.extract::<f64>().unwrap_or(f64::INFINITY))
}

impl<'py> HostValue for PyValue<'_, 'py> {
    type Text = PyText<'py>;
    type Key = Py<PyString>;

    #[expect(clippy::inline_always, reason = "whoever reads goes on by what it is")]
    #[inline(always)]
    fn read(self) -> Result<Host<PyText<'py>, Self>, HostFault> {
        let value = &self.value;
        // Telling a type exactly is one comparison; its subclasses are asked after where none of these fits.
        if let Ok(text) = value.cast_exact::<PyString>() {
            return PyText::new(text.clone()).map(Host::Text);
        }
        if value.is_exact_instance_of::<PyDict>() {
            return Ok(Host::Object(self));
        }
        if let Ok(value) = value.cast_exact::<PyInt>() {
            return Ok(int(value));
        }
        if value.is_exact_instance_of::<PyList>() {
            return Ok(Host::List(self));
        }
        if let Ok(value) = value.cast_exact::<PyFloat>() {
            return Ok(Host::Double(value.value()));
        }
        if let Ok(value) = value.cast_exact::<PyBool>() {
            return Ok(Host::Bool(value.is_true()));
        }
        if value.is_none() {
            return Ok(Host::Null);
        }
        self.read_kind()
    }

    #[inline]
    fn field(&self, key: &Py<PyString>) -> Result<Field<Self>, HostFault> {
        let key = key.bind(self.value.py());
        if let Ok(dict) = self.value.cast_exact::<PyDict>() {
            let found = dict.get_item(key).map_err(|error| self.fault(error))?;
            return Ok(found.map_or(Field::Missing, |value| Field::Found(self.with(value))));
        }
        self.field_kind(key)
    }

    #[inline]
    fn length(&self) -> Result<Option<usize>, HostFault> {
        if let Ok(list) = self.value.cast_exact::<PyList>() {
            return Ok(Some(list.len()));
        }
        if let Ok(list) = self.value.cast::<PyList>() {
            return Ok(Some(list.len()));
        }
        if let Ok(tuple) = self.value.cast::<PyTuple>() {
            return Ok(Some(tuple.len()));
        }
        // Any other object may say one thing of its size and show another.
        Ok(self.value.cast_exact::<PyDict>().ok().map(PyDictMethods::len))
    }

    #[inline]
    fn item(&self, position: usize, length: usize) -> Result<Option<Self>, HostFault> {
        let exact = self.value.cast_exact::<PyList>();
        if let Ok(list) = exact.or_else(|_| self.value.cast::<PyList>()) {
            let item = if list.len() == length { list.get_item(position).ok() } else { None };
            return Ok(item.map(|item| self.with(item)));
        }
        let Ok(tuple) = self.value.cast::<PyTuple>() else { return Ok(None) };
        Ok(tuple.get_item(position).ok().map(|item| self.with(item)))
    }

    fn each_entry(
        &self,
        take: &mut dyn FnMut(&str, Self) -> Result<(), HostFault>,
    ) -> Result<(), HostFault> {
        if let Ok(dict) = self.value.cast::<PyDict>() {
            let is_exact = dict.is_exact_instance_of::<PyDict>();
            if !is_exact {
                own_class::check_walks(self, dict)?;
            }
            let mut shown: usize = 0;
            // Python's own iterator: it notices when reading a value changes the dict.
            for key in dict.try_iter().map_err(|error| self.fault(error))? {
                let key = key.map_err(|error| self.fault(error))?;
                let value = dict.get_item(&key).map_err(|error| self.fault(error))?;
                if !is_exact {
                    own_class::check_entry(self, &key, value.as_ref())?;
                }
                if let Some(value) = value {
                    self.take_entry(&key, value, take)?;
                    shown = shown.saturating_add(1);
                }
            }
            return if is_exact || shown == dict.len() {
                Ok(())
            } else {
                Err(own_class::fault(self))
            };
        }
        special::each_entry(self, take)
    }
}

impl<'py> PyValue<'_, 'py> {
    /// What stands under a key of a dict of a class of its own, or of what is no dict.
    #[inline(never)]
    fn field_kind(&self, key: &Bound<'py, PyString>) -> Result<Field<Self>, HostFault> {
        let Ok(dict) = self.value.cast::<PyDict>() else { return special::field(self, key) };
        own_class::check_walks(self, dict)?;
        let found = dict.get_item(key).map_err(|error| self.fault(error))?;
        own_class::check_entry(self, key, found.as_ref())?;
        Ok(found.map_or(Field::Missing, |value| Field::Found(self.with(value))))
    }

    /// What a value of a subclass is, or of another type.
    #[inline(never)]
    fn read_kind(&self) -> Result<Host<PyText<'py>, Self>, HostFault> {
        let value = &self.value;
        if let Ok(text) = value.cast::<PyString>() {
            return PyText::new(text.clone()).map(Host::Text);
        }
        if let Ok(value) = value.cast::<PyInt>() {
            return Ok(int(value));
        }
        if let Ok(value) = value.cast::<PyFloat>() {
            return Ok(Host::Double(value.value()));
        }
        if value.cast::<PyDict>().is_ok() {
            return Ok(Host::Object(self.clone()));
        }
        if value.cast::<PyList>().is_ok() || value.cast::<PyTuple>().is_ok() {
            own_class::check_items(self)?;
            return Ok(Host::List(self.clone()));
        }
        special::read(self)
    }

    /// Hands an entry on, if its key is one that JSON has.
    pub(crate) fn take_entry(
        &self,
        key: &Bound<'py, PyAny>,
        value: Bound<'py, PyAny>,
        take: &mut dyn FnMut(&str, Self) -> Result<(), HostFault>,
    ) -> Result<(), HostFault> {
        let Ok(key) = key.cast::<PyString>() else {
            return Err(HostFault::new("an object has a key that is no text"));
        };
        take(key.to_str().map_err(|_| half_a_pair())?, self.with(value))
    }
}

//! The less usual types of arguments: mappings, dataclasses, models, enumerations, decimals, dates.

use preloop_core::engine::{Field, Host, HostFault, HostValue};
use pyo3::exceptions::PyOverflowError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFloat, PyString, PyType};

use crate::arguments::{PyText, PyValue};
use crate::once::Once;

type Read<'c, 'py> = Result<Host<PyText<'py>, PyValue<'c, 'py>>, HostFault>;

/// What an object is.
enum Kind<'py> {
    /// `null`, text, a number, a list: these have no keys.
    Plain,
    /// Anything that calls itself a mapping.
    Mapping,
    /// A dataclass, a pydantic model, an attrs class: the names of its fields are keys.
    Record(Bound<'py, PyAny>),
    /// A value that stands for another one: an enumeration's, a root model's.
    Inner(Bound<'py, PyAny>),
    /// What JSON has no form for.
    Other,
}

/// A class of the standard library, imported once.
pub(crate) struct Class {
    module: &'static str,
    name: &'static str,
    found: Once<Py<PyType>>,
}

impl Class {
    pub(crate) const fn new(module: &'static str, name: &'static str) -> Self {
        Self { module, name, found: Once::new() }
    }

    pub(crate) fn get<'py>(&self, py: Python<'py>) -> PyResult<&Bound<'py, PyType>> {
        self.found.class(py, self.module, self.name)
    }

    fn holds(&self, value: &Bound<'_, PyAny>) -> PyResult<bool> {
        value.is_instance(self.get(value.py())?)
    }
}

static MAPPING: Class = Class::new("collections.abc", "Mapping");
static DECIMAL: Class = Class::new("decimal", "Decimal");
static ENUM: Class = Class::new("enum", "Enum");
static DATE: Class = Class::new("datetime", "date");
static TIME: Class = Class::new("datetime", "time");
static UUID: Class = Class::new("uuid", "UUID");
static PURE_PATH: Class = Class::new("pathlib", "PurePath");
static INTEGRAL: Class = Class::new("numbers", "Integral");
static RATIONAL: Class = Class::new("numbers", "Rational");
static REAL: Class = Class::new("numbers", "Real");

/// Scalars of the usual types are told apart before this is asked.
fn kind<'py>(value: &Bound<'py, PyAny>) -> PyResult<Kind<'py>> {
    let py = value.py();
    // A class is no record, though it has the fields of its instances.
    if value.cast::<PyType>().is_ok() {
        return Ok(Kind::Other);
    }
    if value.cast::<PyDict>().is_ok() || MAPPING.holds(value)? {
        return Ok(Kind::Mapping);
    }
    if ENUM.holds(value)? {
        return value.getattr(intern!(py, "value")).map(Kind::Inner);
    }
    let class = value.get_type();
    // Models have this, dataclasses of pydantic have not: those count `InitVar`s among their fields, which are none.
    if let Some(is_root) = class.getattr_opt(intern!(py, "__pydantic_root_model__"))? {
        if is_root.is_truthy()? {
            return value.getattr(intern!(py, "root")).map(Kind::Inner);
        }
        if let Some(fields) = class.getattr_opt(intern!(py, "__pydantic_fields__"))? {
            return Ok(Kind::Record(fields));
        }
    }
    if let Some(declared) = class.getattr_opt(intern!(py, "__dataclass_fields__"))?
        && let Ok(declared) = declared.cast::<PyDict>()
    {
        return dataclass_fields(declared).map(|fields| Kind::Record(fields.into_any()));
    }
    if let Some(attributes) = class.getattr_opt(intern!(py, "__attrs_attrs__"))? {
        let fields = PyDict::new(py);
        for attribute in attributes.try_iter()? {
            fields.set_item(attribute?.getattr(intern!(py, "name"))?, py.None())?;
        }
        return Ok(Kind::Record(fields.into_any()));
    }
    Ok(Kind::Other)
}

/// The fields that instances have: a dataclass lists its `ClassVar`s and `InitVar`s beside them.
fn dataclass_fields<'py>(declared: &Bound<'py, PyDict>) -> PyResult<Bound<'py, PyDict>> {
    static FIELD: Once<Py<PyAny>> = Once::new();
    let py = declared.py();
    let is_field = FIELD.import(py, "dataclasses", "_FIELD")?;
    let fields = PyDict::new(py);
    for (name, field) in declared {
        if field.getattr(intern!(py, "_field_type"))?.is(is_field) {
            fields.set_item(name, py.None())?;
        }
    }
    Ok(fields)
}

/// What a value is that is none of the usual types.
pub(crate) fn read<'c, 'py>(host: &PyValue<'c, 'py>) -> Read<'c, 'py> {
    match kind(&host.value).map_err(|error| host.fault(error))? {
        Kind::Plain | Kind::Other => scalar(host),
        Kind::Mapping | Kind::Record(_) => Ok(Host::Object(host.clone())),
        Kind::Inner(inner) => host.inner(inner)?.read(),
    }
}

/// Numbers and texts of other types.
fn scalar<'c, 'py>(host: &PyValue<'c, 'py>) -> Read<'c, 'py> {
    let value = &host.value;
    let is = |class: &Class| class.holds(value).map_err(|error| host.fault(error));
    if is(&DECIMAL)? {
        return Host::of_digits(shown(host)?.as_ref());
    }
    if is(&INTEGRAL)? {
        let int = value.call_method0(intern!(value.py(), "__int__"));
        return host.inner(int.map_err(|error| host.fault(error))?)?.read();
    }
    if is(&RATIONAL)? {
        return fraction(host);
    }
    if is(&REAL)? {
        return value.extract::<f64>().map(Host::Double).map_err(|error| host.fault(error));
    }
    if is(&DATE)? || is(&TIME)? {
        let text = value.call_method0(intern!(value.py(), "isoformat"));
        let text = text.and_then(|text| text.extract::<String>());
        let text = text.map_err(|error| host.fault(error))?;
        let text = text.strip_suffix("+00:00").map_or(text.clone(), |start| format!("{start}Z"));
        return PyText::new(PyString::new(value.py(), &text)).map(Host::Text);
    }
    if is(&UUID)? || is(&PURE_PATH)? || is_url(value) {
        return shown(host).map(Host::Text);
    }
    let class = value.get_type();
    let name = class.name().map(|name| name.to_string()).unwrap_or_default();
    // numpy's numbers are numbers by the standard library's classes, for which there is none of true and false.
    if matches!(&*name, "bool" | "bool_") && class.module().is_ok_and(|module| module == "numpy") {
        return value.is_truthy().map(Host::Bool).map_err(|error| host.fault(error));
    }
    Err(HostFault::new(format!("a value of type `{name}` is no JSON value")))
}

/// A fraction that is whole, or that a double is exactly.
fn fraction<'c, 'py>(host: &PyValue<'c, 'py>) -> Read<'c, 'py> {
    let value = &host.value;
    let py = value.py();
    let raised = |error| host.fault(error);
    let numerator = value.getattr(intern!(py, "numerator")).map_err(raised)?;
    let denominator = value.getattr(intern!(py, "denominator")).map_err(raised)?;
    if denominator.eq(1).map_err(raised)? {
        return host.inner(numerator)?.read();
    }
    let not_exact = || HostFault::new("a fraction that no double is exactly is no JSON number");
    let double = value.extract::<f64>().map_err(|error| match error {
        error if error.is_instance_of::<PyOverflowError>(py) => not_exact(),
        error => raised(error),
    })?;
    let ratio = PyFloat::new(py, double).call_method0(intern!(py, "as_integer_ratio"));
    let is_exact = ratio.and_then(|ratio| ratio.eq((numerator, denominator))).map_err(raised)?;
    if is_exact { Ok(Host::Double(double)) } else { Err(not_exact()) }
}

/// Whether this is an address of pydantic's, of one host or of several, that is written as those are.
fn is_url<'py>(value: &Bound<'py, PyAny>) -> bool {
    let class = value.get_type();
    let written = |class: &Bound<'py, PyType>| class.getattr(intern!(value.py(), "__str__")).ok();
    class.mro().iter().any(|base| {
        let Ok(base) = base.cast_into::<PyType>() else { return false };
        let (Ok(module), Ok(name)) = (base.module(), base.name()) else { return false };
        let (Ok(module), Ok(name)) = (module.to_str(), name.to_str()) else { return false };
        let is_known = matches!(
            (module, name),
            ("pydantic.networks", "_BaseUrl" | "_BaseMultiHostUrl")
                | ("pydantic_core._pydantic_core", "Url" | "MultiHostUrl")
        );
        is_known
            && written(&class).is_some_and(|own| written(&base).is_some_and(|usual| own.is(&usual)))
    })
}

fn shown<'py>(host: &PyValue<'_, 'py>) -> Result<PyText<'py>, HostFault> {
    PyText::new(host.value.str().map_err(|error| host.fault(error))?)
}

/// What stands under a key of a value that is no dict.
pub(crate) fn field<'c, 'py>(
    host: &PyValue<'c, 'py>,
    key: &Bound<'py, PyString>,
) -> Result<Field<PyValue<'c, 'py>>, HostFault> {
    if host.value.is_none() {
        return Ok(Field::OfNull);
    }
    match record_kind(host)? {
        Kind::Mapping => {
            let py = host.value.py();
            match host.value.get_item(key) {
                Ok(value) => Ok(Field::Found(host.with(value))),
                Err(error) if error.is_instance_of::<pyo3::exceptions::PyKeyError>(py) => {
                    Ok(Field::Missing)
                }
                Err(error) => Err(host.fault(error)),
            }
        }
        Kind::Record(fields) => match has_field(host, &fields, key)? {
            Some(value) => Ok(Field::Found(value)),
            None => Ok(Field::Missing),
        },
        Kind::Inner(inner) => {
            let key = key.clone().unbind();
            host.inner(inner)?.field(&key)
        }
        Kind::Plain | Kind::Other => Ok(Field::OfOther),
    }
}

/// The kind of a value of which a field is asked.
fn record_kind<'py>(host: &PyValue<'_, 'py>) -> Result<Kind<'py>, HostFault> {
    let value = &host.value;
    if value.cast::<PyString>().is_ok() || value.cast::<pyo3::types::PyInt>().is_ok() {
        return Ok(Kind::Plain);
    }
    kind(value).map_err(|error| host.fault(error))
}

/// A field of a record, or an extra one that a pydantic model was given.
fn has_field<'c, 'py>(
    host: &PyValue<'c, 'py>,
    fields: &Bound<'py, PyAny>,
    key: &Bound<'py, PyString>,
) -> Result<Option<PyValue<'c, 'py>>, HostFault> {
    let fault = |error| host.fault(error);
    if fields.contains(key).map_err(fault)? {
        return host.value.getattr(key).map(|value| Some(host.with(value))).map_err(fault);
    }
    let Some(extra) = extra(&host.value).map_err(fault)? else { return Ok(None) };
    let found = extra.get_item(key).map_err(fault)?;
    Ok(found.map(|value| host.with(value)))
}

/// The fields beside the declared ones of a pydantic model that takes any.
fn extra<'py>(value: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyDict>>> {
    let extra = value.getattr_opt(intern!(value.py(), "__pydantic_extra__"))?;
    Ok(extra.and_then(|extra| extra.cast_into::<PyDict>().ok()))
}

/// The entries of a value that `read` called an object.
pub(crate) fn each_entry<'c, 'py>(
    host: &PyValue<'c, 'py>,
    take: &mut dyn FnMut(&str, PyValue<'c, 'py>) -> Result<(), HostFault>,
) -> Result<(), HostFault> {
    let fault = |error| host.fault(error);
    match kind(&host.value).map_err(fault)? {
        Kind::Inner(inner) => host.inner(inner)?.each_entry(take),
        Kind::Mapping => {
            for key in host.value.try_iter().map_err(fault)? {
                let key = key.map_err(fault)?;
                let value = host.value.get_item(&key).map_err(fault)?;
                host.take_entry(&key, value, take)?;
            }
            Ok(())
        }
        Kind::Record(fields) => {
            for key in fields.try_iter().map_err(fault)? {
                let key = key.map_err(fault)?;
                let name = key.cast::<PyString>().map_err(|error| host.fault(error.into()))?;
                let value = host.value.getattr(name).map_err(fault)?;
                host.take_entry(&key, value, take)?;
            }
            let Some(extra) = extra(&host.value).map_err(fault)? else { return Ok(()) };
            host.with(extra.into_any()).each_entry(take)
        }
        Kind::Plain | Kind::Other => Ok(()),
    }
}

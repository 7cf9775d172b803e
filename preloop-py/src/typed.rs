//! What type checkers are told of values that Rust knows as any object: the stubs are made from it.

use std::convert::Infallible;
use std::marker::PhantomData;

#[cfg(feature = "inspect")]
use parts::{NONE, OBJECT, REST, TEXT, TUPLE, shape};
use pyo3::prelude::*;
#[cfg(feature = "inspect")]
use pyo3::{type_hint_identifier, type_hint_subscript, type_hint_union};

/// A type of Python's, for the stubs alone.
pub(crate) trait Hint {
    #[cfg(feature = "inspect")]
    const HINT: pyo3::inspect::PyStaticExpr;
}

/// An object that is handed out.
pub(crate) struct Is<H>(Py<PyAny>, PhantomData<H>);

/// An object that is taken, as it is.
#[derive(Clone, Copy)]
pub(crate) struct Given<'a, 'py, H>(pub(crate) Borrowed<'a, 'py, PyAny>, PhantomData<H>);

impl<H> Is<H> {
    #[inline]
    pub(crate) fn new<T>(object: Py<T>) -> Self {
        Self(object.into_any(), PhantomData)
    }
}

impl<T, H> From<Bound<'_, T>> for Is<H> {
    fn from(object: Bound<'_, T>) -> Self {
        Self::new(object.unbind())
    }
}

impl<'py, H: Hint> IntoPyObject<'py> for Is<H> {
    type Error = Infallible;
    type Output = Bound<'py, PyAny>;
    type Target = PyAny;

    #[cfg(feature = "inspect")]
    const OUTPUT_TYPE: pyo3::inspect::PyStaticExpr = H::HINT;

    #[inline]
    fn into_pyobject(self, py: Python<'py>) -> Result<Self::Output, Infallible> {
        Ok(self.0.into_bound(py))
    }
}

impl<'a, 'py, H: Hint> FromPyObject<'a, 'py> for Given<'a, 'py, H> {
    type Error = Infallible;

    #[cfg(feature = "inspect")]
    const INPUT_TYPE: pyo3::inspect::PyStaticExpr = H::HINT;

    #[inline]
    fn extract(object: Borrowed<'a, 'py, PyAny>) -> Result<Self, Infallible> {
        Ok(Self(object, PhantomData))
    }
}

/// Names a type of Python's.
macro_rules! hint {
    ($($name:ident = $hint:expr;)*) => {
        $(
            #[derive(Clone, Copy)]
            pub(crate) struct $name;

            impl Hint for $name {
                #[cfg(feature = "inspect")]
                const HINT: pyo3::inspect::PyStaticExpr = $hint;
            }
        )*
    };
}

#[cfg(feature = "inspect")]
mod parts {
    use pyo3::inspect::{PyStaticConstant, PyStaticExpr};
    use pyo3::type_hint_identifier;

    /// A class of `preloop_engine._shapes`.
    pub(super) const fn shape(name: &'static str) -> PyStaticExpr {
        PyStaticExpr::Attribute {
            value: &PyStaticExpr::Name { id: "preloop_engine._shapes" },
            attr: name,
        }
    }

    pub(super) const NONE: PyStaticExpr = PyStaticExpr::Constant { value: PyStaticConstant::None };
    pub(super) const REST: PyStaticExpr =
        PyStaticExpr::Constant { value: PyStaticConstant::Ellipsis };
    pub(super) const TEXT: PyStaticExpr = type_hint_identifier!("builtins", "str");
    pub(super) const OBJECT: PyStaticExpr = type_hint_identifier!("builtins", "object");
    pub(super) const TUPLE: PyStaticExpr = type_hint_identifier!("builtins", "tuple");
}

/// The text of a document.
#[cfg(feature = "inspect")]
pub(crate) const DOCUMENT: pyo3::inspect::PyStaticExpr = type_hint_union!(
    TEXT,
    type_hint_identifier!("builtins", "bytes"),
    type_hint_identifier!("builtins", "bytearray")
);

hint! {
    Action = shape("Action");
    Reason = shape("Reason");
    Rule = type_hint_union!(shape("Rule"), NONE);
    PolicyRef = shape("PolicyRef");
    Errors = type_hint_subscript!(TUPLE, shape("ConditionError"), REST);
    Trace = type_hint_union!(type_hint_subscript!(TUPLE, shape("TraceItem"), REST), NONE);
    Report = shape("Report");
    Status = shape("Status");
    PolicyDiff = shape("PolicyDiff");
    Wire = type_hint_subscript!(
        type_hint_identifier!("builtins", "dict"),
        TEXT,
        type_hint_identifier!("typing", "Any")
    );
    Policy = type_hint_subscript!(
        type_hint_identifier!("collections.abc", "Mapping"),
        TEXT,
        OBJECT
    );
    Tool = type_hint_union!(
        TEXT,
        type_hint_subscript!(type_hint_identifier!("collections.abc", "Mapping"), TEXT, OBJECT)
    );
    Text = TEXT;
    Moment = type_hint_union!(type_hint_identifier!("datetime", "datetime"), TEXT, NONE);
}

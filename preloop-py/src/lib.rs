//! The engine for Python: moves values between Python and `preloop-core`, where everything is decided.

mod arguments;
mod asked;
mod caught;
mod decision;
mod document;
mod engine;
mod guard;
mod live;
mod once;
mod own_class;
mod shapes;
mod special;
mod typed;

use pyo3::exceptions::PyImportError;
use pyo3::prelude::*;

use crate::once::Once;

/// The compiled half of `preloop_engine`; what is public is exported there.
#[pymodule]
mod _native {
    #[pymodule_export]
    use crate::decision::Decision;
    #[pymodule_export]
    use crate::document::policy_to_yaml;
    #[pymodule_export]
    use crate::engine::{BoundEngine, Engine, diff, validate};
    #[pymodule_export]
    use crate::guard::{after_answer, after_decision, call_hash};

    use super::{PyResult, Python};

    #[pymodule_export]
    #[expect(non_upper_case_globals, reason = "Python's name for it")]
    const __version__: &str = env!("CARGO_PKG_VERSION");

    #[pymodule_init]
    fn init(py: Python<'_>) -> PyResult<()> {
        super::stay_in_one_interpreter(py)
    }
}

/// Classes and prepared keys are kept once for the process, and die with the interpreter that made them: another one
/// of the same process must not come across them.
fn stay_in_one_interpreter(py: Python<'_>) -> PyResult<()> {
    static FIRST: Once<Py<PyModule>> = Once::new();
    // Each interpreter has a `sys` of its own.
    let own = PyModule::import(py, "sys")?;
    if FIRST.get_or(|| own.clone().unbind()).is(&own) {
        return Ok(());
    }
    Err(PyImportError::new_err(
        "preloop_engine works in one interpreter of a process, and another one has it already",
    ))
}

//! The engine for Python: moves values between Python and `preloop-core`, where everything is decided.

mod arguments;
mod caught;
mod decision;
mod engine;
mod guard;
mod shapes;
mod special;

use pyo3::prelude::*;

/// The compiled half of `preloop_engine`; what is public is exported there.
#[pymodule]
mod _native {
    #[pymodule_export]
    use crate::decision::Decision;
    #[pymodule_export]
    use crate::engine::{BoundEngine, Engine, diff, validate};
    #[pymodule_export]
    use crate::guard::{after_answer, after_decision, call_hash};
}

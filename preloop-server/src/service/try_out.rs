//! Trying documents and calls: nothing is recorded, nothing comes into force.

use preloop_core::call::CallRecord;
use preloop_core::decision::Decision;
use preloop_core::diagnostic::Report;
use preloop_core::{CompiledPolicy, ValidPolicy};

use super::{ServiceError, Services};

/// Why a trial could not be made.
#[derive(Debug)]
pub(crate) enum TryOutError {
    /// The document has errors.
    InvalidPolicy(Box<Report>),
    /// There is no document.
    Service(ServiceError),
}

impl Services {
    /// What a document, or the live one, answers to a call that says everything itself.
    pub(crate) fn try_out(
        &self,
        policy: Option<&str>,
        call: &CallRecord,
        explain: bool,
    ) -> Result<Decision, TryOutError> {
        let answer = |compiled: &CompiledPolicy| {
            let call = call.call();
            if explain { compiled.explain(&call) } else { compiled.evaluate(&call).into_owned() }
        };
        if let Some(text) = policy {
            let valid = ValidPolicy::parse(text)
                .map_err(|report| TryOutError::InvalidPolicy(Box::new(report)))?;
            return Ok(answer(&CompiledPolicy::compile(valid)));
        }
        let live = self.live_policy().ok_or_else(|| {
            TryOutError::Service(ServiceError::NotFound {
                code: "no_policy",
                message: "no policy is loaded; send one as `policy`".to_owned(),
            })
        })?;
        Ok(answer(live.compiled()))
    }
}

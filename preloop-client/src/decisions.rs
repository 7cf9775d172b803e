//! Recorded decisions: the remote enforcement of an agent that runs its tools itself.

use preloop_api::DecisionResponse;
use serde::Serialize;

use crate::error::ClientError;
use crate::transport::Client;

impl Client {
    /// Has a call decided and recorded; `call` is a line of `--calls`, with `approval_id` when it
    /// comes back after an approval.
    pub async fn decide(
        &self,
        call: &(impl Serialize + Sync + ?Sized),
    ) -> Result<DecisionResponse, ClientError> {
        self.post(&["api", "v1", "decisions"], call).await
    }
}

//! Policies: what is live, compared, applied, exported.

use preloop_api::{
    ApplyRequest, DiffRequest, Page, PolicyApplied, PolicyDiff, PolicyInfo, PolicyScope,
};

use crate::error::ClientError;
use crate::transport::{Client, Expected};

/// How a policy is written down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PolicyForm {
    /// As JSON rather than YAML.
    pub json: bool,
    /// With the keys of every mapping in the order of the alphabet.
    pub sorted: bool,
}

impl Client {
    /// One page of the policies, one for each scope that has its own.
    pub async fn policies(&self, cursor: Option<&str>) -> Result<Page<PolicyInfo>, ClientError> {
        let query: Vec<(&str, String)> =
            cursor.map(|cursor| ("cursor", cursor.to_owned())).into_iter().collect();
        self.get(&["api", "v1", "policies"], &query).await
    }

    /// Compares two policies; a side that is left out is what is live in the scope.
    pub async fn policy_diff(&self, request: &DiffRequest) -> Result<PolicyDiff, ClientError> {
        self.post(&["api", "v1", "policies", "diff"], request).await
    }

    /// Brings a document into force where what is live is what is expected, or says what that would do.
    pub async fn policy_apply(
        &self,
        request: &ApplyRequest,
        expected: &Expected,
    ) -> Result<PolicyApplied, ClientError> {
        self.post_expecting(&["api", "v1", "policies", "import"], request, expected).await
    }

    /// The document that is live in a scope, without secrets.
    pub async fn policy_export(
        &self,
        scope: &PolicyScope,
        form: PolicyForm,
    ) -> Result<String, ClientError> {
        let mut query = vec![
            ("scope", scope.to_string()),
            ("format", if form.json { "json" } else { "yaml" }.to_owned()),
        ];
        if form.sorted {
            query.push(("style", "sorted".to_owned()));
        }
        self.get_text(&["api", "v1", "policies", "export"], &query).await
    }
}

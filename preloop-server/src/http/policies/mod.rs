//! `/api/v1/policies`: what is live, trying and comparing documents, applying and editing, versions.

mod apply;
mod document;
mod precondition;
mod read;
mod rules;
mod try_out;
mod versions;

use uuid::Uuid;

pub(super) use apply::answer;
pub(super) use precondition::{ETAG_HEADER, HEADERS, expected};

use super::ApiError;
use super::params::id as read_id;
use super::route::Routes;

/// Every route of policies.
pub(super) fn routes() -> Routes {
    let routes = try_out::routes(Routes::of("policies"));
    versions::routes(rules::routes(apply::routes(read::routes(routes))))
}

/// The id of a policy in a path.
fn policy_id(text: &str) -> Result<Uuid, ApiError> {
    read_id(text, "policy_not_found", "policy")
}

//! The check in front of every route that is not public: who calls, and whether that one may.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::StatusCode;
use preloop_api::{Permission, Role};

use super::{Access, Route};
use crate::http::body::record_refusal;
use crate::http::{ApiError, once};
use crate::http::{auth, client};
use crate::service::{Caller, Platform};

/// What the check of one route has to know.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    platform: Platform,
    right: Option<Permission>,
    is_change: bool,
    /// Whether it is done to its end even where the client leaves.
    is_seen_through: bool,
    refuse: fn(&ApiError) -> Response,
}

// === impl Gate ===

impl Gate {
    /// The check of that route; none where anybody may use it.
    pub(super) fn of(route: &Route, platform: &Platform) -> Option<Self> {
        let right = match route.access {
            Access::Public => return None,
            Access::SignedIn => None,
            Access::Right(right) => Some(right),
        };
        let (is_change, refuse) = (route.about.is_change, route.refuse);
        // What was decided for somebody who has left is not handed over, and waiting for people ends with the client.
        let is_seen_through =
            is_change && right.is_some_and(|right| right != Permission::DecisionsMake);
        Some(Self { platform: platform.clone(), right, is_change, is_seen_through, refuse })
    }
}

/// Lets those in who may: handlers find them in the request.
pub(super) async fn admit(State(gate): State<Gate>, mut request: Request, next: Next) -> Response {
    let admitted = match auth::authenticate(
        &gate.platform,
        request.method(),
        request.headers(),
        client::address(&request),
    )
    .await
    {
        Ok(admitted) => admitted,
        Err(error) => return (gate.refuse)(&error),
    };
    if let Some(right) = gate.right
        && let Err(error) = check(&admitted.caller, right)
    {
        record_refusal(&admitted, request.method(), request.uri(), &error);
        return (gate.refuse)(&error);
    }
    if gate.is_change && request.headers().contains_key(once::HEADER) {
        return once::answer(admitted, request, next).await;
    }
    request.extensions_mut().insert(admitted);
    if gate.is_seen_through {
        // Else a change could be in the store, and neither in the trail nor in memory: a revoked key would stay good.
        return once::see_through(next.run(request)).await;
    }
    next.run(request).await
}

/// Does what anybody may do to its end, even where the client leaves: a user who was made is in the trail.
pub(super) async fn see_through(request: Request, next: Next) -> Response {
    once::see_through(next.run(request)).await
}

fn check(caller: &Caller, right: Permission) -> Result<(), ApiError> {
    if caller.role == Role::Agent && right == Permission::ApprovalsVote {
        let detail = "an agent's key cannot vote: a person decides";
        return Err(ApiError::new(StatusCode::FORBIDDEN, "agent_cannot_approve", detail));
    }
    Ok(caller.must(right)?)
}

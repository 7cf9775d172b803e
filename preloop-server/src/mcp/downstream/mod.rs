//! What agents speak to: MCP streamable HTTP at `/mcp`, `/mcp/v1` and `/mcp/{server}`.

mod accept;
mod era;
mod initialize;
mod list;
mod post;
mod refusal;
mod session;
mod stream;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use axum::routing::any;
use http::header::AUTHORIZATION;
use http::{HeaderMap, Method};
use preloop_api::Permission;
use preloop_core::audit::EnforcementPoint;

pub(crate) use session::{InFlightGuard, Sessions};
pub(crate) use stream::Frame;

use self::accept::Accepts;
use self::refusal::Refused;
use super::{Firewall, Firewalls};
use crate::service::{Caller, Refusal, ServiceError, Services};

/// Which tools a client speaks to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// All servers' tools, named `<server>__<tool>`.
    Merged,
    /// One server's tools under their own names.
    Server(String),
}

/// A request whose caller is known.
struct Exchange {
    firewall: Firewall,
    caller: Caller,
    endpoint: Endpoint,
    headers: HeaderMap,
    accepts: Accepts,
}

/// The routes, ready to be merged into the server's.
pub(super) fn routes(firewalls: Firewalls) -> Router {
    Router::new()
        .route("/mcp", any(merged))
        .route("/mcp/v1", any(merged))
        .route("/mcp/{server}", any(one_server))
        .with_state(firewalls)
}

async fn merged(State(firewalls): State<Firewalls>, request: Request) -> Response {
    handle(firewalls, Endpoint::Merged, request).await
}

async fn one_server(
    State(firewalls): State<Firewalls>,
    Path(server): Path<String>,
    request: Request,
) -> Response {
    handle(firewalls, Endpoint::Server(server), request).await
}

async fn handle(firewalls: Firewalls, endpoint: Endpoint, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let (services, caller) = match authenticate(&firewalls, &parts.headers).await {
        Ok(Some(known)) => known,
        Ok(None) => return Refused::no_key().into_response(),
        Err(error) => return Refused::unavailable(&error).into_response(),
    };
    if let Err(error) = caller.must(Permission::ToolsCall) {
        return Refused::not_allowed(&error).into_response();
    }
    let Some(firewall) = firewalls.of(services) else {
        return Refused::stopping().into_response();
    };
    let accepts = Accepts::of(&parts.headers);
    let exchange = Exchange { firewall, caller, endpoint, headers: parts.headers, accepts };
    match exchange.answer(&parts.method, body).await {
        Ok(response) => response,
        Err(refused) => {
            exchange.record(&refused.message);
            refused.into_response()
        }
    }
}

async fn authenticate(
    firewalls: &Firewalls,
    headers: &HeaderMap,
) -> Result<Option<(Services, Caller)>, ServiceError> {
    let key = || {
        let header = headers.get(AUTHORIZATION)?.to_str().ok()?;
        let (scheme, key) = header.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
    };
    match key() {
        Some(key) => firewalls.platform().authenticate(key).await,
        None => Ok(None),
    }
}

// === impl Exchange ===

impl Exchange {
    async fn answer(&self, method: &Method, body: Body) -> Result<Response, Refused> {
        if let Endpoint::Server(server) = &self.endpoint
            && !self.firewall.upstreams().has(server)
        {
            return Err(Refused::unknown_server(server));
        }
        match *method {
            Method::POST => self.post(body).await,
            Method::GET => self.listen(),
            Method::DELETE => self.end_session(),
            _ => Err(Refused::method_not_allowed()),
        }
    }

    fn listen(&self) -> Result<Response, Refused> {
        if !self.accepts.events {
            return Err(Refused::accept("text/event-stream"));
        }
        let session = self.session()?;
        Ok(stream::announcements(session.listen(), self.firewall.settings().keep_alive))
    }

    fn end_session(&self) -> Result<Response, Refused> {
        let session = self.session()?;
        self.firewall.sessions().end(&session);
        Ok(stream::ended())
    }

    /// Puts a refusal of a known caller into the trail.
    fn record(&self, message: &str) {
        let server = match &self.endpoint {
            Endpoint::Merged => None,
            Endpoint::Server(server) => Some(server.clone()),
        };
        let refusal = Refusal { tool: None, server, message: message.to_owned() };
        self.firewall.services().record_refusal(&self.caller, EnforcementPoint::Mcp, refusal);
    }
}

//! What agents speak to: MCP streamable HTTP at `/mcp`, `/mcp/v1` and `/mcp/{server}`.

mod accept;
mod era;
mod initialize;
mod list;
mod post;
mod refusal;
mod session;
mod stream;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use http::{HeaderMap, Method, StatusCode};
use preloop_core::audit::EnforcementPoint;

pub(crate) use session::{InFlightGuard, Sessions};
pub(crate) use stream::Frame;

use self::accept::Accepts;
use self::refusal::Refused;
use super::wire::outgoing::code;
use super::{Firewall, Firewalls};
use crate::service::{Caller, Refusal, Services};

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

/// Answers one request of a caller who may call tools.
pub(crate) async fn handle(
    firewalls: Firewalls,
    services: Services,
    caller: Caller,
    endpoint: Endpoint,
    request: Request,
) -> Response {
    let Some(firewall) = firewalls.of(services) else {
        return Refused::stopping().into_response();
    };
    let (parts, body) = request.into_parts();
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

/// A request that is refused before it is looked at, as a client of the protocol understands it.
pub(crate) fn refused(status: StatusCode, message: &str) -> Response {
    Refused::new(status, code::REFUSED, message).into_response()
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
        let refusal = Refusal { server, message: message.to_owned(), ..Refusal::default() };
        self.firewall.services().record_refusal(&self.caller, EnforcementPoint::Mcp, refusal);
    }
}

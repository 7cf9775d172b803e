//! One POST: one JSON-RPC message, refused, taken or answered.

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::sync::mpsc;

use super::accept::is_json;
use super::refusal::Refused;
use super::session::Session;
use super::stream;
use super::{Exchange, era};
use crate::bounded::{self, BODY_BYTES_MAX, BodyError};
use crate::mcp::enforce::Call;
use crate::mcp::wire::message::{Message, MessageError};
use crate::mcp::wire::outgoing::{self, code};
use crate::mcp::wire::strict;

/// Frames of one call that may wait for a slow client.
const FRAMES_MAX: usize = 64;
const SESSION_HEADER: &str = "mcp-session-id";

/// A request to answer.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) id: &'a str,
    pub(super) method: &'a str,
    pub(super) params: Option<&'a str>,
}

#[derive(Deserialize)]
struct CancelledParams<'a> {
    #[serde(rename = "requestId", borrow)]
    request_id: &'a RawValue,
}

impl Exchange {
    pub(super) async fn post(&self, body: Body) -> Result<Response, Refused> {
        if !is_json(&self.headers) {
            return Err(Refused::content_type());
        }
        if !self.accepts.json && !self.accepts.events {
            return Err(Refused::accept("application/json, text/event-stream"));
        }
        let body = read(body).await?;
        match parse(&body)? {
            Message::Request { id, method, params } => {
                let asked = Asked { id, method, params };
                self.request(asked, &body).await.map_err(|refused| refused.to(id))
            }
            Message::Notification { method, params } => {
                self.check_era(method)?;
                let session = self.session()?;
                if method == "notifications/cancelled"
                    && let Some(params) = params
                    && let Ok(params) = serde_json::from_str::<CancelledParams<'_>>(params)
                {
                    session.cancel(params.request_id.get());
                }
                Ok(stream::accepted())
            }
            // Nothing was asked of the client, so that its answer answers nothing.
            Message::Response { .. } => {
                self.session()?;
                Ok(stream::accepted())
            }
        }
    }

    async fn request(&self, asked: Asked<'_>, body: &Bytes) -> Result<Response, Refused> {
        if let Err(fallback) = era::check(asked.method, &self.headers) {
            if fallback.is_http_error {
                return Err(Refused::malformed(fallback.code, fallback.message));
            }
            let message = outgoing::error(asked.id, fallback.code, &fallback.message);
            return Ok(stream::message(self.accepts, message));
        }
        if asked.method == "initialize" {
            return self.initialize(asked);
        }
        let session = self.session()?;
        let message = match asked.method {
            "tools/call" => return self.call(&session, asked, body).await,
            "tools/list" => self.list_tools(asked).await,
            "ping" => outgoing::result(asked.id, "{}"),
            method => {
                let words = format!("method `{method}` is not offered: this server has tools only");
                outgoing::error(asked.id, code::METHOD_NOT_FOUND, &words)
            }
        };
        Ok(stream::message(self.accepts, message))
    }

    /// Runs the call in a task of its own: one that is on its way to a server is seen to its end
    /// even where the client has left.
    async fn call(
        &self,
        session: &Arc<Session>,
        asked: Asked<'_>,
        body: &Bytes,
    ) -> Result<Response, Refused> {
        let (frames, receiver) = mpsc::channel(FRAMES_MAX);
        let in_flight = session.begin(asked.id).ok_or_else(Refused::too_many_calls)?;
        let call = Call {
            firewall: self.firewall.clone(),
            caller: self.caller.clone(),
            session_id: session.id.clone(),
            endpoint: self.endpoint.clone(),
            id: asked.id.to_owned(),
            params: body.slice_ref(asked.params.unwrap_or_default().as_bytes()),
            frames,
            hears_notes: self.accepts.events,
            in_flight,
        };
        self.firewall.calls().spawn(call.run());
        let keep_alive = self.firewall.settings().keep_alive;
        Ok(stream::respond(receiver, self.accepts, keep_alive, asked.id).await)
    }

    /// The session that the request names.
    pub(super) fn session(&self) -> Result<Arc<Session>, Refused> {
        let id = self.headers.get(SESSION_HEADER).ok_or_else(Refused::no_session)?;
        let now = self.firewall.services().clock().now();
        id.to_str()
            .ok()
            .and_then(|id| self.firewall.sessions().find(id, &self.caller, &self.endpoint, now))
            .ok_or_else(Refused::unknown_session)
    }

    fn check_era(&self, method: &str) -> Result<(), Refused> {
        era::check(method, &self.headers)
            .map_err(|fallback| Refused::malformed(fallback.code, fallback.message))
    }
}

async fn read(body: Body) -> Result<Bytes, Refused> {
    bounded::read(body).await.map_err(|error| match error {
        BodyError::TooLarge => Refused::too_large(BODY_BYTES_MAX),
        BodyError::Broken | BodyError::Slow => {
            Refused::malformed(code::INVALID_REQUEST, "the body could not be read")
        }
    })
}

fn parse(body: &Bytes) -> Result<Message<'_>, Refused> {
    strict::check(body).map_err(|error| {
        let code = if error.is_syntax { code::PARSE_ERROR } else { code::INVALID_REQUEST };
        Refused::malformed(code, error.message)
    })?;
    Message::parse(body).map_err(|error| {
        let code = match error {
            MessageError::Syntax => code::PARSE_ERROR,
            MessageError::Batch | MessageError::Form(_) => code::INVALID_REQUEST,
        };
        Refused::malformed(code, error.to_string())
    })
}

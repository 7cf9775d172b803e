//! The answer to a request: one JSON body where it is quick, an event stream where it takes time.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::Stream;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, StatusCode};
use tokio::sync::mpsc;
use tokio::time::{Instant, Interval, MissedTickBehavior};

use super::accept::Accepts;
use crate::mcp::wire::outgoing::{self, code};
use crate::mcp::wire::sse;

/// A call that takes longer is answered as a stream, so that no connection is idle for long.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a call has to say to its client.
#[derive(Debug)]
pub(crate) enum Frame {
    /// It will take a while.
    Wait,
    /// A notification on the way.
    Note(Bytes),
    /// The answer; nothing comes after it.
    Answer(Bytes),
}

/// Frames as a body of server-sent events, with a comment whenever it is quiet for long.
struct Events {
    frames: mpsc::Receiver<Frame>,
    first: Option<Frame>,
    keep_alive: Interval,
    is_over: bool,
}

/// Announcements as a body of server-sent events.
struct Announcements {
    messages: mpsc::Receiver<Bytes>,
    keep_alive: Interval,
}

/// Answers with what comes through `frames`.
pub(super) async fn respond(
    mut frames: mpsc::Receiver<Frame>,
    accepts: Accepts,
    keep_alive: Duration,
    id: &str,
) -> Response {
    let first = if accepts.events && accepts.json {
        tokio::time::timeout(PATIENCE, frames.recv()).await.unwrap_or(Some(Frame::Wait))
    } else if accepts.json {
        // Notes cannot be told to a client that takes nothing but the answer.
        loop {
            match frames.recv().await {
                Some(Frame::Wait | Frame::Note(_)) => {}
                last => break last,
            }
        }
    } else {
        Some(Frame::Wait)
    };
    match first {
        Some(Frame::Answer(message)) => json(message),
        Some(first) => events(Events {
            frames,
            first: Some(first),
            keep_alive: every(keep_alive),
            is_over: false,
        }),
        None if accepts.events => {
            events(Events { frames, first: None, keep_alive: every(keep_alive), is_over: true })
        }
        None => json(outgoing::error(id, code::REFUSED, "the request was cancelled")),
    }
}

/// A stream of announcements.
pub(super) fn announcements(messages: mpsc::Receiver<Bytes>, keep_alive: Duration) -> Response {
    events(Announcements { messages, keep_alive: every(keep_alive) })
}

/// An answer that is there at once, in a form that the client reads.
pub(super) fn message(accepts: Accepts, message: Bytes) -> Response {
    if accepts.json {
        return json(message);
    }
    let frame = sse::event(message);
    events(futures_util::stream::once(async { Ok(frame) }))
}

/// A JSON body.
fn json(message: Bytes) -> Response {
    let mut response = Response::new(Body::from(message));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// A message that needs no answer was taken.
pub(super) fn accepted() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::ACCEPTED;
    response
}

/// What was asked to end has ended.
pub(super) fn ended() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

fn events(stream: impl Stream<Item = Result<Bytes, Infallible>> + Send + 'static) -> Response {
    let mut response = Response::new(Body::from_stream(stream));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache, no-transform"));
    // Reverse proxies of the field hold streams back unless told not to.
    let buffering = HeaderName::from_static("x-accel-buffering");
    headers.insert(buffering, HeaderValue::from_static("no"));
    response
}

fn every(pause: Duration) -> Interval {
    let mut interval = tokio::time::interval_at(Instant::now() + pause, pause);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

// === impl Events ===

impl Stream for Events {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        let frame = match self.first.take() {
            Some(frame) => Some(frame),
            None => match self.frames.poll_recv(context) {
                Poll::Ready(frame) => frame,
                Poll::Pending => {
                    return self.keep_alive.poll_tick(context).map(|_| Some(Ok(sse::KEEP_ALIVE)));
                }
            },
        };
        self.keep_alive.reset();
        Poll::Ready(match frame {
            // The first bytes go out at once, so that client and proxies see the stream open.
            Some(Frame::Wait) => Some(Ok(sse::KEEP_ALIVE)),
            Some(Frame::Note(message)) => Some(Ok(sse::event(message))),
            Some(Frame::Answer(message)) => {
                self.is_over = true;
                Some(Ok(sse::event(message)))
            }
            None => None,
        })
    }
}

// === impl Announcements ===

impl Stream for Announcements {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match self.messages.poll_recv(context) {
            Poll::Ready(message) => Poll::Ready(message.map(|message| Ok(sse::event(message)))),
            Poll::Pending => self.keep_alive.poll_tick(context).map(|_| Some(Ok(sse::KEEP_ALIVE))),
        }
    }
}

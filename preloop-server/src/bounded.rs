//! Reading a request body that may be too long: bounded in size and time, and read out before it is refused.
//!
//! A client still sending when the connection closes sees a broken pipe in place of the refusal,
//! so what is too long is read on and thrown away, as far as that is cheap.

use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use tokio::time::timeout;

/// Longest request body, in bytes.
pub(crate) const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Longest time that a body may take.
const BODY_TIME_MAX: Duration = Duration::from_mins(1);
/// Most that is thrown away before a refusal, in bytes.
const DISCARDED_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Longest time that is spent throwing away.
const DISCARD_TIME_MAX: Duration = Duration::from_secs(5);
/// Longest pause of the client while it is thrown away: one that announces more than it sends is answered soon.
const DISCARD_PAUSE_MAX: Duration = Duration::from_millis(500);

/// Why there is no body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyError {
    /// It is longer than [`BODY_BYTES_MAX`].
    TooLarge,
    /// The connection broke while it came.
    Broken,
    /// It did not come in time.
    Slow,
}

/// The whole body, as long as it is not too large and comes in time.
pub(crate) async fn read(body: Body) -> Result<Bytes, BodyError> {
    read_within(body, BODY_TIME_MAX).await
}

async fn read_within(body: Body, time: Duration) -> Result<Bytes, BodyError> {
    timeout(time, read_all(body)).await.map_err(|_| BodyError::Slow)?
}

async fn read_all(mut body: Body) -> Result<Bytes, BodyError> {
    let mut read = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| BodyError::Broken)?.into_data() else { continue };
        if read.len().saturating_add(data.len()) > BODY_BYTES_MAX {
            drop(read);
            discard(body).await;
            return Err(BodyError::TooLarge);
        }
        read.extend_from_slice(&data);
    }
    Ok(read.freeze())
}

/// Reads a refused body to its end, within bounds, so that the client gets to the answer.
pub(crate) async fn discard(mut body: Body) {
    let discarding = async {
        let mut discarded = 0_usize;
        while let Ok(Some(Ok(frame))) = timeout(DISCARD_PAUSE_MAX, body.frame()).await {
            discarded = discarded.saturating_add(frame.data_ref().map_or(0, Bytes::len));
            if discarded > DISCARDED_BYTES_MAX {
                break;
            }
        }
    };
    // Out of time is as good as read: the answer goes out either way.
    let _ = timeout(DISCARD_TIME_MAX, discarding).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_fits_is_read_and_what_does_not_is_refused() {
        let fits = vec![b'x'; BODY_BYTES_MAX];
        assert_eq!(read(Body::from(fits.clone())).await.map(|body| body.len()), Ok(fits.len()));
        let long = vec![b'x'; BODY_BYTES_MAX + 1];
        assert_eq!(read(Body::from(long)).await, Err(BodyError::TooLarge));
    }

    #[tokio::test]
    async fn what_never_comes_is_not_waited_for() {
        let never = futures_util::stream::pending::<Result<Bytes, std::io::Error>>();
        let read = read_within(Body::from_stream(never), Duration::from_millis(10));
        assert_eq!(read.await, Err(BodyError::Slow));
    }
}

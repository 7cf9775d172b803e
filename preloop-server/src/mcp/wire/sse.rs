//! Server-sent events, both ways: frames that we write, a bounded decoder for those that we read.

use bytes::{BufMut, Bytes, BytesMut};

use super::outgoing::one_line;

/// A comment that keeps the connection alive and that every client skips.
pub(crate) const KEEP_ALIVE: Bytes = Bytes::from_static(b": keep-alive\n\n");

/// One event with a JSON-RPC message as its data.
pub(crate) fn event(message: Bytes) -> Bytes {
    let message = one_line(message);
    let mut frame = BytesMut::with_capacity(message.len() + 24);
    frame.put_slice(b"event: message\ndata: ");
    frame.put_slice(&message);
    frame.put_slice(b"\n\n");
    frame.freeze()
}

/// An event that was read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Event {
    /// What kind of event it is, where it says so.
    pub(crate) name: Option<String>,
    /// The data lines, joined.
    pub(crate) data: Bytes,
    /// The event's id, if it has one.
    pub(crate) id: Option<String>,
    /// The reconnection time that the server asks for.
    pub(crate) retry_ms: Option<u64>,
}

/// The stream holds an event that is too long.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event of the stream is longer than {limit} bytes")]
pub(crate) struct EventTooLong {
    limit: usize,
}

/// Cuts a byte stream into events.
#[derive(Debug)]
pub(crate) struct Decoder {
    buffer: BytesMut,
    scanned: usize,
    event: Event,
    data: BytesMut,
    has_data: bool,
    limit: usize,
}

// === impl Decoder ===

impl Decoder {
    /// A decoder that refuses events longer than `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            buffer: BytesMut::new(),
            scanned: 0,
            event: Event::default(),
            data: BytesMut::new(),
            has_data: false,
            limit,
        }
    }

    /// Takes the next bytes of the stream.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Result<(), EventTooLong> {
        if self.buffer.len() + self.data.len() + bytes.len() > self.limit.saturating_mul(2) {
            return Err(EventTooLong { limit: self.limit });
        }
        self.buffer.put_slice(bytes);
        Ok(())
    }

    /// The next whole event, if there is one.
    pub(crate) fn next(&mut self) -> Result<Option<Event>, EventTooLong> {
        while let Some(line) = self.line() {
            if let Some(event) = self.take_line(&line)? {
                return Ok(Some(event));
            }
        }
        if self.buffer.len() > self.limit {
            return Err(EventTooLong { limit: self.limit });
        }
        Ok(None)
    }

    /// Lines end in LF, CR or CRLF; a CR at the very end waits for what follows.
    fn line(&mut self) -> Option<Bytes> {
        let rest = self.buffer.get(self.scanned..)?;
        let Some(end) = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')) else {
            self.scanned = self.buffer.len();
            return None;
        };
        let end = self.scanned + end;
        let skip = match (self.buffer.get(end), self.buffer.get(end + 1)) {
            (Some(b'\r'), None) => {
                self.scanned = end;
                return None;
            }
            (Some(b'\r'), Some(b'\n')) => 2,
            _ => 1,
        };
        self.scanned = 0;
        let mut line = self.buffer.split_to(end + skip);
        line.truncate(end);
        Some(line.freeze())
    }

    fn take_line(&mut self, line: &Bytes) -> Result<Option<Event>, EventTooLong> {
        if line.is_empty() {
            let mut event = std::mem::take(&mut self.event);
            event.data = self.data.split().freeze();
            let is_event = std::mem::take(&mut self.has_data)
                || event.id.is_some()
                || event.retry_ms.is_some();
            return Ok(is_event.then_some(event));
        }
        let colon = line.iter().position(|&byte| byte == b':');
        let (field, value) = match colon {
            None => (line.clone(), Bytes::new()),
            Some(at) => {
                let value = line.slice(at + 1..);
                let space = usize::from(value.first() == Some(&b' '));
                (line.slice(..at), value.slice(space..))
            }
        };
        match field.as_ref() {
            b"data" => {
                if self.data.len() + value.len() > self.limit {
                    return Err(EventTooLong { limit: self.limit });
                }
                if std::mem::replace(&mut self.has_data, true) {
                    self.data.put_u8(b'\n');
                }
                self.data.put_slice(&value);
            }
            b"event" => self.event.name = String::from_utf8(value.to_vec()).ok(),
            b"id" => self.event.id = String::from_utf8(value.to_vec()).ok(),
            b"retry" => {
                self.event.retry_ms =
                    std::str::from_utf8(&value).ok().and_then(|text| text.parse().ok());
            }
            _ => {}
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(chunks: &[&str]) -> Vec<(String, Option<String>)> {
        let mut decoder = Decoder::new(64);
        let mut events = Vec::new();
        for chunk in chunks {
            decoder.feed(chunk.as_bytes()).unwrap();
            while let Some(event) = decoder.next().unwrap() {
                events.push((String::from_utf8(event.data.to_vec()).unwrap(), event.id));
            }
        }
        events
    }

    #[test]
    fn reads_events_in_any_chunks() {
        let text = ": hi\n\nevent: message\nid: 4\ndata: {\"a\":1}\n\ndata:x\r\ndata: y\r\n\r\n";
        let whole = events(&[text]);
        assert_eq!(whole, [("{\"a\":1}".into(), Some("4".into())), ("x\ny".into(), None)]);
        let bytes: Vec<String> = text.chars().map(String::from).collect();
        let single: Vec<&str> = bytes.iter().map(String::as_str).collect();
        assert_eq!(events(&single), whole);
    }

    #[test]
    fn reads_what_it_writes() {
        let frame = event(Bytes::from("{\"a\":\n1}"));
        let text = String::from_utf8(frame.to_vec()).unwrap();
        assert_eq!(events(&[": keep-alive\n\n", &text]), [("{\"a\": 1}".into(), None)]);
    }

    #[test]
    fn knows_retry_and_priming_events() {
        let mut decoder = Decoder::new(64);
        decoder.feed(b"id: 1\nretry: 50\ndata:\n\n").unwrap();
        let event = decoder.next().unwrap().unwrap();
        assert_eq!((event.retry_ms, event.data.len()), (Some(50), 0));
    }

    #[test]
    fn refuses_endless_events() {
        let mut decoder = Decoder::new(8);
        decoder.feed(b"data: 0123456").unwrap();
        assert_eq!(decoder.next(), Err(EventTooLong { limit: 8 }));
        assert!(decoder.feed(&[b'x'; 40]).is_err());
    }
}

//! HTTP by hand over a plain socket, for what no well-behaved client would send, and to see every byte that comes.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::wait::PATIENCE;

/// An answer that was read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The status code.
    pub(crate) status: u16,
    /// Header lines, names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// The body, chunks joined.
    pub(crate) body: String,
}

/// An answer that is still coming, read piece by piece.
pub(crate) struct Stream {
    socket: TcpStream,
    raw: Vec<u8>,
}

/// Sends one request and reads the answer to its end.
pub(crate) fn send(
    address: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Answer {
    let mut stream = open(address, method, path, headers, body);
    stream.read_to_end();
    stream.answer()
}

/// Sends one request and returns at once. `Host` and `Content-Length` are set unless given.
pub(crate) fn open(
    address: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Stream {
    let mut lines = vec![format!("{method} {path} HTTP/1.1"), "Connection: close".to_owned()];
    let has = |name: &str| headers.iter().any(|(given, _)| given.eq_ignore_ascii_case(name));
    if !has("host") {
        lines.push(format!("Host: {address}"));
    }
    if !has("content-length") {
        lines.push(format!("Content-Length: {}", body.len()));
    }
    lines.extend(headers.iter().map(|(name, value)| format!("{name}: {value}")));
    let head = lines.join("\r\n") + "\r\n\r\n";
    let mut socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    socket.write_all(head.as_bytes()).unwrap();
    // A server that refuses by the head alone may close before the body is through.
    let _ = socket.write_all(body);
    Stream { socket, raw: Vec::new() }
}

// === impl Stream ===

impl Stream {
    /// Reads until the connection ends.
    fn read_to_end(&mut self) {
        let start = Instant::now();
        while self.read_some() {
            assert!(start.elapsed() < PATIENCE, "no end of the answer: {}", self.text());
        }
    }

    /// Reads until `text` has come; false when the answer ended without it.
    pub(crate) fn read_until(&mut self, text: &str) -> bool {
        self.read_until_times(text, 1)
    }

    /// Reads until `text` has come so many times; false when the answer ended before.
    pub(crate) fn read_until_times(&mut self, text: &str, times: usize) -> bool {
        let start = Instant::now();
        while self.text().matches(text).count() < times {
            assert!(start.elapsed() < PATIENCE, "`{text}` did not come: {}", self.text());
            if !self.read_some() {
                return false;
            }
        }
        true
    }

    /// Everything that came so far, as it came.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.raw).into_owned()
    }

    /// Reads what is there; false at the end of the connection.
    fn read_some(&mut self) -> bool {
        let mut piece = [0; 16 * 1024];
        match self.socket.read(&mut piece) {
            Ok(0) => false,
            Ok(length) => {
                self.raw.extend_from_slice(&piece[..length]);
                true
            }
            Err(error) => matches!(
                error.kind(),
                std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
            ),
        }
    }

    /// What was read, taken apart.
    fn answer(&self) -> Answer {
        let text = self.text();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok());
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
            .collect();
        let is_chunked = headers.iter().any(|(name, value)| {
            name == "transfer-encoding" && value.eq_ignore_ascii_case("chunked")
        });
        let body = if is_chunked { join_chunks(body) } else { body.to_owned() };
        Answer { status: status.unwrap_or_default(), headers, body }
    }
}

// === impl Answer ===

impl Answer {
    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body)
            .unwrap_or_else(|error| panic!("not JSON ({error}): {} {}", self.status, self.body))
    }

    /// The JSON-RPC message in the answer, whether it came as JSON or as the last event of a stream.
    #[track_caller]
    pub(crate) fn message(&self) -> Value {
        let last = self.body.lines().rev().find_map(|line| line.strip_prefix("data:"));
        let text = last.unwrap_or(&self.body);
        serde_json::from_str(text)
            .unwrap_or_else(|error| panic!("no message ({error}): {} {}", self.status, self.body))
    }
}

/// The body in a chunked coding; cut chunks are left out.
fn join_chunks(mut coded: &str) -> String {
    let mut body = String::new();
    while let Some((size, rest)) = coded.split_once("\r\n") {
        let size = usize::from_str_radix(size.trim(), 16).unwrap_or_default();
        let Some(chunk) = rest.get(..size).filter(|chunk| !chunk.is_empty()) else { break };
        body += chunk;
        coded = rest.get(size..).unwrap_or_default().trim_start_matches("\r\n");
    }
    body
}

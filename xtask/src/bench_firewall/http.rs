//! One kept HTTP/1.1 connection with as little of its own cost as can be: what is measured is the other side.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;

/// A connection to one server, used for one request after the other.
pub(crate) struct Connection {
    reader: BufReader<TcpStream>,
    address: String,
}

/// An answer's header block and its body.
pub(crate) struct Answer {
    /// The header block, as it came.
    pub(crate) head: String,
    /// The body, chunks joined.
    pub(crate) body: String,
}

// === impl Connection ===

impl Connection {
    /// Connects, without Nagle's delay.
    pub(crate) fn open(address: &str) -> Result<Self, String> {
        let socket = TcpStream::connect(address).map_err(|error| format!("{address}: {error}"))?;
        socket.set_nodelay(true).map_err(|error| error.to_string())?;
        Ok(Self { reader: BufReader::new(socket), address: address.to_owned() })
    }

    /// Posts JSON and reads the answer to its end.
    pub(crate) fn post(&mut self, path: &str, headers: &str, body: &str) -> Result<Answer, String> {
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n\
             Accept: application/json, text/event-stream\r\n{headers}Content-Length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        );
        let failed = |error: std::io::Error| format!("POST {path}: {error}");
        self.reader.get_mut().write_all(request.as_bytes()).map_err(failed)?;
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if self.reader.read_line(&mut head).map_err(failed)? == 0 {
                return Err(format!("POST {path}: the connection was closed: {head}"));
            }
        }
        let body = self.read_body(&head.to_lowercase()).map_err(failed)?;
        Ok(Answer { head, body })
    }

    fn read_body(&mut self, head: &str) -> std::io::Result<String> {
        let mut body = Vec::new();
        if head.contains("transfer-encoding: chunked") {
            loop {
                let mut line = String::new();
                self.reader.read_line(&mut line)?;
                let size = u64::from_str_radix(line.trim(), 16).unwrap_or_default();
                self.reader.by_ref().take(size).read_to_end(&mut body)?;
                self.reader.read_line(&mut line)?;
                if size == 0 {
                    break;
                }
            }
        } else {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
            let length = length.and_then(|text| text.trim().parse().ok()).unwrap_or_default();
            self.reader.by_ref().take(length).read_to_end(&mut body)?;
        }
        Ok(String::from_utf8_lossy(&body).into_owned())
    }
}

// === impl Answer ===

impl Answer {
    /// The value of a header, by its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
    }
}

//! An HTTP server that keeps what it is sent and answers as it is told: stand-in for services that are called.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long [`HttpReceiver::wait_for`] waits; a busy machine is slow.
const PATIENCE: Duration = Duration::from_mins(1);

/// Chooses the answer to a request.
type Answering = Arc<dyn Fn(&HttpRequest) -> HttpAnswer + Send + Sync>;

/// An HTTP server on loopback; clones are the same.
#[derive(Clone)]
pub struct HttpReceiver {
    address: SocketAddr,
    inner: Arc<Inner>,
}

struct Inner {
    requests: Mutex<Vec<HttpRequest>>,
    answering: Mutex<Answering>,
    is_stopped: AtomicBool,
}

/// A request as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpRequest {
    /// Such as `POST`.
    pub method: String,
    /// With the query.
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// What is answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpAnswer {
    /// The status; 0: the connection stays open without a word.
    pub status: u16,
    /// Further headers.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: String,
}

impl std::fmt::Debug for HttpReceiver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HttpReceiver({})", self.address)
    }
}

impl HttpAnswer {
    /// A status and a body.
    pub fn new(status: u16, body: impl Into<String>) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }
    }
}

impl HttpRequest {
    /// The value of a header; empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// Where it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{self:?}: {error}"))
    }
}

impl HttpReceiver {
    /// Starts one on a free port, which answers 200 without a body.
    ///
    /// # Panics
    /// Where there is no port to be had.
    pub fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0));
        let listener = listener.unwrap_or_else(|error| panic!("no port to receive: {error}"));
        let address = listener.local_addr().unwrap_or_else(|error| panic!("{error}"));
        let answering: Answering = Arc::new(|_| HttpAnswer::new(200, ""));
        let inner = Arc::new(Inner {
            requests: Mutex::default(),
            answering: Mutex::new(answering),
            is_stopped: AtomicBool::new(false),
        });
        let known = Arc::clone(&inner);
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                if known.is_stopped.load(Ordering::SeqCst) {
                    return;
                }
                let known = Arc::clone(&known);
                std::thread::spawn(move || converse(&known, connection));
            }
        });
        Self { address, inner }
    }

    /// How senders reach a path of it.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Answers everything with that status and body from now on; 0: never.
    pub fn answer(&self, status: u16, body: &str) {
        let answer = HttpAnswer::new(status, body);
        self.answer_by(move |_| answer.clone());
    }

    /// Answers by a rule from now on.
    pub fn answer_by(&self, rule: impl Fn(&HttpRequest) -> HttpAnswer + Send + Sync + 'static) {
        *lock(&self.inner.answering) = Arc::new(rule);
    }

    /// Refuses connections from now on.
    pub fn stop(&self) {
        self.inner.is_stopped.store(true, Ordering::SeqCst);
        // The listener wakes up to see it.
        drop(TcpStream::connect(self.address));
    }

    /// What came so far.
    pub fn requests(&self) -> Vec<HttpRequest> {
        lock(&self.inner.requests).clone()
    }

    /// Waits until so many requests came, and answers all that did.
    ///
    /// # Panics
    /// Where they do not come.
    pub fn wait_for(&self, count: usize) -> Vec<HttpRequest> {
        let begun = Instant::now();
        loop {
            let requests = self.requests();
            if requests.len() >= count {
                return requests;
            }
            assert!(begun.elapsed() < PATIENCE, "{count} requests, not {requests:?}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn converse(known: &Inner, connection: TcpStream) -> Option<()> {
    let mut writer = connection.try_clone().ok()?;
    let mut reader = BufReader::new(connection);
    loop {
        let request = read_request(&mut reader)?;
        lock(&known.requests).push(request.clone());
        let rule = Arc::clone(&lock(&known.answering));
        let answer = rule(&request);
        if answer.status == 0 {
            // Until the other side has had enough.
            let mut rest = Vec::new();
            return reader.read_to_end(&mut rest).ok().map(drop);
        }
        let mut head = format!("HTTP/1.1 {} Answer\r\n", answer.status);
        for (name, value) in &answer.headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        let _ = write!(head, "content-length: {}\r\n\r\n", answer.body.len());
        writer.write_all(head.as_bytes()).ok()?;
        writer.write_all(answer.body.as_bytes()).ok()?;
    }
}

fn read_request(reader: &mut BufReader<TcpStream>) -> Option<HttpRequest> {
    let mut first = String::new();
    if reader.read_line(&mut first).ok()? == 0 {
        return None;
    }
    let mut words = first.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut request = HttpRequest { method, path, headers, body: Vec::new() };
    let length = request.header("content-length").parse().unwrap_or(0);
    request.body = vec![0; length];
    reader.read_exact(&mut request.body).ok()?;
    Some(request)
}

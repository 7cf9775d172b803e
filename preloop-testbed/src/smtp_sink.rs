//! A mail server that keeps what it is given.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::certificate::Certificate;

/// An SMTP server on loopback, without TLS unless it is guarded; it ends with its last clone.
#[derive(Clone, Debug)]
pub struct SmtpSink {
    address: SocketAddr,
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    mails: Mutex<Vec<Mail>>,
    /// What recipients are answered; none: they are taken.
    answer: Mutex<Option<String>>,
    is_stopped: AtomicBool,
    guard: Option<Guard>,
}

/// What a guarded server wants before it takes mails.
#[derive(Debug)]
struct Guard {
    certificate: Certificate,
    /// Name and password, as `AUTH PLAIN` has them.
    login: String,
}

/// A connection, before and after `STARTTLS`.
enum Wire {
    Plain(TcpStream),
    Tls(Box<rustls::StreamOwned<rustls::ServerConnection, TcpStream>>),
}

/// A mail as it was handed over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mail {
    /// The sender of the envelope.
    pub from: String,
    /// The recipients of the envelope.
    pub to: Vec<String>,
    /// Header and body, lines ending with a line feed.
    pub raw: String,
}

impl SmtpSink {
    /// Starts one on a free port.
    ///
    /// # Panics
    /// Where there is no port to be had.
    pub fn start() -> Self {
        Self::start_as(None)
    }

    /// Starts one for `localhost` that takes mails only over TLS (`STARTTLS`) and from who signs in, by a certificate of
    /// [`SmtpSink::authority`].
    ///
    /// # Panics
    /// Where there is no port or no certificate to be had.
    pub fn start_guarded(name: &str, password: &str) -> Self {
        let login = STANDARD.encode(format!("\0{name}\0{password}"));
        Self::start_as(Some(Guard { certificate: Certificate::of_localhost(), login }))
    }

    fn start_as(guard: Option<Guard>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0));
        let listener = listener.unwrap_or_else(|error| panic!("no port for mails: {error}"));
        let address = listener.local_addr().unwrap_or_else(|error| panic!("{error}"));
        let inner = Arc::new(Inner { guard, ..Inner::default() });
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

    /// How senders reach it.
    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    /// The port that it listens on.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The file of the authority that its certificate is of; none where it is not guarded.
    pub fn authority(&self) -> Option<&Path> {
        self.inner.guard.as_ref().map(|guard| guard.certificate.authority())
    }

    /// Answers recipients with that line from now on, such as `550 no such user`.
    pub fn answer_recipients(&self, line: &str) {
        *lock(&self.inner.answer) = Some(line.to_owned());
    }

    /// Takes every recipient again.
    pub fn take_recipients(&self) {
        *lock(&self.inner.answer) = None;
    }

    /// Refuses connections from now on.
    pub fn stop(&self) {
        self.inner.is_stopped.store(true, Ordering::SeqCst);
        // The listener wakes up to see it.
        drop(TcpStream::connect(self.address));
    }

    /// What came so far.
    pub fn mails(&self) -> Vec<Mail> {
        lock(&self.inner.mails).clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn converse(known: &Inner, connection: TcpStream) -> Option<()> {
    let mut wire = BufReader::new(Wire::Plain(connection));
    say(&mut wire, "220 sink ESMTP")?;
    let mut mail = Mail::default();
    let mut is_welcome = known.guard.is_none();
    loop {
        let mut line = String::new();
        if wire.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end();
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        match (verb.as_str(), &known.guard) {
            ("EHLO", guard) => {
                say(&mut wire, "250-sink greets you")?;
                match (guard, wire.get_ref()) {
                    (Some(_), Wire::Plain(_)) => say(&mut wire, "250-STARTTLS")?,
                    (Some(_), Wire::Tls(_)) => say(&mut wire, "250-AUTH PLAIN")?,
                    (None, _) => {}
                }
                say(&mut wire, "250 8BITMIME")?;
            }
            ("STARTTLS", Some(guard)) => {
                say(&mut wire, "220 go on")?;
                let Wire::Plain(connection) = wire.into_inner() else { return None };
                let tls = rustls::ServerConnection::new(guard.certificate.server()).ok()?;
                let tls = rustls::StreamOwned::new(tls, connection);
                wire = BufReader::new(Wire::Tls(Box::new(tls)));
            }
            ("AUTH", Some(guard)) => {
                let is_private = matches!(wire.get_ref(), Wire::Tls(_));
                is_welcome = is_private && line.ends_with(&guard.login);
                say(&mut wire, if is_welcome { "235 welcome" } else { "535 wrong password" })?;
            }
            ("MAIL" | "RCPT" | "DATA", _) if !is_welcome => say(&mut wire, "530 sign in first")?,
            ("QUIT", _) => {
                say(&mut wire, "221 bye")?;
                return Some(());
            }
            (verb, _) => take(known, &mut mail, &mut wire, (verb, line))?,
        }
    }
}

/// What has to do with mails.
fn take(
    known: &Inner,
    mail: &mut Mail,
    wire: &mut BufReader<Wire>,
    (verb, line): (&str, &str),
) -> Option<()> {
    match verb {
        "HELO" | "NOOP" => say(wire, "250 fine"),
        "RSET" => {
            *mail = Mail::default();
            say(wire, "250 forgotten")
        }
        "MAIL" => {
            *mail = Mail { from: address_of(line), ..Mail::default() };
            say(wire, "250 fine")
        }
        "RCPT" => {
            let answer = lock(&known.answer).clone();
            if answer.is_none() {
                mail.to.push(address_of(line));
            }
            say(wire, answer.as_deref().unwrap_or("250 fine"))
        }
        "DATA" if mail.to.is_empty() => say(wire, "503 to whom"),
        "DATA" => {
            say(wire, "354 go on")?;
            mail.raw = read_data(wire)?;
            lock(&known.mails).push(std::mem::take(mail));
            say(wire, "250 kept")
        }
        _ => say(wire, "502 unknown"),
    }
}

fn say(wire: &mut BufReader<Wire>, line: &str) -> Option<()> {
    let wire = wire.get_mut();
    wire.write_all(format!("{line}\r\n").as_bytes()).ok()?;
    wire.flush().ok()
}

fn read_data(reader: &mut BufReader<Wire>) -> Option<String> {
    let mut raw = String::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end_matches(['\r', '\n']);
        if line == "." {
            return Some(raw);
        }
        raw.push_str(line.strip_prefix('.').unwrap_or(line));
        raw.push('\n');
    }
}

/// What stands between the angle brackets.
fn address_of(line: &str) -> String {
    let (_, rest) = line.split_once('<').unwrap_or_default();
    rest.split('>').next().unwrap_or_default().to_owned()
}

// === impl Wire ===

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Self::Plain(wire) => wire.read(buffer),
            Self::Tls(wire) => wire.read(buffer),
        }
    }
}

impl Write for Wire {
    fn write(&mut self, buffer: &[u8]) -> std::io::Result<usize> {
        match self {
            Self::Plain(wire) => wire.write(buffer),
            Self::Tls(wire) => wire.write(buffer),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match self {
            Self::Plain(wire) => wire.flush(),
            Self::Tls(wire) => wire.flush(),
        }
    }
}

// === impl Mail ===

impl Mail {
    /// The value of a header, unfolded; empty where there is none.
    pub fn header(&self, name: &str) -> String {
        header_of(head_and_body(&self.raw).0, name)
    }

    /// The text of the part of that media type, decoded; empty where there is none.
    pub fn part(&self, media_type: &str) -> String {
        let (head, body) = head_and_body(&self.raw);
        let kind = header_of(head, "Content-Type");
        let (_, boundary) = kind.split_once("boundary=").unwrap_or_default();
        let boundary = boundary.split(';').next().unwrap_or_default().trim_matches('"');
        for part in body.split(&format!("--{boundary}\n")).skip(1) {
            let part = part.split(&format!("--{boundary}--")).next().unwrap_or_default();
            let (head, text) = head_and_body(part);
            if header_of(head, "Content-Type").starts_with(media_type) {
                return decode(&header_of(head, "Content-Transfer-Encoding"), text);
            }
        }
        String::new()
    }
}

fn head_and_body(text: &str) -> (&str, &str) {
    text.split_once("\n\n").unwrap_or((text, ""))
}

fn header_of(head: &str, name: &str) -> String {
    let unfolded = head.replace("\n ", " ").replace("\n\t", " ");
    let lines = unfolded.lines().filter_map(|line| line.split_once(": "));
    let found = lines.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.to_owned()).unwrap_or_default()
}

fn decode(encoding: &str, text: &str) -> String {
    let bytes = match encoding {
        "base64" => STANDARD.decode(text.replace('\n', "")).unwrap_or_default(),
        "quoted-printable" => quoted_printable(text),
        _ => text.as_bytes().to_vec(),
    };
    String::from_utf8_lossy(&bytes).into_owned()
}

fn quoted_printable(text: &str) -> Vec<u8> {
    let joined = text.replace("=\n", "");
    let mut parts = joined.split('=');
    let mut out = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (code, rest) = part.split_at_checked(2).unwrap_or_default();
        out.extend(u8::from_str_radix(code, 16).ok());
        out.extend_from_slice(rest.as_bytes());
    }
    out
}

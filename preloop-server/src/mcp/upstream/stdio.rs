//! A server as a child process: newline-delimited JSON over its standard streams.

use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use preloop_core::document::McpServer;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::MESSAGE_BYTES_MAX;
use super::credentials::resolve;
use super::failure::{CallFailure, DialError};
use super::inbox::{Answer, Inbox};
use crate::mcp::dial_rules::DialRules;
use crate::mcp::environment::{Masks, base_environment};
use crate::mcp::wire::outgoing::one_line;
use crate::service::ServerSecrets;

/// Messages that may wait for a child that does not read.
const OUTBOX_MESSAGES_MAX: usize = 256;
/// Longest line of its log that is kept.
const LOG_LINE_BYTES_MAX: usize = 8 * 1024;
/// How long a child may take to leave after its input was closed, and again after SIGTERM.
const LEAVE_TIME: Duration = Duration::from_millis(1500);

/// How long the rest of its log is waited for.
const LOG_TIME: Duration = Duration::from_millis(200);

/// The way to a running child.
#[derive(Debug)]
pub(super) struct StdioLink {
    outbox: mpsc::Sender<Bytes>,
    stop: CancellationToken,
}

/// The last line that the child logged, for the reason when it dies.
type Words = Arc<Mutex<Option<String>>>;

/// Its last words, once its log was read to the end.
struct LastWords {
    log: Option<JoinHandle<()>>,
    words: Words,
}

// === impl StdioLink ===

impl StdioLink {
    /// Starts the program of `server`: no shell, a clean environment, a process group of its own.
    pub(super) fn start(
        server: &McpServer,
        rules: &DialRules,
        stored: &ServerSecrets,
        masks: &Masks,
        inbox: &Arc<Inbox>,
        tasks: &TaskTracker,
    ) -> Result<Self, DialError> {
        let program = server.command.as_deref().ok_or_else(|| {
            DialError::Settings("a stdio server needs a `command` to start".to_owned())
        })?;
        rules.check_program(server)?;
        let mut command = Command::new(program);
        command.args(&server.args).env_clear().envs(base_environment());
        for (name, value) in &server.env {
            let value =
                resolve(&format!("env.{name}"), value, &rules.environment, stored, program)?;
            command.env(name, value.as_str());
        }
        if let Some(folder) = &server.cwd {
            command.current_dir(folder);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.process_group(0).kill_on_drop(true);
        let mut child = command.spawn().map_err(|error| DialError::Start {
            command: program.to_owned(),
            cause: error.to_string(),
        })?;
        let (outbox, messages) = mpsc::channel(OUTBOX_MESSAGES_MAX);
        let stop = CancellationToken::new();
        let words = Words::default();
        if let Some(input) = child.stdin.take() {
            tasks.spawn(write(input, messages, stop.clone()));
        }
        let log = child.stderr.take().map(|log| {
            tasks.spawn(keep_log(log, server.name.clone(), masks.clone(), Arc::clone(&words)))
        });
        if let Some(output) = child.stdout.take() {
            let (inbox, outbox, stop) = (Arc::clone(inbox), outbox.clone(), stop.clone());
            tasks.spawn(watch(child, LastWords { log, words }, output, inbox, outbox, stop));
        }
        Ok(Self { outbox, stop })
    }

    /// Sends a message that needs no answer.
    pub(super) async fn send(&self, message: Bytes) -> Result<(), CallFailure> {
        let lost = |_| CallFailure::NotSent("the process has exited".to_owned());
        self.outbox.send(one_line(message)).await.map_err(lost)
    }

    /// Sends the request `id` and waits for its answer.
    pub(super) async fn exchange(
        &self,
        inbox: &Inbox,
        id: u64,
        message: Bytes,
        progress: mpsc::Sender<Bytes>,
    ) -> Result<Answer, CallFailure> {
        let mut waiting = inbox.expect(id, progress);
        if let Some(reason) = inbox.lost() {
            return Err(CallFailure::NotSent(reason.to_owned()));
        }
        self.send(message).await?;
        (&mut waiting.answer).await.map_err(|_| {
            CallFailure::Lost(inbox.lost().unwrap_or("the connection was closed").to_owned())
        })
    }

    /// Lets the process go.
    pub(super) fn close(&self) {
        self.stop.cancel();
    }
}

impl Drop for StdioLink {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

// === impl LastWords ===

impl LastWords {
    async fn take(self) -> Option<String> {
        if let Some(log) = self.log {
            // A grandchild may hold the log open: what was read by then has to do.
            let _ = tokio::time::timeout(LOG_TIME, log).await;
        }
        self.words.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// One task writes, so that a call that goes away in the middle cannot cut a line in two.
async fn write(
    mut input: ChildStdin,
    mut messages: mpsc::Receiver<Bytes>,
    stop: CancellationToken,
) {
    loop {
        let message = tokio::select! {
            message = messages.recv() => message,
            () = stop.cancelled() => None,
        };
        let Some(message) = message else { return };
        let mut line = BytesMut::with_capacity(message.len() + 1);
        line.extend_from_slice(&message);
        line.extend_from_slice(b"\n");
        let written = tokio::select! {
            written = input.write_all(&line) => written,
            () = stop.cancelled() => return,
        };
        if written.is_err() {
            return;
        }
    }
}

/// Reads until the child ends, is stopped or breaks the framing; then sees it off.
async fn watch(
    mut child: Child,
    last_words: LastWords,
    output: impl AsyncRead + Unpin,
    inbox: Arc<Inbox>,
    outbox: mpsc::Sender<Bytes>,
    stop: CancellationToken,
) {
    let group = child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?));
    let broken = tokio::select! {
        broken = read(output, &inbox, &outbox) => broken,
        () = stop.cancelled() => Some("the connection was closed".to_owned()),
    };
    drop(outbox);
    let reason = if let Some(reason) = broken {
        reason
    } else {
        // The end of its output is mostly the end of the process; its status says more.
        let status = tokio::time::timeout(LEAVE_TIME, child.wait()).await;
        let ending = match status {
            Ok(Ok(status)) => format!("the process ended ({status})"),
            _ => "the process closed its output".to_owned(),
        };
        match last_words.take().await {
            Some(line) => format!("{ending}, its last words: {line}"),
            None => ending,
        }
    };
    inbox.close(&reason);
    stop.cancel();
    see_off(child, group).await;
}

/// Reads messages; the reason is given where it was not simply the end.
async fn read(
    mut output: impl AsyncRead + Unpin,
    inbox: &Inbox,
    outbox: &mpsc::Sender<Bytes>,
) -> Option<String> {
    let mut buffer = BytesMut::with_capacity(16 * 1024);
    let mut scanned = 0;
    loop {
        let fresh = buffer.get(scanned..).unwrap_or_default();
        if let Some(end) = fresh.iter().position(|&byte| byte == b'\n') {
            let line = buffer.split_to(scanned + end + 1).freeze();
            scanned = 0;
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            if let Some(reply) = inbox.take(&line)
                && outbox.try_send(reply).is_err()
            {
                tracing::debug!("a reply to the server was dropped: it does not read");
            }
            continue;
        }
        scanned = buffer.len();
        if scanned > MESSAGE_BYTES_MAX {
            return Some(format!(
                "the server sent a message of more than {} MB",
                MESSAGE_BYTES_MAX / 1024 / 1024
            ));
        }
        match output.read_buf(&mut buffer).await {
            Ok(0) => return None,
            Ok(_) => {}
            Err(error) => return Some(format!("reading from the process failed: {error}")),
        }
    }
}

async fn keep_log(mut log: impl AsyncRead + Unpin, server: String, masks: Masks, words: Words) {
    let mut buffer = BytesMut::with_capacity(LOG_LINE_BYTES_MAX);
    while let Ok(1..) = log.read_buf(&mut buffer).await {
        loop {
            let end = buffer.iter().position(|&byte| byte == b'\n');
            let end = match end {
                Some(end) => end + 1,
                None if buffer.len() >= LOG_LINE_BYTES_MAX => buffer.len(),
                None => break,
            };
            let line = buffer.split_to(end);
            let line = String::from_utf8_lossy(&line);
            let line = masks.mask(line.trim_end());
            if !line.is_empty() {
                tracing::info!(target: "preloop::mcp::stderr", server, "{line}");
                *words.lock().unwrap_or_else(PoisonError::into_inner) = Some(line);
            }
        }
    }
}

/// Closed input, then SIGTERM, then SIGKILL, for the whole group of the child.
async fn see_off(mut child: Child, group: Option<Pid>) {
    let has_left = tokio::time::timeout(LEAVE_TIME, child.wait()).await.is_ok();
    let Some(group) = group else { return };
    // The group may be empty by now; that is what is wanted.
    let _ = kill_process_group(group, Signal::TERM);
    if !has_left && tokio::time::timeout(LEAVE_TIME, child.wait()).await.is_err() {
        let _ = kill_process_group(group, Signal::KILL);
        let _ = child.wait().await;
    }
}

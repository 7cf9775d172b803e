//! `--watch`: runs a command again whenever one of its files is saved.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use notify::event::{CreateKind, ModifyKind, RemoveKind};
use notify::{Config, Event, EventKind, PollWatcher, RecursiveMode, Watcher};
use preloop_files::is_document;

use super::source;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Output, Style};

/// How long it has to be quiet after a change: editors write in several steps.
const QUIET: Duration = Duration::from_millis(100);
/// Most steps that are waited out.
const STEPS_MAX: u32 = 20;
/// Pause between looks where the system tells nothing: network drives, exotic mounts.
const POLL: Duration = Duration::from_secs(1);

/// What becomes of a terminal between two runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Screen {
    /// Only the last run is of interest.
    Wiped,
    /// What was done stays to be seen.
    Kept,
}

/// Runs a command, and again after every change of the files and folders given and of those that it
/// names as it runs, until the process is stopped.
pub(super) fn watch(
    output: Output,
    screen: Screen,
    paths: &[PathBuf],
    mut once: impl FnMut(&mut Vec<PathBuf>) -> Result<Exit, Failure>,
) -> Result<Exit, Failure> {
    if paths.iter().any(|path| source::is_stdin(path)) {
        return Err(
            Failure::usage("standard input cannot be watched").help("name a file or a folder")
        );
    }
    let (sender, changes) = channel();
    // Watched before it is read, so that no change falls between the two.
    let mut watcher = watcher(paths, &sender)?;
    loop {
        if screen == Screen::Wiped {
            output.clear_screen()?;
        }
        let mut seen = paths.to_vec();
        if let Err(failure) = once(&mut seen) {
            if failure.is_unheard() {
                return Err(failure);
            }
            output.failure(&failure);
        }
        // A new watcher finds folders that were made anew; the old one goes only when it is there.
        drop(std::mem::replace(&mut watcher, self::watcher(&seen, &sender)?));
        output.message(|page| {
            page.line(page.styled(Style::Dim, "waiting for a change; Ctrl-C ends"));
        });
        while !changes.recv().is_ok_and(|event| counts(&event)) {}
        settle(&changes);
    }
}

fn settle(changes: &Receiver<notify::Result<Event>>) {
    for _ in 0..STEPS_MAX {
        if let Err(RecvTimeoutError::Timeout) = changes.recv_timeout(QUIET) {
            return;
        }
    }
}

/// Whether an event is about a document, or about everything.
fn counts(event: &notify::Result<Event>) -> bool {
    match event {
        Ok(event) => {
            // A folder that comes or goes may bring or take documents of which nothing else is told.
            let is_folder = match event.kind {
                EventKind::Access(_) => return false,
                EventKind::Create(CreateKind::Folder) | EventKind::Remove(RemoveKind::Folder) => {
                    true
                }
                EventKind::Modify(ModifyKind::Name(_)) => {
                    event.paths.iter().any(|path| path.extension().is_none())
                }
                _ => false,
            };
            is_folder || event.need_rescan() || event.paths.iter().any(|path| is_document(path))
        }
        Err(_) => true,
    }
}

/// Tells of changes of files and folders: as the system does, else by looking.
fn watcher(
    paths: &[PathBuf],
    changes: &Sender<notify::Result<Event>>,
) -> Result<Box<dyn Watcher>, Failure> {
    let places = places(paths);
    let told = notify::recommended_watcher(changes.clone());
    if let Ok(watcher) = told.and_then(|watcher| watching(watcher, &places)) {
        return Ok(watcher);
    }
    let looking = PollWatcher::new(changes.clone(), Config::default().with_poll_interval(POLL));
    looking.and_then(|watcher| watching(watcher, &places)).map_err(|error| {
        Failure::new("unwatchable", format!("the files cannot be watched: {error}"))
    })
}

fn watching(
    mut watcher: impl Watcher + 'static,
    places: &[(PathBuf, RecursiveMode)],
) -> notify::Result<Box<dyn Watcher>> {
    for (place, mode) in places {
        watcher.watch(place, *mode)?;
    }
    Ok(Box::new(watcher))
}

/// The folders to watch: those that are named with all that is in them, and those of files, because
/// editors replace files.
fn places(paths: &[PathBuf]) -> Vec<(PathBuf, RecursiveMode)> {
    let mut places: Vec<(PathBuf, RecursiveMode)> = Vec::new();
    for path in paths {
        let place = if path.is_dir() {
            (path.clone(), RecursiveMode::Recursive)
        } else {
            let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
            (parent.unwrap_or(Path::new(".")).to_owned(), RecursiveMode::NonRecursive)
        };
        if place.0.is_dir() && !places.contains(&place) {
            places.push(place);
        }
    }
    if places.is_empty() {
        places.push((PathBuf::from("."), RecursiveMode::NonRecursive));
    }
    places
}

//! `preloop policy keygen`, and the keys that other commands are given.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use preloop_core::bundle::{KeyError, PublicKey, SecretKey};
use serde_json::json;

use super::unwritable;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Output, visible};

/// Options of `policy keygen`.
#[derive(Debug, Args)]
pub(crate) struct Keygen {
    /// Where to write the pair: NAME.key, which is secret, and NAME.pub
    name: PathBuf,
}

/// Makes a pair of keys; one that is there is never written over.
pub(crate) fn run(options: &Keygen, output: Output) -> Result<Exit, Failure> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed)
        .map_err(|cause| Failure::new("no_chance", format!("cannot draw a key: {cause}")))?;
    let key = SecretKey::from_seed(seed);
    let public = key.public();
    let file = |ending: &str| {
        let mut name = options.name.clone().into_os_string();
        name.push(ending);
        PathBuf::from(name)
    };
    let (secret_file, public_file) = (file(".key"), file(".pub"));
    create(&secret_file, 0o600, &key.to_text())?;
    create(&public_file, 0o644, &public.to_text())?;
    let made = json!({
        "key_id": public.id(),
        "public_key": public.to_text(),
        "secret_key_file": secret_file,
        "public_key_file": public_file,
    });
    output.result(&made, |page| {
        page.line(format!("key {}", public.id()));
        let secret_file = visible(&secret_file.display().to_string()).into_owned();
        page.pair("secret", format!("{secret_file}  (signs bundles: keep it where they are made)"));
        let public_file = visible(&public_file.display().to_string()).into_owned();
        page.pair("public", format!("{public_file}  (servers verify bundles by it)"));
    })?;
    Ok(Exit::Done)
}

fn create(file: &Path, mode: u32, text: &str) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(mode);
    }
    #[cfg(not(unix))]
    let _ = mode;
    let written = options.open(file).and_then(|mut file| writeln!(file, "{text}"));
    written.map_err(|cause| {
        let failure = unwritable(file, &cause);
        if cause.kind() == std::io::ErrorKind::AlreadyExists {
            return failure.help("choose another name: a key that is lost cannot be made again");
        }
        failure
    })
}

/// The secret key in a file.
pub(super) fn secret(file: &Path) -> Result<SecretKey, Failure> {
    let text = text(file)?;
    SecretKey::parse(&text).map_err(|error| wrong(file, &error))
}

/// A public key: its text, or the file that holds it.
pub(crate) fn public(given: &str) -> Result<PublicKey, Failure> {
    let file = Path::new(given);
    if given.trim().starts_with("preloop-") && !file.exists() {
        return PublicKey::parse(given).map_err(|error| wrong(file, &error));
    }
    PublicKey::parse(&text(file)?).map_err(|error| wrong(file, &error))
}

fn text(file: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(file).map_err(|cause| super::source::unreadable(file, &cause))
}

fn wrong(file: &Path, error: &KeyError) -> Failure {
    // What was given as a key is not shown: it may be the secret one.
    let shown = if file.exists() { format!("`{}`: ", file.display()) } else { String::new() };
    Failure::new("invalid_key", format!("{shown}{error}"))
        .help("make a pair of keys with `preloop policy keygen NAME`")
}

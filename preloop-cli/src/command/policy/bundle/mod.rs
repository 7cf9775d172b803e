//! `preloop policy bundle`: the policies of a chain of scopes in one file, for servers that trust a key.

mod keys;
mod sign;
mod verify;

use std::path::{Path, PathBuf};

use clap::Args;
use preloop_core::ValidPolicy;
use preloop_core::bundle::{Bundle, BundleError, BundleScope, Contents};
use preloop_core::canonical::export;
use preloop_core::evaluate::scopes::Level;
use preloop_core::limits::BUNDLE_BYTES_MAX;
use preloop_server::clock::{Clock as _, SystemClock};
use serde_json::json;

pub(crate) use self::keys::public as public_key;
pub(super) use self::keys::{Keygen, run as keygen};
pub(super) use self::sign::{Sign, run as sign};
pub(super) use self::verify::{VerifyBundle, run as verify};
use super::source;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Output, Style, print, visible};

/// Options of `policy bundle`.
#[derive(Debug, Args)]
pub(crate) struct MakeBundle {
    /// The account's policy: a file, or a folder whose files are merged; `-` is standard input
    policy: PathBuf,

    /// A further policy and where it holds, such as `team:payments=payments.yaml`; also `agent:` and `flow:`
    #[arg(long = "scope", value_name = "KIND:NAME=POLICY")]
    scopes: Vec<String>,

    /// Version of the bundle, which must go up [default: the seconds since 1970]
    #[arg(long, value_name = "VERSION")]
    number: Option<u64>,

    /// The account that it is for: servers take bundles for their own alone
    #[arg(long, value_name = "NAME", default_value = "main")]
    account: String,

    /// Sign it with the key in this file
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,

    /// Where to write it; standard output without
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Makes a bundle.
pub(crate) fn run(options: &MakeBundle, output: Output) -> Result<Exit, Failure> {
    let key = options.key.as_deref().map(keys::secret).transpose()?;
    let mut sources = vec![(BundleScope::account(), options.policy.clone())];
    for scope in &options.scopes {
        sources.push(parse_scope(scope)?);
    }
    let mut policies = Vec::new();
    for (scope, path) in sources {
        let valid: ValidPolicy = match source::valid(&path, output)? {
            Ok(valid) => valid,
            Err(exit) => return Ok(exit),
        };
        let document = valid.document().clone();
        if export(document.clone()) != document {
            output.message(|page| {
                let label = page.styled(Style::Yellow, "warning:");
                let name = visible(&source::name(&path)).into_owned();
                page.line(format!(
                    "{label} {name}: secrets written out are left out of the bundle"
                ));
            });
        }
        policies.push((scope, document));
    }
    let created_at = SystemClock.now();
    let seconds = u64::try_from(created_at.unix_seconds()).unwrap_or(0);
    let contents = Contents {
        version: options.number.unwrap_or(seconds),
        created_at,
        account: options.account.clone(),
        policies,
    };
    let bundle = Bundle::new(contents).map_err(|error| refused(&error))?;
    let bundle = match &key {
        Some(key) => bundle.signed(key),
        None => bundle,
    };
    write(&bundle, options.output.as_deref(), output)
}

/// Writes a bundle to a file, and says what it is; or to standard output.
fn write(bundle: &Bundle, file: Option<&Path>, output: Output) -> Result<Exit, Failure> {
    let Some(file) = file else {
        print(&bundle.to_text())?;
        return Ok(Exit::Done);
    };
    std::fs::write(file, bundle.to_text()).map_err(|cause| unwritable(file, &cause))?;
    let written = json!({
        "file": file,
        "version": bundle.version(),
        "digest": bundle.digest(),
        "key_id": bundle.key_id(),
    });
    output.result(&written, |page| {
        page.line(format!(
            "{}: version {}",
            visible(&file.display().to_string()),
            bundle.version()
        ));
        page.pair("digest", bundle.digest());
        page.pair("signed by", bundle.key_id().unwrap_or("nobody"));
    })?;
    Ok(Exit::Done)
}

fn parse_scope(text: &str) -> Result<(BundleScope, PathBuf), Failure> {
    let wrong = || {
        Failure::usage(format!("`{text}` names no scope and policy"))
            .help("write `team:NAME=POLICY`, `agent:NAME=POLICY` or `flow:NAME=POLICY`")
    };
    let (scope, path) = text.split_once('=').ok_or_else(wrong)?;
    let (kind, name) = scope.split_once(':').ok_or_else(wrong)?;
    let levels = [Level::Team, Level::Agent, Level::Flow];
    let kind = levels.into_iter().find(|level| level.as_str() == kind).ok_or_else(wrong)?;
    if name.is_empty() || path.is_empty() {
        return Err(wrong());
    }
    Ok((BundleScope { kind, name: name.to_owned() }, PathBuf::from(path)))
}

/// A bundle in a file, or from standard input.
fn read(file: &Path) -> Result<Result<Bundle, BundleError>, Failure> {
    use std::io::Read as _;

    let most = u64::try_from(BUNDLE_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    let read = source::lines(file)?.take(most).read_to_end(&mut bytes);
    read.map_err(|cause| source::unreadable(file, &cause))?;
    Ok(Bundle::read(&bytes))
}

/// A bundle that cannot be made or signed.
fn refused(error: &BundleError) -> Failure {
    Failure::new(error.code(), error).help(error.help())
}

fn unwritable(file: &Path, cause: &std::io::Error) -> Failure {
    Failure::new("unwritable_file", format!("cannot write `{}`: {cause}", file.display()))
}

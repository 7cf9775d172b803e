//! `preloop policy verify-bundle`: whether a server that trusts a key would accept a bundle.

use std::path::PathBuf;

use clap::Args;
use preloop_core::bundle::{BundleError, HeldBundle, VerifiedBundle};
use serde_json::json;

use super::{keys, read};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Output, Style, visible};

/// Options of `policy verify-bundle`.
#[derive(Debug, Args)]
pub(crate) struct VerifyBundle {
    /// The bundle; `-` is standard input
    bundle: PathBuf,

    /// The public key that is trusted: its file, or its text
    #[arg(long, value_name = "KEY", env = "PRELOOP_BUNDLE_KEY")]
    key: String,

    /// Take it only for this account
    #[arg(long, value_name = "NAME")]
    account: Option<String>,

    /// Take it only with a higher version than this one
    #[arg(long, value_name = "VERSION")]
    newer_than: Option<u64>,
}

/// Verifies a bundle.
pub(crate) fn run(options: &VerifyBundle, output: Output) -> Result<Exit, Failure> {
    let key = keys::public(&options.key)?;
    let held = options.newer_than.map(|version| HeldBundle { version, digest: String::new() });
    let name = super::source::name(&options.bundle);
    let verified = read(&options.bundle)?.and_then(|bundle| match options.account.as_deref() {
        Some(account) => bundle.verify_for(&[account], &key, held.as_ref()),
        None => bundle.verify(&key, held.as_ref()),
    });
    match verified {
        Ok(bundle) => {
            accepted(&bundle, &key.id(), &name, output)?;
            Ok(Exit::Done)
        }
        Err(error) => {
            not_accepted(&error, &name, output)?;
            Ok(Exit::Differs)
        }
    }
}

fn accepted(
    bundle: &VerifiedBundle,
    key_id: &str,
    name: &str,
    output: Output,
) -> Result<(), Failure> {
    let policies: Vec<_> = bundle
        .policies
        .iter()
        .map(|(scope, policy)| {
            let name = &policy.document().metadata.name;
            json!({"scope": scope, "name": name, "digest": policy.digest()})
        })
        .collect();
    let result = json!({
        "ok": true,
        "version": bundle.held.version,
        "digest": bundle.held.digest,
        "created_at": bundle.created_at,
        "account": bundle.account,
        "key_id": key_id,
        "policies": policies,
    });
    output.result(&result, |page| {
        let good = page.styled(Style::Green, "good");
        page.line(format!("{}: {good}, version {}", visible(name), bundle.held.version));
        page.pair("signed by", key_id);
        page.pair("made", bundle.created_at.to_string());
        page.pair("account", visible(&bundle.account));
        for (scope, policy) in &bundle.policies {
            let policy = visible(&policy.document().metadata.name).into_owned();
            page.pair("policy", format!("{policy} of the {}", visible(&scope.to_string())));
        }
    })
}

fn not_accepted(error: &BundleError, name: &str, output: Output) -> Result<(), Failure> {
    let mut result = json!({
        "ok": false,
        "error": {"code": error.code(), "message": error.to_string(), "help": error.help()},
    });
    if let BundleError::InvalidPolicy { scope, report } = error
        && let Some(result) = result.as_object_mut()
    {
        result.insert("scope".to_owned(), json!(scope));
        result.insert("errors".to_owned(), json!(report.errors));
    }
    output.result(&result, |page| {
        let label = page.styled(Style::Red, error.code());
        page.line(format!("{}: {label}: {}", visible(name), visible(&error.to_string())));
        let label = page.styled(Style::Cyan, "help:");
        page.line(format!("{label} {}", error.help()));
    })
}

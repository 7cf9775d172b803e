//! `preloop login`, `logout` and `whoami`: acting at a server as somebody.

use std::io::Read as _;

use clap::Args;
use preloop_api::{SecretText, TokenRequest};
use serde_json::json;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Output, visible};
use crate::remote::{self, Remote};
use crate::sign_in::SignIns;

/// Options of `login`.
#[derive(Debug, Args)]
pub(crate) struct Login {
    /// Name or e-mail address to sign in with; the password is read from standard input
    #[arg(long)]
    name: Option<String>,

    /// Name of the account, where the same user name is in several
    #[arg(long, requires = "name")]
    account: Option<String>,

    /// Read the password from standard input
    #[arg(long, requires = "name")]
    password_stdin: bool,

    #[command(flatten)]
    remote: Remote,
}

/// Options of `logout`.
#[derive(Debug, Args)]
pub(crate) struct Logout {
    #[command(flatten)]
    remote: Remote,
}

/// Options of `whoami`.
#[derive(Debug, Args)]
pub(crate) struct Whoami {
    #[command(flatten)]
    remote: Remote,
}

/// Runs `login`.
pub(crate) fn login(login: &Login, output: Output) -> Result<Exit, Failure> {
    let client = login.remote.stranger()?;
    let mut sign_ins = SignIns::read()?;
    let acting = match (&login.name, login.remote.given_token()) {
        (Some(name), _) if login.password_stdin => {
            let request = TokenRequest::Password {
                username: name.clone(),
                password: password()?,
                account: login.account.clone(),
            };
            let answer = remote::block_on(async { Ok(client.token(&request).await?) })?;
            let acting = client.clone().with_token(answer.access_token.reveal())?;
            sign_ins.keep_tokens(client.url(), answer);
            acting
        }
        (None, Some(token)) => {
            sign_ins.keep_key(client.url(), token);
            client.clone().with_token(token)?
        }
        _ => {
            return Err(Failure::new("no_credentials", "nothing to sign in with")
                .help("give `--name NAME --password-stdin`, or a key with `--token`"));
        }
    };
    // Only what the server knows is kept.
    let me = remote::block_on(async { Ok(acting.me().await?) })?;
    sign_ins.write()?;
    output.result(&json!({ "url": client.url(), "me": me }), |page| {
        let (name, role) = (visible(&me.principal.name), me.role.as_str());
        page.line(format!("signed in at {} as {name} ({role})", client.url()));
    })?;
    Ok(Exit::Done)
}

/// Runs `logout`.
pub(crate) fn logout(logout: &Logout, output: Output) -> Result<Exit, Failure> {
    let client = logout.remote.stranger()?;
    let mut sign_ins = SignIns::read()?;
    let url = client.url().to_owned();
    if let Ok(Some(token)) = sign_ins.token(&client) {
        let acting = client.with_token(&token)?;
        // Where the server is gone, forgetting is all that can be done here.
        let _ = remote::block_on(async { Ok(acting.logout().await?) });
    }
    let was_signed_in = sign_ins.forget(&url);
    sign_ins.write()?;
    output.result(&json!({ "url": url, "was_signed_in": was_signed_in }), |page| {
        let what = if was_signed_in { "signed out of" } else { "was not signed in at" };
        page.line(format!("{what} {url}"));
    })?;
    Ok(Exit::Done)
}

/// Runs `whoami`.
pub(crate) fn whoami(whoami: &Whoami, output: Output) -> Result<Exit, Failure> {
    let client = whoami.remote.client()?;
    let me = remote::block_on(async { Ok(client.me().await?) })?;
    output.result(&me, |page| {
        let (name, account) = (visible(&me.principal.name), visible(&me.account.name));
        page.line(format!("{name} ({}) in the account {account}", me.role.as_str()));
        let permissions: Vec<&str> = me.permissions.iter().map(|it| it.as_str()).collect();
        page.line(permissions.join(" "));
    })?;
    Ok(Exit::Done)
}

/// The first line of standard input.
fn password() -> Result<SecretText, Failure> {
    let mut text = String::new();
    std::io::stdin().take(4096).read_to_string(&mut text).map_err(|cause| {
        Failure::new("unreadable_input", format!("cannot read the password: {cause}"))
    })?;
    Ok(SecretText::from(text.lines().next().unwrap_or_default().to_owned()))
}

//! `preloop login`, `logout` and `whoami`: acting at a server as somebody.

use std::io::Read as _;

use clap::Args;
use preloop_api::{AcceptInvitation, SecretText, TokenAnswer, TokenRequest};
use preloop_client::{Client, ClientError};
use serde_json::json;

use crate::ask;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Output, visible};
use crate::remote::{self, Remote};
use crate::sign_in::SignIns;

/// Options of `login`.
#[derive(Debug, Args)]
pub(crate) struct Login {
    /// Name or e-mail address to sign in with; the password is asked for on a terminal
    #[arg(long)]
    name: Option<String>,

    /// Name of the account, where the same user name is in several
    #[arg(long, requires = "name")]
    account: Option<String>,

    /// Read the password from standard input
    #[arg(long, requires = "name")]
    password_stdin: bool,

    /// Accept an invitation first, with its token: makes the user of that name and password
    #[arg(long, value_name = "TOKEN", requires = "name")]
    invitation: Option<String>,

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
        (None, Some(token)) => {
            sign_ins.keep_key(client.url(), token);
            client.clone().with_token(token)?
        }
        (name, _) => {
            let answer = sign_in(login, name.as_deref(), &client, output)?;
            let acting = client.clone().with_token(answer.access_token.reveal())?;
            sign_ins.keep_tokens(client.url(), answer);
            acting
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

/// Tokens for a name and a password, of which those that are not given are asked for.
fn sign_in(
    login: &Login,
    name: Option<&str>,
    client: &Client,
    output: Output,
) -> Result<TokenAnswer, Failure> {
    if !login.password_stdin && !ask::can_ask(output) {
        return Err(Failure::new("no_credentials", "nothing to sign in with")
            .help("give `--name NAME --password-stdin`, or a key with `--token`"));
    }
    let username = match name {
        Some(name) => name.to_owned(),
        None => ask::line(&format!("name at {}: ", client.url()))?,
    };
    let password = if login.password_stdin { password()? } else { ask::secret("password: ")? };
    if let Some(token) = &login.invitation {
        if !login.password_stdin && ask::secret("the same again: ")? != password {
            return Err(Failure::new("passwords_differ", "the two passwords are not the same")
                .help("nothing was done; try again"));
        }
        let accept = AcceptInvitation {
            token: SecretText::from(token.clone()),
            name: username.clone(),
            password: password.clone(),
        };
        remote::block_on(async { Ok(client.invitation_accept(&accept).await?) })?;
    }
    let account = login.account.clone();
    let request = TokenRequest::Password { username, password, account };
    let answer = remote::block_on(async { Ok(client.token(&request).await) })?;
    answer.map_err(|error| match &error {
        // Whose key is wrong is not the question here.
        ClientError::Refused(problem) if problem.status == 401 => {
            Failure::new(error.code(), &error).detail("status", problem.status)
        }
        _ => error.into(),
    })
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

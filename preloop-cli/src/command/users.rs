//! `preloop users`: the people of the account: list, invite, change, disable.

use clap::{Args, Subcommand};
use preloop_api::{ChangeUser, CreateInvitation, Page as ListPage, Role, User};
use preloop_client::Client;

use super::keys::KeyRole;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Cell, Output, Page, Style, visible};
use crate::remote::{self, Remote};

/// Seconds of a day.
const DAY: u64 = 24 * 3600;

/// What to do with users.
#[derive(Debug, Subcommand)]
pub(crate) enum Users {
    /// List the users
    List(List),
    /// Show one user
    Show(One),
    /// Invite somebody and print the token of the invitation; it is shown only this once
    Invite(Invite),
    /// Change name, address or role of a user
    Change(Change),
    /// Disable a user: keys and sign-ins of that user are refused from now on
    Disable(One),
    /// Enable a user that was disabled
    Enable(One),
}

/// Options of `users list`.
#[derive(Debug, Args)]
pub(crate) struct List {
    #[command(flatten)]
    remote: Remote,
}

/// Options of what is done with one user.
#[derive(Debug, Args)]
pub(crate) struct One {
    /// Name, e-mail address or id of the user
    user: String,

    #[command(flatten)]
    remote: Remote,
}

/// Options of `users invite`.
#[derive(Debug, Args)]
pub(crate) struct Invite {
    /// E-mail address of whom it is for; the user gets it
    email: Option<String>,

    /// Name that the user will have; else who accepts chooses one
    #[arg(long)]
    name: Option<String>,

    /// What the user may do
    #[arg(long, value_enum)]
    role: KeyRole,

    /// Put the user into this team; may be given more than once
    #[arg(long = "team", value_name = "NAME")]
    teams: Vec<String>,

    /// For how many days it can be accepted
    #[arg(long, value_name = "DAYS", default_value_t = 7)]
    days: u64,

    #[command(flatten)]
    remote: Remote,
}

/// Options of `users change`.
#[derive(Debug, Args)]
#[group(id = "change", required = true, multiple = true, args = ["name", "email", "role"])]
pub(crate) struct Change {
    /// Name, e-mail address or id of the user
    user: String,

    /// Another name
    #[arg(long)]
    name: Option<String>,

    /// Another e-mail address
    #[arg(long)]
    email: Option<String>,

    /// Another role
    #[arg(long, value_enum)]
    role: Option<KeyRole>,

    #[command(flatten)]
    remote: Remote,
}

/// Runs one of them.
pub(crate) fn run(users: Users, output: Output) -> Result<Exit, Failure> {
    match users {
        Users::List(list) => run_list(&list, output),
        Users::Show(one) => run_show(&one, output),
        Users::Invite(invite) => run_invite(invite, output),
        Users::Change(change) => run_change(change, output),
        Users::Disable(one) => run_disable(&one, true, output),
        Users::Enable(one) => run_disable(&one, false, output),
    }
}

fn run_list(list: &List, output: Output) -> Result<Exit, Failure> {
    let client = list.remote.client()?;
    let users = remote::block_on(all(&client))?;
    let list = ListPage { items: users, next_cursor: None };
    output.result(&list, |page| {
        let rows: Vec<Vec<Cell>> = list.items.iter().map(row).collect();
        page.table(&["NAME", "ROLE", "E-MAIL", "TEAMS", "SIGNED IN", "STATE"], &rows);
    })?;
    Ok(Exit::Done)
}

fn run_show(one: &One, output: Output) -> Result<Exit, Failure> {
    let client = one.remote.client()?;
    let user = remote::block_on(find(&client, &one.user))?;
    output.result(&user, |page| describe(page, &user))?;
    Ok(Exit::Done)
}

fn run_invite(invite: Invite, output: Output) -> Result<Exit, Failure> {
    let client = invite.remote.client()?;
    let body = CreateInvitation {
        email: invite.email,
        name: invite.name,
        role: invite.role.into(),
        teams: invite.teams,
        expires_in: Some(invite.days.saturating_mul(DAY)),
    };
    let created = remote::block_on(async { Ok(client.invitation_create(&body).await?) })?;
    output.message(|page| {
        let invitation = &created.invitation;
        let whom = invitation.email.as_deref().unwrap_or("whoever has the token");
        let (role, until) = (invitation.role.as_str(), invitation.expires_at);
        page.line(format!("invited {} as {role}, until {until:.0}", visible(whom)));
        let how = format!(
            "it is accepted with `preloop login --url {} --invitation TOKEN --name NAME`",
            client.url()
        );
        let note = page.styled(Style::Dim, &format!("the token is shown only now; {how}"));
        page.line(note);
    });
    // The token alone is the result, so that it can be piped into a message.
    output.result(&created, |page| {
        page.line(created.token.reveal());
    })?;
    Ok(Exit::Done)
}

fn run_change(change: Change, output: Output) -> Result<Exit, Failure> {
    let client = change.remote.client()?;
    let body =
        ChangeUser { name: change.name, email: change.email, role: change.role.map(Role::from) };
    let user = remote::block_on(async {
        let user = find(&client, &change.user).await?;
        Ok(client.user_change(user.id, &body).await?)
    })?;
    show(&user, "changed", output)
}

fn run_disable(one: &One, is_disabled: bool, output: Output) -> Result<Exit, Failure> {
    let client = one.remote.client()?;
    let user = remote::block_on(async {
        let user = find(&client, &one.user).await?;
        let changed = if is_disabled {
            client.user_disable(user.id).await?
        } else {
            client.user_enable(user.id).await?
        };
        Ok(changed)
    })?;
    show(&user, if is_disabled { "disabled" } else { "enabled" }, output)
}

fn show(user: &User, what: &str, output: Output) -> Result<Exit, Failure> {
    output.result(user, |page| {
        page.line(format!("{what} {} ({})", visible(&user.name), user.role.as_str()));
    })?;
    Ok(Exit::Done)
}

/// Every user of the account.
pub(super) async fn all(client: &Client) -> Result<Vec<User>, Failure> {
    remote::all(async |cursor| client.users(cursor.as_deref()).await).await
}

/// The user of that name, address or id.
async fn find(client: &Client, wanted: &str) -> Result<User, Failure> {
    if let Ok(id) = wanted.parse() {
        return Ok(client.user(id).await?);
    }
    // The server compares names in lower case too, so that no two users differ in nothing else.
    let key = wanted.to_lowercase();
    let is_it = |text: &str| text.to_lowercase() == key;
    let users = all(client).await?;
    users
        .into_iter()
        .find(|user| is_it(&user.name) || user.email.as_deref().is_some_and(is_it))
        .ok_or_else(|| {
            Failure::new("user_not_found", format!("there is no user `{wanted}`"))
                .help("`preloop users list` shows every user")
        })
}

fn row(user: &User) -> Vec<Cell> {
    vec![
        Cell::plain(&user.name),
        Cell::plain(user.role.as_str()),
        Cell::plain(user.email.as_deref().unwrap_or_default()),
        Cell::plain(user.teams.join(", ")),
        Cell::plain(user.signed_in_at.map(|at| format!("{at:.0}")).unwrap_or_default()),
        state(user),
    ]
}

fn state(user: &User) -> Cell {
    match user.disabled_at {
        Some(at) => Cell::styled(Style::Red, format!("disabled {at:.0}")),
        None if user.has_password => Cell::styled(Style::Green, "good"),
        None => Cell::plain("without a password"),
    }
}

fn describe(page: &mut Page, user: &User) {
    page.line(format!("{} ({})", visible(&user.name), user.role.as_str()));
    page.pair("id", user.id.to_string());
    if let Some(email) = &user.email {
        page.pair("e-mail", email);
    }
    if !user.teams.is_empty() {
        page.pair("teams", user.teams.join(", "));
    }
    page.pair("password", if user.has_password { "set" } else { "none" });
    page.pair("made", format!("{:.0}", user.created_at));
    if let Some(at) = user.signed_in_at {
        page.pair("signed in", format!("{at:.0}"));
    }
    if let Some(at) = user.disabled_at {
        page.pair("disabled", format!("{at:.0}"));
    }
}

//! Signing in and out: passwords to sign-ins, sign-ins to callers.

use std::net::IpAddr;
use std::time::Duration;

use preloop_api::{
    Account, Credential, Me, Permission, Role, SecretText, SignIn, TokenAnswer, User,
};
use preloop_core::Timestamp;
use preloop_core::audit::AuditKind;
use preloop_core::call::Principal;
use uuid::Uuid;

use super::throttle::{Guesser, Throttle, network};
use super::tokens::{hash_of, random_text};
use crate::digest::{hex, sha256_hex};
use crate::ids::new_id;
use crate::service::{Caller, Platform, ServiceError, Services};
use crate::store::{FoundSignIn, NewToken, Refreshed, SignInRow, StoredUser, TokenKind, name_key};

const ACCESS_PREFIX: &str = "plt_";
const REFRESH_PREFIX: &str = "plr_";
const COOKIE_PREFIX: &str = "pls_";
/// How long an access token is good.
const ACCESS_TIME: Duration = Duration::from_mins(30);
/// How long a refresh token is good; the next one is again.
const REFRESH_TIME: Duration = Duration::from_hours(30 * 24);
/// After this, even a family of tokens that is always refreshed ends, and a password is asked for.
const FAMILY_TIME: Duration = Duration::from_hours(180 * 24);
/// How long a browser's session may be idle, and how long it lasts at most.
const COOKIE_IDLE: Duration = Duration::from_hours(12);
const COOKIE_TIME: Duration = Duration::from_hours(7 * 24);
/// How exactly the last use of a sign-in is known.
const USE_PRECISION: Duration = Duration::from_mins(1);

/// The sign-in of a browser.
#[derive(Debug)]
pub(crate) struct CookieSignIn {
    pub(crate) services: Services,
    pub(crate) caller: Caller,
    /// The text of the cookie.
    pub(crate) cookie: SecretText,
    pub(crate) expires_at: Timestamp,
    /// How long the browser may keep it.
    pub(crate) lasts: Duration,
}

/// An attempt that is counted until it is said to have succeeded.
#[derive(Debug)]
pub(crate) struct Guess<'a> {
    throttle: &'a Throttle,
    guessers: Vec<Guesser>,
}

/// Whether a text is an access token and not a key.
pub(crate) fn is_access_token(text: &str) -> bool {
    text.starts_with(ACCESS_PREFIX)
}

/// What a page must send along to change anything: it follows from the cookie, which foreign pages cannot read.
pub(crate) fn csrf_token(cookie: &str) -> SecretText {
    SecretText::from(sha256_hex(&[b"preloop csrf ", cookie.as_bytes()]))
}

// === impl Guess ===

impl Guess<'_> {
    /// It was no guess.
    pub(in crate::service) fn succeeded(self) {
        for guesser in &self.guessers {
            self.throttle.forgive(guesser);
        }
    }
}

// === impl Platform ===

impl Platform {
    /// A browser signs in; the session is a new one, whatever the browser had before.
    pub(crate) async fn sign_in_cookie(
        &self,
        request: &SignIn,
        from: Option<IpAddr>,
    ) -> Result<CookieSignIn, ServiceError> {
        let user = self
            .sign_in(&request.username, &request.password, request.account.as_deref(), from)
            .await?;
        let services = self.services(user.account_id).await?;
        let now = services.now();
        let cookie = random_text(COOKIE_PREFIX)?;
        let expires_at = now.saturating_add(COOKIE_TIME);
        let row = self
            .begin(&user, now, expires_at, &[token(&cookie, TokenKind::Cookie, expires_at)])
            .await?;
        let caller = caller_of(&user, &row);
        record_sign_in(&services, &user, "in a browser")?;
        let cookie = SecretText::from(cookie);
        Ok(CookieSignIn { services, caller, cookie, expires_at, lasts: COOKIE_TIME })
    }

    /// A program signs in with name and password.
    pub(crate) async fn sign_in_tokens(
        &self,
        request: &SignIn,
        from: Option<IpAddr>,
    ) -> Result<TokenAnswer, ServiceError> {
        let user = self
            .sign_in(&request.username, &request.password, request.account.as_deref(), from)
            .await?;
        let services = self.services(user.account_id).await?;
        let now = services.now();
        let (answer, tokens) = new_tokens(now)?;
        self.begin(&user, now, now.saturating_add(FAMILY_TIME), &tokens).await?;
        record_sign_in(&services, &user, "for tokens")?;
        Ok(answer)
    }

    /// Spends a refresh token for the next tokens.
    pub(crate) async fn refresh(
        &self,
        refresh_token: &SecretText,
        from: Option<IpAddr>,
    ) -> Result<TokenAnswer, ServiceError> {
        let hash = hex(&hash_of(refresh_token.reveal()));
        let now = self.first().now();
        let found = self.shared().store.sign_in_find(&hash).await?;
        if let Some(found) = &found
            && (found.kind != TokenKind::Refresh || !goes_on(found, now))
        {
            return Err(self.refused_refresh(from));
        }
        let (answer, tokens) = new_tokens(now)?;
        match self.shared().store.sign_in_refresh(&hash, now, &tokens).await? {
            Refreshed::Renewed => Ok(answer),
            Refreshed::Unknown => Err(self.refused_refresh(from)),
            Refreshed::Reused { sign_in_id, account_id } => {
                let services = self.services(account_id).await?;
                let mut record = services.new_record(AuditKind::SignInReused);
                record.message = Some(format!(
                    "sign-in `{sign_in_id}` was ended: one of its refresh tokens came twice"
                ));
                services.record_or_log(&record);
                Err(self.refused_refresh(from))
            }
        }
    }

    /// A good token is always taken, also where others guess from the same address; only guesses are counted.
    fn refused_refresh(&self, from: Option<IpAddr>) -> ServiceError {
        self.guess_key(from).err().unwrap_or_else(bad_refresh)
    }

    /// Whom an access token or a cookie stands for.
    pub(in crate::service) async fn signed_in(
        &self,
        text: &str,
        kind: TokenKind,
    ) -> Result<Option<(Services, Caller, Timestamp)>, ServiceError> {
        let Some(found) = self.shared().store.sign_in_find(&hex(&hash_of(text))).await? else {
            return Ok(None);
        };
        let services = self.services(found.user.account_id).await?;
        let now = services.now();
        let is_idle =
            kind == TokenKind::Cookie && now.duration_since(found.sign_in.used_at) > COOKIE_IDLE;
        if found.kind != kind || is_idle || !goes_on(&found, now) {
            return Ok(None);
        }
        if now.duration_since(found.sign_in.used_at) > USE_PRECISION {
            self.shared().store.sign_in_used(found.sign_in.id, now).await?;
        }
        let caller = caller_of(&found.user, &found.sign_in);
        Ok(Some((services, caller, found.sign_in.expires_at)))
    }

    /// Whom a browser's cookie stands for, and until when at most.
    pub(crate) async fn authenticate_cookie(
        &self,
        cookie: &str,
    ) -> Result<Option<(Services, Caller, Timestamp)>, ServiceError> {
        self.signed_in(cookie, TokenKind::Cookie).await
    }

    /// Counts a key or token that may be a wrong one.
    pub(crate) fn guess_key(&self, from: Option<IpAddr>) -> Result<Guess<'_>, ServiceError> {
        self.guess(from.map(|from| Guesser::KeysFrom(network(from))).into_iter().collect())
    }

    /// Counts something that an address may not do often.
    pub(in crate::service) fn guess_sign_in_from(
        &self,
        from: Option<IpAddr>,
    ) -> Result<Guess<'_>, ServiceError> {
        self.guess(from.map(|from| Guesser::SignInsFrom(network(from))).into_iter().collect())
    }

    /// Counts an attempt to accept an invitation.
    pub(in crate::service) fn guess_invitation(&self, id: Uuid) -> Result<Guess<'_>, ServiceError> {
        self.guess(vec![Guesser::Invitation(id)])
    }

    fn guess(&self, guessers: Vec<Guesser>) -> Result<Guess<'_>, ServiceError> {
        let throttle = &self.shared().throttle;
        for guesser in &guessers {
            throttle.attempt(guesser.clone(), self.first().now())?;
        }
        Ok(Guess { throttle, guessers })
    }

    /// The user of a name and a password. What is wrong with them is not told, and takes as long whatever it is.
    async fn sign_in(
        &self,
        username: &str,
        password: &SecretText,
        account: Option<&str>,
        from: Option<IpAddr>,
    ) -> Result<StoredUser, ServiceError> {
        let username: String = username.trim().chars().take(300).collect();
        // The address first: one that is paused must not have everybody's names paused as well.
        let mut guessers: Vec<Guesser> =
            from.map(|from| Guesser::SignInsFrom(network(from))).into_iter().collect();
        let (throttle, now) = (&self.shared().throttle, self.first().now());
        let (account_key, name) = (name_key(account.unwrap_or_default()), name_key(&username));
        let to = Guesser::SignInsTo { account: account_key, name };
        if !from.is_some_and(|from| throttle.knows(network(from), &to, now)) {
            guessers.push(to.clone());
        }
        let guess = self.guess(guessers)?;
        let mut found = self.shared().store.user_candidates(&username, account).await?;
        let user = if found.len() == 1 { found.pop() } else { None };
        let stored = user.as_ref().and_then(|user| user.password.as_deref());
        let fits = self.shared().passwords.verify(password, stored).await?;
        let is_enabled = user.as_ref().is_some_and(|user| user.user.disabled_at.is_none());
        match user {
            Some(user) if fits && is_enabled => {
                guess.succeeded();
                if let Some(from) = from {
                    throttle.note(network(from), to, now);
                }
                Ok(user)
            }
            user => {
                self.record_failure(user.as_ref(), is_enabled);
                Err(bad_credentials())
            }
        }
    }

    /// A name that nobody has is not recorded: it may be a password in the wrong field.
    fn record_failure(&self, user: Option<&StoredUser>, is_enabled: bool) {
        let mut record = self.first().new_record(AuditKind::SignInFailed);
        let Some(user) = user else {
            record.message = Some("nobody has that name, or several have".to_owned());
            return self.first().record_or_log(&record);
        };
        let why = if is_enabled { "the password did not fit" } else { "the user is disabled" };
        record.message = Some(format!("user `{}`: {why}", user.user.name));
        // Without opening the account, which would take longer than for a name that nobody has.
        self.record_or_log(user.account_id, &record);
    }

    async fn begin(
        &self,
        user: &StoredUser,
        now: Timestamp,
        expires_at: Timestamp,
        tokens: &[NewToken],
    ) -> Result<SignInRow, ServiceError> {
        let row = SignInRow {
            id: new_id(now),
            account_id: user.account_id,
            user_id: user.user.id,
            is_cookie: tokens.iter().any(|token| token.kind == TokenKind::Cookie),
            created_at: now,
            used_at: now,
            expires_at,
        };
        // Not where the password was set anew, or the user disabled, while this one was looked at.
        let password = user.password.as_deref().unwrap_or_default();
        if !self.shared().store.sign_in_insert(&row, tokens, password).await? {
            return Err(bad_credentials());
        }
        Ok(row)
    }
}

// === impl Services ===

impl Services {
    /// Ends the sign-in that the caller came with; a key stays as it is.
    pub(crate) async fn sign_out(&self, caller: &Caller) -> Result<(), ServiceError> {
        if caller.credential == Credential::Key {
            return Ok(());
        }
        self.inner.store.sign_in_end(caller.key_id).await?;
        self.record_act(caller, AuditKind::SignOut, "one sign-in".to_owned())
    }

    /// Ends every sign-in of the user who calls.
    pub(crate) async fn sign_out_all(&self, caller: &Caller) -> Result<(), ServiceError> {
        let id = caller.must_be_user()?;
        self.inner.store.sign_in_end_all(id).await?;
        self.record_act(caller, AuditKind::SignOut, "all sign-ins".to_owned())
    }

    /// Who the caller is and what it may do.
    pub(crate) async fn me(&self, caller: &Caller) -> Result<Me, ServiceError> {
        let account: Account = self.account().await?;
        let user: Option<User> = match caller.user_id {
            Some(id) => Some(self.user(id).await?.user),
            None => None,
        };
        let permissions =
            Permission::ALL.iter().copied().filter(|permission| caller.may(*permission));
        Ok(Me {
            account,
            principal: caller.principal.clone(),
            role: caller.role,
            permissions: permissions.collect(),
            user,
            credential: caller.credential,
            credential_id: caller.key_id,
        })
    }

    /// Asks for a password that is needed besides a sign-in; guesses are counted like those of a sign-in.
    pub(in crate::service) async fn guess_password(
        &self,
        user: &StoredUser,
        given: &SecretText,
        hash: &str,
    ) -> Result<(), ServiceError> {
        let (account, name) = (user.account_id.to_string(), name_key(&user.user.name));
        let guesser = Guesser::SignInsTo { account, name };
        self.inner.throttle.attempt(guesser.clone(), self.now())?;
        if !self.inner.passwords.verify(given, Some(hash)).await? {
            return Err(ServiceError::Forbidden {
                code: "wrong_password",
                message: "`current_password` is not the password so far".to_owned(),
            });
        }
        self.inner.throttle.forgive(&guesser);
        Ok(())
    }
}

impl Caller {
    /// The caller of a sign-in as the user is now.
    pub(in crate::service) fn as_user(&self, user: &User) -> Self {
        let (principal, email) = (principal_of(user), user.email.clone());
        Self { principal, role: user.role, email, ..self.clone() }
    }
}

fn caller_of(user: &StoredUser, sign_in: &SignInRow) -> Caller {
    let StoredUser { account_id, user, .. } = user;
    Caller {
        account_id: *account_id,
        principal: principal_of(user),
        role: user.role,
        scopes: Vec::new(),
        flow: None,
        key_id: sign_in.id,
        credential: if sign_in.is_cookie { Credential::Cookie } else { Credential::Token },
        user_id: Some(user.id),
        email: user.email.clone(),
    }
}

/// A user as policies and approvers see one.
pub(in crate::service) fn principal_of(user: &User) -> Principal {
    let role: Role = user.role;
    Principal {
        id: user.principal_id.clone(),
        kind: "user".to_owned(),
        name: user.name.clone(),
        roles: vec![role.as_str().to_owned()],
        teams: user.teams.clone(),
    }
}

fn goes_on(found: &FoundSignIn, now: Timestamp) -> bool {
    found.sign_in.expires_at > now
        && found.token_expires_at > now
        && found.user.user.disabled_at.is_none()
}

fn new_tokens(now: Timestamp) -> Result<(TokenAnswer, [NewToken; 2]), ServiceError> {
    let (access, refresh) = (random_text(ACCESS_PREFIX)?, random_text(REFRESH_PREFIX)?);
    let tokens = [
        token(&access, TokenKind::Access, now.saturating_add(ACCESS_TIME)),
        token(&refresh, TokenKind::Refresh, now.saturating_add(REFRESH_TIME)),
    ];
    let answer = TokenAnswer {
        access_token: SecretText::from(access),
        token_type: "Bearer".to_owned(),
        expires_in: ACCESS_TIME.as_secs(),
        refresh_token: SecretText::from(refresh),
        refresh_expires_in: REFRESH_TIME.as_secs(),
    };
    Ok((answer, tokens))
}

fn token(text: &str, kind: TokenKind, expires_at: Timestamp) -> NewToken {
    NewToken { hash: hex(&hash_of(text)), kind, expires_at }
}

fn record_sign_in(services: &Services, user: &StoredUser, how: &str) -> Result<(), ServiceError> {
    let mut record = services.new_record(AuditKind::SignIn);
    record.actor = Some(user.user.name.clone());
    record.message = Some(format!("user `{}` {how}", user.user.name));
    services.record(&record)
}

fn bad_credentials() -> ServiceError {
    ServiceError::Unauthorized {
        code: "invalid_credentials",
        message: "name and password do not fit; where the name is in several accounts, `account` says which is meant"
            .to_owned(),
    }
}

fn bad_refresh() -> ServiceError {
    ServiceError::Unauthorized {
        code: "invalid_credentials",
        message: "the refresh token is not known, was used before, or has ended; sign in again"
            .to_owned(),
    }
}

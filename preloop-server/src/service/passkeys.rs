//! Passkeys: registering them, and asking for one when somebody votes.
//!
//! INVARIANT: an answer is good for one challenge, and a challenge for one user, one purpose and one answer. That of a vote
//! names the request and the call, so that nothing else can be approved with it.

use std::time::Duration;

use preloop_api::{Passkey, PasskeyQuestion, SecretText};
use preloop_core::audit::AuditKind;
use reqwest::Url;
use serde_json::Value;
use uuid::Uuid;

use super::people::check_name;
use super::{Caller, ServiceError, Services};
use crate::ids::new_id;
use crate::store::{PasskeyChallenge, StoredPasskey};
use crate::webauthn::{Refused, Registered, RelyingParty, encoded};

/// How long an answer may take.
const CHALLENGE_TIME: Duration = Duration::from_mins(5);
/// Passkeys of one user.
const PASSKEYS_MAX: i64 = 20;
/// Random bytes of a challenge.
const CHALLENGE_BYTES: usize = 32;
const REGISTER: &str = "register";

impl Services {
    /// Begins to register a passkey. Whoever only has a stolen session or key must not be able to add one, so it takes a
    /// sign-in and its password.
    pub(crate) async fn passkey_begin(
        &self,
        caller: &Caller,
        password: &SecretText,
    ) -> Result<PasskeyQuestion, ServiceError> {
        let user_id = caller.must_be_signed_in()?;
        let stored = self.user(user_id).await?;
        let hash = stored.password.as_deref().ok_or_else(password_required)?;
        self.guess_password(&stored, password, hash).await?;
        let known = self.passkeys_of(user_id).await?;
        let name = &stored.user.name;
        let party = self.relying_party()?;
        self.passkey_ask(user_id, REGISTER.to_owned(), |challenge| {
            party.creation(challenge, (user_id.as_bytes(), name), &known)
        })
        .await
    }

    /// Registers a passkey with the browser's answer.
    pub(crate) async fn passkey_finish(
        &self,
        caller: &Caller,
        challenge_id: Uuid,
        name: &str,
        answer: &str,
    ) -> Result<Passkey, ServiceError> {
        let user_id = caller.must_be_signed_in()?;
        let name = check_name(name)?.to_owned();
        let challenge = self.passkey_challenge(user_id, challenge_id, REGISTER).await?;
        let passkey = self.relying_party()?.register(&challenge, answer).map_err(refused)?;
        let now = self.now();
        let stored = StoredPasskey {
            id: new_id(now),
            account_id: self.inner.account_id,
            user_id,
            name,
            credential_id: passkey.id.clone(),
            credential: to_text(&passkey)?,
            created_at: now,
            used_at: None,
        };
        if !self.inner.store.passkey_insert(&stored, PASSKEYS_MAX).await? {
            return Err(ServiceError::Conflict {
                code: "passkey_taken",
                message: format!(
                    "the passkey is registered already, or you have {PASSKEYS_MAX} of them"
                ),
                state: None,
            });
        }
        self.record_act(caller, AuditKind::PasskeyAdded, format!("passkey `{}`", stored.name))?;
        Ok(shown(stored))
    }

    /// The caller's passkeys, oldest first.
    pub(crate) async fn passkey_list(&self, caller: &Caller) -> Result<Vec<Passkey>, ServiceError> {
        let user_id = caller.must_be_user()?;
        let stored = self.inner.store.passkey_list(user_id).await?;
        Ok(stored.into_iter().map(shown).collect())
    }

    /// Removes one of the caller's passkeys.
    pub(crate) async fn passkey_remove(
        &self,
        caller: &Caller,
        id: Uuid,
    ) -> Result<(), ServiceError> {
        let user_id = caller.must_be_signed_in()?;
        if !self.inner.store.passkey_remove(user_id, id).await? {
            return Err(ServiceError::NotFound {
                code: "passkey_not_found",
                message: format!("you have no passkey with the id `{id}`"),
            });
        }
        self.record_act(caller, AuditKind::PasskeyRemoved, format!("passkey `{id}`"))
    }

    /// Asks for a passkey of the caller for a vote to approve this call.
    pub(crate) async fn passkey_ask_vote(
        &self,
        caller: &Caller,
        approval_id: Uuid,
        call_hash: &str,
    ) -> Result<PasskeyQuestion, ServiceError> {
        let user_id = caller.must_be_user()?;
        let known = self.passkeys_of(user_id).await?;
        if known.is_empty() {
            return Err(ServiceError::Forbidden {
                code: "step_up_required",
                message: format!(
                    "you have no passkey; register one at {}/passkeys first",
                    self.base_url()
                ),
            });
        }
        let party = self.relying_party()?;
        self.passkey_ask(user_id, vote_purpose(approval_id, call_hash), |challenge| {
            party.request(challenge, &known)
        })
        .await
    }

    /// Checks a passkey's answer for a vote to approve this call, the user's verification among it.
    pub(crate) async fn passkey_prove_vote(
        &self,
        caller: &Caller,
        (approval_id, call_hash): (Uuid, &str),
        challenge_id: Uuid,
        answer: &str,
    ) -> Result<(), ServiceError> {
        let user_id = caller.must_be_user()?;
        let purpose = vote_purpose(approval_id, call_hash);
        let challenge = self.passkey_challenge(user_id, challenge_id, &purpose).await?;
        // As they are now: one that was removed meanwhile proves nothing any more.
        let known = self.passkeys_of(user_id).await?;
        let of_user = (user_id.as_bytes().as_slice(), known.as_slice());
        let used = self.relying_party()?.verify(&challenge, of_user, answer).map_err(refused)?;
        let before = known.iter().find(|passkey| passkey.id == used.id).unwrap_or(&used);
        let (before, after) = (to_text(before)?, to_text(&used)?);
        let store = &self.inner.store;
        if !store.passkey_used(user_id, &used.id, (&before, &after), self.now()).await? {
            // Of two answers at once, whose counters were compared with the same one, the first counts.
            return Err(refused(Refused("it was used or removed in this moment")));
        }
        Ok(())
    }

    async fn passkeys_of(&self, user_id: Uuid) -> Result<Vec<Registered>, ServiceError> {
        let stored = self.inner.store.passkey_list(user_id).await?;
        let read = |it: &StoredPasskey| serde_json::from_str(&it.credential);
        stored.iter().map(read).collect::<Result<_, _>>().map_err(|error| unwritten(&error))
    }

    /// Keeps a question until it is answered, and gives it to be asked.
    async fn passkey_ask(
        &self,
        user_id: Uuid,
        purpose: String,
        options: impl FnOnce(&str) -> Value,
    ) -> Result<PasskeyQuestion, ServiceError> {
        let mut random = [0_u8; CHALLENGE_BYTES];
        getrandom::fill(&mut random).map_err(|_| ServiceError::Unavailable {
            message: "the operating system gives no randomness, so nothing can be asked".to_owned(),
        })?;
        let now = self.now();
        let challenge = PasskeyChallenge {
            id: new_id(now),
            account_id: self.inner.account_id,
            user_id,
            purpose,
            challenge: encoded(&random),
            expires_at: now.saturating_add(CHALLENGE_TIME),
        };
        self.inner.store.passkey_challenge_insert(&challenge, now).await?;
        Ok(PasskeyQuestion {
            challenge_id: challenge.id,
            options: options(&challenge.challenge),
            expires_at: challenge.expires_at,
        })
    }

    /// Takes a challenge; whatever comes of its answer, it is gone.
    async fn passkey_challenge(
        &self,
        user_id: Uuid,
        id: Uuid,
        purpose: &str,
    ) -> Result<String, ServiceError> {
        let found = self.inner.store.passkey_challenge_take(user_id, id).await?;
        found
            .filter(|it| it.account_id == self.inner.account_id && it.expires_at > self.now())
            .filter(|it| it.purpose == purpose)
            .map(|it| it.challenge)
            .ok_or_else(|| ServiceError::Conflict {
                code: "challenge_ended",
                message: "this question for a passkey was answered, has ended, or was for something else; ask again"
                    .to_owned(),
                state: None,
            })
    }

    /// This server as passkeys know it. They are bound to a domain, so a loopback address goes by the name `localhost`.
    fn relying_party(&self) -> Result<RelyingParty, ServiceError> {
        let unusable = || {
            ServiceError::Conflict {
            code: "passkeys_unavailable",
            message: "passkeys need a domain: the operator says with `--public-url` under which address this server is reached"
                .to_owned(),
            state: None,
        }
        };
        let mut base = Url::parse(self.base_url()).map_err(|_| unusable())?;
        if base.domain().is_none() {
            let host = base.host_str().unwrap_or_default();
            let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
            if !address.is_ok_and(|address| address.is_loopback()) {
                return Err(unusable());
            }
            base.set_host(Some("localhost")).map_err(|_| unusable())?;
        }
        let domain = base.domain().map(str::to_owned).ok_or_else(unusable)?;
        Ok(RelyingParty { domain, origin: base.origin().ascii_serialization() })
    }
}

/// What an answer to a vote's challenge is for.
fn vote_purpose(approval_id: Uuid, call_hash: &str) -> String {
    format!("approve {approval_id} {call_hash}")
}

fn password_required() -> ServiceError {
    ServiceError::Invalid {
        code: "password_required",
        message:
            "a passkey is registered with your password, and you have none; have one set first"
                .to_owned(),
    }
}

fn to_text(passkey: &Registered) -> Result<String, ServiceError> {
    serde_json::to_string(passkey).map_err(|error| unwritten(&error))
}

fn refused(refused: Refused) -> ServiceError {
    ServiceError::Forbidden {
        code: "passkey_refused",
        message: format!("the passkey's answer does not count: {refused}"),
    }
}

fn unwritten(error: &serde_json::Error) -> ServiceError {
    tracing::error!(%error, "a passkey cannot be read or written");
    ServiceError::Unavailable { message: "a stored passkey cannot be read".to_owned() }
}

fn shown(stored: StoredPasskey) -> Passkey {
    let StoredPasskey { id, name, created_at, used_at, .. } = stored;
    Passkey { id, name, created_at, used_at }
}

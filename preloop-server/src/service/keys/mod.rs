//! API keys: who holds one, making, rotating and revoking them. Only their hashes are kept.

mod holder;
mod ring;

use std::time::Duration;

use preloop_api::{
    ApiKey, CreateApiKey, CreatedApiKey, Credential, Page, Permission, Role, RotateApiKey,
    SecretText,
};
use preloop_core::Timestamp;
use preloop_core::audit::AuditKind;
use tokio::sync::watch;
use uuid::Uuid;

pub(super) use ring::KeyRing;

use self::holder::Holder;
use super::people::{check_name, hash_of, random_text};
use super::{Caller, ServiceError, Services};
use crate::digest::hex;
use crate::ids::new_id;
use crate::store::{KeyHolder, Part, StoredKey};

/// Name and identity of the account's first owner.
pub(crate) const OWNER: &str = "owner";
/// Longest time that a rotated key's text before is still good, in seconds.
const GRACE_MAX: u64 = 7 * 24 * 3600;
/// A caller as the account says now.
#[derive(Clone, Debug)]
pub(crate) struct CallerNow {
    pub(crate) caller: Caller,
    /// When keys, their holders or teams changed last, in microseconds.
    pub(crate) changed_at: i64,
}

impl Services {
    /// The role of a key's text, where it is a good key of this account.
    pub(crate) fn key_role(&self, key: &str) -> Option<Role> {
        let holder = self.inner.key_holder(key)?;
        (holder.account_id == self.inner.account_id).then_some(holder.role)
    }

    /// The caller as the account says now, the teams above all; none where what it came with is not good any more.
    pub(super) async fn caller_now(&self, caller: &Caller) -> Result<Option<Caller>, ServiceError> {
        Ok(self.caller_as_of(caller).await?.map(|found| found.caller))
    }

    /// The same, and since when callers are as they are now.
    pub(crate) async fn caller_as_of(
        &self,
        caller: &Caller,
    ) -> Result<Option<CallerNow>, ServiceError> {
        let now = self.now();
        let ring = self.inner.keys.load_full();
        let changed_at = ring.changed_at();
        let found = |caller| CallerNow { caller, changed_at };
        if caller.credential == Credential::Key {
            return Ok(ring.holder_of(caller.key_id, now).cloned().map(found));
        }
        let Some(user_id) = caller.user_id else { return Ok(None) };
        if !self.inner.store.sign_in_goes_on(caller.key_id, now).await? {
            return Ok(None);
        }
        let user = self.user(user_id).await?.user;
        Ok(Some(found(caller.as_user(&user))))
    }

    /// Changes whenever keys, their holders or teams do.
    pub(crate) fn key_changes(&self) -> watch::Receiver<u64> {
        self.inner.key_changes.subscribe()
    }

    /// The keys that the caller may see, good or revoked, without their text: everybody's, or the caller's own.
    pub(crate) async fn key_list(
        &self,
        caller: &Caller,
        part: &Part<i64>,
    ) -> Result<Page<ApiKey>, ServiceError> {
        caller.must(Permission::KeysOwn)?;
        let holder = match (caller.may(Permission::KeysWrite), caller.user_id) {
            (true, _) => None,
            (false, Some(user)) => Some(user),
            (false, None) => return Ok(Page { items: Vec::new(), next_cursor: None }),
        };
        let Page { items, next_cursor } =
            self.inner.store.key_list(self.inner.account_id, holder, part).await?;
        Ok(Page { items: items.into_iter().map(|key| key.api_key).collect(), next_cursor })
    }

    /// One key, without its text.
    pub(crate) async fn key_show(&self, caller: &Caller, id: Uuid) -> Result<ApiKey, ServiceError> {
        caller.must(Permission::KeysOwn)?;
        let found = self.inner.store.key_find(self.inner.account_id, id).await?;
        let found = found.filter(|key| caller.sees_key(key));
        found.map(|key| key.api_key).ok_or_else(|| no_key(id))
    }

    /// Makes a key; the answer is the only place where its text is shown.
    pub(crate) async fn key_create(
        &self,
        caller: &Caller,
        request: CreateApiKey,
    ) -> Result<CreatedApiKey, ServiceError> {
        let name = check_name(&request.name)?;
        let now = self.now();
        if request.expires_at.is_some_and(|at| at <= now) {
            return Err(invalid("invalid_expiry", "`expires_at` must be in the future"));
        }
        let expires_at = self.ends_with_maker(caller, request.expires_at)?;
        // Before a holder is made: a request that is refused leaves nothing behind.
        let agents = request.agent.as_ref().map(|_| Role::Agent);
        if let Some(role) = agents.or(request.role) {
            caller.must_have_all(role, &request.scopes)?;
        }
        let holder = self.key_holder_for(caller, name, &request).await?;
        caller.must_stand_for(holder.role, &holder.principal_id)?;
        caller.must_have_all(holder.role, &request.scopes)?;
        if request.flow.is_some() && holder.role != Role::Agent {
            return Err(invalid("invalid_flow", "only the key of an agent can be for a flow"));
        }
        let flow = request.flow.as_deref().map(check_name).transpose()?.map(str::to_owned);
        let text = new_key(holder.role)?;
        let api_key = ApiKey {
            id: new_id(now),
            name: name.to_owned(),
            role: holder.role,
            principal_id: holder.principal_id,
            holder: holder.name,
            scopes: request.scopes,
            flow,
            hint: hint_of(&text),
            created_at: now,
            expires_at,
            last_used_at: None,
            revoked_at: None,
        };
        if !self.key_store(api_key.clone(), holder.id, &text, true).await? {
            return Err(name_taken(name));
        }
        let note = format!(
            "key `{}` named `{name}` for `{}` as {}",
            api_key.hint,
            api_key.holder,
            api_key.role.as_str()
        );
        self.record_act(caller, AuditKind::KeyCreated, note)?;
        Ok(CreatedApiKey { api_key, key: SecretText::from(text) })
    }

    /// Until when what the caller came with is good; none where it is no key, or one without an end.
    pub(super) fn key_ends(&self, caller: &Caller) -> Option<Timestamp> {
        let is_key = caller.credential == Credential::Key;
        is_key.then(|| self.inner.keys.load().ends_of(caller.key_id)).flatten()
    }

    /// Fails for a key that ends: what is made with it would outlast it.
    pub(super) fn must_not_end(&self, caller: &Caller, what: &str) -> Result<(), ServiceError> {
        match self.key_ends(caller) {
            None => Ok(()),
            Some(_) => Err(ServiceError::Forbidden {
                code: "role_beyond_own",
                message: format!("a key that ends {what}, which would outlast it"),
            }),
        }
    }

    /// The end of a key that the caller makes: its own at the latest, or the end would bind nobody.
    fn ends_with_maker(
        &self,
        caller: &Caller,
        wanted: Option<Timestamp>,
    ) -> Result<Option<Timestamp>, ServiceError> {
        let Some(end) = self.key_ends(caller) else { return Ok(wanted) };
        if wanted.is_some_and(|at| at > end) {
            return Err(invalid(
                "invalid_expiry",
                format!("`expires_at` must be at most {end}, when the key ends that you came with"),
            ));
        }
        Ok(Some(wanted.unwrap_or(end)))
    }

    /// Gives a key another text; the one so far stays good for a while, or not at all.
    pub(crate) async fn key_rotate(
        &self,
        caller: &Caller,
        id: Uuid,
        request: RotateApiKey,
    ) -> Result<CreatedApiKey, ServiceError> {
        let key = self.key_show(caller, id).await?;
        if key.revoked_at.is_some() {
            return Err(no_key(id));
        }
        caller.must_stand_for(key.role, &key.principal_id)?;
        caller.must_have_all(key.role, &key.scopes)?;
        let ends = self.key_ends(caller).filter(|_| id != caller.key_id);
        if ends.is_some_and(|end| key.expires_at.is_none_or(|at| at > end)) {
            return Err(ServiceError::Forbidden {
                code: "role_beyond_own",
                message: "the key lasts longer than the one that you came with; use one that lasts as long"
                    .to_owned(),
            });
        }
        if request.grace_seconds > GRACE_MAX {
            return Err(invalid(
                "invalid_expiry",
                format!("`grace_seconds` must be at most {GRACE_MAX}"),
            ));
        }
        let text = new_key(key.role)?;
        let (hash, hint) = (hex(&hash_of(&text)), hint_of(&text));
        let until = self.now().saturating_add(Duration::from_secs(request.grace_seconds));
        let account_id = self.inner.account_id;
        if !self.inner.store.key_rotate(account_id, id, (&hash, &hint), until).await? {
            return Err(no_key(id));
        }
        self.inner.keys_reload().await?;
        let note = format!("key `{}` of `{}` is `{hint}` now", key.hint, key.holder);
        self.record_act(caller, AuditKind::KeyRotated, note)?;
        Ok(CreatedApiKey { api_key: ApiKey { hint, ..key }, key: SecretText::from(text) })
    }

    /// Revokes a key; it is refused from now on.
    pub(crate) async fn key_revoke(&self, caller: &Caller, id: Uuid) -> Result<(), ServiceError> {
        let key = self.key_show(caller, id).await?;
        if id == caller.key_id {
            return Err(ServiceError::Conflict {
                code: "key_in_use",
                message: "this key cannot revoke itself; use another owner key".to_owned(),
                state: None,
            });
        }
        if !caller.is_user(&key.principal_id)
            && !key.role.permissions().all(|permission| caller.may(permission))
        {
            return Err(ServiceError::Forbidden {
                code: "role_beyond_own",
                message: "the key's role allows more than you may, so it is not yours to revoke"
                    .to_owned(),
            });
        }
        let now = self.now();
        let was_good = self.inner.store.key_revoke(self.inner.account_id, id, now).await?;
        // Also where it was revoked before: what is in memory may not have followed then.
        self.inner.keys_reload().await?;
        if !was_good {
            return Err(no_key(id));
        }
        let note = format!("key `{}` of `{}`", key.hint, key.holder);
        self.record_act(caller, AuditKind::KeyRevoked, note)
    }

    /// Stores a key of the first owner or of an agent, which is made where there is none; none where the name is taken.
    pub(crate) async fn key_add(
        &self,
        name: &str,
        role: Role,
        text: &str,
    ) -> Result<Option<ApiKey>, ServiceError> {
        let holder = if role == Role::Agent {
            self.agent_holder(name).await?
        } else {
            let owner = self.first_owner_ensure().await?;
            Holder {
                id: KeyHolder::User(owner.id),
                role: owner.role,
                name: owner.name,
                principal_id: owner.principal_id,
            }
        };
        let now = self.now();
        let api_key = ApiKey {
            id: new_id(now),
            name: name.to_owned(),
            role: holder.role,
            principal_id: holder.principal_id,
            holder: holder.name,
            scopes: Vec::new(),
            flow: None,
            hint: hint_of(text),
            created_at: now,
            expires_at: None,
            last_used_at: None,
            revoked_at: None,
        };
        // Each start of a server without its folder makes one: too many must not keep the next from starting.
        let is_new = self.key_store(api_key.clone(), holder.id, text, false).await?;
        Ok(is_new.then_some(api_key))
    }

    /// Makes `text` the one good key of that name.
    pub(crate) async fn key_replace(
        &self,
        name: &str,
        role: Role,
        text: &str,
    ) -> Result<(), ServiceError> {
        let now = self.now();
        for key in self.inner.store.key_list(self.inner.account_id, None, &Part::ALL).await?.items {
            let is_same = key.api_key.name == name
                && (key.api_key.role == Role::Agent) == (role == Role::Agent);
            if is_same && key.api_key.revoked_at.is_none() {
                self.inner.store.key_revoke(self.inner.account_id, key.api_key.id, now).await?;
            }
        }
        match self.key_add(name, role, text).await? {
            Some(_) => Ok(()),
            None => Err(ServiceError::Conflict {
                code: "key_reused",
                message: format!("the key for `{name}` was used before and revoked; make another"),
                state: None,
            }),
        }
    }

    async fn key_store(
        &self,
        api_key: ApiKey,
        holder: KeyHolder,
        text: &str,
        is_bounded: bool,
    ) -> Result<bool, ServiceError> {
        let stored = StoredKey {
            account_id: self.inner.account_id,
            api_key,
            holder,
            email: None,
            hash: hex(&hash_of(text)),
            previous: None,
        };
        let is_new = self.inner.store.key_insert(&stored, is_bounded).await?;
        if is_new {
            self.inner.keys_reload().await?;
        }
        Ok(is_new)
    }
}

impl Caller {
    fn sees_key(&self, key: &StoredKey) -> bool {
        self.may(Permission::KeysWrite)
            || (self.user_id.is_some() && self.user_id == Some(key.holder.id()))
    }

    fn is_user(&self, principal_id: &str) -> bool {
        self.user_id.is_some() && self.principal.id == principal_id
    }

    /// Fails where a key would let the caller act in the name of another user who may more: scopes narrow what a key
    /// does, not whose votes it casts.
    fn must_stand_for(&self, role: Role, principal_id: &str) -> Result<(), ServiceError> {
        if role == Role::Agent || self.is_user(principal_id) {
            return Ok(());
        }
        self.must_have(role)
    }

    /// Fails where a key of that role and those scopes would allow more than the caller may.
    fn must_have_all(&self, role: Role, scopes: &[Permission]) -> Result<(), ServiceError> {
        if let Some(scope) = scopes.iter().find(|scope| !role.allows(**scope)) {
            return Err(invalid(
                "scope_beyond_role",
                format!("`{scope}` is not allowed by the role `{}`", role.as_str()),
            ));
        }
        let mut given = role.permissions().filter(|it| scopes.is_empty() || scopes.contains(it));
        if given.all(|permission| self.may(permission)) { Ok(()) } else { Err(beyond_own()) }
    }
}

/// A new key: its role's prefix and 32 random bytes.
pub(crate) fn new_key(role: Role) -> Result<String, ServiceError> {
    random_text(prefix(role))
}

/// What keys of a role start with.
pub(crate) const fn prefix(role: Role) -> &'static str {
    match role {
        Role::Agent => "pla_",
        Role::Owner => "plo_",
        Role::Admin | Role::Approver | Role::Editor | Role::Viewer => "plu_",
    }
}

fn hint_of(text: &str) -> String {
    text.chars().take(8).collect()
}

fn no_key(id: Uuid) -> ServiceError {
    ServiceError::NotFound {
        code: "key_not_found",
        message: format!("there is no good key with the id `{id}`"),
    }
}

fn name_taken(name: &str) -> ServiceError {
    ServiceError::Conflict {
        code: "key_name_taken",
        message: format!("there is a key named `{name}`; revoke it or take another name"),
        state: None,
    }
}

fn beyond_own() -> ServiceError {
    ServiceError::Forbidden {
        code: "role_beyond_own",
        message: "the key allows more than you may; name `scopes` that you have yourself"
            .to_owned(),
    }
}

fn invalid(code: &'static str, message: impl Into<String>) -> ServiceError {
    ServiceError::Invalid { code, message: message.into() }
}

//! API keys: who holds one, making and revoking them. Only their hashes are kept.

use std::collections::HashMap;
use std::sync::Arc;

use preloop_api::{ApiKey, CreateApiKey, CreatedApiKey, Permission, Role};
use preloop_core::audit::AuditKind;
use preloop_core::call::Principal;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::platform::Shared;
use super::{Caller, ServiceError, Services};
use crate::digest::hex;
use crate::ids::new_id;
use crate::store::StoredKey;

/// Name and identity of the account's first owner.
pub(crate) const OWNER: &str = "owner";
/// Longest name of a key, in characters.
const NAME_CHARS_MAX: usize = 64;

/// The keys that are good now, by the hash of their text.
pub(super) type KeyRing = HashMap<[u8; 32], Caller>;

impl Services {
    /// The role of a key's text, where it is a good key of this account.
    pub(crate) fn key_role(&self, key: &str) -> Option<Role> {
        let holder = self.inner.key_holder(key)?;
        (holder.account_id == self.inner.account_id).then_some(holder.role)
    }

    /// Whether the key of that id is still good.
    pub(super) fn is_good_key(&self, id: Uuid) -> bool {
        self.inner.keys.load().values().any(|caller| caller.key_id == id)
    }

    /// Every key, good or revoked, without its text.
    pub async fn key_list(&self, caller: &Caller) -> Result<Vec<ApiKey>, ServiceError> {
        caller.must(Permission::KeysWrite)?;
        let keys = self.inner.store.key_list(self.inner.account_id).await?;
        Ok(keys.into_iter().map(|key| key.api_key).collect())
    }

    /// Makes a key; the answer is the only place where its text is shown.
    pub async fn key_create(
        &self,
        caller: &Caller,
        request: CreateApiKey,
    ) -> Result<CreatedApiKey, ServiceError> {
        caller.must(Permission::KeysWrite)?;
        let name = request.name.trim();
        check_name(name)?;
        if !matches!(request.role, Role::Agent | Role::Owner) {
            return Err(ServiceError::Invalid {
                code: "invalid_role",
                message: "the role of a key must be `agent` or `owner`".to_owned(),
            });
        }
        let keys = self.inner.store.key_list(self.inner.account_id).await?;
        let same = |key: &&StoredKey| key.api_key.name == name;
        if keys.iter().filter(same).any(|key| key.api_key.role != request.role) {
            // The identity behind a name must not change what it may do.
            return Err(ServiceError::Conflict {
                code: "key_name_taken",
                message: format!("a key named `{name}` had another role; take another name"),
                state: None,
            });
        }
        let text = new_key(request.role)?;
        let created = self.key_add(name, request.role, &text).await?;
        let Some(api_key) = created else {
            return Err(ServiceError::Conflict {
                code: "key_name_taken",
                message: format!("there is a key named `{name}`; revoke it or take another name"),
                state: None,
            });
        };
        let note = format!("key `{}` for `{name}` as {}", api_key.hint, api_key.role.as_str());
        self.record_act(caller, AuditKind::KeyCreated, note)?;
        Ok(CreatedApiKey { api_key, key: text })
    }

    /// Revokes a key; it is refused from now on.
    pub async fn key_revoke(&self, caller: &Caller, id: Uuid) -> Result<(), ServiceError> {
        caller.must(Permission::KeysWrite)?;
        if id == caller.key_id {
            return Err(ServiceError::Conflict {
                code: "key_in_use",
                message: "this key cannot revoke itself; use another owner key".to_owned(),
                state: None,
            });
        }
        let now = self.now();
        if !self.inner.store.key_revoke(self.inner.account_id, id, now).await? {
            return Err(ServiceError::NotFound {
                code: "key_not_found",
                message: format!("there is no good key with the id `{id}`"),
            });
        }
        self.inner.keys_reload().await?;
        self.record_act(caller, AuditKind::KeyRevoked, format!("key `{id}`"))
    }

    /// Stores a key of that text and takes it into use; none where the name is taken.
    pub(crate) async fn key_add(
        &self,
        name: &str,
        role: Role,
        text: &str,
    ) -> Result<Option<ApiKey>, ServiceError> {
        let now = self.now();
        let api_key = ApiKey {
            id: new_id(now),
            name: name.to_owned(),
            role,
            principal_id: name.to_owned(),
            hint: text.chars().take(8).collect(),
            created_at: now,
            revoked_at: None,
        };
        let stored = StoredKey { hash: hex(&hash_of(text)), api_key };
        if !self.inner.store.key_insert(self.inner.account_id, &stored).await? {
            return Ok(None);
        }
        self.inner.keys_reload().await?;
        Ok(Some(stored.api_key))
    }

    /// Makes `text` the one good key of that name.
    pub(crate) async fn key_replace(
        &self,
        name: &str,
        role: Role,
        text: &str,
    ) -> Result<(), ServiceError> {
        let now = self.now();
        for key in self.inner.store.key_list(self.inner.account_id).await? {
            if key.api_key.name == name && key.api_key.revoked_at.is_none() {
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
}

impl Shared {
    /// The caller that a key's text stands for; none where there is no such key or it was revoked.
    pub(super) fn key_holder(&self, key: &str) -> Option<Caller> {
        self.keys.load().get(&hash_of(key)).cloned()
    }

    /// Reads the good keys of all accounts into memory, where every request looks them up.
    pub(super) async fn keys_reload(&self) -> Result<(), ServiceError> {
        let keys = self.store.key_list_good().await?;
        let ring: KeyRing = keys
            .into_iter()
            .filter_map(|(account_id, key)| {
                Some((unhex(&key.hash)?, caller_of(account_id, key.api_key)))
            })
            .collect();
        self.keys.store(Arc::new(ring));
        Ok(())
    }
}

/// A new key: its role's prefix and 32 random bytes.
pub(crate) fn new_key(role: Role) -> Result<String, ServiceError> {
    let mut random = [0_u8; 32];
    getrandom::fill(&mut random).map_err(|_| ServiceError::Unavailable {
        message: "the operating system gives no randomness, so no key can be made".to_owned(),
    })?;
    Ok(format!("{}{}", prefix(role), hex(&random)))
}

/// What keys of a role start with.
pub(crate) const fn prefix(role: Role) -> &'static str {
    match role {
        Role::Agent => "pla_",
        Role::Owner => "plo_",
        Role::Admin | Role::Approver | Role::Editor | Role::Viewer => "plu_",
    }
}

fn caller_of(account_id: Uuid, key: ApiKey) -> Caller {
    let (kind, roles) = match key.role {
        Role::Agent => ("agent", Vec::new()),
        role => ("user", vec![role.as_str().to_owned()]),
    };
    let principal = Principal {
        id: key.principal_id,
        kind: kind.to_owned(),
        name: key.name,
        roles,
        teams: Vec::new(),
    };
    let (scopes, flow) = (Vec::new(), None);
    Caller { account_id, principal, role: key.role, scopes, flow, key_id: key.id }
}

fn check_name(name: &str) -> Result<(), ServiceError> {
    let is_good = !name.is_empty()
        && name.chars().count() <= NAME_CHARS_MAX
        && name.chars().all(|c| c.is_alphanumeric() || "-_.@ ".contains(c));
    if is_good {
        return Ok(());
    }
    Err(ServiceError::Invalid {
        code: "invalid_name",
        message: format!(
            "`name` must be 1 to {NAME_CHARS_MAX} letters, digits, spaces or any of `-_.@`"
        ),
    })
}

fn hash_of(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0_u8; 32];
    if text.len() != 64 {
        return None;
    }
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(index * 2..index * 2 + 2)?, 16).ok()?;
    }
    Some(bytes)
}

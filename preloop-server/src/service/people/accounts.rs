//! Accounts: making further ones, and the caller's own.

use preloop_api::{Account, ChangeAccount, CreateAccount, Permission, Role};
use preloop_core::audit::AuditKind;
use std::net::IpAddr;

use super::names::check_account_name;
use super::users::new_user;
use super::{conflict, not_found};
use crate::ids::new_id;
use crate::service::{Caller, Platform, ServiceError, Services};

impl Services {
    /// The caller's account.
    pub(crate) async fn account(&self) -> Result<Account, ServiceError> {
        let id = self.inner.account_id;
        let found = self.inner.store.account_find(id).await?;
        found.ok_or_else(|| not_found("account_not_found", "account", id))
    }

    /// Gives the account another name.
    pub(crate) async fn account_change(
        &self,
        caller: &Caller,
        request: &ChangeAccount,
    ) -> Result<Account, ServiceError> {
        caller.must(Permission::AccountWrite)?;
        let name = check_account_name(&request.name)?;
        if !self.inner.store.account_rename(self.inner.account_id, name).await? {
            return Err(name_taken());
        }
        self.record_act(caller, AuditKind::AccountChanged, format!("it is named `{name}` now"))?;
        self.account().await
    }
}

impl Platform {
    /// Makes an account: an owner of the operator's account does.
    pub(crate) async fn account_create(
        &self,
        caller: &Caller,
        request: CreateAccount,
    ) -> Result<Account, ServiceError> {
        caller.must(Permission::AccountsWrite)?;
        if caller.account_id != self.first().account_id() {
            return Err(ServiceError::Forbidden {
                code: "operator_only",
                message: "only an owner of the operator's account makes accounts here".to_owned(),
            });
        }
        self.first().must_not_end(caller, "makes no account")?;
        let account = self.account_add(request).await?;
        let message = format!("account `{}` ({})", account.name, account.id);
        self.first().record_act(caller, AuditKind::AccountCreated, message)?;
        Ok(account)
    }

    /// Makes an account for whoever asks, where the operator allows it.
    pub(crate) async fn account_register(
        &self,
        request: CreateAccount,
        from: Option<IpAddr>,
    ) -> Result<Account, ServiceError> {
        if !self.shared().allow_registration {
            return Err(ServiceError::Forbidden {
                code: "registration_closed",
                message: "accounts are made by the operator here; ask for an invitation".to_owned(),
            });
        }
        // Counted as a guess that is never forgiven: so many accounts from one address are enough.
        let _ = self.guess_sign_in_from(from)?;
        self.account_add(request).await
    }

    async fn account_add(&self, request: CreateAccount) -> Result<Account, ServiceError> {
        let now = self.first().now();
        let name = check_account_name(&request.name)?.to_owned();
        let account = Account { id: new_id(now), name, created_at: now };
        let owner = &request.owner;
        let user = new_user(account.id, now, &owner.name, owner.email.as_deref(), Role::Owner)?;
        let user = self.first().with_password(user, Some(&owner.password)).await?;
        if !self.shared().store.account_insert(&account, &user).await? {
            return Err(name_taken());
        }
        let services = self.services(account.id).await?;
        let mut record = services.new_record(AuditKind::AccountCreated);
        record.actor = Some(user.user.name.clone());
        record.message = Some(format!("account `{}`, owner `{}`", account.name, user.user.name));
        services.record(&record)?;
        Ok(account)
    }
}

fn name_taken() -> ServiceError {
    conflict("account_name_taken", "another account of this server has this name; take another")
}

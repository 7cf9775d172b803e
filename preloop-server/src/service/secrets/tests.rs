//! Secrets on real stores of both engines.

use preloop_core::canonical::to_yaml;
use preloop_files::PolicySource;

use super::*;
use crate::service::tests::Stand;
use crate::store::testing::{Place, on_both_engines};

const SECRETS: &str = r#"
version: "1.0"
metadata: {name: test}
mcp_servers:
  - name: web
    url: https://web.example.com/mcp
    auth_type: bearer
    auth_config: {token: hunter2-token}
  - name: local
    transport: stdio
    command: tool
    env: {LOCAL_TOKEN: hunter2-env, LEVEL: debug, OTHER_TOKEN: "${OTHER}"}
approval_workflows:
  - name: people
    notifications:
      - {channel: slack, url: "https://hooks.example.com/hunter2-hook", headers: {X-Token: hunter2-a}}
      - {channel: webhook, url: "https://w.example.com/x", secret: hunter2-sign}
"#;

fn document(text: &str) -> PolicyDocument {
    PolicySource::File(text.as_bytes().to_vec()).parse().unwrap().document().clone()
}

/// Takes and stores, as an apply does.
async fn apply(stand: &Stand, text: &str) -> Result<(PolicyDocument, usize), ServiceError> {
    let mut document = document(text);
    let taken = stand.services.secrets_take(&mut document, ACCOUNT_SCOPE).await?;
    stand.services.inner.store.secret_put(&taken).await?;
    stand.services.secrets_changed(&taken);
    Ok((document, taken.secrets.len()))
}

fn server(document: &PolicyDocument, name: &str) -> McpServer {
    document.mcp_servers.iter().find(|server| server.name == name).unwrap().clone()
}

async fn literal_secrets_leave_the_document_and_come_back_at_dial(place: Place) {
    let stand = Stand::on(place).await;
    let mut changes = stand.services.secret_changes();
    let (document, stored) = apply(&stand, SECRETS).await.unwrap();
    assert_eq!(stored, 5);
    assert!(changes.has_changed().unwrap());
    changes.mark_unchanged();
    let text = to_yaml(&document, None);
    assert!(!text.contains("hunter2"), "{text}");
    assert!(text.contains("${OTHER}") && text.contains("debug"), "{text}");
    let web = stand.services.server_secrets(&server(&document, "web")).await.unwrap();
    assert_eq!(web.of("auth_config.token").unwrap(), "hunter2-token");
    assert!(web.of("auth_config.api_key").unwrap_err().contains("no credential is stored"));
    let local = stand.services.server_secrets(&server(&document, "local")).await.unwrap();
    assert_eq!(local.of("env.LOCAL_TOKEN").unwrap(), "hunter2-env");
    assert!(!format!("{web:?}").contains("hunter2"));
    // The same again, redacted or written, stores nothing.
    assert_eq!(apply(&stand, &text).await.unwrap().1, 0);
    assert_eq!(apply(&stand, SECRETS).await.unwrap().1, 0);
    assert!(!changes.has_changed().unwrap());
    let (_, stored) = apply(&stand, &SECRETS.replace("hunter2-token", "other")).await.unwrap();
    assert_eq!(stored, 1);
    let again = stand.services.server_secrets(&server(&document, "web")).await.unwrap();
    assert_eq!(again.of("auth_config.token").unwrap(), "other");
    assert_ne!(again.stamp(), web.stamp());
    let stamps = stand.services.secret_stamps().await.unwrap();
    assert_eq!(stamps.of(&server(&document, "web")), *again.stamp());
}

async fn what_is_stored_goes_to_the_address_it_was_given_for_alone(place: Place) {
    let stand = Stand::on(place).await;
    let (document, _) = apply(&stand, SECRETS).await.unwrap();
    let text = to_yaml(&document, None);
    for (from, to, field) in [
        ("https://web.example.com/mcp", "https://evil.example.com/mcp", "auth_config.token"),
        ("https://web.example.com/mcp", "http://web.example.com/mcp", "auth_config.token"),
        ("command: tool", "command: tool\n    args: [--to, evil]", "env.LOCAL_TOKEN"),
        ("https://w.example.com/x", "https://evil.example.com/x", "notifications.webhook.secret"),
        ("name: web", "name: other", "auth_config.token"),
    ] {
        let moved = text.replace(from, to);
        assert_ne!(moved, text, "{from}");
        let error = apply(&stand, &moved).await.unwrap_err();
        let ServiceError::Invalid { code: "secret_missing", message } = error else {
            panic!("{error}");
        };
        assert!(message.contains(field), "{message}");
        assert_eq!(message.contains("goes nowhere else"), from != "name: web", "{message}");
    }
    // Slack's address is a secret itself: headers that are kept do not follow a new one.
    let mut moved = document.clone();
    moved.approval_workflows[0].notifications[0].url =
        Some(Secret::Written("https://evil.example.com".to_owned()));
    let refused = stand.services.secrets_take(&mut moved, ACCOUNT_SCOPE).await.unwrap_err();
    assert!(refused.to_string().contains("notifications.slack.headers.X-Token"), "{refused}");
    // Another path of the same server is the same server; going back finds what was stored before.
    apply(&stand, &text.replace("/mcp", "/v2")).await.unwrap();
    let elsewhere = SECRETS.replace("web.example.com", "new.example.com");
    apply(&stand, &elsewhere.replace("hunter2-token", "newer")).await.unwrap();
    apply(&stand, &text).await.unwrap();
    let web = stand.services.server_secrets(&server(&document, "web")).await.unwrap();
    assert_eq!(web.of("auth_config.token").unwrap(), "hunter2-token");
}

async fn accounts_and_scopes_do_not_meet(place: Place) {
    let stand = Stand::on(place).await;
    let (document, _) = apply(&stand, SECRETS).await.unwrap();
    let mut other = document.clone();
    let refused = stand.services.secrets_take(&mut other, "team:ops").await.unwrap_err();
    assert!(refused.to_string().contains("nothing is stored"), "{refused}");
    // A row that somebody moves to another place in the database does not open there.
    let store = &stand.services.inner.store;
    let rows = store.secret_list(stand.services.inner.account_id, ACCOUNT_SCOPE).await.unwrap();
    let row = |field: &str| rows.iter().find(|row| row.slot.field == field).unwrap().clone();
    let keys = &stand.services.inner.secret_keys;
    let mut moved = row("auth_config.token");
    moved.slot.target = "https://evil.example.com".to_owned();
    assert!(keys.open_secret(&moved).unwrap_err().contains("was changed in the database"));
}

async fn a_wrong_key_fails_with_words_and_a_new_value_mends_it(place: Place) {
    let stand = Stand::on(place.clone()).await;
    let (document, _) = apply(&stand, SECRETS).await.unwrap();
    let store = stand.services.inner.store.clone();
    let other = SecretKeys::open(Some(&"0b".repeat(32)), place.folder(), true).unwrap();
    let account_id = stand.services.inner.account_id;
    for row in store.secret_list(account_id, ACCOUNT_SCOPE).await.unwrap() {
        let error = other.open_secret(&row).unwrap_err();
        assert!(error.contains("PRELOOP_SECRET_KEY") && error.contains(&row.key_id), "{error}");
    }
    let resealed = store.secret_reseal(|row| {
        let text = stand.services.inner.secret_keys.open_secret(row).unwrap();
        let (key_id, sealed) = other.seal(&row.slot, &text).unwrap();
        Ok(StoredSecret { key_id, sealed, ..row.clone() })
    });
    assert_eq!(resealed.await.unwrap(), 5);
    let web = server(&document, "web");
    let closed = stand.services.server_secrets(&web).await.unwrap();
    let words = closed.of("auth_config.token").unwrap_err();
    assert!(words.contains("which this server does not have"), "{words}");
    let refused = stand.platform.secrets_rotate(&stand.owner).await.unwrap_err();
    assert!(matches!(refused, ServiceError::Conflict { code: "secret_unreadable", .. }));
    apply(&stand, SECRETS).await.unwrap();
    let open = stand.services.server_secrets(&web).await.unwrap();
    assert_eq!(open.of("auth_config.token").unwrap(), "hunter2-token");
}

async fn rotation_moves_every_secret_to_the_first_given_key(place: Place) {
    let stand = Stand::on(place.clone()).await;
    let (document, _) = apply(&stand, SECRETS).await.unwrap();
    let before = stand.services.server_secrets(&server(&document, "web")).await.unwrap();
    let refused = stand.platform.secrets_rotate(&stand.agent).await.unwrap_err();
    assert!(matches!(refused, ServiceError::Forbidden { .. }));
    let rotation = stand.platform.secrets_rotate(&stand.owner).await.unwrap();
    assert!(rotation.is_from_environment && rotation.resealed == 5, "{rotation:?}");
    let after = stand.services.server_secrets(&server(&document, "web")).await.unwrap();
    assert_eq!(after.stamp(), before.stamp(), "the values are the same, so nobody dials anew");
    // Another server begins to give a new key: both open what is there, and the new one seals.
    let beside = stand.beside().await;
    let open = beside.services.server_secrets(&server(&document, "web")).await.unwrap();
    assert_eq!(open.of("auth_config.token").unwrap(), "hunter2-token");
}

async fn credentials_that_no_version_names_are_forgotten(place: Place) {
    let stand = Stand::on(place).await;
    let (document, _) = apply(&stand, SECRETS).await.unwrap();
    stand.services.credentials_forget(&stand.owner, "LOCAL").await.unwrap();
    let web = stand.services.server_secrets(&server(&document, "web")).await.unwrap();
    assert!(web.of("auth_config.token").is_ok());
    // What is live is a file without these servers, and there is no version.
    stand.services.secrets_prune(None).await;
    let web = stand.services.server_secrets(&server(&document, "web")).await.unwrap();
    assert!(web.of("auth_config.token").is_err());
    let left = &stand.services.inner.store;
    let left = left.secret_list(stand.services.inner.account_id, ACCOUNT_SCOPE).await.unwrap();
    assert!(left.iter().all(|secret| secret.slot.owner == SecretOwner::ApprovalWorkflow));
    assert_eq!(left.len(), 3);
}

/// A key of the data folder: a death between the steps of a rotation leaves everything readable.
#[tokio::test]
async fn a_death_in_the_middle_of_a_rotation_leaves_everything_readable() {
    let place = Place::sqlite();
    let store = place.open("main").await.unwrap();
    let now = preloop_core::Timestamp::UNIX_EPOCH;
    let account_id = store.account_ensure(new_id(now), now).await.unwrap();
    let open = || SecretKeys::open(None, place.folder(), false).unwrap();
    let keys = open();
    keys.prepare().unwrap();
    let slot = SecretSlot::new(account_id, "account", SecretOwner::McpServer, "a", "f", "t");
    let (key_id, sealed) = keys.seal(&slot, "hunter2").unwrap();
    let row = StoredSecret { slot, id: new_id(now), key_id, sealed, set_at: now };
    // Before anything was sealed anew:
    assert_eq!(keys.begin_rotation().unwrap(), keys::Rotation::File);
    assert_eq!(*open().open_secret(&row).unwrap(), "hunter2");
    // After all of it was, before the old key went:
    let keys = open();
    let (key_id, sealed) = keys.seal(&row.slot, "hunter2").unwrap();
    assert_ne!(key_id, row.key_id);
    let resealed = StoredSecret { key_id, sealed, ..row.clone() };
    assert_eq!(*open().open_secret(&resealed).unwrap(), "hunter2");
    keys.retire().unwrap();
    assert_eq!(*open().open_secret(&resealed).unwrap(), "hunter2");
    assert!(open().open_secret(&row).is_err());
}

on_both_engines![
    accounts_and_scopes_do_not_meet,
    a_wrong_key_fails_with_words_and_a_new_value_mends_it,
    credentials_that_no_version_names_are_forgotten,
    literal_secrets_leave_the_document_and_come_back_at_dial,
    rotation_moves_every_secret_to_the_first_given_key,
    what_is_stored_goes_to_the_address_it_was_given_for_alone,
];

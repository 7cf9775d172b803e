//! What is in memory stays whole when several change it at once, and the operator's file stays what the account obeys.

use std::time::Duration;

use preloop_api::{PolicyAuthor, VersionCause};
use preloop_core::ValidPolicy;
use preloop_core::audit::AuditKind;
use preloop_files::PolicySource;
use uuid::Uuid;

use super::super::Ruling;
use super::super::tests::Stand;
use super::live::Origin;
use super::*;
use crate::ids::new_id;
use crate::store::testing::{Place, on_both_engines};
use crate::store::{AuditFilter, AuditOrder, ChangeRecord, ExpectedLive, PolicyWrite};

const THREADS: usize = 4;
const SCOPES: usize = 50;

fn slot(services: &Services, scope: &str) -> Slot {
    let text = "version: '1.0'\nmetadata: {name: other}\n";
    let valid = ValidPolicy::parse(text).unwrap();
    let origin = Origin::Stored(Uuid::nil());
    Slot::Live(Arc::new(LivePolicy::new(scope.parse().unwrap(), origin, valid, services.now())))
}

#[tokio::test]
async fn changes_at_once_are_all_in_memory_and_the_file_stays() {
    let stand = Stand::on(Place::sqlite()).await;
    let services = &stand.services;
    std::thread::scope(|threads| {
        for thread in 0..THREADS {
            threads.spawn(move || {
                for number in 0..SCOPES {
                    let made = slot(services, &format!("team:t{thread}-{number}"));
                    services.swap(|policies| policies.put(made));
                }
            });
        }
        threads.spawn(|| {
            for number in 0..SCOPES {
                let text = format!("version: '1.0'\nmetadata: {{name: file{number}}}\n");
                let source = PolicySource::File(text.into_bytes());
                services.policy_load(&source, "a test").unwrap();
            }
        });
    });
    assert_eq!(services.live_policies().slots().count(), THREADS * SCOPES + 1);
    let stored = slot(services, "account");
    services.swap(|policies| policies.put(stored));
    let live = services.account_policy().unwrap();
    assert_eq!(live.document().metadata.name, format!("file{}", SCOPES - 1));
}

fn command(scope: &str, text: &str) -> ApplyCommand {
    ApplyCommand {
        scope: scope.parse().unwrap(),
        policy: ValidPolicy::parse(text).unwrap(),
        cause: VersionCause::Apply,
        message: None,
        expected: Expected::Any,
        dry_run: false,
    }
}

/// A policy of a scope in which the tool `read` is only decided.
fn reading(name: &str, action: &str, defaults: &str) -> String {
    format!(
        "version: '1.0'\nmetadata: {{name: {name}}}\ndefaults: {{require_approval_for_new_tools: false, {defaults}}}\ntools: [{{name: read, conditions: [{{action: {action}}}]}}]\n"
    )
}

/// What becomes of a call of `read`: action and reason.
async fn read(stand: &Stand) -> (&'static str, &'static str) {
    let ruled = stand.services.decide(&stand.agent, Stand::attempt("read", "{}")).await.unwrap();
    match ruled {
        Ruling::Allowed(_) => ("allow", ""),
        Ruling::Denied(denied) => ("deny", denied.decision.reason.as_str()),
        Ruling::Held(_) => ("require_approval", ""),
        Ruling::Ran(_) => panic!("nothing ran"),
    }
}

/// The messages of the changes in the trail, oldest first, without those of the file.
async fn told(stand: &Stand) -> Vec<String> {
    stand.platform.journal_move().await.unwrap();
    let kinds = vec![AuditKind::PolicyLoaded, AuditKind::PolicyRemoved];
    let order = AuditOrder::Ascending;
    let filter = AuditFilter { kinds, limit: 1000, order, ..AuditFilter::default() };
    let page = stand.services.audit_list(&stand.owner, filter).await.unwrap();
    let messages = page.items.into_iter().filter_map(|record| record.message);
    messages.filter(|message| !message.contains("from a test")).collect()
}

/// A document on its way into the scope of the agent, as the store gets it.
fn write(stand: &Stand, text: &str) -> PolicyWrite {
    let services = &stand.services;
    let (policy, now) = (ValidPolicy::parse(text).unwrap(), services.now());
    PolicyWrite {
        account_id: services.account_id(),
        scope: "agent:agent".parse().unwrap(),
        expected: ExpectedLive::Whatever,
        policy_id: new_id(now),
        version_id: new_id(now),
        name: policy.document().metadata.name.clone(),
        description: None,
        digest: policy.digest().to_owned(),
        document: refresh::text_of(policy.document()),
        cause: VersionCause::Apply,
        author: PolicyAuthor { id: "u".to_owned(), name: "ada".to_owned() },
        message: None,
        now,
        record: Some(ChangeRecord {
            record: services.new_record(AuditKind::PolicyLoaded),
            told: |version| format!("version {} of `{}`", version.number, version.scope),
        }),
    }
}

#[tokio::test]
async fn no_scope_is_freed_of_the_operators_file_over_the_api() {
    let stand = Stand::on(Place::sqlite()).await;
    let apply = async |defaults: &str| {
        let text = format!("version: '1.0'\nmetadata: {{name: free}}\ndefaults: {{{defaults}}}\n");
        stand.services.policy_apply(&stand.owner, command("flow:nightly", &text)).await
    };
    let refused = apply("inherit_from_parent: false").await;
    assert!(
        matches!(refused, Err(ServiceError::Conflict { code: "policy_from_file", .. })),
        "{refused:?}"
    );
    assert!(apply("inherit_from_parent: true").await.unwrap().applied);
}

async fn what_was_stored_before_the_file_does_not_cut_it_off(place: Place) {
    let stand = Stand::on(place).await;
    let denied = super::super::tests::POLICY
        .replace("{name: read}", "{name: read, conditions: [{action: deny}]}");
    let source = PolicySource::File(denied.into_bytes());
    stand.services.policy_load(&source, "a test").unwrap();
    let free = write(&stand, &reading("free", "allow", "inherit_from_parent: false"));
    stand.services.inner.store.policy_apply(&free, None).await.unwrap();
    stand.services.policies_refresh().await.unwrap();
    assert_eq!(read(&stand).await, ("deny", "rule_matched"));
    // Engines that get the documents answer the same.
    let caller = stand.services.caller_as_of(&stand.agent).await.unwrap().unwrap();
    let served = stand.services.policy_bundle(&caller).unwrap().bundle.to_text();
    assert!(served.contains("\"free\"") && !served.contains("inherit_from_parent"), "{served}");
}

async fn memory_follows_a_change_whose_answer_was_lost(place: Place) {
    let stand = Stand::on(place).await;
    let text = reading("agents", "deny", "");
    let lost = write(&stand, &text);
    stand.services.inner.store.policy_apply(&lost, None).await.unwrap();
    assert_eq!(read(&stand).await, ("allow", ""), "memory does not know yet");
    let applied = stand.services.policy_apply(&stand.owner, command("agent:agent", &text)).await;
    assert!(!applied.unwrap().applied, "the store has it");
    assert_eq!(read(&stand).await, ("deny", "rule_matched"));

    // Where nobody sends it again, the server looks by itself until the store answers, and tells the trail.
    let later = write(&stand, &reading("agents", "require_approval", ""));
    stand.services.inner.store.policy_apply(&later, None).await.unwrap();
    stand.place.execute("alter table policy rename to gone").await;
    stand.services.change_unknown(later.record.unwrap().record.id).await;
    assert_eq!(read(&stand).await, ("deny", "rule_matched"));
    stand.place.execute("alter table gone rename to policy").await;
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    while read(&stand).await.0 != "require_approval" {
        assert!(tokio::time::Instant::now() < deadline, "memory stays behind");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(told(&stand).await, ["version 2 of `agent:agent`"]);
}

async fn a_change_that_a_death_left_untold_is_told_at_the_next_start(place: Place) {
    let stand = Stand::on(place).await;
    let made = write(&stand, &reading("agents", "deny", ""));
    stand.services.inner.store.policy_apply(&made, None).await.unwrap();
    let stand = stand.kill().await;
    let once = ["version 1 of `agent:agent`"];
    assert_eq!(told(&stand).await, once);
    // One that is in the journal, and still noted, is not told again.
    let made = write(&stand, &reading("agents", "allow", ""));
    stand.services.inner.store.policy_apply(&made, None).await.unwrap();
    let mut record = made.record.unwrap().record;
    record.message = Some("told".to_owned());
    stand.services.record(&record).unwrap();
    let stand = stand.kill().await;
    assert_eq!(told(&stand).await, [once[0], "told"]);
    assert_eq!(told(&stand.kill().await).await, [once[0], "told"]);
}

async fn a_stored_policy_that_does_not_load_is_told_and_can_be_replaced(place: Place) {
    let stand = Stand::on(place).await;
    let text = reading("agents", "allow", "");
    let apply = async |stand: &Stand| {
        let applied = stand.services.policy_apply(&stand.owner, command("agent:agent", &text));
        applied.await.unwrap().applied
    };
    assert!(apply(&stand).await);
    stand.place.execute("update policy_version set document = '{'").await;
    stand.services.policies_refresh().await.unwrap();
    assert_eq!(read(&stand).await, ("allow", ""), "what is in memory stays whole");
    let edited = stand.services.policy_edit(
        &stand.owner,
        "agent:agent".parse().unwrap(),
        None,
        Expected::Any,
        |before| Ok(ValidPolicy::from_document(before).unwrap()),
    );
    assert!(
        matches!(edited.await, Err(ServiceError::Conflict { code: "version_unusable", .. })),
        "nothing is made of what cannot be read"
    );
    let stand = stand.kill().await;
    assert_eq!(read(&stand).await, ("deny", "policy_unavailable"));
    // The very document that its row names: it is no repetition.
    assert!(apply(&stand).await);
    assert_eq!(read(&stand).await, ("allow", ""));
    assert!(!apply(&stand).await);
    assert_eq!(read(&stand.kill().await).await, ("allow", ""));
}

async fn a_file_that_is_not_kept_says_so_in_the_status(place: Place) {
    let stand = Stand::on(place).await;
    let services = &stand.services;
    // The file's policy has this name.
    let text = reading("test", "allow", "");
    services.policy_apply(&stand.owner, command("team:ops", &text)).await.unwrap();
    services.policy_file_keep().await.unwrap();
    let message = services.policy_status().message.unwrap();
    assert!(message.contains("`team:ops` has its name"), "{message}");
    assert_eq!(services.policy_status().status, "loaded");
    // Who makes the team later learns that a policy waits for it.
    let team = preloop_api::CreateTeam { name: "ops".to_owned(), description: None };
    services.team_create(&stand.owner, team).await.unwrap();
    stand.platform.journal_move().await.unwrap();
    let kinds = vec![AuditKind::TeamCreated];
    let filter = AuditFilter { kinds, limit: 10, ..AuditFilter::default() };
    let page = services.audit_list(&stand.owner, filter).await.unwrap();
    let message = page.items[0].message.clone().unwrap();
    assert_eq!(message, "team `ops`, for whom the policy `test` holds already");
}

/// Gives policies as an operator's bundle does.
fn give(stand: &Stand, policies: &[(&str, String)]) {
    let placed = |(scope, text): &(&str, String)| {
        (scope.parse().unwrap(), ValidPolicy::parse(text.as_str()).unwrap())
    };
    stand.services.policies_give(policies.iter().map(placed).collect(), "a test's bundle");
}

async fn a_bundle_holds_in_its_scopes_and_what_it_has_no_more_ends(place: Place) {
    let stand = Stand::on(place).await;
    let stored = reading("stored", "require_approval", "");
    let apply = async |stand: &Stand| {
        stand.services.policy_apply(&stand.owner, command("agent:agent", &stored)).await
    };
    assert!(apply(&stand).await.unwrap().applied);
    let account = || ("account", reading("all", "deny", ""));
    let freed = || ("agent:agent", reading("own", "allow", "inherit_from_parent: false"));
    give(&stand, &[account(), freed()]);
    assert_eq!(read(&stand).await, ("allow", ""), "the operator may free a scope");
    let caller = stand.services.caller_as_of(&stand.agent).await.unwrap().unwrap();
    let served = stand.services.policy_bundle(&caller).unwrap().bundle.to_text();
    assert!(served.contains("inherit_from_parent"), "engines elsewhere answer the same: {served}");
    let refused = apply(&stand).await;
    assert!(
        matches!(refused, Err(ServiceError::Conflict { code: "policy_from_file", .. })),
        "{refused:?}"
    );
    stand.services.policy_file_keep().await.unwrap();
    stand.services.policies_refresh().await.unwrap();
    assert_eq!(read(&stand).await, ("allow", ""), "what is kept is not taken for what is stored");

    // What was stored in a scope before does not come back: the bundle had replaced it.
    give(&stand, &[account()]);
    assert_eq!(read(&stand).await, ("deny", "rule_matched"));
    stand.services.policy_file_keep().await.unwrap();
    assert_eq!(read(&stand).await, ("deny", "rule_matched"));
    let heads = stand.services.inner.store.policy_heads(stand.services.account_id()).await;
    assert_eq!(heads.unwrap().len(), 1, "only the account's is live");
    assert!(apply(&stand).await.unwrap().applied, "the scope is free again");

    // Nor where the server was down when the bundle lost the scope.
    give(&stand, &[account(), ("agent:agent", reading("own", "deny", ""))]);
    stand.services.policy_file_keep().await.unwrap();
    let stand = stand.kill().await;
    stand.services.policies_refresh().await.unwrap();
    assert_eq!(read(&stand).await, ("allow", ""), "the file that it is started with says so");
}

async fn a_bundle_without_the_accounts_policy_denies_who_needs_it(place: Place) {
    let stand = Stand::on(place).await;
    stand.services.policy_file_keep().await.unwrap();
    give(&stand, &[("agent:agent", reading("own", "allow", "inherit_from_parent: false"))]);
    stand.services.policies_refresh().await.unwrap();
    assert_eq!(read(&stand).await, ("allow", ""));
    give(&stand, &[("agent:agent", reading("own", "allow", ""))]);
    assert_eq!(read(&stand).await, ("deny", "policy_unavailable"), "what is stored does not help");
    assert_eq!(stand.services.policy_status().status, "none");
    let apply =
        stand.services.policy_apply(&stand.owner, command("account", &reading("x", "allow", "")));
    assert!(matches!(apply.await, Err(ServiceError::Conflict { code: "policy_from_file", .. })));
}

on_both_engines![
    a_bundle_holds_in_its_scopes_and_what_it_has_no_more_ends,
    a_bundle_without_the_accounts_policy_denies_who_needs_it,
    a_file_that_is_not_kept_says_so_in_the_status,
    what_was_stored_before_the_file_does_not_cut_it_off,
    memory_follows_a_change_whose_answer_was_lost,
    a_change_that_a_death_left_untold_is_told_at_the_next_start,
    a_stored_policy_that_does_not_load_is_told_and_can_be_replaced,
];

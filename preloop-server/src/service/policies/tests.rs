//! What is in memory stays whole when several change it at once, and the operator's file stays what the account obeys.

use preloop_api::VersionCause;
use preloop_core::ValidPolicy;
use preloop_files::PolicySource;
use uuid::Uuid;

use super::super::tests::Stand;
use super::live::Origin;
use super::*;
use crate::store::testing::Place;

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

#[tokio::test]
async fn no_scope_is_freed_of_the_operators_file_over_the_api() {
    let stand = Stand::on(Place::sqlite()).await;
    let apply = async |defaults: &str| {
        let text = format!("version: '1.0'\nmetadata: {{name: free}}\ndefaults: {{{defaults}}}\n");
        let command = ApplyCommand {
            scope: "flow:nightly".parse().unwrap(),
            policy: ValidPolicy::parse(&text).unwrap(),
            cause: VersionCause::Apply,
            message: None,
            expected: Expected::Any,
            dry_run: false,
        };
        stand.services.policy_apply(&stand.owner, command).await
    };
    let refused = apply("inherit_from_parent: false").await;
    assert!(
        matches!(refused, Err(ServiceError::Conflict { code: "policy_from_file", .. })),
        "{refused:?}"
    );
    assert!(apply("inherit_from_parent: true").await.unwrap().applied);
}

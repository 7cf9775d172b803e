//! A commit of audit records whose answer was lost: what it moved is not moved again, and the trail goes on.

use super::*;
use crate::store::testing::{Place, on_both_engines};

async fn the_trail_goes_on_behind_what_was_moved(place: Place) {
    let stand = Stand::on(place).await;
    let moved = &stand.platform.shared().journal_moved;
    let before = *moved.borrow();
    let decide = async || {
        let ruled = stand.services.decide(&stand.agent, Stand::attempt("read", "{}")).await;
        assert!(ruled.is_ok(), "{ruled:?}");
    };
    decide().await;
    let told = stand.kinds().await.len();
    // As if the answer had been lost: the database knows, the server does not.
    let after = moved.send_replace(before);
    assert_ne!(after, before);
    // And more has come since.
    decide().await;
    stand.platform.journal_move().await.unwrap();
    assert_ne!(*moved.borrow(), after);
    assert!(stand.kinds().await.len() > told);
    let report = stand.services.audit_verify(&stand.owner).await.unwrap();
    assert!(report.is_valid, "{report:?}");
    assert_eq!(stand.platform.shared().store.audit_moved_to().await.unwrap(), *moved.borrow());
}

on_both_engines![the_trail_goes_on_behind_what_was_moved];

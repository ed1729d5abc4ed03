//! Rights that are asked for by a server that does not always answer.

use crate::provider::Feed;
use crate::provider::kubernetes::connect::KubeContext;
use crate::provider::kubernetes::faulty::{Faulty, Reply};
use crate::provider::kubernetes::feed::{Cluster, Scope};
use crate::store::Source;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::{mpsc, watch as signal};

fn cluster(place: KubeContext) -> Cluster {
    let (tell, _deltas) = mpsc::channel(64);
    let scope = Scope {
        applications: Some("argo".into()),
        runs: None,
        workloads: None,
    };
    let feed = Feed::new(Source::Cluster("staging".into()), tell);
    let namespaces = signal::Sender::default();
    Cluster::new(
        "staging".into(),
        place,
        scope,
        feed,
        None,
        namespaces.subscribe(),
    )
}

#[tokio::test]
async fn a_review_that_fails_leaves_what_was_known() {
    // Of three reviews a round the first round answers all with no, the second the first with yes, the third none.
    let reviews = Arc::new(AtomicUsize::new(0));
    let server = Faulty::start(move |_, _| match reviews.fetch_add(1, Ordering::SeqCst) {
        0..=2 => Reply::json(201, r#"{"status":{"allowed":false}}"#),
        3 => Reply::json(201, r#"{"status":{"allowed":true}}"#),
        _ => Reply::no(503, "ServiceUnavailable", "later"),
    })
    .await;
    let cluster = cluster(server.place());
    let mut known = Vec::new();
    for (allowed, answers, is_whole) in [
        ([false, false, false], 3, true),
        ([true, false, false], 1, false),
        ([true, false, false], 0, false),
    ] {
        let round = cluster.ask_all(&known).await;
        known = round.permissions;
        let verbs: Vec<&str> = known.iter().map(|right| &*right.verb).collect();
        assert_eq!(verbs, ["list", "watch", "patch"]);
        let found: Vec<bool> = known.iter().map(|right| right.allowed).collect();
        assert_eq!(found, allowed);
        assert_eq!((round.answers, round.is_whole), (answers, is_whole));
    }
}

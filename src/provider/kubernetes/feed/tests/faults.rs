//! Faults: clusters that refuse, answer nothing, or are not there.

use super::*;

#[tokio::test]
async fn a_forbidden_kind_leaves_the_others() {
    let server = Faulty::start(|_, asked| {
        if asked.path.contains("argoproj.io") {
            Reply::no(403, "Forbidden", "no argoproj.io for you")
        } else {
            calm(asked)
        }
    })
    .await;
    let mut running = read(&server);
    running
        .until("pods", |store| {
            listed(store, Kind::Pods) && listed(store, Kind::Deployments)
        })
        .await;
    let forbidden = |store: &Store, kind: Kind| {
        store
            .source(&source())
            .and_then(|s| s.fault_of(kind))
            .is_some_and(|f| f.kind == FaultKind::Forbidden)
    };
    running
        .until("403", |store| {
            forbidden(store, Kind::Applications) && forbidden(store, Kind::Runs)
        })
        .await;
    assert!(
        running.store.source(&source()).unwrap().fault.is_none(),
        "the cluster itself is well"
    );
}

#[tokio::test]
async fn a_cluster_that_answers_nothing_is_a_fault_of_the_whole_and_heals() {
    let down = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let is_down = down.clone();
    let server = Faulty::start(move |_, asked| {
        if is_down.load(std::sync::atomic::Ordering::SeqCst) {
            Reply::no(503, "ServiceUnavailable", "down")
        } else {
            calm(asked)
        }
    })
    .await;
    let mut running = read(&server);
    running
        .until("every kind at fault", |store| {
            store
                .source(&source())
                .is_some_and(|s| s.lists.values().filter(|k| k.fault.is_some()).count() == 5)
        })
        .await;
    assert_eq!(
        running
            .store
            .source(&source())
            .unwrap()
            .fault
            .as_ref()
            .expect("the whole at fault by the time that its last kind is")
            .kind,
        FaultKind::Broken
    );
    down.store(false, std::sync::atomic::Ordering::SeqCst);
    running
        .until("all well", |store| {
            store.source(&source()).is_some_and(|s| {
                s.fault.is_none()
                    && s.lists.len() >= 5
                    && s.lists.values().all(|k| k.fault.is_none() && k.listed)
            })
        })
        .await;
}

#[tokio::test]
async fn a_kubeconfig_that_is_not_there_is_no_sign_of_life() {
    let mut running = read_at(KubeContext {
        kubeconfig: "/nonexistent/config".into(),
        context: "staging".into(),
    });
    running
        .until("a fault of the whole", |store| {
            store.source(&source()).is_some_and(|s| s.fault.is_some())
        })
        .await;
    let state = running.store.source(&source()).unwrap();
    assert_eq!(state.alive_at, None, "nobody was asked: {state:?}");
}

/// The header, the commands and the plans all ask the same: it answers, and nothing can be read.
#[tokio::test]
async fn a_cluster_that_refuses_every_kind_has_failed_though_it_answers() {
    for (code, kind) in [
        (403, FaultKind::Forbidden),
        (404, FaultKind::NotFound),
        (429, FaultKind::Throttled),
    ] {
        let server = Faulty::start(move |_, asked| match asked.method.as_str() {
            "POST" => Reply::json(201, r#"{"status":{"allowed":true}}"#),
            _ => Reply::no(code, "No", "not for you"),
        })
        .await;
        let mut running = read(&server);
        running
            .until("the permissions", |store| {
                store
                    .cluster(&SOURCE.into())
                    .is_some_and(|c| !c.permissions.is_empty())
            })
            .await;
        let state = running.store.source(&source()).unwrap();
        let fault = state.fault.as_ref().expect("a fault of the whole");
        assert_eq!(fault.kind, kind);
        assert_eq!(state.reach(jiff::Timestamp::now()), Reach::Failed, "{code}");
        assert_eq!(state.whole_fault(), Some(fault));
    }
}

#[tokio::test]
async fn an_unsafe_connection_is_reported_before_the_cluster_answers() {
    let server = Faulty::start(|_, _| Reply::silence()).await;
    let mut running = read(&server);
    running
        .until("that it is exposed", |store| {
            store.exposed().collect::<Vec<_>>() == [(&source(), Exposure::PlainHttp)]
        })
        .await;
    let state = running.store.source(&source()).unwrap();
    assert_eq!(state.alive_at, None, "no sign of life: {state:?}");
}

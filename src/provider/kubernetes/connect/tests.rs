use super::*;

fn place(text: &str) -> (tempfile::TempDir, Place) {
    let folder = tempfile::tempdir().unwrap();
    let kubeconfig = folder.path().join("config");
    std::fs::write(&kubeconfig, text).unwrap();
    (
        folder,
        Place {
            kubeconfig: Some(kubeconfig),
            context: Some("staging".to_owned()),
        },
    )
}

fn config(user: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Config\nclusters: [{{name: c, cluster: {{server: 'http://127.0.0.1:9', insecure-skip-tls-verify: true}}}}]\n\
         users: [{{name: u, user: {user}}}]\ncontexts: [{{name: staging, context: {{cluster: c, user: u}}}}]\n"
    )
}

#[tokio::test]
async fn a_broken_kubeconfig_is_told_without_its_content() {
    for (text, kind, told) in [
        (
            "users: [{name: u, user: {token: canary\n",
            FaultKind::Malformed,
            "is not one",
        ),
        (
            "contexts: []\nusers: [{name: u, user: {token: canary}}]\n",
            FaultKind::Malformed,
            "has no context staging",
        ),
        (
            "contexts: [{name: staging, context: {cluster: c, user: u}}]",
            FaultKind::Malformed,
            "without a server",
        ),
    ] {
        let (_folder, place) = place(text);
        let fault = Access::new(place).reading().await.err().unwrap();
        assert_eq!(fault.kind, kind, "{fault}");
        assert!(fault.detail.contains(told), "{fault}");
        assert!(!format!("{fault:?}").contains("canary"), "{fault:?}");
    }
    let missing = Place {
        kubeconfig: Some("/nonexistent/config".into()),
        context: Some("staging".into()),
    };
    assert_eq!(
        Access::new(missing).reading().await.err().unwrap().kind,
        FaultKind::Malformed
    );
}

#[tokio::test]
async fn a_plugin_runs_once_for_all_who_ask_and_again_when_refused() {
    let folder = tempfile::tempdir().unwrap();
    let count = folder.path().join("count");
    let script = format!(
        "echo run >> {}; echo {{status: {{token: abc}}}}",
        count.display()
    );
    let user = format!("{{exec: {{command: /bin/sh, args: ['-c', '{script}']}}}}");
    let (_folder, place) = place(&config(&user));
    let access = Access::new(place);
    let runs = || std::fs::read_to_string(&count).unwrap().lines().count();
    let (one, two, writing) = tokio::join!(access.reading(), access.reading(), access.writing());
    let generation = one.unwrap().generation;
    assert!(two.is_ok() && writing.is_ok());
    assert_eq!(runs(), 1);
    let known = access.known().await.unwrap();
    assert_eq!(known.server, "http://127.0.0.1:9");
    assert!(known.insecure);
    assert_eq!(known.plugin.as_deref(), Some("/bin/sh"));
    // four watches hear 401 at once: one new credential
    for _ in 0..4 {
        access.refused(generation).await;
    }
    access.reading().await.unwrap();
    access.reading().await.unwrap();
    assert_eq!(runs(), 2);
}

#[tokio::test]
async fn a_broken_plugin_is_not_run_again_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let count = folder.path().join("count");
    let user = format!(
        "{{exec: {{command: /bin/sh, args: ['-c', 'echo run >> {}; exit 1']}}}}",
        count.display()
    );
    let (_folder, place) = place(&config(&user));
    let limits = Limits {
        rest: Duration::from_secs(600),
        ..Limits::default()
    };
    let access = Access::with(place, limits);
    for _ in 0..3 {
        assert_eq!(
            access.reading().await.err().unwrap().kind,
            FaultKind::Unauthorized
        );
    }
    assert_eq!(std::fs::read_to_string(&count).unwrap().lines().count(), 1);
}

#[tokio::test]
async fn a_removed_auth_provider_is_refused_and_runs_nothing() {
    let user = "{auth-provider: {name: gcp, config: {cmd-path: /bin/false, cmd-args: canary}}}";
    let (_folder, place) = place(&config(user));
    let fault = Access::new(place).reading().await.err().unwrap();
    assert!(fault.detail.contains("auth-provider gcp"), "{fault}");
    assert!(!format!("{fault:?}").contains("canary"));
}

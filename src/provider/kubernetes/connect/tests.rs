use super::*;

fn place(text: &str) -> (tempfile::TempDir, KubeContext) {
    let folder = tempfile::tempdir().unwrap();
    let kubeconfig = folder.path().join("config");
    std::fs::write(&kubeconfig, text).unwrap();
    (
        folder,
        KubeContext {
            kubeconfig,
            context: "staging".to_owned(),
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
async fn a_broken_kubeconfig_is_reported_without_its_content() {
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
    let missing = KubeContext {
        kubeconfig: "/nonexistent/config".into(),
        context: "staging".into(),
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
    let known = access.known().borrow().clone().unwrap();
    assert_eq!(known.address.to_string(), "http://127.0.0.1:9");
    assert_eq!(known.exposure, Some(Exposure::PlainHttp));
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
async fn a_connection_that_is_not_safe_is_known_before_anything_is_asked() {
    let cluster = |server: &str, more: &str, user: &str| {
        format!(
            "apiVersion: v1\nkind: Config\nclusters: [{{name: c, cluster: {{server: '{server}'{more}}}}}]\n\
             users: [{{name: u, user: {user}}}]\ncontexts: [{{name: staging, context: {{cluster: c, user: u}}}}]\n"
        )
    };
    let skip = ", insecure-skip-tls-verify: true";
    for (server, more, user, exposure) in [
        ("https://127.0.0.1:9", "", "{token: t}", None),
        (
            "https://127.0.0.1:9",
            skip,
            "{token: t}",
            Some(Exposure::UncheckedCertificate),
        ),
        (
            "https://127.0.0.1:9",
            skip,
            "{}",
            Some(Exposure::UncheckedCertificate),
        ),
        (
            "http://127.0.0.1:9",
            "",
            "{token: t}",
            Some(Exposure::PlainHttp),
        ),
        (
            "http://127.0.0.1:9",
            "",
            "{username: u, password: p}",
            Some(Exposure::PlainHttp),
        ),
        ("http://127.0.0.1:9", "", "{}", None),
    ] {
        let (_folder, place) = place(&cluster(server, more, user));
        let access = Access::new(place);
        let _ = access.reading().await;
        let known = access.known().borrow().clone().unwrap();
        assert_eq!(known.exposure, exposure, "{server} {more} {user}");
    }
}

#[tokio::test]
async fn a_kubeconfig_that_somebody_else_may_write_runs_nothing() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("ran");
    let user = format!(
        "{{exec: {{command: /bin/sh, args: ['-c', 'touch {}; echo {{status: {{token: abc}}}}']}}}}",
        mark.display()
    );
    let (_folder, place) = place(&config(&user));
    for (mode, told) in [
        (0o666, "Everybody may write it"),
        (0o620, "Its group may write it"),
    ] {
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(&place.kubeconfig, mode).unwrap();
        let fault = Access::new(place.clone()).reading().await.err().unwrap();
        assert_eq!(fault.kind, FaultKind::Malformed);
        assert!(fault.detail.contains(told), "{fault}");
        assert!(fault.hint.contains("chmod"), "{fault}");
        assert!(!mark.exists());
    }
    std::fs::set_permissions(&place.kubeconfig, std::fs::Permissions::from_mode(0o600)).unwrap();
    assert!(Access::new(place).reading().await.is_ok() && mark.exists());
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

#[test]
fn an_address_tells_clusters_apart_and_names_no_user() {
    for (url, shown) in [
        ("https://Host.example:443/", "https://host.example"),
        (
            "https://me:word@host.example:6443",
            "https://host.example:6443",
        ),
        (
            "https://rancher.example/k8s/clusters/c-1/",
            "https://rancher.example/k8s/clusters/c-1",
        ),
    ] {
        assert_eq!(shown_url(&url.parse().unwrap()), shown, "{url}");
    }
}

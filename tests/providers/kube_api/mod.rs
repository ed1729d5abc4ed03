//! The behaviours of a Kubernetes API server that the console relies on, as one suite for every server that claims them.
//!
//! The real etcd and kube-apiserver (named by KUBEBUILDER_ASSETS) say what is true; whatever else serves the console, the
//! practice yard first, passes the very same cases. Deliberately absent: what the console never calls.

mod access;
#[path = "../../common/call.rs"]
mod call;
mod console;
mod fixtures;
mod kubelet;
mod lists;
mod logs;
#[path = "../../common/real.rs"]
mod real;
mod watches;
mod writes;
mod yard;

use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::time::Duration;

use call::Caller;
use futures::FutureExt as _;
use futures::future::{LocalBoxFuture, join_all};

/// A server under test. Before a suite begins it must hold:
/// the namespaces of [`namespaces`]; the kinds of `fixtures`; a context that may do all; and a context that may get, list
/// and watch Pods and Deployments anywhere and nothing else (no argoproj.io, no pods/log).
pub struct Server {
    pub kubeconfig: PathBuf,
    pub admin: String,
    pub viewer: String,
}

/// What one case gets: a namespace of its own and callers for both contexts.
#[derive(Clone)]
pub struct Scene {
    pub namespace: &'static str,
    pub admin: Caller,
    pub viewer: Caller,
    /// Somebody whose token the server does not know.
    pub stranger: Caller,
    /// For what connects by itself.
    pub kubeconfig: PathBuf,
    /// The contexts of the admin and of the viewer.
    pub contexts: (String, String),
}

type Case = (&'static str, fn(Scene) -> LocalBoxFuture<'static, ()>);

/// Names each case's function; the function's name is also the name of its namespace, with dashes.
macro_rules! cases {
    ($($module:ident :: $case:ident),* $(,)?) => {
        const CASES: &[Case] = &[$((stringify!($case), |scene| Box::pin($module::$case(scene)))),*];
    };
}

cases![
    lists::pages_are_one_snapshot,
    lists::a_list_at_version_zero_holds_everything,
    lists::labels_select,
    lists::large_lists_are_compressed_when_asked,
    lists::answers_are_not_pretty,
    lists::a_missing_object_is_404,
    lists::events_are_selected_by_their_object,
    lists::jobs_are_listed_with_their_conditions,
    lists::version_and_date_are_told,
    watches::a_watch_list_ends_its_first_part_with_a_bookmark,
    watches::a_watch_follows_a_list,
    watches::a_watch_ends_when_its_time_is_up_after_a_bookmark,
    watches::an_object_that_leaves_the_selector_is_deleted,
    watches::an_expired_version_is_an_error_in_the_stream,
    watches::a_rollout_is_seen,
    access::one_kind_is_forbidden_and_others_are_not,
    access::a_wrong_token_is_401,
    access::access_reviews_answer_for_the_asker,
    writes::a_second_create_of_one_name_is_409,
    writes::a_stale_version_is_409_and_changes_nothing,
    writes::a_wrong_uid_is_refused_and_changes_nothing,
    writes::operation_and_status_change_in_one_patch,
    writes::annotations_are_set_and_removed,
    writes::a_patch_keeps_what_it_does_not_name,
    writes::a_run_is_stopped_by_a_patch,
    writes::a_patch_of_a_missing_object_is_404,
    logs::a_finished_container_is_read_whole_and_in_part,
    logs::a_log_is_followed_until_it_ends,
    logs::a_container_is_named_when_there_are_several,
    logs::logs_without_a_pod_or_a_right_are_refused,
    console::the_console_reads_a_whole_cluster,
    console::an_app_is_read_in_the_namespace_that_it_names,
    console::a_viewer_reads_what_they_may,
    console::the_console_writes_once_and_refuses_what_moved,
];

/// The namespace of a case: a DNS label made of its name.
fn namespace_of(case: &str) -> String {
    let mut name = case.replace('_', "-");
    name.truncate(60);
    name.trim_end_matches('-').to_owned()
}

/// Every namespace that a server under test must have.
pub fn namespaces() -> Vec<String> {
    CASES.iter().map(|(case, _)| namespace_of(case)).collect()
}

/// Runs every case against a server, each in its own namespace and all at once, and fails with the names of those that failed.
/// `LEVERFRAME_CASE` limits a run to the cases whose names contain it.
pub async fn all(server: &Server) {
    let only = std::env::var("LEVERFRAME_CASE").unwrap_or_default();
    let admin = Caller::connect(&server.kubeconfig, &server.admin, None).await;
    let viewer = Caller::connect(&server.kubeconfig, &server.viewer, None).await;
    let stranger = Caller::connect(&server.kubeconfig, &server.admin, Some("no-such-token")).await;
    let running = CASES
        .iter()
        .filter(|(case, _)| case.contains(&only))
        .map(|(case, run)| {
            let namespace: &'static str = Box::leak(namespace_of(case).into_boxed_str());
            let scene = Scene {
                namespace,
                admin: admin.clone(),
                viewer: viewer.clone(),
                stranger: stranger.clone(),
                kubeconfig: server.kubeconfig.clone(),
                contexts: (server.admin.clone(), server.viewer.clone()),
            };
            let guarded =
                AssertUnwindSafe(tokio::time::timeout(Duration::from_secs(60), run(scene)))
                    .catch_unwind();
            guarded.map(move |ended| (*case, ended))
        });
    let ended = join_all(running).await;
    assert!(!ended.is_empty(), "no case is named like {only:?}");
    let mut failed = Vec::new();
    for (case, ended) in ended {
        match ended {
            Ok(Ok(())) => println!("ok      {case}"),
            Ok(Err(_)) => failed.push(format!("{case}: not done within 60 s")),
            Err(said) => {
                let text = said.downcast_ref::<String>().cloned();
                let text = text.or_else(|| said.downcast_ref::<&str>().map(|s| (*s).to_owned()));
                failed.push(format!("{case}: {}", text.unwrap_or_default()));
            }
        }
    }
    for line in &failed {
        println!("FAILED  {line}");
    }
    assert!(
        failed.is_empty(),
        "{} of {} cases failed:\n{}",
        failed.len(),
        CASES.len(),
        failed.join("\n")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_real_api_server_behaves_as_the_console_expects() {
    let Some(real) = real::Rig::start("real", &namespaces()).await else {
        return;
    };
    all(&real.server()).await;
}

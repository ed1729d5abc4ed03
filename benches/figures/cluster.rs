//! Cluster: 1,000 Applications of 28 KB on the real API server: the whole board, beside a client that only reads the same bytes.
//!
//! Each reading runs in a process of its own, this program called again, so that its memory is its own, too.

use super::{figure, ms};
use crate::call::Caller;
use crate::real::Rig;
use futures::StreamExt as _;
use leverframe::provider::Feed;
use leverframe::provider::kubernetes::{Access, Cluster, Place, Scope};
use leverframe::store::{Kind, Source, Store};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

const APPS: usize = 1_000;
const NAMESPACE: &str = "argo";
/// Names the kubeconfig in the processes that read.
const KUBECONFIG: &str = "LEVERFRAME_FIGURES_KUBECONFIG";
const WATCH_LIST: &str = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=60";
const LIMIT: Duration = Duration::from_secs(60);

pub fn run() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    if let Some(kubeconfig) = std::env::var_os(KUBECONFIG) {
        let only_bytes = std::env::args().any(|a| a == "bytes");
        runtime.block_on(read(kubeconfig.into(), only_bytes));
        return;
    }
    runtime.block_on(async {
        let Some(rig) = Rig::start("figures", &[NAMESPACE.to_owned()]).await else {
            return;
        };
        let server = rig.server();
        let admin = Caller::connect(&server.kubeconfig, &server.admin, None).await;
        let path = format!("/apis/argoproj.io/v1alpha1/namespaces/{NAMESPACE}/applications");
        let created = futures::stream::iter(0..APPS).for_each_concurrent(8, |n| {
            let (admin, path) = (&admin, &path);
            async move {
                admin.post(path, &application(n)).await.done();
            }
        });
        created.await;
        let size = admin.get(&format!("{path}/app-7")).await.body.len();
        println!("{APPS} Applications of {size} bytes");
        let mut best = [(f64::MAX, 0.0); 2];
        for _ in 0..5 {
            for (way, best) in ["bytes", "board"].into_iter().zip(&mut best) {
                let seen = again(way, &server.kubeconfig);
                if seen.0 < best.0 {
                    *best = seen;
                }
            }
        }
        let [(bytes, bytes_kb), (board, board_kb)] = best;
        let time = |ms_: f64| ms(Duration::from_secs_f64(ms_ / 1_000.0));
        figure(
            "whole board, best of 5",
            &time(board),
            "1.3x the bytes",
            &format!("only the bytes {}: {:.2}x", time(bytes), board / bytes),
        );
        let mb = |kb: f64| format!("{:.0} MB", kb / 1024.0);
        figure(
            "most memory while reading it",
            &mb(board_kb),
            "40 MB",
            &format!("only the bytes {}", mb(bytes_kb)),
        );
    });
}

/// Runs this program again for one reading: milliseconds, and its most resident memory in KB.
fn again(way: &str, kubeconfig: &std::path::Path) -> (f64, f64) {
    let me = std::env::current_exe().expect("this program");
    let ran = Command::new(me)
        .args(["cluster", way])
        .env(KUBECONFIG, kubeconfig)
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&ran.stdout);
    let line = said.lines().find_map(|l| l.strip_prefix("read "));
    let line = line.unwrap_or_else(|| panic!("{said}{}", String::from_utf8_lossy(&ran.stderr)));
    let (ms, kb) = line.split_once(' ').expect("two numbers");
    (
        ms.parse().expect("milliseconds"),
        kb.parse().expect("kilobytes"),
    )
}

async fn read(kubeconfig: PathBuf, only_bytes: bool) {
    let place = Place {
        kubeconfig: Some(kubeconfig),
        context: Some("figures".to_owned()),
    };
    let began = Instant::now();
    if only_bytes {
        let reading = Access::new(place).reading().await.expect("a client");
        let path =
            format!("/apis/argoproj.io/v1alpha1/namespaces/{NAMESPACE}/applications?{WATCH_LIST}");
        let mut body = reading
            .open(&path, false, LIMIT)
            .await
            .unwrap_or_else(|f| panic!("{}", f.fault));
        let end = b"k8s.io/initial-events-end";
        let mut before = Vec::new();
        loop {
            let chunk = body
                .chunk(LIMIT)
                .await
                .unwrap_or_else(|f| panic!("{}", f.fault));
            let chunk = chunk.expect("the end of the first part");
            // the mark may lie across two chunks
            before.extend_from_slice(&chunk);
            if memchr::memmem::find(&before, end).is_some() {
                break;
            }
            before.drain(..before.len().saturating_sub(end.len()));
        }
    } else {
        let (tell, mut deltas) = tokio::sync::mpsc::channel(1024);
        let source = Source::Cluster("figures".into());
        let scope = Scope {
            applications: Some(NAMESPACE.into()),
            runs: Some(NAMESPACE.into()),
            workloads: NAMESPACE.into(),
            app_label: "app".into(),
        };
        let feed = Feed::new(source.clone(), tell);
        let cluster = Arc::new(Cluster::new("figures".into(), place, scope, feed, None));
        let reading = cluster.clone();
        let task = tokio::spawn(async move { reading.read().await });
        let kinds = [
            Kind::Applications,
            Kind::Runs,
            Kind::Deployments,
            Kind::Pods,
        ];
        let mut store = Store::default();
        let whole = |store: &Store| {
            let state = store.source(&source);
            state.is_some_and(|s| {
                kinds
                    .iter()
                    .all(|k| s.kinds.get(k).is_some_and(|k| k.listed))
            })
        };
        while !whole(&store) {
            store.apply(deltas.recv().await.expect("a feed"));
        }
        assert_eq!(store.clusters[&"figures".into()].applications.len(), APPS);
        task.abort();
    }
    let took = began.elapsed().as_secs_f64() * 1_000.0;
    let status = std::fs::read_to_string("/proc/self/status").expect("a status");
    let most = status
        .lines()
        .find_map(|l| l.strip_prefix("VmHWM:"))
        .expect("its most memory");
    println!("read {took} {}", most.trim().trim_end_matches(" kB"));
}

/// An Application as large as they are in life: most of it is the history, which repeats the values.
fn application(n: usize) -> Value {
    let values: String = (0..40)
        .map(|line| format!("setting{line}: value-{n}-{line}-of-this-app\n"))
        .collect();
    let source = json!({"repoURL": "https://example.test/charts.git", "path": "charts/app", "targetRevision": "HEAD",
        "helm": {"values": values}});
    let history: Vec<Value> = (0..10)
        .map(|id| json!({"id": id, "revision": format!("{id:040x}"), "deployedAt": "2026-11-20T03:00:00Z", "source": source}))
        .collect();
    let resources: Vec<Value> = (0..30)
        .map(|r| json!({"group": "apps", "version": "v1", "kind": "Deployment", "namespace": "apps", "name": format!("app-{n}-{r}"),
            "status": "Synced"}))
        .collect();
    json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
        "metadata": {"name": format!("app-{n}"), "annotations": {"imageTag": format!("v{n}"), "repoName": format!("app-{n}")}},
        "spec": {"project": "govuk", "source": source, "destination": {"server": "https://kubernetes.default.svc", "namespace": "apps"},
            "syncPolicy": {"automated": {"prune": true, "selfHeal": true}, "syncOptions": ["ServerSideApply=true"]}},
        "status": {
            "sync": {"status": "Synced", "revision": format!("{n:040x}"), "comparedTo": {"source": source, "destination": {}}},
            "health": {"status": "Healthy"}, "history": history, "resources": resources,
            "operationState": {"phase": "Succeeded", "startedAt": "2026-11-20T03:00:00Z", "finishedAt": "2026-11-20T03:01:00Z",
                "operation": {"sync": {"revision": format!("{n:040x}")}},
                "syncResult": {"revision": format!("{n:040x}"), "source": source}},
        },
    })
}

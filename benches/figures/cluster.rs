//! Cluster: 1,000 Applications of 28 KB on the real API server: the whole board, beside a client that only reads the same bytes.

use super::{figure, fleet, ms, quantile, reading, yard};
use crate::Server;
use crate::call::Caller;
use crate::real::Rig;
use futures::StreamExt as _;
use leverframe_yard::kubernetes::read::WatchList;
use std::path::Path;

const APPS: usize = 1_000;
/// One environment: there are a thousand Applications, not three thousand.
const PRODUCTION: [&str; 1] = ["production"];

pub fn run() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let _inside = runtime.enter();
    let apps = fleet::apps(APPS);
    let namespaces = fleet::NAMESPACES.map(str::to_owned);
    if let Some(rig) = runtime.block_on(Rig::start("figures", &namespaces)) {
        let server = rig.server();
        runtime.block_on(async {
            let (admin, path) = create_applications(&server, &apps, PRODUCTION[0]).await;
            let size = admin.get(&format!("{path}/app-0007")).await.body.len();
            println!("{APPS} Applications of {size} bytes on the real API server");
        });
        // First without any history, then with a thousand commits of it: walking it costs memory of git's own.
        for moves in [0, 1] {
            let folder = tempfile::tempdir().expect("a folder");
            let repository = fleet::repository(folder.path(), &apps, &PRODUCTION, moves);
            let cluster = (
                PRODUCTION[0],
                server.kubeconfig.clone(),
                server.admin.clone(),
            );
            let config = fleet::config(folder.path(), &repository, &[cluster]);
            println!("with {} commits of history", moves * APPS + 1);
            let ready = ["2 sync", "production ok"];
            measure("watch-lists", "watches", &ready, &config);
        }
    }
    // The real server cannot be told to have no watch-lists, so pages are measured on the yard's.
    let folder = tempfile::tempdir().expect("a folder");
    let servers = runtime.block_on(yard::servers(&PRODUCTION, &apps));
    let config = yard::configure(folder.path(), &apps, &PRODUCTION, &servers, 0);
    println!("the same with 3,000 pods on the yard's own server");
    measure(
        "watch-lists",
        "watches",
        &["2 crash", "production ok"],
        &config,
    );
    for server in &servers {
        server.watch_list(WatchList::Forbidden);
    }
    measure("pages", "pages", &["2 crash", "production ok"], &config);
}

fn measure(by: &str, way: &str, ready: &[&str], config: &Path) {
    let [board, bytes] = reading::best(["board", way], config, 5);
    figure(
        &format!("whole board by {by}, best of 5"),
        &ms(board.time),
        "1.3x the bytes",
        &format!(
            "only the bytes {}: {:.2}x; {} against {} MB resident",
            ms(bytes.time),
            board.time.as_secs_f64() / bytes.time.as_secs_f64(),
            board.resident / 1024,
            bytes.resident / 1024
        ),
    );
    let (mut times, resident) = reading::seen(config, ready, 5);
    figure(
        "the program: most resident memory with the whole board",
        &format!("{} MB", resident / 1024),
        "40 MB",
        &format!(
            "from exec p50 {} best {}; k9s 400-550 MB, 6 s (published; not on this machine)",
            ms(quantile(&mut times, 0.5)),
            ms(times[0])
        ),
    );
}

/// Creates the Applications of an environment on a real API server; whoever did it, and the path of the list.
pub async fn create_applications(
    server: &Server,
    apps: &[fleet::App],
    environment: &str,
) -> (Caller, String) {
    let admin = Caller::connect(&server.kubeconfig, &server.admin, None).await;
    let path = format!(
        "/apis/argoproj.io/v1alpha1/namespaces/{}/applications",
        fleet::NAMESPACES[0]
    );
    let applications = apps.iter().map(|app| app.application(environment));
    futures::stream::iter(applications.chain([fleet::parent()]))
        .for_each_concurrent(8, |application| {
            let (admin, path) = (&admin, &path);
            async move {
                admin.post(path, &application).await.done();
            }
        })
        .await;
    (admin, path)
}

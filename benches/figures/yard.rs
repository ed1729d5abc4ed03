//! Yard: three environments of 70 apps on loopback: the whole board, and keys while a thousand updates a second arrive.

use super::fleet::{self, App, ENVIRONMENTS, NAMESPACES};
use super::pty::Start;
use super::screen::keys;
use super::{figure, ms, quantile, reading};
use leverframe_yard::kubernetes::objects::UpdateMethod;
use leverframe_yard::kubernetes::read::WatchList;
use leverframe_yard::kubernetes::rights::{Person, Rights};
use leverframe_yard::kubernetes::{Server, kinds};
use leverframe_yard::loopback::Certificate;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const APPS: usize = 70;
/// Earlier versions of each file, so that what is derived from history costs what it costs in life.
const MOVES: usize = 40;
/// Updates a second, over all three servers; one in ten is an Application of 28 KB, the others are pods.
const RATE: u64 = 1_000;

pub fn run() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let _inside = runtime.enter();
    let folder = tempfile::tempdir().expect("a folder");
    let apps = fleet::apps(APPS);
    let servers = runtime.block_on(servers(&ENVIRONMENTS, &apps));
    let config = configure(folder.path(), &apps, &ENVIRONMENTS, &servers, MOVES);

    let [board, watches] = reading::best(["board", "watches"], &config, 9);
    whole(
        "whole board by watch-lists, start of feeds, best of 9",
        &board,
        &watches,
    );
    for server in &servers {
        server.watch_list(WatchList::Forbidden);
    }
    let [board, pages] = reading::best(["board", "pages"], &config, 9);
    whole(
        "whole board by pages, start of feeds, best of 9",
        &board,
        &pages,
    );
    for server in &servers {
        server.watch_list(WatchList::Served);
    }
    let (mut times, resident) = reading::seen(&config, &["2 crash", "production ok"], 9);
    figure(
        "whole board on the screen, from exec of the program",
        &format!("p50 {}", ms(quantile(&mut times, 0.5))),
        "150 ms + first frame",
        &format!("best {}, {} MB resident", ms(times[0]), resident / 1024),
    );
    for size in [(80, 24), (200, 50)] {
        storm(&config, &servers, &apps, size);
    }
}

fn whole(what: &str, board: &reading::Cost, bytes: &reading::Cost) {
    figure(
        what,
        &ms(board.time),
        "150 ms",
        &format!(
            "only the bytes {}: {:.2}x; {} against {} MB resident",
            ms(bytes.time),
            board.time.as_secs_f64() / bytes.time.as_secs_f64(),
            board.resident / 1024,
            bytes.resident / 1024
        ),
    );
}

/// A server of the yard's own for each environment, with all apps of the fleet.
pub async fn servers(environments: &[&str], apps: &[App]) -> Vec<Arc<Server>> {
    let certificate = Certificate::generate().expect("a certificate");
    let mut servers = Vec::new();
    for environment in environments {
        let people = vec![Person::new("admin", Rights::All).expect("randomness")];
        let server = Server::start(&certificate, people, 1).await;
        let server = server.expect("a server");
        let of_apps = apps.iter().flat_map(|app| app.objects(environment));
        for object in of_apps.chain([fleet::parent()]) {
            server.objects().insert(object).expect("an object");
        }
        servers.push(Arc::new(server));
    }
    servers
}

/// The repository of the fleet, and the operator's file that names it and the servers.
pub fn configure(
    folder: &Path,
    apps: &[App],
    environments: &[&str],
    servers: &[Arc<Server>],
    moves: usize,
) -> PathBuf {
    let repository = fleet::repository(folder, apps, environments, moves);
    let named = environments
        .iter()
        .zip(servers)
        .map(|(environment, server)| {
            let path = folder.join(format!("{environment}.kubeconfig"));
            std::fs::write(&path, server.kubeconfig(environment)).expect("a kubeconfig");
            (*environment, path, (*environment).to_owned())
        });
    fleet::config(folder, &repository, &named.collect::<Vec<_>>())
}

/// Keys on the real program while updates arrive.
fn storm(config: &Path, servers: &[Arc<Server>], apps: &[App], size: (u16, u16)) {
    let mut console = Start::new(&["-c", config.to_str().expect("a path")])
        .size(size.0, size.1)
        .env("LEVERFRAME_READ_ONLY", "1")
        .start();
    for text in ["2 crash", "production ok", "quarry @ production"] {
        console.wait_for(text);
    }
    let two = Some(["timber", "quarry"]);
    let (quiet_bytes, mut quiet) = keys(&mut console, 300, two);
    let watches = || -> usize { servers.iter().map(|s| s.calls("watch", "pods")).sum() };
    let (before, stop, made) = (watches(), AtomicBool::new(false), AtomicUsize::new(0));
    let cpu = console.cpu();
    let (bytes, mut times, rate, share) = std::thread::scope(|scope| {
        scope.spawn(|| change_objects(servers, apps, &stop, &made));
        let reached = |at: usize| {
            while made.load(Ordering::Relaxed) < at {
                std::thread::sleep(Duration::from_millis(5));
            }
        };
        // not before the storm stands
        reached(500);
        let (from, began) = (made.load(Ordering::Relaxed), Instant::now());
        let (bytes, times) = keys(&mut console, 600, two);
        let seconds = began.elapsed().as_secs_f64();
        let rate = (made.load(Ordering::Relaxed) - from) as f64 / seconds;
        let share = console.cpu().saturating_sub(cpu).as_secs_f64() / seconds;
        stop.store(true, Ordering::Relaxed);
        (bytes, times, rate, share)
    });
    figure(
        &format!(
            "key to last byte, {rate:.0} updates/s, {}x{}",
            size.0, size.1
        ),
        &format!(
            "p50 {} p99 {}",
            ms(quantile(&mut times, 0.5)),
            ms(quantile(&mut times, 0.99))
        ),
        "1 ms, 8 ms",
        &format!(
            "max {}; without updates p50 {} p99 {}; a key {bytes} B, {quiet_bytes} B without; {:.0} % of a core, {} watches begun anew",
            ms(quantile(&mut times, 1.0)),
            ms(quantile(&mut quiet, 0.5)),
            ms(quantile(&mut quiet, 0.99)),
            share * 100.0,
            watches() - before
        ),
    );
}

/// Changes one object after the other until told to stop, at the wanted rate or as near as the machine comes.
fn change_objects(servers: &[Arc<Server>], apps: &[App], stop: &AtomicBool, made: &AtomicUsize) {
    let pods = kinds::find("", "v1", "pods").expect("a kind");
    let applications = kinds::find("argoproj.io", "v1alpha1", "applications").expect("a kind");
    let (began, mut n) = (Instant::now(), 0_u64);
    while !stop.load(Ordering::Relaxed) {
        let due = began.elapsed().as_millis() as u64 * RATE / 1_000;
        // what the machine could not do in time is not made up for
        n = n.max(due.saturating_sub(RATE / 10));
        while n < due {
            // the two that lead the board stay as they are
            let app = &apps[2 + (n / 3) as usize % (apps.len() - 2)];
            let server = &servers[n as usize % servers.len()];
            let (kind, at) = if n % 10 == 9 {
                (applications, (NAMESPACES[0], app.name.clone()))
            } else {
                (pods, (NAMESPACES[1], app.pod_name(n as usize / 7 % 3)))
            };
            let changed = server.objects().change(
                kind,
                (at.0, &at.1),
                UpdateMethod::Patch,
                kind.resource == "pods",
                false,
                |old| {
                    let mut new = old.clone();
                    new["status"]["reconciledAt"] =
                        json!(format!("2026-11-20T03:00:{:02}Z", n % 60));
                    new["status"]["message"] = json!(format!("update {n}"));
                    Ok(new)
                },
            );
            assert!(changed.is_ok(), "an object that is there can be changed");
            n += 1;
            made.fetch_add(1, Ordering::Relaxed);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

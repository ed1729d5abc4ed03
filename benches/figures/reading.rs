//! Reading: all that a configuration names read once, as the console reads it or as bytes only.
//!
//! Each reading runs in a process of its own, this program called again, so that its memory is its own, too.

use super::pty::{Console, Start};
use leverframe::board::Board;
use leverframe::config::{self, Config};
use leverframe::connect;
use leverframe::provider::kubernetes::{Access, KubeContext, Reading, wire};
use leverframe::store::{Kind, Source, Store};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// Names the configuration in the processes that read.
const CONFIG: &str = "LEVERFRAME_FIGURES_CONFIG";
const WATCH_LIST: &str = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=60";
const LIMIT: Duration = Duration::from_secs(300);
const KINDS: [Kind; 4] = [
    Kind::Applications,
    Kind::Runs,
    Kind::Deployments,
    Kind::Pods,
];

/// What one reading came to.
#[derive(Clone, Copy)]
pub struct Cost {
    pub time: Duration,
    /// The most memory that was resident, in KB.
    pub resident: u64,
    /// User and system time.
    pub cpu: Duration,
}

/// Runs this program again for one reading: `board`, `watches` (only their bytes) or `pages` (only their bytes).
pub fn again(way: &str, config: &Path) -> Cost {
    let me = std::env::current_exe().expect("this program");
    let ran = Command::new(me)
        .arg(way)
        .env(CONFIG, config)
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&ran.stdout);
    let line = said.lines().find_map(|l| l.strip_prefix("read "));
    let line = line.unwrap_or_else(|| panic!("{said}{}", String::from_utf8_lossy(&ran.stderr)));
    let numbers: Vec<u64> = line.split(' ').flat_map(str::parse).collect();
    let &[micros, resident, cpu] = numbers.as_slice() else {
        panic!("three numbers: {line}");
    };
    Cost {
        time: Duration::from_micros(micros),
        resident,
        cpu: Duration::from_micros(cpu),
    }
}

/// The best of several, way by way in turn, so that all meet the same load.
pub fn best<const N: usize>(ways: [&str; N], config: &Path, times: usize) -> [Cost; N] {
    let mut best = ways.map(|way| again(way, config));
    for _ in 1..times {
        for (way, best) in ways.into_iter().zip(&mut best) {
            let cost = again(way, config);
            best.time = best.time.min(cost.time);
            best.resident = best.resident.min(cost.resident);
            best.cpu = best.cpu.min(cost.cpu);
        }
    }
    best
}

/// Does the reading that [`again`] asks for, in this process; false where none is asked for.
pub fn asked() -> bool {
    let Some(file) = std::env::var_os(CONFIG) else {
        return false;
    };
    let way = std::env::args().nth(1).expect("a way to read");
    let _ = rustls::crypto::ring::default_provider().install_default();
    let config =
        config::load(Path::new(&file), &|name| std::env::var_os(name)).expect("a configuration");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let took = runtime.block_on(async {
        let began = Instant::now();
        match way.as_str() {
            "board" => board(&config).await,
            way => bytes(&config, way == "pages").await,
        }
        began.elapsed()
    });
    let cpu = super::pty::cpu_of(rustix::process::getpid());
    println!(
        "read {} {} {}",
        took.as_micros(),
        most("self"),
        cpu.as_micros()
    );
    runtime.shutdown_background();
    true
}

/// The most memory that a process has had resident, in KB.
pub fn most(pid: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("a status");
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    let kb = line.expect("its most memory").trim();
    kb.trim_end_matches(" kB").parse().expect("a number")
}

/// From the start of the feeds until all is listed and the board is derived from it.
async fn board(config: &Config) {
    let (tell, mut deltas) = tokio::sync::mpsc::channel(1024);
    let sources = connect::sources(config);
    let connection = connect::start(config, &sources, &tell, None, &connect::Only::default());
    let whole = |store: &Store| {
        let listed = |source: &Source| {
            let state = store.source(source);
            KINDS
                .iter()
                .all(|kind| state.is_some_and(|s| s.is_listed(*kind)))
        };
        let clusters = sources.iter().filter(|s| **s != Source::Git);
        store.tree.is_some() && clusters.into_iter().all(listed)
    };
    let mut store = Store::new(&config.delivery);
    while !whole(&store) {
        store.apply(deltas.recv().await.expect("a feed"));
    }
    let board = Board::new(&store, &config.delivery, jiff::Timestamp::now());
    assert!(!board.is_empty());
    drop(connection);
}

/// The same answers as the console asks for, unread.
async fn bytes(config: &Config, pages: bool) {
    let mut tasks = Vec::new();
    for at in config.clusters.values() {
        let access = std::sync::Arc::new(Access::new(KubeContext {
            kubeconfig: at.kubeconfig.clone(),
            context: at.context.clone(),
        }));
        let namespace = |kind: Kind| match (kind, &config.delivery) {
            (Kind::Applications, d) => d.argo_cd.as_ref().map(|a| a.namespace.clone()),
            (Kind::Runs, d) => d.runs.as_ref().map(|r| r.namespace.clone()),
            (_, d) => d.workloads.as_ref().map(|of| of.namespace.clone()),
        };
        for kind in KINDS {
            let path = wire::path(kind, &namespace(kind).expect("GOV.UK has all of them"));
            let access = access.clone();
            tasks.push(tokio::spawn(async move {
                let reading = access.reading().await.expect("a client");
                if pages {
                    let mut next = String::new();
                    loop {
                        let query = format!("{path}?limit=250{next}");
                        let (_, found) = read(&reading, &query, true, b"\"continue\":\"").await;
                        match found {
                            Some(token) => next = format!("&continue={token}"),
                            None => break,
                        }
                    }
                } else {
                    let query = format!("{path}?{WATCH_LIST}");
                    read(&reading, &query, false, b"k8s.io/initial-events-end").await;
                }
            }));
        }
    }
    for task in tasks {
        task.await.expect("it was read");
    }
}

/// Reads until the mark (a watch) or to the end (a page); the bytes read, and the word after the mark.
async fn read(reading: &Reading, path: &str, to_end: bool, mark: &[u8]) -> (usize, Option<String>) {
    let opened = reading.open(path, to_end, LIMIT).await;
    let mut body = opened.unwrap_or_else(|f| panic!("{}", f.fault));
    let (mut count, mut before, mut found) = (0, Vec::new(), None);
    while let Some(chunk) = body
        .chunk(LIMIT)
        .await
        .unwrap_or_else(|f| panic!("{}", f.fault))
    {
        count += chunk.len();
        // the mark may lie across two chunks
        before.extend_from_slice(&chunk);
        if let Some(at) = memchr::memmem::find(&before, mark) {
            if !to_end {
                return (count, None);
            }
            let word = before[at + mark.len()..].split(|b| *b == b'"').next();
            found = word.map(|word| String::from_utf8_lossy(word).into_owned());
        }
        let kept = if to_end { 4096 } else { mark.len() };
        before.drain(..before.len().saturating_sub(kept));
    }
    (count, found.filter(|token| !token.is_empty()))
}

/// The real program in a pseudoterminal, from exec to the whole board: the best of several, and its most memory then.
///
/// The whole board is the screen that the first start comes to rest on, clocks aside.
pub fn seen(config: &Path, ready: &[&str], times: usize) -> (Vec<Duration>, u64) {
    let config = config.to_str().expect("a path");
    let start = || {
        Start::new(&["-c", config])
            .size(80, 24)
            .env("LEVERFRAME_READ_ONLY", "1")
            .start()
    };
    let table = |console: &Console| console.screen().rows.split_off(1);
    let console = start();
    for text in ready {
        console.wait_for(text);
    }
    let (mut rest, mut since) = (table(&console), Instant::now());
    while since.elapsed() < Duration::from_secs(2) {
        std::thread::sleep(Duration::from_millis(50));
        let now = table(&console);
        if now != rest {
            (rest, since) = (now, Instant::now());
        }
    }
    let mut resident = most(&console.pid().as_raw_nonzero().to_string());
    drop(console);
    let mut times: Vec<Duration> = (0..times)
        .map(|_| {
            let began = Instant::now();
            let console = start();
            console.wait_for_fn("the whole board", |screen| screen.rows[1..] == rest[..]);
            let took = began.elapsed();
            resident = resident.max(most(&console.pid().as_raw_nonzero().to_string()));
            took
        })
        .collect();
    times.sort_unstable();
    (times, resident)
}

//! Scale: ten and fifty thousand Applications of 28 KB, and what a board of them costs: to read, to hold, a key, a minute.
//!
//! Ready-made bytes from the yard's server, so that the far side costs next to nothing; ten thousand also on the real API
//! server, where there is one. k9s' figures are published ones, not of this machine.

use super::pty::{Console, Start, cpu_of};
use super::real::Rig;
use super::screen::keys;
use super::{cluster, figure, fleet, ms, quantile, reading, yard};
use leverframe_yard::kubernetes::objects::UpdateMethod;
use leverframe_yard::kubernetes::rights::{Person, Rights};
use leverframe_yard::kubernetes::{Server, kinds};
use leverframe_yard::loopback::Certificate;
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const PRODUCTION: [&str; 1] = ["production"];
/// What stands on the screen once all is read: the second that is out of sync is the last of every list.
const READY: [&str; 2] = ["2 sync", "production ok"];
/// Updates of Applications a second.
const RATE: usize = 1_000;

/// What is promised at a size.
struct Budget {
    ratio: &'static str,
    cpu: &'static str,
    memory: &'static str,
}

pub fn run() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let _inside = runtime.enter();
    let ten = Budget {
        ratio: "1.15x the bytes",
        cpu: "8 s",
        memory: "60 MB",
    };
    let fifty = Budget {
        ratio: "-",
        cpu: "-",
        memory: "150 MB",
    };
    prepared(&runtime, 10_000, &ten);
    prepared(&runtime, 50_000, &fifty);
    real(&runtime, 10_000, &ten);
}

/// On the yard's server, which holds each object's bytes ready.
fn prepared(runtime: &tokio::runtime::Runtime, count: usize, budget: &Budget) {
    let folder = tempfile::tempdir().expect("a folder");
    let apps = fleet::apps(count);
    let server = runtime.block_on(async {
        let certificate = Certificate::generate().expect("a certificate");
        let people = vec![Person::new("admin", Rights::All).expect("randomness")];
        let server = Server::start(&certificate, people, 1).await;
        Arc::new(server.expect("a server"))
    });
    let applications = apps.iter().map(|app| app.application(PRODUCTION[0]));
    for object in applications.chain([fleet::parent()]) {
        server.objects().insert(object).expect("an object");
    }
    let servers = [server];
    let config = yard::configure(folder.path(), &apps, &PRODUCTION, &servers, 0);
    println!("{count} Applications, ready-made bytes");
    whole(&config, budget);
    let console = started(&config);
    one_key(&console, budget);
    pressed(console, &servers[0], &apps);
}

/// On the real API server.
fn real(runtime: &tokio::runtime::Runtime, count: usize, budget: &Budget) {
    let namespaces = fleet::NAMESPACES.map(str::to_owned);
    let Some(rig) = runtime.block_on(Rig::start("scale", &namespaces)) else {
        return;
    };
    let (server, apps) = (rig.server(), fleet::apps(count));
    runtime.block_on(cluster::create_applications(&server, &apps, PRODUCTION[0]));
    let folder = tempfile::tempdir().expect("a folder");
    let repository = fleet::repository(folder.path(), &apps, &PRODUCTION, 0);
    let cluster = (
        PRODUCTION[0],
        server.kubeconfig.clone(),
        server.admin.clone(),
    );
    let config = fleet::config(folder.path(), &repository, &[cluster]);
    println!("{count} Applications on the real API server");
    whole(&config, budget);
}

/// From the start of the feeds until the board is derived, beside the same bytes unread.
fn whole(config: &Path, budget: &Budget) {
    let [board, watches, pages] = reading::best(["board", "watches", "pages"], config, 3);
    figure(
        "  whole board, best of 3",
        &ms(board.time),
        budget.ratio,
        &format!(
            "only the bytes by watch-lists {}: {:.2}x; by pages {}: {:.2}x",
            ms(watches.time),
            board.time.as_secs_f64() / watches.time.as_secs_f64(),
            ms(pages.time),
            board.time.as_secs_f64() / pages.time.as_secs_f64(),
        ),
    );
    figure(
        "  its CPU seconds",
        &format!("{:.1} s", board.cpu.as_secs_f64()),
        budget.cpu,
        &format!(
            "only the bytes {:.1} s; kubectl 5.5 s (measured once, real server)",
            watches.cpu.as_secs_f64()
        ),
    );
    figure(
        "  its most resident memory",
        &format!("{} MB", board.resident / 1024),
        budget.memory,
        &format!(
            "only the bytes {} MB; k9s 400-550 MB (published)",
            watches.resident / 1024
        ),
    );
}

/// The program on the whole board, its calm rows unfolded, one that is out of sync selected.
fn started(config: &Path) -> Console {
    let mut console = Start::new(&["-c", config.to_str().expect("a path")])
        .size(80, 24)
        .env("LEVERFRAME_READ_ONLY", "1")
        .start();
    let began = Instant::now();
    for text in READY {
        console.wait_for(text);
    }
    println!(
        "  from exec to the whole board: {} ({:.1} CPU s)",
        ms(began.elapsed()),
        console.cpu().as_secs_f64()
    );
    console.send(b"+");
    console.wait_for("app-0003");
    console
}

/// Memory and idleness of the program itself.
fn one_key(console: &Console, budget: &Budget) {
    let resident = reading::most(&console.pid().as_raw_nonzero().to_string());
    figure(
        "  the program: most resident memory",
        &format!("{} MB", resident / 1024),
        budget.memory,
        "",
    );
    let before = cpu_of(console.pid());
    let idle = Duration::from_secs(60);
    std::thread::sleep(idle);
    let used = cpu_of(console.pid()).saturating_sub(before);
    figure(
        "  idle minute",
        &format!(
            "{:.3} % of a core",
            used.as_secs_f64() / idle.as_secs_f64() * 100.0
        ),
        "0.2 %",
        "",
    );
}

/// Keys at rest, and while updates arrive.
fn pressed(mut console: Console, server: &Server, apps: &[fleet::App]) {
    let two = Some(["timber", "quarry"]);
    let report = |what: &str, budget: &str, console: &mut Console, presses: usize| {
        let (bytes, mut times) = keys(console, presses, two);
        figure(
            what,
            &format!(
                "p50 {} p99 {}",
                ms(quantile(&mut times, 0.5)),
                ms(quantile(&mut times, 0.99))
            ),
            budget,
            &format!(
                "max {}, {bytes} B; k9s 11 and 97 ms at 10,000 (published)",
                ms(quantile(&mut times, 1.0))
            ),
        );
    };
    report("  j and k at rest", "1 ms, 4 ms", &mut console, 300);
    let (stop, made) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| update(server, apps, &stop, &made));
        while made.load(Ordering::Relaxed) < RATE / 2 {
            std::thread::sleep(Duration::from_millis(5));
        }
        let (from, began, cpu) = (
            made.load(Ordering::Relaxed),
            Instant::now(),
            cpu_of(console.pid()),
        );
        report("  j and k under updates", "1 ms, 8 ms", &mut console, 600);
        let seconds = began.elapsed().as_secs_f64();
        println!(
            "  {:.0} updates a second, {:.0} % of a core",
            (made.load(Ordering::Relaxed) - from) as f64 / seconds,
            cpu_of(console.pid()).saturating_sub(cpu).as_secs_f64() / seconds * 100.0
        );
        stop.store(true, Ordering::Relaxed);
    });
}

/// Changes one Application after the other until told to stop, at the wanted rate or as near as the machine comes.
fn update(server: &Server, apps: &[fleet::App], stop: &AtomicBool, made: &AtomicUsize) {
    let applications = kinds::find("argoproj.io", "v1alpha1", "applications").expect("a kind");
    let (began, mut n) = (Instant::now(), 0_usize);
    while !stop.load(Ordering::Relaxed) {
        let due = began.elapsed().as_millis() as usize * RATE / 1_000;
        // what the machine could not do in time is not made up for
        n = n.max(due.saturating_sub(RATE / 10));
        while n < due {
            // the two that lead the board stay as they are
            let app = &apps[3 + n % (apps.len() - 3)];
            let changed = server.objects().change(
                applications,
                (fleet::NAMESPACES[0], &app.name),
                UpdateMethod::Patch,
                false,
                false,
                |old| {
                    let mut new = old.clone();
                    new["status"]["reconciledAt"] =
                        json!(format!("2026-11-20T03:00:{:02}Z", n % 60));
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

//! The git writer over ssh on loopback: a busy branch, and a far side that breaks off at every point there is.
//!
//! Skipped where there is no OpenSSH server.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use leverframe::model::Version;
use leverframe::plan::{Outcome, Plan, Write};
use leverframe::provider::git::repository::{Location, Source as At};
use leverframe::provider::git::writer::Committer;

use crate::writer::{look_for, plan, send};
use crate::yard::{TAGS, Yard, delivery, git};

/// An OpenSSH server of our own, for the user who runs the tests.
struct Server {
    child: Child,
    port: u16,
    dir: PathBuf,
}

impl Server {
    /// None where there is no server program.
    fn start(dir: &Path) -> Option<Self> {
        let program = ["/usr/sbin/sshd", "/usr/bin/sshd", "/usr/local/sbin/sshd"]
            .into_iter()
            .find(|path| Path::new(path).exists())?;
        let dir = dir.join("ssh");
        std::fs::create_dir(&dir).unwrap();
        std::fs::set_permissions(&dir, PermissionsExt::from_mode(0o700)).unwrap();
        for key in ["host", "user"] {
            let made = Command::new("ssh-keygen")
                .args(["-q", "-t", "ed25519", "-N", "", "-f"])
                .arg(dir.join(key))
                .status()
                .unwrap();
            assert!(made.success());
        }
        std::fs::copy(dir.join("user.pub"), dir.join("authorized")).unwrap();
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let at = dir.display();
        let config = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {at}/host\nAuthorizedKeysFile {at}/authorized\n\
             PidFile none\nUsePAM no\nStrictModes no\nPasswordAuthentication no\nPermitRootLogin prohibit-password\n\
             MaxStartups 100\n"
        );
        std::fs::write(dir.join("config"), config).unwrap();
        // Where the server runs as root it wants this folder, which its package leaves to the init system.
        let _ = std::fs::create_dir("/run/sshd");
        let child = Command::new(program)
            .args(["-D", "-e", "-f"])
            .arg(dir.join("config"))
            .stdin(Stdio::null())
            .stderr(std::fs::File::create(dir.join("log")).unwrap())
            .spawn()
            .unwrap();
        let server = Self { child, port, dir };
        let deadline = Instant::now() + Duration::from_secs(20);
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < deadline, "{}", server.log());
            std::thread::yield_now();
        }
        Some(server)
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.dir.join("log")).unwrap_or_default()
    }

    fn command(&self) -> String {
        let at = self.dir.display();
        format!(
            "ssh -F none -i {at}/user -oIdentitiesOnly=yes -oBatchMode=yes -oUserKnownHostsFile={at}/known \
             -oStrictHostKeyChecking=accept-new -oLogLevel=ERROR"
        )
    }

    /// A clone over ssh that pushes over it as well.
    fn clone_of(&self, yard: &Yard, name: &str) -> PathBuf {
        let user =
            String::from_utf8(Command::new("id").arg("-un").output().unwrap().stdout).unwrap();
        let url = format!(
            "ssh://{}@127.0.0.1:{}{}",
            user.trim(),
            self.port,
            yard.bare.display()
        );
        let command = format!("core.sshCommand={}", self.command());
        git(
            yard.dir.path(),
            &["-c", &command, "clone", "--quiet", &url, name],
        );
        let clone = yard.dir.path().join(name);
        for (key, value) in [
            ("core.sshCommand", self.command().as_str()),
            ("user.name", "ops-1"),
            ("user.email", "ops-1@example.org"),
        ] {
            git(&clone, &["config", key, value]);
        }
        clone
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn committer(clone: &Path) -> Committer {
    let at = At {
        location: Location::Path(clone.to_owned()),
        branch: "main".to_owned(),
    };
    Committer::new(at, delivery())
}

fn script(path: &Path, text: &str) {
    std::fs::write(path, format!("#!/bin/sh\n{text}\n")).unwrap();
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
}

/// A plan for the version alone.
fn version_plan(id: &str, from: &str, to: &str) -> Plan {
    let mut plan = plan(id, from, to, None);
    if let Write::Commit { edits, .. } = &mut plan.write {
        edits.truncate(1);
    }
    plan.to = Some(Version::new(to));
    plan
}

/// Ends the robot also when an assertion fails.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// As many promotes as `LEVERFRAME_PROMOTES` says (else 3), `LEVERFRAME_PROMOTE_MS` apart, against a robot that begins a
/// push every `LEVERFRAME_ROBOT_MS` (the real peak is 24 a minute, 2500).
#[test]
fn every_promote_lands_over_ssh_while_a_robot_pushes() {
    let yard = Yard::new();
    let Some(server) = Server::start(yard.dir.path()) else {
        println!("SKIPPED: no OpenSSH server");
        return;
    };
    let number = |name: &str, otherwise: usize| {
        std::env::var(name)
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or(otherwise)
    };
    let promotes = number("LEVERFRAME_PROMOTES", 3);
    let pause = Duration::from_millis(number("LEVERFRAME_ROBOT_MS", 2500) as u64);
    let rest = Duration::from_millis(number("LEVERFRAME_PROMOTE_MS", 500) as u64);
    let ops = server.clone_of(&yard, "ops");
    let robot = server.clone_of(&yard, "bot");
    let writer = committer(&ops);
    let before = git(&yard.bare, &["rev-parse", "main"]);
    let stop = AtomicBool::new(false);
    let mut pushed = 0;
    let began = Instant::now();
    let tries = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let _stops = Stop(&stop);
        let robots = scope.spawn(|| {
            let mut done = 0;
            while !stop.load(Ordering::Relaxed) {
                let next = Instant::now() + pause;
                let file = format!("{TAGS}/integration/app-{}", done % 20);
                std::fs::write(robot.join(&file), format!("image_tag: v{done}\n")).unwrap();
                git(&robot, &["add", "-A"]);
                git(
                    &robot,
                    &["commit", "--quiet", "-m", &format!("robot {done}")],
                );
                // The robot, too, starts over when somebody was faster.
                loop {
                    let pushed = Command::new("git")
                        .arg("-C")
                        .arg(&robot)
                        .args(["push", "--quiet", "origin", "main"])
                        .stderr(Stdio::null())
                        .status()
                        .unwrap();
                    if pushed.success() {
                        break;
                    }
                    git(&robot, &["pull", "--quiet", "--rebase", "origin", "main"]);
                }
                done += 1;
                while Instant::now() < next && !stop.load(Ordering::Relaxed) {
                    std::thread::park_timeout(Duration::from_millis(20));
                }
            }
            done
        });
        for n in 0..promotes {
            let plan = version_plan(
                &format!("{n:016x}"),
                &format!("v{}", n + 1),
                &format!("v{}", n + 2),
            );
            let outcome = send(&writer, &plan, &|_| {
                tries.fetch_add(1, Ordering::Relaxed);
            });
            assert!(
                matches!(outcome, Outcome::Applied { .. }),
                "{n}: {outcome:?}\n{}",
                server.log()
            );
            // Time for the robot, which is slower than we are and would never get through.
            std::thread::park_timeout(rest);
        }
        stop.store(true, Ordering::Relaxed);
        pushed = robots.join().unwrap();
    });
    println!(
        "{promotes} promotes, {} further tries, {pushed} robot commits in {:?}",
        tries.load(Ordering::Relaxed),
        began.elapsed()
    );
    let range = format!("{before}..main");
    let log = git(&yard.bare, &["log", "--format=%s", &range]);
    let of = |start: &str| log.lines().filter(|line| line.starts_with(start)).count();
    assert_eq!((of("Update frontend"), of("robot ")), (promotes, pushed));
    assert_eq!(log.lines().count(), promotes + pushed);
    let ours = git(
        &yard.bare,
        &[
            "log",
            "--format=format:@",
            "--numstat",
            "--grep=^Leverframe-Plan",
            &range,
        ],
    );
    let lines: Vec<_> = ours
        .lines()
        .filter(|line| !line.is_empty() && *line != "@")
        .collect();
    assert_eq!(lines.len(), promotes);
    assert!(
        lines
            .iter()
            .all(|line| *line == format!("1\t1\t{TAGS}/staging/frontend")),
        "{lines:?}"
    );
    // Nothing of the robot's was lost on the way.
    let last = git(
        &yard.bare,
        &["show", &format!("main:{TAGS}/staging/frontend")],
    );
    assert!(
        last.starts_with(&format!("image_tag: v{}\n", promotes + 1)),
        "{last}"
    );
}

/// The far side is killed at each point; what the console says is true, and nothing is sent twice.
#[test]
fn a_connection_that_breaks_off_anywhere_is_reported_truly() {
    // (where, the far side's hook, what it does, whether the commit lands, the outcome's word)
    let points = [
        ("before receipt", None, false, "failed"),
        (
            "after receipt",
            Some(("pre-receive", "kill -9 $PPID; exit 1")),
            false,
            "unknown",
        ),
        (
            "after effect",
            Some((
                "reference-transaction",
                "[ \"$1\" != committed ] || kill -9 $PPID",
            )),
            true,
            "applied",
        ),
        (
            "after reply",
            Some(("post-receive", "kill -9 $PPID")),
            true,
            "applied",
        ),
    ];
    for (place, hook, lands, word) in points {
        let yard = Yard::new();
        let Some(server) = Server::start(yard.dir.path()) else {
            println!("SKIPPED: no OpenSSH server");
            return;
        };
        let clone = server.clone_of(&yard, "ops");
        let before = git(&yard.bare, &["rev-parse", "main"]);
        let sent = yard.dir.path().join("sent");
        let receive = yard.dir.path().join("receive");
        let serve = match hook {
            Some((name, text)) => {
                script(&yard.bare.join("hooks").join(name), text);
                "exec git-receive-pack \"$@\""
            }
            None => "exit 1",
        };
        script(&receive, &format!("echo x >> {}\n{serve}", sent.display()));
        git(
            &clone,
            &[
                "config",
                "remote.origin.receivepack",
                receive.to_str().unwrap(),
            ],
        );
        let writer = committer(&clone);
        let plan = plan("00000000000000e1", "v1", "v2", None);
        let outcome = send(&writer, &plan, &|_| ());
        assert_eq!(outcome.word(), word, "{place}: {outcome:?}");
        let after = git(&yard.bare, &["rev-parse", "main"]);
        assert_eq!(after != before, lands, "{place}");
        // After a restart it is looked for, never sent.
        let again = send(&committer(&clone), &plan, &|_| ());
        let found = look_for(&committer(&clone), &plan);
        let times = std::fs::read_to_string(&sent).unwrap().lines().count();
        match word {
            "applied" => {
                assert_eq!((again.word(), times), ("applied", 1), "{place}: {again:?}");
                assert!(
                    matches!(found, Some(Outcome::Applied { .. })),
                    "{place}: {found:?}"
                );
            }
            "unknown" => {
                assert_eq!((again.word(), times), ("unknown", 1), "{place}: {again:?}");
                assert_eq!(found, None, "{place}");
            }
            // It surely was not sent, so a new try is a first one.
            _ => assert_eq!((again.word(), times), ("failed", 2), "{place}: {again:?}"),
        }
        assert_eq!(git(&yard.bare, &["rev-parse", "main"]), after, "{place}");
    }
}

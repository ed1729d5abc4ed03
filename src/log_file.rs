//! Log file: what the console itself did and met, as JSON lines in the state folder, for the morning after.
//!
//! A thread writes them, so that a disk that hangs holds up nothing; what does not fit is counted and left out. A file of 4 MB
//! gives way to a new one, and three old ones are kept. Deliberately absent: other libraries' events, which may hold
//! headers, and everything that looks like a credential.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, SyncSender};
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use crate::model::log::masked;
use crate::private_file::{is_still, open};

/// The name of the newest file in its folder.
pub const NAME: &str = "leverframe.log";
/// Bytes after which a new file is begun.
const FULL: u64 = 4 << 20;
/// Old files that are kept.
const KEPT: usize = 3;
/// Lines that may wait for the disk.
const WAITING: usize = 1024;

enum Order {
    Write(Vec<u8>),
    /// Answer when everything before is written.
    Flush(SyncSender<()>),
}

/// Sends lines to the thread that writes.
pub struct LogFile {
    orders: SyncSender<Order>,
}

impl LogFile {
    /// Starts writing what is logged from now on into a folder; none where the thread cannot be started or a log is
    /// written already.
    pub fn start(folder: &Path, level: LevelFilter) -> Option<Self> {
        let lines = Lines::start(folder.join(NAME)).ok()?;
        let own = Self {
            orders: lines.orders.clone(),
        };
        // Only events of this crate: other libraries print headers at the lower levels.
        let ours = Targets::new().with_target("leverframe", level);
        tracing_subscriber::registry()
            .with(ours)
            .with(lines)
            .try_init()
            .ok()?;
        Some(own)
    }

    /// Waits until what was logged so far is written, at most so long.
    pub fn flush(&self, limit: Duration) {
        let (answer, answered) = mpsc::sync_channel(1);
        if self.orders.try_send(Order::Flush(answer)).is_ok() {
            let _ = answered.recv_timeout(limit);
        }
    }
}

/// Takes one event after the other.
struct Lines {
    orders: SyncSender<Order>,
    left_out: Arc<AtomicUsize>,
}

impl Lines {
    fn start(path: PathBuf) -> io::Result<Self> {
        let (orders, given) = mpsc::sync_channel(WAITING);
        let left_out = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&left_out);
        std::thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || {
                let mut file = None;
                for order in given {
                    match order {
                        Order::Write(line) => {
                            let missing = counted.swap(0, Ordering::Relaxed);
                            // A folder that takes nothing is no reason to end.
                            if append(&path, &mut file, &line, missing).is_err() {
                                file = None;
                            }
                        }
                        Order::Flush(answer) => {
                            let _ = answer.send(());
                        }
                    }
                }
            })?;
        Ok(Self { orders, left_out })
    }
}

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        self.write(&Line {
            time: Timestamp::now(),
            level: event.metadata().level().as_str(),
            module: event.metadata().target(),
            message: fields.message,
            fields: fields.others,
        });
    }
}

impl Lines {
    fn write(&self, line: &Line<'_>) {
        let Ok(mut bytes) = serde_json::to_vec(line) else {
            return;
        };
        bytes.push(b'\n');
        if self.orders.try_send(Order::Write(bytes)).is_err() {
            self.left_out.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// An event as it stands in the file.
#[derive(Serialize)]
struct Line<'a> {
    time: Timestamp,
    level: &'a str,
    module: &'a str,
    message: String,
    #[serde(flatten)]
    fields: Map<String, Value>,
}

/// The fields of an event. Credentials are taken out of each text before it is quoted, because quoting hides where a
/// credential ends.
#[derive(Default)]
struct Fields {
    message: String,
    others: Map<String, Value>,
}

impl Fields {
    fn add(&mut self, field: &Field, text: &str) {
        let text = String::from_utf8_lossy(&masked(text.as_bytes())).into_owned();
        if field.name() == "message" {
            self.message = text;
        } else {
            self.others.insert(field.name().to_owned(), text.into());
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        // A quoted text has its own quotes escaped, which would hide where a credential begins.
        self.add(field, &format!("{value:?}").replace("\\\"", "'"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.others.insert(field.name().to_owned(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.others.insert(field.name().to_owned(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.others.insert(field.name().to_owned(), value.into());
    }
}

fn append(path: &Path, kept: &mut Option<File>, line: &[u8], missing: usize) -> io::Result<()> {
    let is_ours = kept.as_ref().is_some_and(|file| is_still(file, path));
    let mut file = match kept.take().filter(|_| is_ours) {
        Some(file) => file,
        None => open(path)?,
    };
    if file.metadata()?.len() >= FULL {
        // Another console may do the same at the same time: then one file is begun twice, and none is lost.
        for number in (1..KEPT).rev() {
            let _ = fs::rename(numbered(path, number), numbered(path, number + 1));
        }
        fs::rename(path, numbered(path, 1))?;
        file = open(path)?;
    }
    if missing > 0 {
        writeln!(
            file,
            "{{\"level\":\"WARN\",\"message\":\"{missing} lines were left out\"}}"
        )?;
    }
    file.write_all(line)?;
    *kept = Some(file);
    Ok(())
}

fn numbered(path: &Path, number: usize) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn flush(lines: &Lines) {
        let log = LogFile {
            orders: lines.orders.clone(),
        };
        log.flush(Duration::from_secs(60));
    }

    fn line(message: &str) -> Line<'_> {
        Line {
            time: Timestamp::UNIX_EPOCH,
            level: "INFO",
            module: "leverframe",
            message: message.to_owned(),
            fields: Map::new(),
        }
    }

    #[test]
    fn an_event_is_a_line_of_json_for_nobody_else_to_read_and_without_credentials() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state").join(NAME);
        let lines = Lines::start(path.clone()).unwrap();
        let log = LogFile {
            orders: lines.orders.clone(),
        };
        let causes = [
            "db_password=\"hunter2\" next",
            "https://b.example/log?sig=a%2Fb",
        ];
        let subscriber = tracing_subscriber::registry().with(lines);
        tracing::subscriber::with_default(subscriber, || {
            tracing::warn!(source = "git", ?causes, code = 3, "bearer abcdefghijkl");
        });
        log.flush(Duration::from_secs(60));
        let text = fs::read_to_string(&path).unwrap();
        assert!(
            text.starts_with("{\"time\":\"20") && text.ends_with("}\n"),
            "{text}"
        );
        assert!(
            !text.contains("hunter2") && !text.contains("a%2Fb"),
            "{text}"
        );
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["level"], "WARN");
        assert_eq!(value["message"], "bearer <masked>");
        assert_eq!(value["source"], "git");
        assert_eq!(value["code"], 3);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
    }

    #[test]
    fn a_full_file_gives_way_and_three_old_ones_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(NAME);
        let lines = Lines::start(path.clone()).unwrap();
        for number in 0..6 {
            fs::write(&path, vec![b'x'; FULL as usize]).unwrap();
            lines.write(&line(&format!("number {number}")));
            flush(&lines);
            let text = fs::read_to_string(&path).unwrap();
            assert!(
                text.len() < 200 && text.contains(&format!("number {number}")),
                "{text}"
            );
        }
        let mut names: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(
            names,
            [
                "leverframe.log",
                "leverframe.log.1",
                "leverframe.log.2",
                "leverframe.log.3"
            ]
        );
    }

    #[test]
    fn a_folder_that_takes_nothing_holds_up_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let taken = folder.path().join("state");
        fs::write(&taken, "").unwrap();
        let lines = Lines::start(taken.join(NAME)).unwrap();
        for _ in 0..3 * WAITING {
            lines.write(&line("nothing"));
        }
        flush(&lines);
        assert!(taken.is_file());
    }
}

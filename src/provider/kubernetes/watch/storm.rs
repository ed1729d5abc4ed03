//! A storm of faults, and then quiet: whatever was cut, refused, expired or set back, what is seen in the end is what is there.

use super::notes::{
    Heard, bookmark, error, event, from, hurried, is_watch, is_watch_list, list, watch_with,
};
use crate::provider::kubernetes::faulty::{Asked, Faulty, Reply};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Random numbers that a seed repeats (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

/// A cluster of a few objects, each with its version, and what happened to them.
struct StormCluster {
    dice: Dice,
    version: u32,
    objects: BTreeMap<String, u32>,
    happened: Vec<(u32, &'static str, String)>,
    /// What was before this is forgotten.
    forgotten: u32,
    has_watch_list: bool,
}

impl StormCluster {
    fn new(seed: u64) -> StormCluster {
        let mut world = StormCluster {
            dice: Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1),
            version: 10,
            objects: BTreeMap::new(),
            happened: Vec::new(),
            forgotten: 10,
            has_watch_list: true,
        };
        world.has_watch_list = world.dice.below(3) > 0;
        for _ in 0..4 {
            world.change();
        }
        world
    }

    fn change(&mut self) {
        self.version += 1;
        let name = format!("p{}", self.dice.below(5));
        let kind = if self.objects.contains_key(&name) && self.dice.below(3) == 0 {
            self.objects.remove(&name);
            "DELETED"
        } else if self.objects.insert(name.clone(), self.version).is_some() {
            "MODIFIED"
        } else {
            "ADDED"
        };
        self.happened.push((self.version, kind, name));
    }

    fn state(&self) -> Vec<(&str, u32)> {
        self.objects
            .iter()
            .map(|(name, version)| (name.as_str(), *version))
            .collect()
    }

    /// The lines that an honest server would answer to a watch; none where the version is too old.
    fn lines(&self, asked: &Asked) -> Option<Vec<String>> {
        if is_watch_list(asked) {
            let mut lines: Vec<String> = self
                .state()
                .iter()
                .map(|(name, version)| event("ADDED", name, *version))
                .collect();
            lines.push(bookmark(self.version, true));
            return Some(lines);
        }
        let from: u32 = from(asked).parse().unwrap();
        if from < self.forgotten {
            return None;
        }
        let since = self.happened.iter().filter(|(version, ..)| *version > from);
        let mut lines: Vec<String> = since
            .map(|(version, kind, name)| event(kind, name, *version))
            .collect();
        lines.push(bookmark(self.version, false));
        Some(lines)
    }

    fn honest(&mut self, asked: &Asked, quiet: bool) -> Reply {
        if is_watch_list(asked) && !self.has_watch_list {
            return Reply::no(422, "Invalid", "sendInitialEvents is forbidden");
        }
        if !is_watch(asked) {
            return list(&self.state(), self.version, "");
        }
        match self.lines(asked) {
            Some(lines) if quiet => Reply::open(&lines),
            Some(lines) => Reply::lines(&lines),
            None if self.dice.below(2) == 0 => {
                Reply::no(410, "Expired", "too old resource version")
            }
            None => Reply::lines(&[error(410, "too old resource version")]),
        }
    }

    /// Something that goes wrong.
    fn fault(&mut self, asked: &Asked) -> Reply {
        match self.dice.below(9) {
            0 => Reply::no(500, "InternalError", "etcd"),
            1 => Reply::no(503, "ServiceUnavailable", "starting"),
            2 => Reply::hang_up(),
            3 => Reply::json(200, "<html>log in</html>"),
            4 => Reply::no(410, "Expired", "too old resource version"),
            5 => Reply::no(504, "Timeout", "Too large resource version"),
            6 => Reply::lines(&[error(500, "a watcher was too slow")]),
            _ if is_watch(asked) => match self.lines(asked) {
                // cut somewhere, even within a line
                Some(mut lines) => {
                    let whole = lines.concat();
                    let at = self.dice.below(whole.len() as u64 + 1) as usize;
                    lines = vec![whole[..at].to_owned()];
                    lines.retain(|l| !l.is_empty());
                    if self.dice.below(2) == 0 {
                        Reply::cut(&lines)
                    } else {
                        Reply::lines(&lines)
                    }
                }
                None => Reply::no(429, "TooManyRequests", "later"),
            },
            _ => Reply::no(429, "TooManyRequests", "later"),
        }
    }
}

/// What somebody who listens has in the end.
#[derive(Default)]
struct Listened {
    objects: BTreeMap<String, u32>,
    listing: Option<Vec<String>>,
    listed: bool,
}

impl Listened {
    fn take_note(&mut self, note: &str) {
        let object = |text: &str| {
            let (name, version) = text.split_once('@').unwrap();
            (name.to_owned(), version.parse::<u32>().unwrap())
        };
        match (note.split_at(1), note) {
            (_, "begin") => self.listing = Some(Vec::new()),
            (_, "end") => {
                let named = self.listing.take().unwrap_or_default();
                self.objects.retain(|name, _| named.contains(name));
                self.listed = true;
            }
            (("+", item), _) => {
                let (name, version) = object(item);
                if let Some(named) = &mut self.listing {
                    named.push(name.clone());
                }
                self.objects.insert(name, version);
            }
            (("-", item), _) => {
                self.objects.remove(&object(item).0);
            }
            _ => {}
        }
    }
}

async fn weather(seed: u64) {
    let world = Arc::new(Mutex::new(StormCluster::new(seed)));
    let shared = world.clone();
    let storm = 3 + (seed % 12) as usize;
    let server = Faulty::start(move |n, asked| {
        let mut world = shared.lock().unwrap();
        if n >= storm {
            return world.honest(asked, true);
        }
        for _ in 0..world.dice.below(3) {
            world.change();
        }
        if world.dice.below(6) == 0 {
            world.forgotten = world.version;
        }
        if world.dice.below(3) == 0 {
            world.honest(asked, false)
        } else {
            world.fault(asked)
        }
    })
    .await;
    let mut heard: Heard = watch_with(&server, hurried());
    let mut seen = Listened::default();
    let began = std::time::Instant::now();
    loop {
        // The server holds its own lock while it asks the world, so that one is never waited for under the world's.
        let asked = server.asked();
        {
            let world = world.lock().unwrap();
            // the last change comes with the first honest answer of the quiet
            if asked.len() > storm
                && seen.listed
                && seen.listing.is_none()
                && seen.objects == world.objects
            {
                return;
            }
        }
        // the state may have been reached before the last request arrives, which then brings nothing to hear
        let note = tokio::time::timeout(Duration::from_millis(50), heard.notes.recv()).await;
        {
            let world = world.lock().unwrap();
            assert!(
                began.elapsed() < Duration::from_secs(60),
                "seed {seed}: {:?} is seen, {:?} is there; asked {} times, last: {:?}",
                seen.objects,
                world.objects,
                asked.len(),
                asked
                    .iter()
                    .rev()
                    .take(4)
                    .map(|a| a.path.clone())
                    .collect::<Vec<_>>()
            );
        }
        if let Ok(note) = note {
            seen.take_note(&note.unwrap());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_storm_what_is_seen_is_what_is_there() {
    for seeds in (1..=64_u64).collect::<Vec<_>>().chunks(24) {
        futures::future::join_all(seeds.iter().map(|seed| weather(*seed))).await;
    }
}

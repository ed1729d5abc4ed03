//! Direction: which of two versions of a repository is the higher one, by their texts or by what history saw first.

use crate::belongs::runs;
use crate::delivery::Delivery;
use crate::delivery::versions::OrderBy;
use crate::model::{ActorKind, Change, Environment, Now, Order, Repository, TakenBack, Version};
use crate::store::Store;
use jiff::{SignedDuration, Timestamp};

/// How far the clock of whoever commits may be behind the one that a plan was made by.
const CLOCKS_DIFFER_S: i64 = 60;

/// Compares `one` with `other`, two versions of one repository.
pub fn compare_versions(
    store: &Store,
    delivery: &Delivery,
    repository: &Repository,
    one: &Version,
    other: &Version,
) -> Order {
    if one == other {
        return Order::Same;
    }
    let forms = &delivery.versions;
    if !forms.is_ordered(one) || !forms.is_ordered(other) {
        return Order::Unknown;
    }
    compare_releases(store, delivery, repository, one, other)
}

fn compare_releases(
    store: &Store,
    delivery: &Delivery,
    repository: &Repository,
    one: &Version,
    other: &Version,
) -> Order {
    if delivery.versions.order != OrderBy::FirstSeen {
        return delivery.versions.compare_texts(one, other);
    }
    // Either may have arrived first in a part of history that is not walked yet.
    if !store.history.is_complete() {
        return Order::Unknown;
    }
    let seen = |version| first_seen(store, delivery, repository, version);
    match (seen(one), seen(other)) {
        (Some(one), Some(other)) if one != other => Order::from(one.cmp(&other)),
        _ => Order::Unknown,
    }
}

/// When a version first arrived anywhere; the earliest possible moment if it was there before history began, none where
/// history does not know it.
fn first_seen(
    store: &Store,
    delivery: &Delivery,
    repository: &Repository,
    version: &Version,
) -> Option<Timestamp> {
    let is = |known: &Option<Version>| known.as_ref() == Some(version);
    let arrivals = delivery.environments.iter().filter_map(|stage| {
        let moves: Vec<&Change> = store
            .history
            .changes_of(&stage.name, repository)
            .iter()
            .filter(|change| change.moves_version())
            .collect();
        let oldest = moves.last()?;
        if is(&oldest.from) {
            return Some(Timestamp::MIN);
        }
        moves.iter().rev().find(|c| is(&c.to)).map(|c| c.at)
    });
    arrivals.min()
}

/// The highest version that a file had before the one that stands there now, as far as history was read.
pub fn highest_before<'a>(
    store: &'a Store,
    delivery: &Delivery,
    environment: &Environment,
    repository: &Repository,
) -> Option<&'a Version> {
    store
        .history
        .changes_of(environment, repository)
        .iter()
        .filter(|change| change.moves_version())
        .filter_map(|change| change.from.as_ref())
        .filter(|version| delivery.versions.is_ordered(version))
        .reduce(|highest, version| {
            match compare_releases(store, delivery, repository, version, highest) {
                Order::Higher => version,
                _ => highest,
            }
        })
}

/// The version that was lost where what stands now is lower and nobody meant it, and the last change, by which that is so:
/// the robot, promoting, lowers a version by accident only.
pub fn lost<'a>(
    store: &'a Store,
    delivery: &Delivery,
    environment: &Environment,
    repository: &Repository,
    now: &Version,
) -> Option<(&'a Version, &'a Change)> {
    let highest = highest_before(store, delivery, environment, repository)?;
    let moved = store.history.last_move(environment, repository)?;
    let is_lower = compare_versions(store, delivery, repository, now, highest) == Order::Lower;
    (is_lower && moved.kind == ActorKind::Robot).then_some((highest, moved))
}

/// Whether somebody moved a version to a lower one on purpose.
pub fn is_roll_back(store: &Store, delivery: &Delivery, change: &Change) -> bool {
    let (Some(from), Some(to)) = (&change.from, &change.to) else {
        return false;
    };
    change.kind != ActorKind::Robot
        && compare_versions(store, delivery, &change.repository, to, from) == Order::Lower
}

/// Whether the present version came by a roll back that somebody ordered: by the journal, else by git's last move, if
/// that is no older than a gate that counts as closed lately.
pub fn taken_back(
    store: &Store,
    delivery: &Delivery,
    environment: &Environment,
    repository: &Repository,
    version: &Version,
    now: &Now,
) -> Option<TakenBack> {
    // A newer one may be on its way, or never come.
    let mut known = store.taken_back(environment, repository).iter().rev();
    let stands =
        |back: &&TakenBack| back.to == *version && is_still(store, environment, repository, back);
    if let Some(back) = known.find(stands) {
        return Some(back.clone());
    }
    let moved = store.history.last_move(environment, repository)?;
    let lately = delivery.closed_lately_days * 86_400;
    if moved.to.as_ref() != Some(version) || now.is_past(moved.at, lately) {
        return None;
    }
    by_history(store, delivery, moved)
}

/// The roll back that a change was; none where it was something else.
fn by_history(store: &Store, delivery: &Delivery, change: &Change) -> Option<TakenBack> {
    is_roll_back(store, delivery, change).then_some(())?;
    let mover = runs::who_ordered(store, delivery, change);
    Some(TakenBack {
        from: change.from.clone()?,
        to: change.to.clone()?,
        at: change.at,
        by: mover.actor.to_owned(),
        reason: mover.reason.map(str::to_owned),
        is_left: false,
    })
}

/// The roll back that took a version away from where it stood, by the journal, else by history; none where it stands again,
/// never stood, or left otherwise. Other versions may have come and gone since: going back twice takes two away.
pub fn taken_away(
    store: &Store,
    delivery: &Delivery,
    environment: &Environment,
    repository: &Repository,
    version: &Version,
) -> Option<TakenBack> {
    let stands = store.history.stands(environment, repository);
    let last = stands.iter().find(|stand| stand.version == version);
    let came = last.and_then(|stand| stand.came);
    let known = store.taken_back(environment, repository).iter().rev();
    let mut since = known.filter(|back| came.is_none_or(|came| came.at <= back.at));
    if let Some(back) = since.find(|back| back.from == *version) {
        return Some(back.clone());
    }
    by_history(store, delivery, last?.left?)
}

/// The roll back that took the present version away from here before, and the change that brought it again; none where it
/// never was.
pub fn came_again<'a>(
    store: &'a Store,
    delivery: &Delivery,
    environment: &Environment,
    repository: &Repository,
    version: &Version,
) -> Option<(TakenBack, &'a Change)> {
    let stands = store.history.stands(environment, repository);
    let (present, before) = stands.split_first()?;
    let came = present.came.filter(|_| present.version == version)?;
    let left = before.iter().find(|stand| stand.version == version)?.left?;
    let mut known = store.taken_back(environment, repository).iter().rev();
    let known = known.find(|back| back.from == *version && back.at <= came.at);
    let back = known
        .cloned()
        .or_else(|| by_history(store, delivery, left))?;
    Some((back, came))
}

/// Whether what a roll back brought stands, and nothing else has moved the version since, as far as history knows: what
/// brings the same version again later was ordered by nobody.
///
/// Something else may have come before it, so that it moved another version than it was made for. What lies above it in
/// history came later, whatever the clock of who committed it shows.
fn is_still(
    store: &Store,
    environment: &Environment,
    repository: &Repository,
    back: &TakenBack,
) -> bool {
    let early = SignedDuration::from_secs(CLOCKS_DIFFER_S);
    let sent = back.at.checked_sub(early).unwrap_or(back.at);
    let changes = store.history.changes_of(environment, repository).iter();
    let moves = changes.filter(|change| change.moves_version());
    let brings = |change: &Change| {
        let is_made_for = change.from.as_ref() == Some(&back.from);
        let since = if is_made_for { sent } else { back.at };
        change.to.as_ref() == Some(&back.to) && change.at >= since
    };
    let brought = moves
        .enumerate()
        .filter(|(_, change)| brings(change))
        .last();
    brought.is_none_or(|(nth, _)| nth == 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::versions::VersionForms;
    use crate::model::ActorKind;
    use crate::store::fixture::Fixture;

    /// Shas say nothing of their order; which came first does, once the whole history was read.
    #[test]
    fn versions_without_an_order_of_their_own_are_put_in_the_order_they_were_first_seen_in() {
        let mut world = Fixture::new();
        world.delivery.versions = VersionForms::new(None, None, OrderBy::FirstSeen);
        let versions = ["sha-8f3c1a9", "sha-1b2c3d4", "sha-99aa00b"];
        for (environment, ago) in [("integration", 3_000), ("staging", 2_000)] {
            // Newest first, as the walk goes; the newest is rolled back from.
            for (from, to, minutes) in [(2, 1, 10), (1, 2, 20), (0, 1, 30)] {
                let (from, to, ago) = (versions[from], versions[to], ago + minutes * 60);
                world.moved(environment, "shop", from, to, ago, ActorKind::Robot);
            }
        }
        let compare = |world: &Fixture, one: &str, other: &str| {
            let (one, other) = (Version::new(one), Version::new(other));
            compare_versions(&world.store, &world.delivery, &"shop".into(), &one, &other)
        };
        let [first, second, third] = versions;
        assert_eq!(compare(&world, first, second), Order::Unknown);
        world.walked();
        for (one, other, order) in [
            (first, second, Order::Lower),
            (second, first, Order::Higher),
            (second, third, Order::Lower),
            (second, second, Order::Same),
            ("sha-0000000", first, Order::Unknown),
        ] {
            assert_eq!(compare(&world, one, other), order, "{one} {other}");
        }
        let highest = highest_before(
            &world.store,
            &world.delivery,
            &"staging".into(),
            &"shop".into(),
        );
        assert_eq!(highest.map(Version::as_str), Some(third));
    }
}

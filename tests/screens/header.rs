//! The header: each word stands beside its own cause.

use super::golden::drawn;
use super::world;
use leverframe::model::{Exposure, Fault, FaultKind};
use leverframe::store::{Kind, Source};

/// The line of the sources on the night, without its own faults, at 200 columns, so many minutes later.
fn sources(minutes: i64, change: impl FnOnce(&mut world::World)) -> String {
    let mut world = world::night();
    world.faults.clear();
    change(&mut world);
    let mut state = world.state(200, 50);
    state.now += jiff::SignedDuration::from_mins(minutes);
    let screen = drawn(&state);
    let line = screen.lines().nth(1).unwrap_or_default();
    line.trim_end().to_owned()
}

/// One list of production cannot be read.
fn break_pods(world: &mut world::World) {
    let detail = "LIST pods apps: not a list.";
    let fault = Fault::new(FaultKind::Malformed, detail, "");
    let production = Source::Cluster("production".into());
    let list = Some(Kind::Pods);
    world.faults.push((production, list, world::now(), fault));
}

#[test]
fn a_fault_of_one_list_is_not_the_cause_of_another_word() {
    let line = sources(0, |world| {
        world.exposed = vec![("production".into(), Exposure::UncheckedCertificate)];
        break_pods(world);
    });
    let said = "production NOT SAFE, pods: not a list, S";
    assert!(line.ends_with(said), "{line}");
    let line = sources(0, break_pods);
    assert!(
        line.ends_with("production ok, pods: not a list, S"),
        "{line}"
    );
    let line = sources(14, break_pods);
    let said = "production STALE 14m: no sign of life, S";
    assert!(line.ends_with(said), "{line}");
}

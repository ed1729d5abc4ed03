//! Unread: what could not be read is said, whatever else was: an empty attention would say that all is calm.

use super::*;

/// publisher in production, of which all was read but one list.
fn all_but(unread: Kind, fault: FaultKind) -> crate::board::status::Status {
    let mut world = calm_world();
    for kind in [Kind::Applications, Kind::Runs, Kind::Pods] {
        if kind != unread {
            world.listed("production", kind);
        }
    }
    if unread != Kind::Applications {
        let application = crate::store::fixture::application("production", "publisher", "v1362");
        world.fact("production", Fact::Application(application));
    }
    let fault = News::Fault {
        list: Some(usual_list(unread)),
        fault: Fault::new(fault, "the server answered 503", ""),
        retry_at: None,
    };
    world.news(Source::Cluster("production".into()), fault);
    world.status("production", "publisher")
}

fn is_said(unread: Kind, words: &str) {
    for (kind, read) in [
        (FaultKind::Broken, "cannot be read"),
        (FaultKind::Unreachable, "cannot be read"),
        (FaultKind::Forbidden, "may not be read"),
    ] {
        let status = all_but(unread, kind);
        assert_eq!(status.attention, [Word::Unread], "{:?}", status.because);
        let said = format!("{words} of production {read}: the server answered 503.");
        assert_eq!(status.because, [said]);
    }
}

#[test]
fn applications_that_cannot_be_read_are_said_though_pods_were() {
    is_said(Kind::Applications, "the Applications");
}

#[test]
fn runs_that_cannot_be_read_are_said_though_applications_and_pods_were() {
    is_said(Kind::Runs, "the runs");
    let status = all_but(Kind::Runs, FaultKind::Broken);
    assert_eq!(status.health, Some(Health::Healthy));
}

#[test]
fn pods_that_cannot_be_read_are_said_though_applications_and_runs_were() {
    is_said(Kind::Pods, "the pods");
    assert_eq!(all_but(Kind::Pods, FaultKind::Broken).live, None);
}

#[test]
fn what_was_read_once_is_not_unread_for_a_fault_that_follows() {
    let mut world = calm_world();
    for kind in [Kind::Runs, Kind::Pods] {
        world.listed("production", kind);
    }
    let application = crate::store::fixture::application("production", "publisher", "v1362");
    world.fact("production", Fact::Application(application));
    let fault = News::Fault {
        list: Some(usual_list(Kind::Runs)),
        fault: Fault::new(FaultKind::Unreachable, "cut", ""),
        retry_at: None,
    };
    world.news(Source::Cluster("production".into()), fault);
    assert_eq!(world.status("production", "publisher").attention, []);
}

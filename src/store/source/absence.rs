//! When a source counts as away, and when as back.

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_787_000_000 + second).unwrap()
}

fn list(kind: Kind) -> ClusterList {
    ClusterList::new(kind, "apps")
}

fn fault(list: Option<Kind>, kind: FaultKind) -> News {
    News::Fault {
        list: list.map(self::list),
        fault: Fault::new(kind, "no", ""),
        retry_at: None,
    }
}

fn listed(kind: Kind) -> News {
    News::Listed(list(kind))
}

/// A cluster of which two lists were read whole.
fn read() -> SourceState {
    let mut about = SourceState::default();
    for news in [
        News::Connecting(vec![list(Kind::Pods), list(Kind::Runs)]),
        listed(Kind::Pods),
        listed(Kind::Runs),
    ] {
        about.heard(at(0), &news);
    }
    about
}

/// Since when it is away after each piece of news, which come a second apart.
fn away(about: &mut SourceState, news: Vec<News>) -> Vec<Option<i64>> {
    let mut second = 0;
    let mut after = |news: &News| {
        second += 1;
        about.heard(at(second), news);
        about
            .away_since
            .map(|since| since.duration_since(at(0)).as_secs())
    };
    news.iter().map(&mut after).collect()
}

#[test]
fn a_fault_of_one_list_is_no_absence_however_it_ends() {
    for kind in [
        FaultKind::Unreachable,
        FaultKind::Forbidden,
        FaultKind::Broken,
    ] {
        let news = vec![
            fault(Some(Kind::Pods), kind),
            News::Alive,
            listed(Kind::Pods),
        ];
        assert_eq!(away(&mut read(), news), [None; 3], "{kind:?}");
    }
}

#[test]
fn it_is_back_when_the_last_list_that_got_no_answer_was_read() {
    use FaultKind::Unreachable;
    let news = vec![
        News::Alive,
        fault(Some(Kind::Runs), Unreachable),
        fault(None, Unreachable),
        fault(Some(Kind::Pods), Unreachable),
        // The first answers after it; a list that begins is not whole yet.
        News::Listing(list(Kind::Pods)),
        listed(Kind::Pods),
        News::Alive,
        listed(Kind::Runs),
    ];
    let since = Some(1);
    let expected = [None, None, since, since, since, since, since, None];
    assert_eq!(away(&mut read(), news), expected);
}

#[test]
fn a_list_of_a_target_that_was_closed_keeps_nobody_away() {
    use FaultKind::Unreachable;
    let news = vec![
        fault(Some(Kind::Jobs), Unreachable),
        fault(None, Unreachable),
        News::Alive,
    ];
    assert_eq!(away(&mut read(), news), [None, Some(0), None]);
}

#[test]
fn a_source_that_refuses_everything_is_there_and_one_whose_login_ended_is_not() {
    use FaultKind::{Broken, Forbidden, Unauthorized};
    let refused = vec![fault(None, Forbidden), fault(Some(Kind::Pods), Forbidden)];
    assert_eq!(away(&mut read(), refused), [None; 2]);
    let expired = vec![fault(None, Unauthorized), listed(Kind::Pods)];
    assert_eq!(away(&mut read(), expired), [Some(0), None]);
    let broken = vec![fault(None, Broken), listed(Kind::Pods)];
    assert_eq!(away(&mut read(), broken), [Some(0), None]);
    // Nothing is read of it, but what refuses one list has answered.
    let partly = vec![
        fault(Some(Kind::Runs), Forbidden),
        fault(None, Broken),
        fault(Some(Kind::Pods), Broken),
        listed(Kind::Pods),
    ];
    assert_eq!(away(&mut read(), partly), [None; 4]);
}

#[test]
fn history_that_is_walked_on_brings_no_repository_back() {
    let walked = super::super::Walked::Older(at(0));
    let mut git = SourceState::default();
    git.heard(at(0), &News::Alive);
    let news = vec![
        fault(None, FaultKind::Unreachable),
        News::Changes {
            changes: Vec::new(),
            walked,
        },
        fault(None, FaultKind::Unreachable),
        News::Alive,
    ];
    assert_eq!(away(&mut git, news), [Some(0), Some(0), Some(0), None]);
}

/// A list is announced before the server is asked, again after each try.
#[test]
fn who_was_asked_and_never_answered_gave_no_sign_of_life() {
    let mut about = SourceState::default();
    about.heard(at(0), &News::Connecting(vec![list(Kind::Runs)]));
    about.heard(at(1), &News::Listing(list(Kind::Runs)));
    assert_eq!(
        (about.age_s(at(2)), about.reach(at(2))),
        (None, Reach::Unread)
    );
    assert!(about.is_reading(at(2)));
    about.heard(at(3), &fault(None, FaultKind::Unreachable));
    about.heard(at(4), &News::Listing(list(Kind::Runs)));
    assert_eq!(
        (about.age_s(at(5)), about.reach(at(5))),
        (None, Reach::Failed)
    );
    about.heard(at(6), &News::Alive);
    assert_eq!((about.age_s(at(7)), about.whole_fault()), (Some(1), None));
}

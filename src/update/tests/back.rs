//! A source that was away comes back, and what was missed meanwhile is said; nothing is said of one that never left.

use super::*;
use crate::store::{Delta, Kind, News, Source};

fn comes(state: &mut State, source: &Source, news: News) {
    let delta = Delta {
        source: source.clone(),
        subscription: 1,
        seen_at: ago(-1),
        news,
    };
    update(state, Message::Delta(delta));
}

fn fault(list: Option<Kind>) -> News {
    News::Fault {
        list: list.map(usual_list),
        fault: Fault::new(FaultKind::Unreachable, "connection refused", ""),
        retry_at: None,
    }
}

/// The notice after each piece of news.
fn said(state: &mut State, source: &str, news: Vec<News>) -> Vec<Option<String>> {
    let source = Source::Cluster(source.into());
    let mut after = |news| {
        state.ui.notice = None;
        comes(state, &source, news);
        state.ui.notice.as_ref().map(|notice| notice.text.clone())
    };
    news.into_iter().map(&mut after).collect()
}

#[test]
fn only_what_was_away_as_a_whole_is_back() {
    let mut state = state(world());
    let read = vec![News::Listed(usual_list(Kind::Pods)), News::Alive];
    assert_eq!(said(&mut state, "production", read), [None, None]);
    // Another source is away all the time.
    let other = vec![News::Alive, fault(None)];
    assert_eq!(said(&mut state, "staging", other), [None, None]);
    let one_list = vec![
        fault(Some(Kind::Pods)),
        News::Alive,
        News::Listed(usual_list(Kind::Pods)),
    ];
    assert_eq!(said(&mut state, "production", one_list), [None, None, None]);
    let whole = vec![fault(None), fault(Some(Kind::Pods)), News::Alive];
    assert_eq!(said(&mut state, "production", whole), [None, None, None]);
    let listed = vec![News::Listed(usual_list(Kind::Pods))];
    let back = "production is back; since you left: 0 changes.";
    assert_eq!(said(&mut state, "production", listed), [Some(back.into())]);
    let back = "staging is back; since you left: 0 changes.";
    assert_eq!(
        said(&mut state, "staging", vec![News::Alive]),
        [Some(back.into())]
    );
}

#[test]
fn that_a_source_is_back_is_said_no_longer_than_it_is() {
    let production = Source::Cluster("production".into());
    let back = |ends: &dyn Fn(&mut State)| {
        let mut state = state(world());
        let list = || News::Listed(usual_list(Kind::Pods));
        for news in [list(), News::Alive, fault(None), list(), News::Alive] {
            comes(&mut state, &production, news);
        }
        derive_state(&mut state);
        let notice = state.ui.notice.as_ref().unwrap();
        assert!(notice.text.starts_with("production is back;"), "{notice:?}");
        ends(&mut state);
        derive_state(&mut state);
        state.ui.notice.is_some()
    };
    assert!(back(&|_| {}));
    assert!(!back(&|state| comes(state, &production, fault(None))));
    let silent = |state: &mut State| {
        update(state, Message::Ticked(ago(-120)));
    };
    assert!(!back(&silent));
}

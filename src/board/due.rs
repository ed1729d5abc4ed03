//! Due: which apps' rows say something else when a moment comes, though no fact does.

use crate::model::App;
use jiff::Timestamp;
use std::collections::{BTreeSet, HashMap};

#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Due {
    in_order: BTreeSet<(Timestamp, App)>,
    of_app: HashMap<App, Timestamp>,
}

impl Due {
    /// An app's rows change by time alone at this moment at the latest; none: they do not.
    pub(super) fn note(&mut self, app: &App, until: Option<Timestamp>) {
        let Some(until) = until else {
            return;
        };
        if self.of_app.get(app).is_some_and(|known| *known <= until) {
            return;
        }
        self.forget(app);
        self.of_app.insert(app.clone(), until);
        self.in_order.insert((until, app.clone()));
    }

    /// Its rows are derived again.
    pub(super) fn forget(&mut self, app: &App) {
        if let Some(until) = self.of_app.remove(app) {
            self.in_order.remove(&(until, app.clone()));
        }
    }

    /// The apps whose moment has come, the earliest first.
    pub(super) fn apps(&self, now: Timestamp) -> impl Iterator<Item = &App> {
        let come = self.in_order.iter().take_while(move |(at, _)| *at <= now);
        come.map(|(_, app)| app)
    }
}

//! Changed: what is different in a plan that was decided again while it is open, so that it must be looked at again
//! before it is sent.
//!
//! Deliberately absent: ages, which run on, and what no longer speaks against it.

use super::{Check, CheckName, Context, Plan, Verdict, Weight, Write, mark, plan};
use crate::model::Version;
use std::sync::Arc;

/// What changed under an open plan.
#[derive(Clone, PartialEq, Debug)]
pub enum Changed {
    /// What stands there, and is now this.
    From(Option<Version>),
    /// What it would bring, and was this before.
    To(Option<Version>),
    Reach,
    /// A check that speaks against it, and did not before or for another reason.
    Check(CheckName),
    Write,
    /// What stays open behind it, or what it leaves to be undone.
    Then,
    /// It would be refused now, because of this.
    Refused(String),
}

impl Changed {
    pub fn is_about_the_same(&self, other: &Changed) -> bool {
        match (self, other) {
            (Changed::Check(one), Changed::Check(two)) => one == two,
            _ => std::mem::discriminant(self) == std::mem::discriminant(other),
        }
    }
}

impl Plan {
    /// What is different in it since `shown`; empty where both come to the same. The moment of reading, the reason and an
    /// object's resourceVersion may differ. The context is what it was decided on.
    pub fn changes_since(&self, shown: &Plan, context: &Context<'_>) -> Vec<Changed> {
        let mut changes = Vec::new();
        if self.from != shown.from {
            changes.push(Changed::From(self.from.clone()));
        }
        if self.to != shown.to {
            changes.push(Changed::To(shown.to.clone()));
        }
        if self.is_same_move(shown) && bare_write(self) != bare_write(shown) {
            changes.push(Changed::Write);
        }
        if self.reach.environments != shown.reach.environments
            || self.reach.arrivals != shown.reach.arrivals
        {
            changes.push(Changed::Reach);
        }
        if (&self.warning, &self.debt) != (&shown.warning, &shown.debt) && self.is_same_move(shown)
        {
            changes.push(Changed::Then);
        }
        let checks = self.checks_changed_since(shown, context);
        changes.extend(checks.into_iter().map(Changed::Check));
        changes
    }

    fn is_same_move(&self, shown: &Plan) -> bool {
        (&self.from, &self.to) == (&shown.from, &shown.to)
    }

    /// The checks that speak against it and did not, or did for another reason.
    fn checks_changed_since(&self, shown: &Plan, context: &Context<'_>) -> Vec<CheckName> {
        let (mut changed, mut reworded) = (Vec::new(), Vec::new());
        for check in self.checks.iter().filter(|check| speaks_against(check)) {
            if !shown
                .checks
                .iter()
                .any(|before| is_judged_alike(before, check))
            {
                changed.push(check.name);
            } else if wants_its_words(check) && !shown.checks.contains(check) {
                reworded.push(check.name);
            }
        }
        if reworded.is_empty() {
            return changed;
        }
        // Ages and clocks run on in these words. What the facts of now would have said at the moment of the plan that is
        // shown differs from what it says only where the facts do.
        let then = Context {
            now: shown.made_at,
            ..*context
        };
        // Had it been refused then, they differ all.
        if let Ok(then) = plan(&shown.request, &then) {
            reworded.retain(|name| {
                let mut checks = then.checks.iter().filter(|check| check.name == *name);
                checks.any(|check| speaks_against(check) && !shown.checks.contains(check))
            });
        }
        changed.extend(reworded);
        changed
    }
}

fn speaks_against(check: &Check) -> bool {
    matches!(check.verdict, Verdict::Failed | Verdict::Unknown)
}

/// What is only shown, such as a fault of a source that the plan does not rest on, counts by its verdict: its words may
/// change with every try to read it.
fn wants_its_words(check: &Check) -> bool {
    check.weight != Weight::Shown
}

fn is_judged_alike(one: &Check, other: &Check) -> bool {
    (one.name, one.weight, one.verdict) == (other.name, other.weight, other.verdict)
}

/// The write without the reason and without an object's resourceVersion.
fn bare_write(plan: &Plan) -> Write {
    let mut write = plan.write.clone();
    mark::reason(&mut write, None);
    if let Write::Patch {
        resource_version, ..
    } = &mut write
    {
        *resource_version = Arc::default();
    }
    write
}

//! Ears: whoever listens to a watch, and what they hear.

use crate::model::Fault;
use crate::provider::kubernetes::wire::{Meta, Wire};
use jiff::Timestamp;
use std::sync::Arc;

/// One piece of what a watch sees, in order.
#[derive(Debug)]
pub enum Seen<T> {
    /// A list begins: what it does not name until its end is gone then.
    Begin,
    /// An object, new or changed.
    Item(Box<T>),
    /// The list is whole.
    End,
    /// An object was deleted, or left the selector.
    Gone(Meta),
    /// An object that cannot be read: its name (or `?`) and why.
    Odd { name: Arc<str>, why: Arc<str> },
    /// A sign of life.
    Alive,
    /// What a fault was told of works again, and nothing was missed meanwhile.
    Well,
    /// The far side's clock minus ours, in milliseconds.
    Skew(i64),
    /// No answer, or not the wanted one; what was seen before is only getting older.
    Fault {
        fault: Fault,
        retry_at: Option<Timestamp>,
    },
}

/// Somebody who listens. Taking long is allowed: it makes the watch wait, and the server after it.
pub trait Ears<T: Wire>: Send {
    /// Hears one piece; false when nobody listens any more.
    fn hear(&mut self, seen: Seen<T>) -> impl Future<Output = bool> + Send;
    /// Ends when nobody listens any more.
    fn deaf(&self) -> impl Future<Output = ()> + Send;
}

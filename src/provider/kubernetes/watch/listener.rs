//! Listener: what receives the events of a watch.

use crate::model::Fault;
use crate::provider::kubernetes::wire::{Meta, Wire};
use jiff::Timestamp;
use std::sync::Arc;

/// One piece of what a watch reads, in order.
#[derive(Debug)]
pub enum WatchEvent<T> {
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
    /// The watch works again after a fault, and missed nothing meanwhile.
    Recovered,
    /// The far side's clock minus ours, in milliseconds.
    Skew(i64),
    /// No answer, or not the wanted one; what was seen before is only getting older.
    Fault {
        fault: Fault,
        retry_at: Option<Timestamp>,
    },
}

/// Receives the events of a watch. It may take long: the watch waits for it, and so does the server.
pub trait Listener<T: Wire>: Send {
    /// Receives one event; false when nobody wants any more.
    fn receive(&mut self, event: WatchEvent<T>) -> impl Future<Output = bool> + Send;
    /// Ends when nobody wants any more events.
    fn closed(&self) -> impl Future<Output = ()> + Send;
    /// Why no more is received although somebody still wants events: once, after `receive` has said no.
    fn overfull(&mut self) -> Option<String> {
        None
    }
}

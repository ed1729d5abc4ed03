//! Update: the one writer of the state.
//!
//! Deliberately absent: clocks, IO, waiting and randomness.

use crate::effect::Effect;
use crate::message::Message;
use crate::state::State;

/// Takes one message in, and says what shall be done.
pub fn update(_state: &mut State, _message: Message) -> Vec<Effect> {
    Vec::new()
}

/// Derives what is derived from the facts, once before a frame rather than once a fact.
pub fn settle(_state: &mut State) {}

//! Screen: what is where on the screen and what it is about, as data. It stands between the state and both `update`,
//! which changes it, and `view`, which draws it.
//!
//! Both ask here, so that a key means what is drawn under it. Deliberately absent: changing the state, and drawing.

pub mod banner;
pub mod confirm;
pub mod copy;
pub mod help;
pub mod keys;
pub mod layout;
pub mod levers;
pub mod line;
pub mod list;
pub mod log;
pub mod message;
pub mod mute;
pub mod off;
pub mod palette;
pub mod place;
pub mod proposed;
pub mod question;
pub mod recent;
pub mod refused;
pub mod room;
pub mod run;
pub mod sentence;
pub mod target;
pub mod time;
pub mod trouble;

//! Faults: the far side breaks off, or the process is killed, at each point of sending; afterwards the journal tells the
//! truth, and nothing was sent twice.

mod cluster;
mod git;
mod relay;

//! Status: what is to be said of one target, derived from the facts.

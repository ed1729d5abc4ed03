//! Arguments, error hooks, runtime, run.
fn main() {}

//! Cases: how many made-up inputs a property test tries, and from which seed.
//!
//! The seed is fixed, so that a run fails for what was changed and never by chance. `PROPTEST_CASES` asks for a longer run,
//! `PROPTEST_RNG_SEED` for another one; what such a run finds is kept as a test of its own, with the input written out.

use proptest::test_runner::{Config, RngSeed};

const SEED: u64 = 1897;

/// The configuration of a property test that usually tries so many inputs.
pub fn cases(usual: u32) -> Config {
    let from_environment = Config::default();
    Config {
        cases: match std::env::var_os("PROPTEST_CASES") {
            Some(_) => from_environment.cases,
            None => usual,
        },
        rng_seed: match from_environment.rng_seed {
            RngSeed::Random => RngSeed::Fixed(SEED),
            asked => asked,
        },
        failure_persistence: None,
        ..from_environment
    }
}

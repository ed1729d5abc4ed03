//! Fixture: the settings that unit tests run under.

use super::Settings;
use crate::plan::Actor;
use jiff::tz::TimeZone;

impl Settings {
    /// The settings of an operator in London who may do everything, for tests.
    pub(crate) fn for_tests() -> Self {
        Self {
            who: Actor {
                login: "ops-1".into(),
                from: None,
                shared: false,
            },
            host: "bastion".into(),
            read_only: false,
            demo: None,
            zone: TimeZone::UTC,
            zone_name: "London".into(),
            theme: Default::default(),
            clusters: Default::default(),
            logins: Default::default(),
            log_cap: 1 << 20,
        }
    }
}

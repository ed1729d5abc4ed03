//! Retries: when Argo CD tries a failed operation again, and in which words it says so.
//!
//! The rule is the controller's (`RetryStrategy.NextRetryAt`): five seconds, doubled with each try, three minutes at most.

use jiff::Timestamp;
use serde_json::Value;

use super::workload::jobs::FAILED_HOOK_LASTS;

/// How often auto-sync tries again where the Application says nothing.
pub const USUAL_LIMIT: u64 = 5;

/// What Argo CD says of a try in which something failed.
pub const UNSUCCESSFUL: &str = "one or more synchronization tasks completed unsuccessfully";

/// How often an operation is tried again at most; without a word of it never.
pub fn limit(operation: &Value) -> u64 {
    operation["retry"]["limit"].as_u64().unwrap_or(0)
}

/// Simulated seconds from the end of a failed try to the next, which is retry number `retry`.
pub fn pause_before(retry: u64) -> f64 {
    let doubled = 1_u64 << retry.min(10);
    (5.0 * doubled as f64).min(180.0)
}

/// While the next try is waited for.
pub fn waiting(retry: u64, at: Timestamp) -> String {
    format!(
        "{UNSUCCESSFUL}. Retrying attempt #{retry} at {}.",
        at.strftime("%-I:%M%p")
    )
}

/// When the next try begins.
pub fn beginning(retry: u64) -> String {
    format!("Retrying operation. Attempt #{retry}")
}

/// When no further try follows.
pub fn given_up(retries: u64) -> String {
    match retries {
        0 => UNSUCCESSFUL.to_owned(),
        retries => format!("{UNSUCCESSFUL} (retried {retries} times)."),
    }
}

/// How far an operation has come whose every try fails by a hook.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RetryState {
    /// The number of the next try, or of the last one.
    pub retries: u64,
    /// Seconds from the operation's start to the end of the try before.
    pub failed_after: f64,
    /// No further try follows.
    pub is_over: bool,
}

/// How far such an operation has come so many seconds after its start. A try under way has not changed it yet.
pub fn retry_state(elapsed: f64) -> RetryState {
    let mut failed_after = FAILED_HOOK_LASTS;
    for retries in 1..=USUAL_LIMIT {
        let fails_again = failed_after + pause_before(retries) + FAILED_HOOK_LASTS;
        if elapsed < fails_again {
            return RetryState {
                retries,
                failed_after,
                is_over: false,
            };
        }
        failed_after = fails_again;
    }
    RetryState {
        retries: USUAL_LIMIT,
        failed_after,
        is_over: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_words_and_pauses_are_argo_cds_own() {
        let at = "2026-11-21T16:48:07Z".parse().unwrap();
        assert_eq!(
            waiting(3, at),
            "one or more synchronization tasks completed unsuccessfully. Retrying attempt #3 at 4:48PM."
        );
        assert_eq!(beginning(3), "Retrying operation. Attempt #3");
        assert_eq!(
            given_up(5),
            "one or more synchronization tasks completed unsuccessfully (retried 5 times)."
        );
        let pauses: Vec<f64> = (1..=6).map(pause_before).collect();
        assert_eq!(pauses, [10.0, 20.0, 40.0, 80.0, 160.0, 180.0]);
        assert_eq!(limit(&json!({ "retry": { "limit": 5 } })), 5);
        assert_eq!(limit(&json!({ "sync": {} })), 0);
    }

    #[test]
    fn a_failing_operation_is_tried_five_times_again_in_eleven_minutes() {
        let at = |elapsed| {
            let state = retry_state(elapsed);
            (state.retries, state.failed_after, state.is_over)
        };
        assert_eq!(at(65.0), (1, 60.0, false));
        assert_eq!(at(230.0), (3, 210.0, false));
        assert_eq!(at(669.0), (5, 450.0, false));
        assert_eq!(at(671.0), (5, 670.0, true));
    }
}

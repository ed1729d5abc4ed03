//! Retry: whether the engine will try again what has failed, by the expression of its retry strategy.
//!
//! The engine backs off before it asks the expression: a run that will surely fail looks like a running one for minutes.
//! Expressions are understood in the few words in which they are usually written; what another one says is not known.
//! Deliberately absent: limits (a retry that backs off has not reached its limit) and policies.

use super::{Node, NodeKind, NodePhase, Run};
use jiff::{SignedDuration, Timestamp};

/// A retry that waits before its next try.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BackOff {
    pub until: Timestamp,
    /// No try will follow: what failed has failed.
    pub is_decided: bool,
}

impl BackOff {
    /// `16:44Z`.
    pub fn until_words(&self) -> String {
        clock(self.until)
    }
}

/// `16:44Z`: it is never far.
pub fn clock(at: Timestamp) -> String {
    at.strftime("%H:%MZ").to_string()
}

/// Longer expressions are not looked at.
const LONGEST: usize = 1_000;

impl Run {
    /// The wait of the whole run before its next try; none while it does something else.
    pub fn back_off(&self) -> Option<BackOff> {
        // A stop leaves the node of the retry as it was.
        if self.phase.is_over() {
            return None;
        }
        let nodes = self.nodes.read();
        let root = nodes
            .iter()
            .find(|node| node.name == self.id.name && node.kind == NodeKind::Retry)?;
        let tries = nodes.iter().filter_map(|node| {
            let number = node.name.strip_prefix(&*root.name)?;
            let number = number.strip_prefix('(')?.strip_suffix(')')?;
            Some((number.parse::<u32>().ok()?, node))
        });
        let (_, last) = tries.max_by_key(|(number, _)| *number)?;
        let until = backs_off_until(root, last)?;
        let again = self.retry_expression.as_deref();
        let again = again.and_then(|expression| tries_again(expression, last));
        Some(BackOff {
            until,
            is_decided: again == Some(false),
        })
    }
}

/// Until when a retry waits after its last try; none where it does not.
pub fn backs_off_until(retry: &Node, last: &Node) -> Option<Timestamp> {
    let waits = retry.phase == NodePhase::Running && last.phase.has_failed();
    let pause = retry.message.as_deref()?.strip_prefix("Backoff for ")?;
    let until = last.finished?.checked_add(duration(pause)?).ok()?;
    waits.then_some(until)
}

/// `2 minutes 0 seconds`, as the engine words it.
fn duration(text: &str) -> Option<SignedDuration> {
    let mut words = text.split_whitespace();
    let mut seconds: i64 = 0;
    while let Some(number) = words.next() {
        let number: i64 = number.parse().ok()?;
        let unit = match words.next()?.trim_end_matches('s') {
            "second" => 1,
            "minute" => 60,
            "hour" => 3_600,
            "day" => 86_400,
            _ => return None,
        };
        seconds = seconds.checked_add(number.checked_mul(unit)?)?;
    }
    Some(SignedDuration::from_secs(seconds))
}

/// Whether another try follows one that failed; none where the expression is not understood.
pub fn tries_again(expression: &str, last: &Node) -> Option<bool> {
    if expression.len() > LONGEST {
        return None;
    }
    let mut reading = Reading {
        rest: expression,
        last,
    };
    let answer = reading.either()?;
    let is_whole = reading.rest.trim().is_empty();
    match answer {
        Value::Truth(answer) if is_whole => Some(answer),
        _ => None,
    }
}

#[derive(Clone, PartialEq, Debug)]
enum Value<'a> {
    Truth(bool),
    Number(i64),
    Text(&'a str),
}

/// An expression being read; each part is none where it is not understood.
struct Reading<'a> {
    rest: &'a str,
    last: &'a Node,
}

impl<'a> Reading<'a> {
    fn takes(&mut self, sign: &str) -> bool {
        let rest = self.rest.trim_start();
        let found = rest.strip_prefix(sign);
        self.rest = found.unwrap_or(rest);
        found.is_some()
    }

    fn either(&mut self) -> Option<Value<'a>> {
        let mut value = self.both()?;
        while self.takes("||") {
            value = Value::Truth(truth(value)? | truth(self.both()?)?);
        }
        Some(value)
    }

    fn both(&mut self) -> Option<Value<'a>> {
        let mut value = self.compared()?;
        while self.takes("&&") {
            value = Value::Truth(truth(value)? & truth(self.compared()?)?);
        }
        Some(value)
    }

    fn compared(&mut self) -> Option<Value<'a>> {
        let left = self.part()?;
        // The longer signs first.
        for sign in ["==", "!=", ">=", "<=", ">", "<"] {
            if self.takes(sign) {
                let right = self.part()?;
                return compare(&left, sign, &right).map(Value::Truth);
            }
        }
        Some(left)
    }

    fn part(&mut self) -> Option<Value<'a>> {
        if self.takes("!") {
            return Some(Value::Truth(!truth(self.part()?)?));
        }
        if self.takes("(") {
            let value = self.either()?;
            return self.takes(")").then_some(value);
        }
        if self.takes("asInt(") {
            let number = match self.either()? {
                Value::Text(text) => text.parse().ok()?,
                Value::Number(number) => number,
                Value::Truth(_) => return None,
            };
            return self.takes(")").then_some(Value::Number(number));
        }
        for quote in ["\"", "'"] {
            if self.takes(quote) {
                let (text, rest) = self.rest.split_once(quote)?;
                self.rest = rest;
                return Some(Value::Text(text));
            }
        }
        let end = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
        let (word, rest) = self
            .rest
            .split_at(self.rest.find(end).unwrap_or(self.rest.len()));
        self.rest = rest;
        match word {
            "true" => Some(Value::Truth(true)),
            "false" => Some(Value::Truth(false)),
            // A try that is no pod has none, which the engine calls -1.
            "lastRetry.exitCode" => {
                Some(Value::Text(self.last.exit_code.as_deref().unwrap_or("-1")))
            }
            "lastRetry.status" => Some(Value::Text(self.last.phase.as_str())),
            number => number.parse().ok().map(Value::Number),
        }
    }
}

fn truth(value: Value<'_>) -> Option<bool> {
    match value {
        Value::Truth(truth) => Some(truth),
        _ => None,
    }
}

fn compare(left: &Value<'_>, sign: &str, right: &Value<'_>) -> Option<bool> {
    let order = match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.cmp(right),
        (Value::Text(left), Value::Text(right)) if matches!(sign, "==" | "!=") => left.cmp(right),
        _ => return None,
    };
    Some(match sign {
        "==" => order.is_eq(),
        "!=" => order.is_ne(),
        ">=" => order.is_ge(),
        "<=" => order.is_le(),
        ">" => order.is_gt(),
        _ => order.is_lt(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(phase: NodePhase, exit: Option<&str>) -> Node {
        Node {
            id: "r".into(),
            name: "r".into(),
            display_name: "r".into(),
            kind: NodeKind::Pod,
            phase,
            template: "".into(),
            boundary: None,
            children: Vec::new(),
            message: None,
            started: None,
            finished: Timestamp::from_second(100).ok(),
            exit_code: exit.map(Into::into),
            hooked: false,
            retried: true,
        }
    }

    #[test]
    fn the_usual_expressions_are_answered_and_others_are_not_known() {
        let usual = "asInt(lastRetry.exitCode) > 1";
        for (expression, exit, again) in [
            (usual, Some("1"), Some(false)),
            (usual, Some("2"), Some(true)),
            // A DAG has no code of its own.
            (usual, None, Some(false)),
            (usual, Some("odd"), None),
            ("lastRetry.exitCode == \"143\"", Some("143"), Some(true)),
            ("lastRetry.exitCode != '143'", Some("143"), Some(false)),
            ("lastRetry.status == 'Error'", Some("1"), Some(false)),
            (
                "lastRetry.status == 'Error' || asInt(lastRetry.exitCode) >= 100",
                Some("100"),
                Some(true),
            ),
            (
                "!(lastRetry.status == 'Failed') && true",
                Some("1"),
                Some(false),
            ),
            ("asInt(lastRetry.exitCode) in [2, 3]", Some("1"), None),
            ("lastRetry.message matches 'x'", Some("1"), None),
            ("asInt(lastRetry.exitCode) > 1 &&", Some("1"), None),
            ("lastRetry.exitCode > 1", Some("2"), None),
            ("1", Some("1"), None),
            ("", Some("1"), None),
            ("\u{2713}", Some("1"), None),
        ] {
            let last = node(NodePhase::Failed, exit);
            assert_eq!(
                tries_again(expression, &last),
                again,
                "{expression} {exit:?}"
            );
        }
        let nested = "(".repeat(LONGEST + 1);
        assert_eq!(tries_again(&nested, &node(NodePhase::Failed, None)), None);
    }

    #[test]
    fn a_retry_backs_off_until_its_pause_after_the_last_try_is_over() {
        let until = |message: &str, phase: NodePhase| {
            let retry = Node {
                phase: NodePhase::Running,
                message: Some(message.into()),
                ..node(NodePhase::Running, None)
            };
            backs_off_until(&retry, &node(phase, None)).map(Timestamp::as_second)
        };
        for (message, second) in [
            ("Backoff for 2 minutes 0 seconds", Some(220)),
            ("Backoff for 15 seconds", Some(115)),
            ("Backoff for 1 hour 1 minute 1 second", Some(3_761)),
            ("Backoff for a while", None),
            ("No more retries left", None),
        ] {
            assert_eq!(until(message, NodePhase::Failed), second, "{message}");
        }
        assert_eq!(until("Backoff for 15 seconds", NodePhase::Running), None);
    }
}

//! Happening: a Kubernetes Event, in which a component reports something about an object.
//!
//! Deliberately absent: series of the newer events API beyond their count and last time.

use super::{Meta, Wire, maybe, text, time};
use crate::model::{self, Environment};
use crate::store::{Fact, Kind};
use jiff::Timestamp;
use serde::Deserialize;
use std::sync::Arc;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Happening {
    metadata: Meta,
    #[serde(default, deserialize_with = "maybe")]
    involved_object: About,
    #[serde(default, rename = "type", deserialize_with = "text")]
    kind: Option<Arc<str>>,
    #[serde(default, deserialize_with = "text")]
    reason: Option<Arc<str>>,
    #[serde(default, deserialize_with = "text")]
    message: Option<Arc<str>>,
    #[serde(default)]
    count: Option<i64>,
    #[serde(default, deserialize_with = "time")]
    last_timestamp: Option<Timestamp>,
    #[serde(default, deserialize_with = "time")]
    event_time: Option<Timestamp>,
    #[serde(default)]
    series: Option<Series>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct About {
    #[serde(deserialize_with = "maybe")]
    kind: String,
    #[serde(deserialize_with = "maybe")]
    name: String,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Series {
    count: Option<i64>,
    #[serde(deserialize_with = "time")]
    last_observed_time: Option<Timestamp>,
}

impl Wire for Happening {
    const KIND: Kind = Kind::Happenings;

    fn meta(&self) -> &Meta {
        &self.metadata
    }

    fn about(&self) -> Option<&str> {
        Some(&self.involved_object.name)
    }

    fn fact(self, environment: &Environment) -> Fact {
        let series = self.series.unwrap_or_default();
        Fact::Happening(model::Happening {
            id: self.metadata.id(environment),
            about: Arc::from(format!(
                "{}/{}",
                self.involved_object.kind, self.involved_object.name
            )),
            warning: self.kind.as_deref() == Some("Warning"),
            reason: self.reason.unwrap_or_default(),
            message: self.message.unwrap_or_default(),
            count: series.count.or(self.count).unwrap_or(1),
            at: series
                .last_observed_time
                .or(self.last_timestamp)
                .or(self.event_time)
                .or(self.metadata.creation_timestamp),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::kubernetes::wire::read;

    #[test]
    fn both_shapes_of_events_are_read() {
        let old = read::<Happening>(
            br#"{"metadata":{"name":"a.1","namespace":"apps"},"involvedObject":{"kind":"Pod","name":"a"},"reason":"BackOff",
            "message":"back-off","type":"Warning","count":7,"firstTimestamp":null,"lastTimestamp":"2026-11-20T03:11:00Z","eventTime":null}"#,
        );
        let Fact::Happening(old) = old.unwrap().fact(&"staging".into()) else {
            unreachable!()
        };
        assert_eq!((&*old.about, old.warning, old.count), ("Pod/a", true, 7));
        assert_eq!(old.at, "2026-11-20T03:11:00Z".parse().ok());
        let new = read::<Happening>(
            br#"{"metadata":{"name":"a.2","namespace":"apps"},"involvedObject":{"kind":"Pod","name":"a"},"type":"Normal",
            "lastTimestamp":null,"eventTime":"2026-11-20T03:00:00.123456Z","series":{"count":3,"lastObservedTime":"2026-11-20T03:05:00.000001Z"}}"#,
        );
        let Fact::Happening(new) = new.unwrap().fact(&"staging".into()) else {
            unreachable!()
        };
        assert_eq!((new.warning, new.count), (false, 3));
        assert_eq!(new.at, "2026-11-20T03:05:00.000001Z".parse().ok());
    }
}

//! Weight: about how many bytes a fact takes as long as it is kept, so that what keeps facts can be bounded.
//!
//! Texts that facts share are counted for each of them: it is a bound, not a measurement.

use super::Fact;
use crate::model::live::{Condition, Hook};
use crate::model::*;
use std::sync::Arc;

impl Fact {
    /// Bytes, rounded up.
    pub fn weight(&self) -> usize {
        match self {
            Fact::Application(x) => x.weight(),
            Fact::Run(x) => x.weight(),
            Fact::Deployment(x) => x.weight(),
            Fact::Pod(x) => x.weight(),
            Fact::Job(x) => x.weight(),
            Fact::Happening(x) => x.weight(),
        }
    }
}

trait Weight {
    fn weight(&self) -> usize;
}

/// A shared text has two counters before its bytes.
const COUNTERS: usize = 2 * size_of::<usize>();

impl Weight for Arc<str> {
    fn weight(&self) -> usize {
        size_of::<Self>() + COUNTERS + self.len()
    }
}

impl Weight for i32 {
    fn weight(&self) -> usize {
        size_of::<Self>()
    }
}

impl<T: Weight> Weight for Option<T> {
    fn weight(&self) -> usize {
        self.as_ref().map_or(0, T::weight)
    }
}

impl<T: Weight> Weight for Vec<T> {
    fn weight(&self) -> usize {
        self.iter().map(T::weight).sum()
    }
}

impl<A: Weight, B: Weight> Weight for (A, B) {
    fn weight(&self) -> usize {
        self.0.weight() + self.1.weight()
    }
}

impl Weight for Texts {
    fn weight(&self) -> usize {
        let entries = self.iter();
        entries
            .map(|(key, text)| key.weight() + text.weight())
            .sum()
    }
}

impl Weight for Nodes {
    fn weight(&self) -> usize {
        match self {
            Nodes::Read(nodes) => nodes.weight(),
            Nodes::Unread(why) => why.weight(),
        }
    }
}

macro_rules! words_weigh {
    ($($type:ty)*) => {$(
        impl Weight for $type {
            fn weight(&self) -> usize {
                self.as_str().len()
            }
        }
    )*};
}

words_weigh!(Sync Health Phase RunPhase NodePhase NodeKind);

/// The fields that have texts of their own; the others are part of the size.
macro_rules! weigh {
    ($($type:ty: $($field:ident)*;)*) => {$(
        impl Weight for $type {
            fn weight(&self) -> usize {
                size_of::<Self>() $(+ self.$field.weight())*
            }
        }
    )*};
}

weigh! {
    ObjectId: namespace name uid;
    Application: id resource_version annotations project sync compared_revision synced_revision health health_message
        operation operation_plan conditions sync_options retry parent target_revision images out_of_sync to_prune;
    Operation: phase message revision hooks failed;
    Hook: kind namespace name stage phase message;
    Condition: kind status reason message;
    Run: id resource_version template labels annotations generate_name owners spec parameters phase message shutdown
        progress nodes exit_handler retry_expression;
    Node: id name display_name kind phase template boundary children message exit_code;
    Deployment: id labels conditions images;
    Pod: id labels node_id job phase reason unschedulable containers init_containers;
    Container: name image image_id container_id waiting waiting_message terminated;
    Job: id labels hook conditions;
    Happening: id about reason message;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::fixture::{application, pod};

    /// What a hostile server makes long anywhere weighs as much.
    #[test]
    fn a_long_text_weighs_its_length_wherever_it_stands() {
        let long: Arc<str> = "x".repeat(1_000_000).into();
        let of = |change: &dyn Fn(&mut Application)| {
            let mut app = application("staging", "publisher", "v1");
            change(&mut app);
            Fact::Application(app).weight()
        };
        assert!(of(&|_| {}) < 2_000);
        assert!(of(&|app| app.health = Health::parse(&long)) > 1_000_000);
        assert!(of(&|app| app.out_of_sync = vec![long.clone()]) > 1_000_000);
        assert!(
            of(&|app| {
                app.annotations.insert(long.clone(), "".into());
            }) > 1_000_000
        );
        let Fact::Pod(mut pod) = pod("staging", "publisher", "a", "a:v1", true, None) else {
            unreachable!()
        };
        pod.containers[0].terminated = Some((long, 1));
        assert!(Fact::Pod(pod).weight() > 1_000_000);
    }
}

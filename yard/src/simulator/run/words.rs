//! Words: the ids and pod names that the engine gives to nodes, and its messages about them.

/// The engine's message about a pod whose main container ended with a code other than 0.
pub fn pod_failed(code: i64) -> String {
    format!("main: Error (exit code {code})")
}

/// How the engine words a pause between two tries.
pub fn backing_off(seconds: u64) -> String {
    match seconds {
        0..60 => format!("Backoff for {seconds} seconds"),
        _ => format!(
            "Backoff for {} minutes {} seconds",
            seconds / 60,
            seconds % 60
        ),
    }
}

/// The engine's message about a run that was stopped, and about its retries.
pub fn stopped(strategy: &str) -> String {
    format!("Stopped with strategy '{strategy}'")
}

/// The engine's message about a step of which a part failed.
pub fn child_failed(child: &str) -> String {
    format!("child '{child}' failed")
}

/// The engine's node id: the run's own name, or it and the FNV-1a hash of the node's name.
pub fn node_id(workflow: &str, node: &str) -> String {
    if node == workflow {
        workflow.to_owned()
    } else {
        format!("{workflow}-{}", fnv(node))
    }
}

/// The pod name that the engine makes, in the second version of its rule.
pub fn pod_name(workflow: &str, node: &str, template: &str) -> String {
    if node == workflow {
        return workflow.to_owned();
    }
    let mut prefix = format!("{workflow}-{template}");
    prefix.truncate(242);
    format!("{prefix}-{}", fnv(node))
}

fn fnv(text: &str) -> u32 {
    text.bytes().fold(2_166_136_261, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(16_777_619)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_pod_names_are_the_engines_own() {
        // Computed by the engine's rule; the hash of the empty text and of "a" are FNV-1a's published ones.
        assert_eq!(fnv(""), 2_166_136_261);
        assert_eq!(fnv("a"), 0xe40c_292c);
        assert_eq!(node_id("run", "run"), "run");
        assert_eq!(
            pod_name("retry-with-dags", "retry-with-dags.success1(0)", "success"),
            "retry-with-dags-success-731586981"
        );
    }
}

//! Meaning: a gate is the same however it is written, a version only as it is written.

use super::*;

#[test]
fn a_gate_is_compared_by_its_meaning_and_a_version_as_it_is_written() {
    let flag = |shown: &str, to: bool| FileEdit {
        path: FILE.to_owned(),
        scalars: vec![(
            Set::boolean("promote_deployment", to),
            Some(shown.to_owned()),
        )],
    };
    for (before, shown, to, after) in [
        (
            "a: 1\n",
            "false",
            true,
            Some("a: 1\npromote_deployment: true\n"),
        ),
        (
            "promote_deployment: True # x\n",
            "true",
            false,
            Some("promote_deployment: false # x\n"),
        ),
        (
            "promote_deployment: yes\n",
            "true",
            false,
            Some("promote_deployment: false\n"),
        ),
        (
            "promote_deployment: 'False'\n",
            "false",
            true,
            Some("promote_deployment: 'true'\n"),
        ),
        (
            "promote_deployment: ~\n",
            "false",
            true,
            Some("promote_deployment: true\n"),
        ),
        (
            "promote_deployment:\n",
            "false",
            true,
            Some("promote_deployment: true\n"),
        ),
        // Its meaning moved, or cannot be told.
        ("a: 1\n", "true", false, None),
        ("promote_deployment: True\n", "false", true, None),
        ("promote_deployment: 'True'\n", "true", false, None),
        ("a: &g true\npromote_deployment: *g\n", "false", true, None),
    ] {
        let fixture = fixture();
        let head = fixture.commit(&[(FILE, before.as_bytes())], "odd");
        let mut odd = proposal("7f3a", "v1", "v2");
        odd.files = vec![flag(shown, to)];
        match (send(&fixture.open(), &odd, &mut quiet), after) {
            (Sent::Applied(commit), Some(after)) => {
                assert_eq!(text(&fixture, commit, FILE), after, "{before:?}");
            }
            (Sent::Moved { .. } | Sent::Refused(_), None) => {
                assert_eq!(fixture.tip(), head, "{before:?}");
            }
            (sent, _) => panic!("{before:?}: {sent:?}"),
        }
    }
    // A version that reads the same to a chart, and is written otherwise, was changed by somebody.
    let fixture = fixture();
    fixture.commit(&[(FILE, b"image_tag: 1.10\n")], "number");
    assert!(matches!(
        send(&fixture.open(), &proposal("7f3a", "1.1", "v2"), &mut quiet),
        Sent::Moved { .. }
    ));
}

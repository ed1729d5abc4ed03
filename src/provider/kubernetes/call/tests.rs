use super::*;

#[test]
fn retry_after_is_seconds_or_a_date() {
    let now: Timestamp = "2026-11-20T03:12:00Z".parse().unwrap();
    let of = |text: &str| {
        let mut headers = HeaderMap::new();
        headers.insert(header::RETRY_AFTER, text.parse().unwrap());
        retry_after(&headers, now)
    };
    assert_eq!(of("7"), Some(Duration::from_secs(7)));
    assert_eq!(
        of("Fri, 20 Nov 2026 03:12:30 GMT"),
        Some(Duration::from_secs(30))
    );
    assert_eq!(
        of("Fri, 20 Nov 2026 03:11:30 GMT"),
        Some(Duration::ZERO),
        "the past is now"
    );
    assert_eq!(of("soon"), None);
}

#[test]
fn skew_forgives_the_way_there_and_back() {
    let mut headers = HeaderMap::new();
    headers.insert(
        header::DATE,
        "Fri, 20 Nov 2026 03:12:10 GMT".parse().unwrap(),
    );
    let at = |text: &str| text.parse().unwrap();
    let skew = skew_ms(
        &headers,
        at("2026-11-20T03:12:00Z"),
        at("2026-11-20T03:12:01Z"),
    );
    assert_eq!(skew, Some(10_000));
    assert_eq!(
        skew_ms(
            &HeaderMap::new(),
            at("2026-11-20T03:12:00Z"),
            at("2026-11-20T03:12:00Z")
        ),
        None
    );
}

#[test]
fn queries_are_encoded() {
    assert_eq!(
        encode("a/b=c,d !é").to_string(),
        "a%2Fb%3Dc%2Cd%20%21%C3%A9"
    );
    assert_eq!(encode("v1.2_3-4~").to_string(), "v1.2_3-4~");
}

#[test]
fn a_status_is_worded_in_one_sentence_of_bounded_length() {
    let status = Status {
        reason: Some("Forbidden".into()),
        message: Some("x".repeat(10_000)),
        ..Status::default()
    };
    let failure = Failure::said("GET /api/v1/pods", 403, status);
    assert_eq!(failure.fault.kind, FaultKind::Forbidden);
    assert!(
        failure
            .fault
            .detail
            .starts_with("GET /api/v1/pods: 403 Forbidden, xxx")
    );
    assert!(failure.fault.detail.len() < 500);
}

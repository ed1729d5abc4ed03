//! Who may do what: 401, 403 of one kind among others, and access reviews.

use serde_json::json;

use super::Scene;
use super::fixtures::*;

pub async fn one_kind_is_forbidden_and_others_are_not(scene: Scene) {
    scene
        .admin
        .post(&pods(scene.namespace), &pod("one", &["app"], None))
        .await
        .done();
    let list = scene.viewer.get(&pods(scene.namespace)).await.done();
    assert_eq!(list["items"][0]["metadata"]["name"], "one");
    scene
        .viewer
        .get("/apis/apps/v1/deployments?limit=1")
        .await
        .done();
    scene
        .viewer
        .get(&applications(scene.namespace))
        .await
        .says_no(403, "Forbidden");
    scene
        .viewer
        .get("/apis/argoproj.io/v1alpha1/workflows?limit=1")
        .await
        .says_no(403, "Forbidden");
    let watch = scene
        .viewer
        .stream(&format!(
            "{}?watch=1&timeoutSeconds=5",
            applications(scene.namespace)
        ))
        .await;
    watch
        .err()
        .expect("refused before a stream begins")
        .says_no(403, "Forbidden");
    scene
        .viewer
        .post(&pods(scene.namespace), &pod("two", &["app"], None))
        .await
        .says_no(403, "Forbidden");
    let patch = json!({"metadata": {"annotations": {"a": "b"}}});
    scene
        .viewer
        .merge(&format!("{}/one", pods(scene.namespace)), &patch)
        .await
        .says_no(403, "Forbidden");
}

pub async fn a_wrong_token_is_401(scene: Scene) {
    scene
        .stranger
        .get(&pods(scene.namespace))
        .await
        .says_no(401, "Unauthorized");
    let watch = scene
        .stranger
        .stream(&format!(
            "{}?watch=1&timeoutSeconds=5",
            pods(scene.namespace)
        ))
        .await;
    watch
        .err()
        .expect("refused before a stream begins")
        .says_no(401, "Unauthorized");
}

pub async fn access_reviews_answer_for_the_asker(scene: Scene) {
    let review = |verb: &str, group: &str, resource: &str, subresource: &str| {
        json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": {"resourceAttributes": {
            "namespace": scene.namespace, "verb": verb, "group": group, "resource": resource, "subresource": subresource}}})
    };
    let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    for (verb, group, resource, subresource, viewer) in [
        ("list", "", "pods", "", true),
        ("watch", "apps", "deployments", "", true),
        ("get", "", "pods", "log", false),
        ("list", "argoproj.io", "applications", "", false),
        ("patch", "argoproj.io", "applications", "", false),
        ("create", "argoproj.io", "workflows", "", false),
    ] {
        let body = review(verb, group, resource, subresource);
        let asked = scene.admin.post(path, &body).await.done();
        assert_eq!(asked["status"]["allowed"], true, "{asked}");
        let asked = scene.viewer.post(path, &body).await.done();
        assert_eq!(asked["status"]["allowed"], viewer, "{asked}");
    }
}

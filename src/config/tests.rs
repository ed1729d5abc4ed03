use super::*;
use crate::delivery::Mechanism;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;

fn nothing(_: &str) -> Option<OsString> {
    None
}

fn refused(text: &str) -> String {
    parse(Path::new("lf.toml"), text, Path::new("/etc/lf"), &nothing)
        .unwrap_err()
        .to_string()
}

#[test]
fn the_built_in_files_are_right() {
    for (name, _) in built_in::DELIVERIES {
        delivery_named(name, Path::new("."), &nothing).unwrap();
    }
    let config = parse(
        Path::new("lf.toml"),
        built_in::CONFIG,
        Path::new("/etc/lf"),
        &nothing,
    )
    .unwrap();
    assert_eq!(config.zone_name, "London");
    assert!(config.clusters.is_empty() && !config.read_only);
    // What stands commented out is right as well.
    let uncommented: String = built_in::CONFIG
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(rest) if rest.starts_with('[') || rest.split(' ').nth(1) == Some("=") => rest,
            _ if line.starts_with('#') => "",
            _ => line,
        })
        .flat_map(|line| [line, "\n"])
        .collect();
    let home = |name: &str| (name == "HOME").then(|| OsString::from("/home/ops"));
    let text = uncommented.replace("keys = \"keys.toml\"\n", "");
    let config = parse(Path::new("lf.toml"), &text, Path::new("/etc/lf"), &home).unwrap();
    assert_eq!(config.clusters.len(), 3);
    assert!(config.read_only);
    assert_eq!(
        config.repository,
        RepositoryAt::Path("/home/ops/src/govuk-helm-charts".into())
    );
    assert_eq!(
        config.clusters[&Environment::new("integration")].kubeconfig,
        Path::new("/home/ops/.kube/config")
    );
    assert_eq!(config.shared_logins, ["ubuntu", "ec2-user"]);
}

#[test]
fn govuk_is_described_as_it_works() {
    let checked = delivery_named("govuk", Path::new("."), &nothing).unwrap();
    let delivery = checked.delivery;
    let staging = Environment::new("staging");
    assert_eq!(
        delivery.lower(&staging).unwrap().name.as_str(),
        "integration"
    );
    assert_eq!(delivery.next(&staging).unwrap().name.as_str(), "production");
    assert_eq!(
        delivery.path(&staging, &"publisher".into()),
        "charts/app-config/image-tags/staging/publisher"
    );
    let stage = delivery.stage(&staging).unwrap();
    assert_eq!(
        (stage.version_by, stage.gate_by),
        (Mechanism::Workflow, Mechanism::Branch)
    );
    let names: Vec<&str> = delivery
        .environments
        .iter()
        .filter(|s| s.production)
        .map(|s| s.name.as_str())
        .collect();
    assert_eq!(names, ["production"]);
    assert_eq!(delivery.environments[2].rank, 0);
    assert!(delivery.is_twin("draft-frontend") && !delivery.is_twin("frontend"));
    assert_eq!(delivery.hours.unwrap().days.len(), 5);
    let deploy = delivery.runs.unwrap().deploy.unwrap();
    assert_eq!(deploy.environment.as_str(), "production");
    let parameters: Vec<(&str, &str)> = deploy
        .parameters
        .iter()
        .map(|(n, v)| (&**n, &**v))
        .collect();
    assert_eq!(
        parameters,
        [
            ("environment", "{environment}"),
            ("repoName", "{repository}"),
            ("imageTag", "{version}"),
            ("promoteDeployment", "false")
        ]
    );
}

#[test]
fn complaints_name_file_line_key_and_remedy() {
    assert_eq!(
        refused("delivery = \"govuk\"\n\nread_onyl = true\n")
            .split(' ')
            .next(),
        Some("lf.toml:3:")
    );
    let said = refused("# mine\ndelivery = \"gov-uk\"\n");
    assert!(
        said.starts_with("lf.toml:2: delivery: \"gov-uk\" is not built in. Built in: govuk."),
        "{said}"
    );
    let said = refused(
        "delivery = \"govuk\"\ntime_zone = \"Mars/Olympus\"\n[environments.moon]\nkubeconfig = \"k\"\ncontext = \"m\"\n",
    );
    assert!(said.contains("lf.toml:2: time_zone: "), "{said}");
    assert!(
        said.contains("lf.toml:3: environments.moon: The delivery has no environment \"moon\". It has: integration, staging, production."),
        "{said}"
    );
    let said = refused(
        "delivery = \"govuk\"\n[environments.staging]\nkubeconfig = \"k\"\ncontext = \"s\"\nlogin = []\n",
    );
    assert!(
        said.starts_with("lf.toml:5: environments.staging.login: "),
        "{said}"
    );
    let said = refused("delivery = \"govuk\"\nrepository = \"https://me:secret@host/x.git\"\n");
    assert!(
        said.contains("password") && !said.contains("secret"),
        "{said}"
    );
    assert!(
        refused("delivery = \"govuk\"\n[environments.staging]\nkubeconfig = \"k\"\n")
            .contains("missing field `context`")
    );
    assert!(
        refused("delivery = \"govuk\"\n[environments.staging]\ncontext = \"s\"\n")
            .contains("kubeconfig = ")
    );
    assert!(refused("delivery = ").starts_with("lf.toml:1: delivery: "));
    // What is missing is named itself, not what happens to stand where it would.
    let said = refused("repository = \"/srv/x.git\"\n");
    assert!(said.starts_with("lf.toml: delivery: missing"), "{said}");
}

#[test]
fn a_file_that_is_not_there_or_wrong_is_answered_with_the_command_that_prints_one() {
    let said = refused("delivery = \"/nowhere/d.toml\"");
    assert!(
        said.starts_with("/nowhere/d.toml: It cannot be read"),
        "{said}"
    );
    assert!(said.contains("`leverframe config show govuk`"), "{said}");
    let said = refused("delivery = \"govuk\"\nkeys = \"/nowhere/keys.toml\"\n");
    assert!(said.starts_with("/nowhere/keys.toml: It"), "{said}");
    assert!(said.contains("`leverframe config show --keys`"), "{said}");
    let said = load(Path::new("/nowhere/lf.toml"), &nothing).unwrap_err();
    assert!(
        said.to_string().contains("`leverframe config show`"),
        "{said}"
    );
    let said = delivery::parse(Path::new("d.toml"), "name = \"x\"\n").unwrap_err();
    assert!(
        said.to_string().contains("`leverframe config show govuk`"),
        "{said}"
    );
}

#[test]
fn a_delivery_that_contradicts_itself_is_refused() {
    let text = built_in::delivery("govuk").unwrap();
    for (from, to, key) in [
        (
            "version = \"image_tag\"",
            "version = \"{repository}\"",
            "declared.version: {repository} is not known here",
        ),
        (
            "{environment}/{repository}\"\nversion",
            "{repository}\"\nversion",
            "declared.path: {environment} is missing",
        ),
        (
            "path = \"charts/app-config/image",
            "path = \"../image",
            "declared.path: ",
        ),
        (
            "environment = \"production\"",
            "environment = \"prod\"",
            "runs.deploy.environment: \"prod\" is none",
        ),
        (
            "name = \"staging\"",
            "name = \"integration\"",
            "environments.1.name: \"integration\" stands here a second time",
        ),
        (
            "value = \"{version}\"",
            "value = \"{tag}\"",
            "runs.deploy.parameters.2.value: {tag} is not known",
        ),
        (
            "gate = \"automatic_deploys_enabled\"",
            "",
            "environments.0.gate_by: There is no gate key",
        ),
        (
            "rollout = [180, 360]",
            "rollout = [360, 180]",
            "usual.rollout: ",
        ),
        (
            "monday = \"09:30-17:00\"",
            "monday = \"17:00-09:30\"",
            "hours.monday: ",
        ),
        ("branch = \"main\"", "branch = \"refs..main\"", "branch: "),
        (
            "gate_by = \"branch\"",
            "gate_by = \"workflow\"",
            "environments.0.gate_by: A gate cannot",
        ),
        (
            "namespace = \"cluster-services\"",
            "namespace = \"Cluster Services\"",
            "argo_cd.namespace: ",
        ),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from}");
        let said = delivery::parse(Path::new("d.toml"), &changed)
            .unwrap_err()
            .to_string();
        assert!(said.contains(key), "{said}");
        assert!(said.starts_with("d.toml:"), "{said}");
    }
}

/// Nearly the least that a delivery file can be.
const LEAST: &str = "name = \"Shop\"\n\
    [[environments]]\nname = \"dev\"\nversion_by = \"commit\"\n\
    [[environments]]\nname = \"prod\"\nproduction = true\nversion_by = \"branch\"\n\
    [declared]\npath = \"apps/{environment}/{repository}/values.yaml\"\nversion = \"image.tag\"\n\
    [workloads]\nnamespace = \"shop\"\napp_label = \"app\"\n";

#[test]
fn what_a_delivery_does_not_use_its_file_leaves_out() {
    let (without, _) = LEAST.split_once("[workloads]").unwrap();
    let delivery = delivery::parse(Path::new("d.toml"), without)
        .unwrap()
        .delivery;
    assert!(delivery.workloads.is_none(), "no pods are read");
    assert_eq!(&*delivery.branch, "main");
    assert_eq!(delivery.environments[0].gate_by, Mechanism::None);
    assert!(delivery.declared.promote.is_none() && !delivery.declared.closed);
    assert!(delivery.apps.is_none() && delivery.argo_cd.is_none() && delivery.runs.is_none());
    assert_eq!(delivery.usual, crate::delivery::Usual::default());
    assert!(delivery.subjects.version.contains("{version}"));
    assert!(!delivery.versions.is_branch(&"sha-8f3c1a9".into()));
    assert!(delivery.versions.is_ordered(&"1.10".into()));
}

#[test]
fn every_fault_of_a_delivery_file_is_told_at_once() {
    let text = LEAST
        .replace("name = \"Shop\"", "name = \"\"\nbrnach = \"main\"")
        .replace("version_by = \"commit\"", "version_by = \"comit\"")
        .replace("version = \"image.tag\"", "version = \"{repository}.tag\"")
        .replace("namespace = \"shop\"", "namespace = 7")
        .replace("app_label = \"app\"", "")
        + "[usual]\nrollout = [9, 1]\n[versions]\nrelease = \"v[0-9\"\norder = \"alphabetic\"\n";
    let said = delivery::parse(Path::new("d.toml"), &text)
        .unwrap_err()
        .to_string();
    let expected = [
        "d.toml:1: name: It is empty.",
        "d.toml:2: brnach: No such key is known here. Known are: ",
        "d.toml:5: environments.0.version_by: \"comit\" is not known here. Write one of: commit, branch, workflow, none.",
        "d.toml:12: declared.version: {repository} is not known here. Write what stands there, without braces",
        "d.toml:14: workloads.namespace: It is a integer. Write a text in quotes.",
        "d.toml:13: workloads.app_label: It is missing. `leverframe config show govuk`",
        "d.toml:17: usual.rollout: ",
        "d.toml:19: versions.release: It is no regular expression: ",
        "d.toml:20: versions.order: \"alphabetic\" is not known here. Write one of: numeric, semver, calendar, first_seen.",
    ];
    for words in expected {
        assert!(
            said.lines().any(|line| line.starts_with(words)),
            "{words}\n{said}"
        );
    }
    assert_eq!(said.lines().count(), expected.len(), "{said}");
}

#[test]
fn every_place_that_is_no_toml_is_told_at_once() {
    let said = delivery::parse(Path::new("d.toml"), "name = \nbranch = main\n")
        .unwrap_err()
        .to_string();
    assert!(
        said.contains("d.toml:1:") && said.contains("d.toml:2:"),
        "{said}"
    );
}

#[test]
fn what_somebody_else_may_write_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lf.toml");
    fs::write(&path, "delivery = \"govuk\"\n").unwrap();
    load(&path, &nothing).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o646)).unwrap();
    assert!(
        load(&path, &nothing)
            .unwrap_err()
            .to_string()
            .contains("Everybody may write it")
    );
    fs::set_permissions(&path, fs::Permissions::from_mode(0o664)).unwrap();
    let said = load(&path, &nothing).unwrap_err().to_string();
    assert!(
        said.contains("Its group may write it") && said.contains("chmod g-w"),
        "{said}"
    );
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    assert!(
        load(&path, &nothing)
            .unwrap_err()
            .to_string()
            .contains("Everybody may replace it")
    );
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
    // A delivery and keys beside it are held to the same.
    fs::write(&path, "delivery = \"./d.toml\"\n").unwrap();
    let beside = folder.path().join("d.toml");
    fs::write(&beside, built_in::delivery("govuk").unwrap()).unwrap();
    load(&path, &nothing).unwrap();
    fs::set_permissions(&beside, fs::Permissions::from_mode(0o666)).unwrap();
    assert!(load(&path, &nothing).is_err());
}

#[test]
fn the_configuration_is_found_in_its_order() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().to_owned();
    let only_home = |name: &str| (name == "HOME").then(|| home.clone().into_os_string());
    assert_eq!(find(None, &only_home), None);
    let usual = home.join(".config/leverframe/leverframe.toml");
    fs::create_dir_all(usual.parent().unwrap()).unwrap();
    fs::write(&usual, "").unwrap();
    assert_eq!(find(None, &only_home), Some(usual.clone()));
    let named = |name: &str| match name {
        "LEVERFRAME_CONFIG" => Some(OsString::from("/named")),
        other => only_home(other),
    };
    assert_eq!(find(None, &named), Some("/named".into()));
    assert_eq!(find(Some(Path::new("/flag")), &named), Some("/flag".into()));
    // An empty or relative variable counts as none.
    let relative = |name: &str| match name {
        "XDG_CONFIG_HOME" => Some(OsString::from("here")),
        "LEVERFRAME_CONFIG" => Some(OsString::new()),
        other => only_home(other),
    };
    assert_eq!(find(None, &relative), Some(usual));
}

#[test]
fn a_clone_is_looked_at_without_a_file() {
    let config = of_clone("govuk", Path::new("/src/charts"), &nothing).unwrap();
    assert_eq!(config.repository, RepositoryAt::Path("/src/charts".into()));
    assert!(config.read_only && config.clusters.is_empty() && config.file.is_none());
}

#[test]
fn paths_and_urls_are_told_apart() {
    let at = |text| repository_at(text, Path::new("/etc/lf"), &nothing);
    assert_eq!(at("charts"), RepositoryAt::Path("/etc/lf/charts".into()));
    assert_eq!(at("/srv/a:b"), RepositoryAt::Path("/srv/a:b".into()));
    assert_eq!(
        at("file:///srv/x.git"),
        RepositoryAt::Path("/srv/x.git".into())
    );
    for url in [
        "https://host/x.git",
        "ssh://git@host:22/x.git",
        "git@host:x.git",
    ] {
        assert_eq!(at(url), RepositoryAt::Url(url.into()));
    }
}

#[test]
fn a_url_may_name_a_user_and_a_port_and_no_secret() {
    for (url, secret) in [
        ("ssh://git@host:2222/x.git", None),
        ("https://me@git.example:8443/x.git", None),
        ("https://git.example/x@y:z", None),
        ("https://me:word@git.example/x.git", Some("password")),
        ("ssh://git:word@host:22/x.git", Some("password")),
        ("https://ghp_abc@github.com/a/b.git", Some("token")),
    ] {
        assert_eq!(super::secret_of(url), secret, "{url}");
    }
}

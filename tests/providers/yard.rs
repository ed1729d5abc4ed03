//! A bare repository with the layout of a real delivery, a robot that commits to it, and a store that a feed keeps fed.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use leverframe::config;
use leverframe::delivery::Delivery;
use leverframe::provider::Feed;
use leverframe::provider::git::feed::{Options, Pace, Watch, watch};
use leverframe::provider::git::repository::{Location, Source as At};
use leverframe::store::{Delta, Source, Store};
use tokio::sync::mpsc;

pub const TAGS: &str = "charts/app-config/image-tags";
pub const VALUES: &str = "\
shared: &shared
  postSyncWorkflowEnabled: 'false'
govukApplications:
- name: publisher
- name: frontend
  helmValues: &conf {hosts: &hosts [a.example]}
- name: draft-frontend
  repoName: frontend
  helmValues:
    !!merge <<: *conf
    hosts: &hosts [b.example]
- name: licensify
  namespace: licensify
  imageValues: [licensify-admin, licensify-feed]
- name: argo-services
  <<: *shared
";

/// A bare repository with GOV.UK's layout.
pub struct Yard {
    pub dir: tempfile::TempDir,
    pub bare: PathBuf,
    pub work: PathBuf,
}

pub fn git(at: &Path, arguments: &[&str]) -> String {
    let done = Command::new("git")
        .arg("-C")
        .arg(at)
        .args(arguments)
        .env("GIT_AUTHOR_NAME", "govuk-ci")
        .env("GIT_AUTHOR_EMAIL", "govuk-ci@digital.cabinet-office.gov.uk")
        .env("GIT_COMMITTER_NAME", "govuk-ci")
        .env(
            "GIT_COMMITTER_EMAIL",
            "govuk-ci@digital.cabinet-office.gov.uk",
        )
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success(), "git {arguments:?}: {said}");
    String::from_utf8(done.stdout).unwrap().trim().to_owned()
}

impl Yard {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let bare = dir.path().join("helm-charts.git");
        let work = dir.path().join("robot");
        git(
            dir.path(),
            &[
                "init",
                "--quiet",
                "--bare",
                "--initial-branch=main",
                "helm-charts.git",
            ],
        );
        git(
            dir.path(),
            &["clone", "--quiet", "helm-charts.git", "robot"],
        );
        git(&work, &["checkout", "--quiet", "-B", "main"]);
        for (name, value) in [("user.name", "ops-1"), ("user.email", "ops-1@example.org")] {
            git(&bare, &["config", name, value]);
        }
        let yard = Self { dir, bare, work };
        for environment in ["integration", "staging", "production"] {
            yard.put(
                &format!("charts/app-config/values-{environment}.yaml"),
                VALUES.as_bytes(),
            );
            for app in ["publisher", "frontend", "licensify-admin"] {
                yard.tag(
                    environment,
                    app,
                    "image_tag: v1\nautomatic_deploys_enabled: true\npromote_deployment: true\n",
                );
            }
        }
        yard.tag("staging", "orphan", "image_tag: 1.10\n");
        yard.tag(
            "production",
            "publisher",
            "image_tag: v1\npromote_deployment: True\n",
        );
        yard.tag("test", "publisher", "");
        yard.robot("Start");
        yard
    }

    pub fn put(&self, path: &str, bytes: &[u8]) {
        let path = self.work.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    pub fn tag(&self, environment: &str, app: &str, text: &str) {
        self.put(&format!("{TAGS}/{environment}/{app}"), text.as_bytes());
    }

    /// Commits and pushes as the robot does.
    pub fn robot(&self, subject: &str) -> String {
        git(&self.work, &["add", "-A"]);
        git(&self.work, &["commit", "--quiet", "-m", subject]);
        git(&self.work, &["push", "--quiet", "origin", "main"]);
        git(&self.work, &["rev-parse", "HEAD"])
    }

    pub fn path(&self) -> At {
        At {
            location: Location::Path(self.bare.clone()),
            branch: "main".to_owned(),
        }
    }

    pub fn url(&self) -> At {
        At {
            location: Location::Url {
                url: format!("file://{}", self.bare.display()),
                cache: self.dir.path().join("cache"),
            },
            branch: "main".to_owned(),
        }
    }
}

pub fn delivery() -> Arc<Delivery> {
    let checked = config::delivery_named("govuk", Path::new("."), &|_| None).unwrap();
    Arc::new(checked.delivery)
}

pub fn quick() -> Pace {
    Pace {
        look: Duration::from_millis(20),
        fetch: Duration::from_millis(50),
        longest: Duration::from_millis(200),
        alive: Duration::from_millis(100),
        ..Pace::default()
    }
}

/// A store that a feed keeps fed.
pub struct FedStore {
    pub store: Store,
    pub deltas: mpsc::Receiver<Delta>,
    pub watch: Watch,
}

impl FedStore {
    pub fn by(source: At, options: Options) -> Self {
        Self::at_pace(source, options, quick())
    }

    pub fn at_pace(source: At, options: Options, pace: Pace) -> Self {
        let (to, deltas) = mpsc::channel(64);
        let watch = watch(
            source,
            delivery(),
            Feed::new(Source::Git, to),
            None,
            pace,
            options,
        );
        Self {
            store: Store::new(&delivery()),
            deltas,
            watch,
        }
    }

    /// Takes news in until the store is as wished.
    pub fn until(&mut self, what: &str, wished: impl Fn(&Store) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while !wished(&self.store) {
            assert!(Instant::now() < deadline, "never {what}: {:?}", self.store);
            match self.deltas.try_recv() {
                Ok(delta) => {
                    self.store.apply(delta);
                }
                Err(mpsc::error::TryRecvError::Empty) => std::thread::yield_now(),
                Err(mpsc::error::TryRecvError::Disconnected) => {
                    panic!("the feed ended before {what}")
                }
            }
        }
    }
}

pub fn version(store: &Store, environment: &str, repository: &str) -> Option<String> {
    let declared = store.declared(&environment.into(), &repository.into())?;
    declared.version.as_ref().map(ToString::to_string)
}

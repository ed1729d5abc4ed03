//! Fleet: the apps of the practice yard, how they are built, and where they run.
//!
//! The names are of the kind that GOV.UK uses; the table is the yard's own. Versions are not here but in the history.

use crate::scenario::STARS;

/// The environments, lowest first.
pub const ENVIRONMENTS: [&str; 3] = ["integration", "staging", "production"];

/// Where Applications live.
pub const ARGO_CD: &str = "cluster-services";

/// Where Workflows run, and most apps.
pub const APPS: &str = "apps";

/// Where licensify runs.
pub const LICENSIFY: &str = "licensify";

/// Every namespace of a cluster.
pub const NAMESPACES: [&str; 3] = [APPS, ARGO_CD, LICENSIFY];

/// The app of apps, which renders versions into the leaves.
pub const PARENT: &str = "app-config";

/// One app of the fleet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct App {
    /// Name of the app, its Application and its Deployment.
    pub name: &'static str,
    /// The repository that it is built from, which names its version file.
    pub repository: &'static str,
    /// Images beyond the one named as the repository; only licensify has any.
    pub images: &'static [&'static str],
    /// One letter for each thing that it has beside its web Deployment, as the table says.
    pub has: &'static str,
}

/// A PreSync Job, which runs before every sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hook {
    /// The Job is named after the app and this, which also names its component and its container.
    pub name: &'static str,
    /// Whether it runs the app's own image; others run a toolbox.
    pub has_own_image: bool,
}

/// In the order of their sync waves, by the letter in the table.
const HOOKS: [(char, Hook); 3] = [
    (
        'a',
        Hook {
            name: "upload-assets",
            has_own_image: false,
        },
    ),
    (
        'm',
        Hook {
            name: "dbmigrate",
            has_own_image: true,
        },
    ),
    (
        'v',
        Hook {
            name: "freshclam",
            has_own_image: true,
        },
    ),
];

/// The version of the toolbox image, whatever the app's.
pub const TOOLBOX: (&str, &str) = ("toolbox", "v29");

/// The CronJob of an app that has one; it runs the app's own image every five minutes.
pub const CRON_JOB: &str = "mail-fetcher";

impl App {
    /// Whether it is the draft twin of another app: never promoted by its own smoke run.
    pub fn draft(&self) -> bool {
        self.name.starts_with("draft-")
    }

    /// Where its Deployments and Jobs are.
    pub fn namespace(&self) -> &'static str {
        if self.name == "licensify" {
            LICENSIFY
        } else {
            APPS
        }
    }

    /// Whether it has a second Deployment, of workers.
    pub fn has_workers(&self) -> bool {
        self.has.contains('w')
    }

    /// Whether it has a CronJob.
    pub fn has_cron_job(&self) -> bool {
        self.has.contains('c')
    }

    /// Its PreSync Jobs, in the order in which they run.
    pub fn hooks(&self) -> impl Iterator<Item = Hook> {
        let all = HOOKS
            .iter()
            .filter(|(letter, _)| self.has.contains(*letter));
        all.map(|(_, hook)| *hook)
    }

    /// Whether a scenario is about it: then nothing happens to it by chance.
    pub fn is_starring(&self) -> bool {
        STARS.iter().any(|star| star.repository == self.repository)
    }

    /// The repositories of its images.
    pub fn repositories(&self) -> Vec<&'static str> {
        if self.images.is_empty() {
            vec![self.repository]
        } else {
            self.images.to_vec()
        }
    }

    /// Pods of its Deployment of a component.
    pub fn replicas_of(&self, component: &str) -> usize {
        if component == "worker" {
            1
        } else {
            self.replicas()
        }
    }

    /// Pods of its web Deployment.
    fn replicas(&self) -> usize {
        match self.name {
            "whitehall-admin" => 6,
            _ if self.draft() => 1,
            _ => 2,
        }
    }
}

/// `name`, `repository` where it differs, and `w` for workers, `c` for a CronJob, `a`, `m` and `v` for PreSync Jobs.
const TABLE: &[(&str, &str, &str)] = &[
    ("account-api", "", "mw"),
    ("asset-manager", "", "vw"),
    ("bank-holidays", "", ""),
    ("bouncer", "", ""),
    ("case-library", "", "m"),
    ("collections", "", ""),
    ("draft-collections", "collections", ""),
    ("collections-publisher", "", "mw"),
    ("consultations", "", ""),
    ("contacts-admin", "", "m"),
    ("content-audit", "", "mw"),
    ("content-data-api", "", "mw"),
    ("content-store", "", "m"),
    ("draft-content-store", "content-store", "m"),
    ("content-tagger", "", "mw"),
    ("countries-register", "", ""),
    ("courts-finder", "", ""),
    ("email-alert-api", "", "mw"),
    ("email-alert-frontend", "", ""),
    ("draft-email-alert-frontend", "email-alert-frontend", ""),
    ("email-alert-service", "", "w"),
    ("events-calendar", "", ""),
    ("feedback", "", ""),
    ("draft-feedback", "feedback", ""),
    ("finder-frontend", "", ""),
    ("draft-finder-frontend", "finder-frontend", ""),
    ("forms-admin", "", "m"),
    ("forms-runner", "", ""),
    ("frontend", "", "a"),
    ("draft-frontend", "frontend", "a"),
    ("grants-finder", "", ""),
    ("licensify", "licensify", ""),
    ("link-checker-api", "", "mw"),
    ("local-links-manager", "", "mw"),
    ("locations-api", "", "m"),
    ("manuals-publisher", "", "w"),
    ("notices-api", "", "m"),
    ("organisations-api", "", ""),
    ("permits-tracker", "", "mw"),
    ("places-manager", "", "m"),
    ("publisher", "", "acw"),
    ("publishing-api", "", "mw"),
    ("release", "", "m"),
    ("router", "", ""),
    ("draft-router", "router", ""),
    ("search-admin", "", "m"),
    ("search-api", "", "w"),
    ("service-manual-publisher", "", "m"),
    ("short-url-manager", "", ""),
    ("signon", "", "mw"),
    ("smartanswers", "smart-answers", ""),
    ("specialist-publisher", "", "w"),
    ("support", "", ""),
    ("support-api", "", "mw"),
    ("tariff-lookup", "", "w"),
    ("transition", "", "mw"),
    ("travel-advice-publisher", "", "w"),
    ("vacancies-frontend", "", ""),
    ("weather-warnings", "", ""),
    ("whitehall-admin", "whitehall", "mw"),
];

/// The images of licensify; `licensify-admin` has no version file.
const LICENSIFY_IMAGES: &[&str] = &[
    "licensify-admin",
    "licensify-backend",
    "licensify-feed",
    "licensify-frontend",
];

/// Whether people bring its versions to staging and production: licensify's Application declares no version of its own,
/// so no smoke run follows its syncs that could promote one.
pub fn is_moved_by_hand(file: &str) -> bool {
    LICENSIFY_IMAGES.contains(&file)
}

/// The repository whose build makes an image: one build makes all of licensify's, of one version.
pub fn built_from(file: &str) -> &str {
    match LICENSIFY_IMAGES.contains(&file) {
        true => LICENSIFY,
        false => file,
    }
}

/// An app that is configured and has no version file.
pub const WITHOUT_FILE: &str = "mirror-sync";

/// A version file that no app reads.
pub const ORPHAN_FILE: &str = "content-archive";

/// Every app that runs, in the order of the values files.
pub fn apps() -> Vec<App> {
    let app = |&(name, repository, has): &(&'static str, &'static str, &'static str)| App {
        name,
        repository: if repository.is_empty() {
            name
        } else {
            repository
        },
        images: if name == "licensify" {
            LICENSIFY_IMAGES
        } else {
            &[]
        },
        has,
    };
    TABLE.iter().map(app).collect()
}

/// Every version file of an environment, sorted.
pub fn files() -> Vec<&'static str> {
    let mut files: Vec<&'static str> = apps().iter().flat_map(App::repositories).collect();
    files.push(ORPHAN_FILE);
    files.retain(|file| *file != "licensify-admin");
    files.sort_unstable();
    files.dedup();
    files
}

/// The web Deployments of an app and the repository of each one's image; an image without a version file is not deployed.
pub fn fleet_images(app: &App) -> Vec<(String, &'static str)> {
    if app.images.is_empty() {
        return vec![(app.name.to_owned(), app.repository)];
    }
    let deployed = app
        .images
        .iter()
        .filter(|image| **image != "licensify-admin");
    deployed
        .map(|image| ((*image).to_owned(), *image))
        .collect()
}

/// The image that a version of a repository is pulled as.
pub fn image(repository: &str, version: &str) -> String {
    format!("registry.yard.example/govuk/{repository}:{version}")
}

/// The digest that stands for an image: the same for the same repository and version, wherever it runs.
pub fn digest(repository: &str, version: &str) -> String {
    let words: Vec<String> = (0u64..4)
        .map(|part| format!("{:016x}", seeded(part, &[repository, version])))
        .collect();
    format!(
        "registry.yard.example/govuk/{repository}@sha256:{}",
        words.concat()
    )
}

/// A number that depends on the seed and on every word, and on nothing else: the yard's chance, in any order of events.
pub fn seeded(seed: u64, words: &[&str]) -> u64 {
    let mut state = seed ^ 0x9e37_79b9_7f4a_7c15;
    for byte in words.iter().flat_map(|word| word.bytes().chain([0xff])) {
        state = (state ^ u64::from(byte))
            .wrapping_mul(0x0100_0000_01b3)
            .rotate_left(23);
    }
    for _ in 0..3 {
        state = (state ^ (state >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    }
    state ^ (state >> 29)
}

/// Where the values file of an environment is.
pub fn values_path(environment: &str) -> String {
    format!("charts/app-config/values-{environment}.yaml")
}

/// The values file of one environment, with the memory limit of each app.
pub fn values(environment: &str, memory_of: impl Fn(&str) -> &'static str) -> String {
    let mut text = format!(
        "govukEnvironment: {environment}\nexternalDomainSuffix: {environment}.yard.example\ngovukApplications:\n"
    );
    for app in apps() {
        text.push_str(&format!("- name: {}\n", app.name));
        if app.repository != app.name {
            text.push_str(&format!("  repoName: {}\n", app.repository));
        }
        if app.namespace() != APPS {
            text.push_str(&format!("  namespace: {}\n", app.namespace()));
        }
        if !app.images.is_empty() {
            text.push_str("  chartPath: charts/licensify\n  imageValues:\n");
            app.images
                .iter()
                .for_each(|image| text.push_str(&format!("  - {image}\n")));
        }
        text.push_str(&format!(
            "  helmValues:\n    arch: arm64\n    memory: {}\n",
            memory_of(app.name)
        ));
        if app.hooks().any(|hook| hook.name == "dbmigrate") {
            text.push_str("    dbMigrationEnabled: true\n");
        }
        if app.has_workers() {
            text.push_str("    workers:\n      enabled: true\n");
        }
    }
    text.push_str(&format!("- name: {WITHOUT_FILE}\n  postSyncWorkflowEnabled: 'false'\n  helmValues:\n    arch: arm64\n"));
    text
}

/// The part of a values file that is about one app, where there is one.
pub fn values_of<'a>(values: &'a str, app: &str) -> Option<&'a str> {
    let head = format!("- name: {app}\n");
    let (_, rest) = values.split_once(&head)?;
    Some(rest.split_once("- name: ").map_or(rest, |(own, _)| own))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fleet_is_about_sixty_apps_with_twins_and_one_of_several_images() {
        let apps = apps();
        assert!((55..=65).contains(&apps.len()), "{}", apps.len());
        assert!(
            apps.iter()
                .filter(|app| app.draft())
                .all(|twin| apps.iter().any(|app| app.name == twin.repository))
        );
        assert_eq!(
            apps.iter()
                .find(|app| app.name == "licensify")
                .map(|app| app.repositories().len()),
            Some(4)
        );
        assert!(files().contains(&ORPHAN_FILE) && !files().contains(&WITHOUT_FILE));
        assert_ne!(seeded(1, &["a", "b"]), seeded(1, &["ab"]));
    }

    #[test]
    fn an_apps_part_of_the_values_is_its_own() {
        let values = values(
            "staging",
            |app| {
                if app == "router" { "1Gi" } else { "512Mi" }
            },
        );
        assert_eq!(
            values_of(&values, "router"),
            Some("  helmValues:\n    arch: arm64\n    memory: 1Gi\n")
        );
        assert!(
            values_of(&values, "licensify").is_some_and(|own| own.contains("namespace: licensify"))
        );
        assert_eq!(values_of(&values, "nobody"), None);
    }
}

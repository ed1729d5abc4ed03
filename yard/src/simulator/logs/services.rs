//! Services: what web servers, workers, migrations and the engine's small steps print.

use super::Kind;
use super::playwright::BROKEN_LINE;

/// Every line of a program that ends.
pub fn finite(kind: &Kind) -> Vec<String> {
    match kind {
        Kind::Crash { app, version } => crash(app, version),
        Kind::Migration {
            app,
            version,
            passes,
        } => migration(app, version, *passes),
        Kind::Freshclam { passes } => freshclam(*passes),
        Kind::Task { app, task } => lines(&[
            &format!("{task} of {app} begins"),
            &format!("{task} of {app} is done"),
        ]),
        Kind::Webhook {
            environment,
            repository,
            tag,
        } => lines(&[
            &format!(
                "POST $WEBHOOK_URL/update-image-tag environment={environment} repoName={repository} imageTag={tag} promoteDeployment=true"
            ),
            "{}",
        ]),
        Kind::UpdateTag { parameters } => {
            let (repository, tag, environment) = (
                &parameters.repository,
                &parameters.tag,
                &parameters.environment,
            );
            lines(&[
                "Cloning into 'govuk-helm-charts'...",
                &format!("Checking charts/app-config/image-tags/{environment}/{repository}"),
                &format!("image_tag: {tag}"),
                &format!("promote_deployment: {}", parameters.promote),
                &format!(
                    "[update-image-tag/{repository}/{environment}/{tag}] Update {repository} image tag to {tag} for {environment}"
                ),
                " 1 file changed, 1 insertion(+), 1 deletion(-)",
                "Merged into main.",
            ])
        }
        Kind::Recorded { parameters } => lines(&[
            &format!(
                "recorded {} {} on {}",
                parameters.repository, parameters.tag, parameters.environment
            ),
            "201",
        ]),
        Kind::Failures {
            application,
            environment,
            tag,
        } => lines(&[
            "Reading the logs of 3 failed attempts",
            &format!(
                "1 failed: [main] › tests/{application}.spec.js:{BROKEN_LINE}:3 › publish a draft @app-{application}"
            ),
            &format!(
                "Told #govuk-deploy-alerts: {application} {tag} post-deploy tests failed on {environment}"
            ),
        ]),
        Kind::Wait { pod } => lines(&[
            "time=\"0\" level=info msg=\"Starting Workflow Executor\" version=v4.1.2",
            &format!(
                "time=\"0\" level=info msg=\"Executor initialized\" podName={pod} namespace=apps"
            ),
            "time=\"0\" level=info msg=\"Main container completed\"",
            "time=\"0\" level=info msg=\"No output parameters\"",
            "time=\"0\" level=info msg=\"Alloc=9 TotalAlloc=17 Sys=24 NumGC=4 Goroutines=8\"",
        ]),
        Kind::Web { .. } | Kind::Worker { .. } | Kind::Nginx | Kind::Playwright { .. } => {
            Vec::new()
        }
    }
}

/// Line `number` of a program that prints for ever.
pub fn endless(kind: &Kind, number: u64, chance: u64) -> String {
    let path = [
        "/",
        "/documents",
        "/search",
        "/healthcheck/ready",
        "/documents/42",
        "/assets/app.css",
        "/api/content",
    ][chance as usize % 7];
    let took = 4 + chance % 180;
    let id = format!("{:012x}", chance >> 16);
    let code = if chance.is_multiple_of(97) { 404 } else { 200 };
    match kind {
        Kind::Web { app, version } if number == 0 => {
            format!("=> Booting Puma for {app} {version} (production)")
        }
        Kind::Web { .. } if number == 1 => "* Listening on http://0.0.0.0:3000".to_owned(),
        Kind::Web { app, .. } => format!(
            "{{\"app\":\"{app}\",\"level\":\"info\",\"method\":\"GET\",\"path\":\"{path}\",\"status\":{code},\"duration_ms\":{took},\"request_id\":\"{id}\"}}"
        ),
        Kind::Worker { app } => {
            let job = [
                "IndexWorker",
                "MailWorker",
                "CacheWorker",
                "LinkCheckWorker",
            ][chance as usize % 4];
            format!(
                "pid=1 tid={:x} class={job} jid={id} app={app} elapsed={}.{:03} INFO: done",
                chance % 4096,
                took / 60,
                took * 5 % 1000
            )
        }
        _ => format!(
            "10.0.{}.{} - - \"GET {path} HTTP/1.1\" {code} {} 0.{took:03}",
            chance % 200,
            chance % 250,
            200 + chance % 9000
        ),
    }
}

fn crash(app: &str, version: &str) -> Vec<String> {
    lines(&[
        &format!("=> Booting Puma for {app} {version} (production)"),
        "Puma starting in cluster mode...",
        "* Preloading application",
        "! Unable to load application: KeyError: key not found: \"ASSET_HOST_SIGNING_KEY\"",
        "bundler: failed to load command: puma (/usr/local/bundle/bin/puma)",
        "/app/config/environments/production.rb:41:in 'Hash#fetch': \u{1b}[31mkey not found: \"ASSET_HOST_SIGNING_KEY\" (KeyError)\u{1b}[0m",
        "\tfrom /app/config/environments/production.rb:41:in 'block in <main>'",
        "\tfrom /usr/local/bundle/gems/railties-8.0.2/lib/rails/railtie.rb:257:in 'instance_eval'",
        "\tfrom /usr/local/bundle/gems/railties-8.0.2/lib/rails/railtie.rb:257:in 'configure'",
        "\tfrom /app/config/environments/production.rb:3:in '<main>'",
        "\tfrom /app/config/environment.rb:5:in '<main>'",
        "\tfrom /app/config.ru:3:in 'block in <main>'",
        "The variable is set on integration and staging; production has no such secret yet.",
    ])
}

fn migration(app: &str, version: &str, passes: bool) -> Vec<String> {
    let head = [
        format!("Migrating the database of {app} to {version}"),
        "I, INFO -- : Migrating to AddRegionIndexToPlaces (20260820101500)".to_owned(),
        "== 20260820101500 AddRegionIndexToPlaces: migrating ==========================="
            .to_owned(),
        "-- add_index(:places, [:region_id, :slug], {unique: true})".to_owned(),
    ];
    let tail: Vec<String> = if passes {
        lines(&[
            "   -> 0.8121s",
            "== 20260820101500 AddRegionIndexToPlaces: migrated (0.8125s) ==================",
        ])
    } else {
        lines(&[
            "\u{1b}[31mrails aborted!\u{1b}[0m",
            "StandardError: An error has occurred, this and all later migrations canceled:",
            "",
            "PG::LockNotAvailable: ERROR:  canceling statement due to lock timeout",
            "/app/db/migrate/20260820101500_add_region_index_to_places.rb:3:in 'change'",
            "",
            "Caused by:",
            "ActiveRecord::LockWaitTimeout: PG::LockNotAvailable: ERROR:  canceling statement due to lock timeout",
            "/app/db/migrate/20260820101500_add_region_index_to_places.rb:3:in 'change'",
            "Tasks: TOP => db:migrate",
            "(See full trace by running task with --trace)",
            "Nothing was changed: the index is added in one transaction, and the lock was held by a nightly export.",
        ])
    };
    head.into_iter().chain(tail).collect()
}

fn freshclam(passes: bool) -> Vec<String> {
    let head = lines(&[
        "ClamAV update process started",
        "daily database available for update (local version: 27980, remote version: 27991)",
        "Current database is 11 versions behind.",
    ]);
    let tail: &[&str] = if passes {
        &[
            "Testing database: '/var/lib/clamav/tmp/clamav-daily.cld' ...",
            "Database test passed.",
            "daily.cld updated (version: 27991)",
        ]
    } else {
        &[
            "WARNING: getpatch: Can't download daily-27981.cdiff from http://clamav.yard.example/daily-27981.cdiff",
            "ERROR: Can't download daily.cvd: No space left on device",
            "ERROR: Update failed for database: daily",
            "The volume of this version is 200Mi; the one before asked for 500Mi.",
        ]
    };
    head.into_iter().chain(lines(tail)).collect()
}

fn lines(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

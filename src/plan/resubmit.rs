//! Resubmit: runs a failed run again, as Argo Workflows' own resubmit forms it, but under a name that can be made only once.
//!
//! Parameters stay frozen as they were; `tests only` alone sets the gate parameter to false. Deliberately absent: the
//! memoized form, and retrying, which deletes the evidence.

use super::checks::Checks;
use super::subject::{Draft, Subject};
use super::{
    CheckName, Lever, Origin, Plan, Refusal, Remedy, Request, Way, Write, arrivals, copy, gates,
    hops, is_resubmittable, mark, reach, runs, wanted,
};
use crate::belongs::runs as belongs;
use crate::delivery::Runs;
use crate::model::span::span;
use crate::model::{Environment, Repository, Run, Version};
use crate::page::Page;
use crate::store::{Kind, Source};

/// A run with what its frozen parameters say.
pub(super) struct Repeated<'a> {
    pub run: &'a Run,
    pub runs: &'a Runs,
    pub repository: Repository,
    pub version: Version,
    /// A smoke run, which tests what was delivered; otherwise the run delivers.
    pub smoke: bool,
    pub attempt: u32,
    /// The path of the version if the new run passes.
    pub path: Vec<Environment>,
}

pub(super) fn plan(subject: &Subject<'_>) -> Result<Plan, Refusal> {
    let repeated = find(subject)?;
    let Repeated {
        run, runs, version, ..
    } = &repeated;
    let tests_only = subject.request.lever == Lever::TestsOnly;
    let mut checks = Checks::new(subject.request.lever);
    checks.pass(
        CheckName::Identity,
        format!("{} is of {}", run.id, subject.request.target),
    );
    wanted::wanted(subject, &repeated, &mut checks);
    wanted::newer_in_next(subject, &repeated, &mut checks);
    wanted::not_repeated(subject, run, &mut checks);
    if !tests_only {
        wanted::gate(subject, &repeated, &mut checks);
        gates::held_on_the_way(subject, &repeated.path, &repeated.repository, &mut checks);
    }
    runs::overtaken(
        subject,
        subject.environment(),
        &[(&repeated.repository, Some(version))],
        &mut checks,
    );
    wanted::attempts(subject, &repeated, &mut checks);
    checks.not_checked(CheckName::Elsewhere, "names of failing tests are not read");
    let because = reach::sentences(subject, &repeated.path, version);
    let reach = arrivals::of_version(
        subject,
        &repeated.repository,
        Some(version),
        &repeated.path,
        because,
    );
    gates::hours(subject, &reach, &mut checks);
    let suffix = format!("r{}-{}", repeated.attempt, mark::digest(&run.id.uid));
    let base = copy::generate_name(run);
    let name = mark::name(&base, &suffix);
    let object = copy::formulate(subject, &repeated, &name, &base, tests_only)?;
    // The version that stands where a delivering run would write; a smoke run moves nothing in its own environment.
    let here = subject
        .declared(subject.environment(), &repeated.repository)
        .and_then(|file| file.version.clone());
    let mut following = vec![
        hops::created(run.environment(), &name),
        hops::run_over(
            run.environment(),
            &name,
            Some("Succeeded"),
            subject.delivery().usual.smoke,
        ),
    ];
    following.extend(hops::along(
        subject,
        &repeated.path,
        &repeated.repository,
        version,
        if repeated.smoke {
            subject.delivery().usual.promotion
        } else {
            subject.delivery().usual.commit
        },
        if repeated.smoke {
            "the promoting step, and the deploy run behind it"
        } else {
            "the main branch"
        },
    ));
    let age = run
        .finished
        .map(|at| {
            format!(
                " {} ago",
                span(subject.context.now.duration_since(at).as_secs())
            )
        })
        .unwrap_or_default();
    let goes = match repeated.path.first() {
        Some(first) => format!(
            "passing brings {} into {first}, which has {}",
            version.short(),
            subject
                .declared(first, &repeated.repository)
                .and_then(|f| f.version.as_ref())
                .map_or("no version", Version::short)
        ),
        None => "passing promotes nothing".to_owned(),
    };
    let evidence = format!(
        "{} {}{age}; attempt {}; {goes}",
        run.id.name,
        run.state_in_words(),
        repeated.attempt
    );
    subject.conclude(Draft {
        request: Request {
            repository: Some(repeated.repository.clone()),
            run: Some(run.id.clone()),
            ..subject.request.clone()
        },
        from: if repeated.smoke {
            Some(version.clone())
        } else {
            here
        },
        to: Some(version.clone()),
        evidence,
        reach,
        checks,
        write: Write::Create {
            environment: run.environment().clone(),
            namespace: runs.namespace.clone(),
            plural: "workflows".into(),
            name: name.into(),
            object,
            origin: Some(Origin {
                id: run.id.clone(),
                attempt: repeated.attempt,
                phase: run.phase.as_str().to_owned(),
            }),
        },
        hops: following,
        debt: None,
        warning: None,
        next: None,
        choices: Vec::new(),
        rests_on: vec![(Source::Cluster(run.environment().clone()), Some(Kind::Runs))],
    })
}

/// The run that is meant: the one that the request names by its uid, else the newest smoke run of the target.
fn find<'a>(subject: &Subject<'a>) -> Result<Repeated<'a>, Refusal> {
    let delivery = subject.delivery();
    let Some(runs) = &delivery.runs else {
        return Err(subject.refusal("The delivery has no runs.", ""));
    };
    let run = match &subject.request.run {
        Some(id) => belongs::by_id(subject.store(), id).ok_or_else(|| {
            subject.refusal(
                format!("The run {} is not there any more.", id.name),
                "Choose another one.",
            )
        })?,
        None => belongs::smoke(subject.store(), delivery, &subject.request.target)
            .first()
            .copied()
            .ok_or_else(|| {
                subject.refusal(
                    match subject.unread(crate::store::Kind::Runs) {
                        Some(why) => format!("The runs of {} are {why}.", subject.environment()),
                        None => format!("No run of {} is known.", subject.request.target),
                    },
                    Remedy::by("Runs are kept for some days only; the sources show whether the cluster was read.", Way::Open(Page::Sources)),
                )
            })?,
    };
    if !is_resubmittable(&run.phase) {
        let decided = run.back_off().filter(|back_off| back_off.is_decided);
        let because = match decided {
            Some(back_off) => format!(
                "The run {} has failed and backs off until {} before it says so: it can be resubmitted then.",
                run.id.name,
                back_off.until_words()
            ),
            None => format!(
                "The run {} is {}: only a failed run is resubmitted.",
                run.id.name,
                run.phase.as_str()
            ),
        };
        return Err(subject.refusal(
            because,
            if run.phase.is_over() {
                Remedy::default()
            } else {
                Remedy::by("Wait until it is over, or stop it.", Way::Pull(Lever::Stop))
            },
        ));
    }
    if run.memoized {
        return Err(subject.refusal(
            format!(
                "The run {} kept steps of the run before it (it was resubmitted memoized); a copy made here would run them again.",
                run.id.name
            ),
            "Resubmit it in Argo Workflows itself.",
        ));
    }
    let smoke = belongs::is_smoke(runs, run);
    if !smoke && subject.request.lever == Lever::TestsOnly {
        return Err(subject.refusal(
            format!(
                "The run {} delivers: it has no tests that could be run alone.",
                run.id.name
            ),
            "Resubmit it whole, or choose a smoke run.",
        ));
    }
    if !belongs::is_of_target(subject.store(), delivery, &subject.request.target, run) {
        return Err(subject.refusal(
            format!(
                "The run {} is not one of {}.",
                run.id, subject.request.target
            ),
            "",
        ));
    }
    let (Some(repository), Some(version)) = (
        run.repository(&runs.repository_label),
        run.version(&runs.version_label),
    ) else {
        return Err(subject.refusal(
            format!(
                "The run {} does not say which version it is of.",
                run.id.name
            ),
            "Look at it in Argo Workflows.",
        ));
    };
    let before = run
        .annotations
        .get(mark::ATTEMPT)
        .and_then(|n| n.parse::<u32>().ok())
        .unwrap_or(1);
    let path = if subject.request.lever == Lever::TestsOnly {
        Vec::new()
    } else {
        path(subject, run, &repository, &version)
    };
    Ok(Repeated {
        run,
        runs,
        repository,
        version,
        smoke,
        attempt: before.saturating_add(1),
        path,
    })
}

/// Where the frozen parameters lead. An environment that has the version already is not changed, and starts no run of its own.
fn path(
    subject: &Subject<'_>,
    run: &Run,
    repository: &Repository,
    version: &Version,
) -> Vec<Environment> {
    reach::from_run(
        run,
        repository,
        version,
        subject.store(),
        subject.delivery(),
    )
}

//! The suite that every engine passes, over the ECS engine: the SDK against the simulated AWS, with real runners as tasks.
//!
//! Every case holds on ECS, so nothing is left out. Of the surroundings there is one for all cases: an AWS of its own for each of them would
//! cost more than the cases do.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;

use e2e::ground::Ground;
use e2e::ground::stack::{Stack, compiled};
use e2e::product::{self, Place};
use engine::Permit;
use engine::conformance::{Harness, JOB_SCRIPT, Job};
use engine_ecs::{EcsEngine, Settings, emulated};
use gatekeeper::{AllowList, Decision, decide};
use protocol::RunRequest;
use serde_json::json;

/// A cluster of the simulated AWS. The order of the fields is the order in which they end.
struct Cluster {
    engine: EcsEngine,
    allow_list: AllowList,
    _ground: Ground,
    _place: Place,
}

impl Cluster {
    async fn new() -> Self {
        let place = Place::new();
        let ground = Ground::start(&place);
        let scripts = place.join("scripts");
        let job = place.write("scripts/job", JOB_SCRIPT);
        std::fs::set_permissions(job, std::fs::Permissions::from_mode(0o755)).expect("it is ours");
        let runner = product::programs().join("deploy-runner");
        let images = json!({"conformance": [runner, "--trigger-dir", scripts]});
        let allow_list = product::fixtures().join("conformance.yaml");
        let stack = Stack::install(&ground, &place, &allow_list, &images);
        let place_in_aws = emulated::Place {
            endpoint: ground.endpoint(),
            region: ground.region(),
            access_key: &ground.owner().access_key,
            secret_key: &ground.owner().secret_key,
        };
        Self {
            engine: emulated::engine(place_in_aws, settings(&stack.settings(&ground))).await,
            allow_list: AllowList::load(&compiled(&allow_list)).expect("the fixture loads"),
            _ground: ground,
            _place: place,
        }
    }
}

fn settings(told: &BTreeMap<String, String>) -> Settings {
    Settings::read(|name| told.get(name).cloned()).unwrap_or_else(|error| panic!("{error}"))
}

impl Harness for Cluster {
    type Engine = EcsEngine;

    fn engine(&self) -> &EcsEngine {
        &self.engine
    }

    fn permit(&self, job: Job) -> Permit {
        let (container, script) = match job {
            Job::Print { .. } | Job::Exit { .. } | Job::Signal { .. } | Job::CleanUpOnStop => ("calm", "job"),
            Job::IgnoreStop => ("hasty", "job"),
            Job::PassDeadline => ("late", "job"),
            Job::Missing => ("calm", "missing"),
        };
        let request = RunRequest {
            container: Some(container.to_owned()),
            script: script.to_owned(),
            args: job.words(),
            ..RunRequest::default()
        };
        match decide(&self.allow_list, &request) {
            Decision::Permitted(permit) => permit,
            Decision::Denied(denial) => panic!("the suite's request is denied: {denial:?}"),
        }
    }
}

engine::conformance_suite!(together: Cluster::new().await);

//! The images that build images, with `--engine docker` in containers of a real Podman: with what their allow-list declares and no more.
//!
//! They have no network. A registry on the container's own loopback keeps what is pushed in a volume, where the test looks at it.
//! kaniko cannot be had as a package, so its test is given one:
//!
//! ```sh
//! KANIKO_EXECUTOR=/path/to/executor cargo nextest run --workspace --run-ignored all -E 'binary(image_builder)'
//! ```

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use container_engines::{Podman, Registry, Service as _};
use e2e::product::{self, Ended, Place, Running};
use e2e::repository::Repository;
use serde_json::Value;

/// The registry, as the container and the test reach it, each on its own loopback.
const REGISTRY: &str = "127.0.0.1:5000";
/// Starts it, and then the script; the volume begins with the base that Dockerfiles name.
const WITH_REGISTRY: &str = "#!/bin/sh
[ -d /registry/docker ] || cp -r /seed/docker /registry/
docker-registry serve /seed/registry.yml >/dev/null 2>&1 &
registry=$!
until skopeo inspect --raw --tls-verify=false docker://127.0.0.1:5000/base:1 >/dev/null 2>&1; do sleep 0.1; done
/opt/deploy-runner/scripts/build-docker-image \"$@\"
code=$?
kill $registry
exit $code
";
const SERVED: [&str; 5] = ["cat", "cp", "docker-registry", "mkdir", "sleep"];
/// What a build may run: kaniko unpacks it over its own files.
const BASE: [&str; 7] = ["cat", "chmod", "chown", "dash", "id", "mkdir", "sleep"];

/// One of the two images, an engine that has it, and a repository with a Dockerfile. The order of the fields is the order in which they end.
struct Builder {
    place: Place,
    podman: Podman,
    repository: Repository,
    allow_list: PathBuf,
}

impl Builder {
    /// `image` as `scripts/images.sh` calls it; `declared` is what its container in the allow-list says besides.
    fn new(image: &str, builder: &str, declared: &str) -> Self {
        let podman = Podman::start();
        let place = Place::new();
        let store = Store::build(&place, image);
        store.serve_from(&place, image);
        store.give_to(&podman, image);
        let repository = Repository::empty(&place);
        let allow_list = place.write("allow-list.yaml", allow_list(&repository, builder, declared));
        product::run(
            product::command(&product::programs().join("infrastructure-deployer"))
                .arg("check")
                .arg(&allow_list),
        )
        .with(0);
        Self {
            place,
            podman,
            repository,
            allow_list,
        }
    }

    /// Commits a Dockerfile beside a file, and tells the commit.
    fn commit(&self, dockerfile: &str) -> String {
        self.repository.write("app/hello", "hello\n");
        self.repository.write("app/Dockerfile", dockerfile);
        let commit = self.repository.commit("An image");
        self.repository.push("main");
        commit
    }

    fn build(&self, commit: &str, words: &[&str]) -> Command {
        let mut deployer = self.place.deployer(&self.allow_list);
        deployer
            .env("DEPLOY_RUNNER_ENGINE", "docker")
            .env("DEPLOY_RUNNER_IMAGE", "image-builder=localhost/served:latest")
            .env("DOCKER_HOST", self.podman.address())
            .args(["--", "builder", "with-registry", "--repo=live", "--context-path=app"])
            .arg(format!("--ref={commit}"))
            .args(words);
        deployer
    }

    fn tag(version: &str) -> String {
        format!("{REGISTRY}/apps/web:{version}")
    }

    /// What is in the registry's volume, over a registry of the test's own.
    fn registry(&self) -> Pushed {
        Pushed(Registry::over(&self.place.join("state/deploy-runner/volumes/registry")))
    }

    #[track_caller]
    fn assert_nothing_is_left(&self) {
        assert_eq!(self.podman.things(), Vec::<String>::new());
        self.place.assert_nothing_is_left();
    }
}

fn allow_list(repository: &Repository, builder: &str, declared: &str) -> String {
    format!(
        "version: 1
repositories: {{ live: {{ url: \"{}\", protected_refs: [refs/heads/main] }} }}
volumes: {{ registry: {{ description: What the registry keeps. }} }}
containers:
  builder:
    description: Builds images.
    image: image-builder
{declared}
    volumes: {{ registry: /registry }}
    task: {{ cpu: 1024, memory: 2048, timeout: 5m, stop_timeout: 10s }}
    scripts:
      with-registry:
        description: build-docker-image beside a registry.
        fixed_options: {{ --allowed-repository: [\"{REGISTRY}/apps\"], --builder: [{builder}], --cache-repository: [\"{REGISTRY}/cache\"] }}
        options:
          --repo: {{ type: repository, one_of: [live], required: true }}
          --ref: {{ type: commit, required: true }}
          --context-path: {{ type: path }}
          --tag: {{ type: text, pattern: '127\\.0\\.0\\.1:5000/apps/web:[a-z0-9]+', required: true, repeatable: true }}
          --build-arg: {{ type: key_value, keys: [APP_VERSION], value: {{ pattern: '[0-9.]+' }} }}
          --no-push: {{ type: flag }}
          --idempotent: {{ type: flag }}
        positionals: none
",
        repository.url()
    )
}

/// buildah's store, in which the images are made.
struct Store {
    folder: PathBuf,
}

impl Store {
    fn build(place: &Place, image: &str) -> Self {
        let folder = place.join("images");
        let mut script = product::command(&root().join("scripts/images.sh"));
        if let Some(executor) = std::env::var_os("KANIKO_EXECUTOR") {
            script.env("KANIKO_EXECUTOR", executor);
        }
        product::run(script.arg(&folder).arg(image)).with(0);
        Self { folder }
    }

    /// The image with a registry that already has a base, as `localhost/served`.
    fn serve_from(&self, place: &Place, image: &str) {
        let files = collected(place, "served", &SERVED);
        let seed = files.join("seed");
        std::fs::create_dir_all(&seed).expect("it can be done");
        std::fs::write(
            seed.join("registry.yml"),
            Registry::configuration(Path::new("/registry"), 5000),
        )
        .expect("it can be done");
        self.push_base(place, &seed);
        let script = place.write("served/opt/deploy-runner/scripts/with-registry", WITH_REGISTRY);
        std::fs::set_permissions(script, PermissionsExt::from_mode(0o755)).expect("it can be done");
        let dockerfile = format!("FROM localhost/deploy-runner/{image}\nCOPY . /\n");
        self.make("served", &dockerfile, &files);
    }

    /// A base with a shell, of which some files belong to somebody else.
    fn push_base(&self, place: &Place, seed: &Path) {
        let files = collected(place, "base", &BASE);
        std::os::unix::fs::symlink("dash", files.join("usr/bin/sh")).expect("it can be done");
        std::fs::create_dir_all(files.join("srv/www")).expect("it can be done");
        std::fs::write(files.join("srv/www/page"), "page\n").expect("it can be done");
        std::os::unix::fs::chown(files.join("srv/www"), Some(33), Some(33)).expect("this test is run by root");
        std::fs::set_permissions(files.join("srv/www"), PermissionsExt::from_mode(0o2755)).expect("it can be done");
        let archive = place.join("base.tar");
        let mut tar = product::command(Path::new("tar"));
        product::run(
            tar.arg("--numeric-owner")
                .arg("-C")
                .arg(&files)
                .arg("-cf")
                .arg(&archive)
                .arg("."),
        )
        .with(0);
        let context = place.join("base-context");
        std::fs::create_dir(&context).expect("it can be done");
        std::fs::rename(archive, context.join("base.tar")).expect("it can be done");
        self.make("base-of-builds", "FROM scratch\nADD base.tar /\n", &context);
        let registry = Pushed(Registry::over(seed));
        skopeo(&[
            "copy",
            "--dest-tls-verify=false",
            &self.name("base-of-builds"),
            &registry.name("base:1"),
        ]);
    }

    fn make(&self, name: &str, dockerfile: &str, context: &Path) {
        let file = context.with_extension("Dockerfile");
        std::fs::write(&file, dockerfile).expect("it can be done");
        let mut buildah = product::command(Path::new("buildah"));
        buildah
            .arg("--root")
            .arg(self.folder.join("root"))
            .arg("--runroot")
            .arg(self.folder.join("run"))
            .args([
                "--storage-driver=vfs",
                "build",
                "--quiet",
                "--isolation=chroot",
                "--pull-never",
            ])
            .arg("--file")
            .arg(file)
            .arg(format!("--tag=localhost/{name}"))
            .arg(context);
        product::run(&mut buildah).with(0);
    }

    fn name(&self, image: &str) -> String {
        let folder = self.folder.display();
        format!("containers-storage:[vfs@{folder}/root+{folder}/run]localhost/{image}")
    }

    /// Hands it to Podman, which must be able to say who made it.
    fn give_to(&self, podman: &Podman, image: &str) {
        let archive = podman.folder().join("served.tar");
        let target = format!("docker-archive:{}:localhost/served:latest", archive.display());
        let mut skopeo = product::command(Path::new("skopeo"));
        product::run(skopeo.args(["copy", "--quiet", &self.name("served"), &target])).with(0);
        podman.answer(&["load", "--quiet", "--input", &archive.display().to_string()]);
        let user = podman.answer(&[
            "image",
            "inspect",
            "--format",
            "{{.Config.User}}",
            "localhost/served:latest",
        ]);
        let expected = if image == "image-builder" {
            container_engines::USER
        } else {
            ""
        };
        assert_eq!(user, expected, "{image}");
    }
}

/// A registry over a folder, and what it has.
struct Pushed(Registry);

impl Pushed {
    fn name(&self, image: &str) -> String {
        format!("docker://{}/{image}", self.0.name())
    }

    fn inspect(&self, image: &str) -> Value {
        let text = skopeo(&["inspect", "--tls-verify=false", &self.name(image)]);
        serde_json::from_str(&text).expect("skopeo prints JSON")
    }

    fn has(&self, image: &str) -> bool {
        let mut skopeo = product::command(Path::new("skopeo"));
        let ended = product::run(skopeo.args(["inspect", "--raw", "--tls-verify=false", &self.name(image)]));
        ended.code == Some(0)
    }

    /// Owner, mode and path of every file in the layers above the base.
    fn files(&self, place: &Place, image: &str) -> Vec<String> {
        let copy = place.join("pulled");
        std::fs::remove_dir_all(&copy).ok();
        let target = format!("dir:{}", copy.display());
        skopeo(&[
            "copy",
            "--src-tls-verify=false",
            "--dest-decompress",
            &self.name(image),
            &target,
        ]);
        let manifest = std::fs::read(copy.join("manifest.json")).expect("there is a manifest");
        let manifest: Value = serde_json::from_slice(&manifest).expect("it is JSON");
        let layers = manifest["layers"].as_array().expect("layers").iter().skip(1);
        let list = |layer: &Value| {
            let digest = layer["digest"]
                .as_str()
                .expect("a digest")
                .trim_start_matches("sha256:");
            let mut tar = product::command(Path::new("tar"));
            let told = product::run(tar.arg("--numeric-owner").arg("-tvf").arg(copy.join(digest))).with(0);
            let line = |line: &str| {
                let fields: Vec<&str> = line.split_whitespace().collect();
                format!("{} {} {}", fields[0], fields[1], fields[5].trim_start_matches('/'))
            };
            told.stdout.lines().map(line).collect::<Vec<_>>()
        };
        layers.flat_map(list).collect()
    }
}

fn skopeo(words: &[&str]) -> String {
    let mut skopeo = product::command(Path::new("skopeo"));
    product::run(skopeo.args(words)).with(0).stdout
}

/// Programs of this machine with their libraries, in a folder of this name.
fn collected(place: &Place, name: &str, programs: &[&str]) -> PathBuf {
    let folder = place.join(name);
    let mut collect = product::command(Path::new("/bin/sh"));
    collect.arg(root().join("runner-images/base/collect.sh")).arg(&folder);
    product::run(collect.args(programs.iter().map(|program| format!("/usr/bin/{program}")))).with(0);
    folder
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .canonicalize()
        .expect("it is there")
}

#[track_caller]
fn told(ended: &Ended) -> Value {
    assert_eq!(ended.stdout.lines().count(), 1, "{}", ended.stdout);
    serde_json::from_str(&ended.stdout).expect("one line of JSON")
}

/// Builds, looks at what was pushed, and builds again.
#[track_caller]
fn pushed_once(builder: &Builder, dockerfile: &str) -> String {
    let commit = builder.commit(dockerfile);
    let tag = format!("--tag={}", Builder::tag("1"));
    let words = [tag.as_str(), "--build-arg=APP_VERSION=1.2.3", "--idempotent"];
    let first = product::run(&mut builder.build(&commit, &words)).with(0);
    let line = told(&first);
    assert_eq!(
        (&line["outcome"], &line["commit"]),
        (&"pushed".into(), &commit.clone().into())
    );
    assert!(!first.stderr.contains('\u{1b}'), "{}", first.stderr);
    {
        let registry = builder.registry();
        let inspected = registry.inspect("apps/web:1");
        assert_eq!(line["images"][0]["digest"], inspected["Digest"]);
        assert_eq!(inspected["Labels"]["version"], "1.2.3");
        assert_eq!(inspected["Labels"]["org.opencontainers.image.revision"], commit);
        // The base's layer came as it was, with owners that nobody could be here.
        assert_eq!(inspected["Layers"][0], registry.inspect("base:1")["Layers"][0]);
    }
    let second = product::run(&mut builder.build(&commit, &words)).with(0);
    assert_eq!(told(&second)["outcome"], "exists");
    assert_eq!(told(&second)["images"], line["images"]);
    assert!(second.stderr.contains("nothing was built"), "{}", second.stderr);
    commit
}

/// A build that pushes nothing, and one that fails.
#[track_caller]
fn pushed_nothing(builder: &Builder, commit: &str, failing: &str) {
    let tag = format!("--tag={}", Builder::tag("2"));
    let built = product::run(&mut builder.build(commit, &[&tag, "--no-push"])).with(0);
    assert_eq!(told(&built)["outcome"], "built");
    let commit = builder.commit(failing);
    let failed = product::run(&mut builder.build(&commit, &[&tag])).with(1);
    assert_eq!(failed.stdout, "");
    assert!(
        failed.stderr.contains("the build failed with exit code "),
        "{}",
        failed.stderr
    );
    assert!(!builder.registry().has("apps/web:2"));
}

const COPIES: &str = "FROM 127.0.0.1:5000/base:1
ARG APP_VERSION=none
LABEL version=$APP_VERSION
COPY hello /work/hello
ENTRYPOINT [\"/usr/bin/cat\", \"/work/hello\"]
";

#[test]
fn buildah_without_root_on_a_read_only_root_builds_pushes_and_skips() {
    let builder = Builder::new("image-builder", "buildah", "    capabilities: [SYS_CHROOT]");
    let commit = pushed_once(&builder, COPIES);
    let files = builder.registry().files(&builder.place, "apps/web:1");
    assert_eq!(files, ["drwxr-xr-x 0/0 work/", "-rw-r--r-- 0/0 work/hello"]);
    pushed_nothing(&builder, &commit, "FROM 127.0.0.1:5000/base:1\nCOPY none /\n");
    builder.assert_nothing_is_left();
}

#[test]
fn buildah_without_the_capability_says_what_to_declare_before_it_fetches_anything() {
    let builder = Builder::new("image-builder", "buildah", "");
    let commit = builder.commit(COPIES);
    let tag = format!("--tag={}", Builder::tag("1"));
    let refused = product::run(&mut builder.build(&commit, &[&tag])).with(126);
    for part in [
        "cannot have a user namespace to be it in: ",
        "`capabilities: [SYS_CHROOT]` and run it with Podman, or fix `--builder=kaniko`",
    ] {
        assert!(refused.stderr.contains(part), "{}", refused.stderr);
    }
    assert!(!refused.stderr.contains("fetching"), "{}", refused.stderr);
    builder.assert_nothing_is_left();
}

/// Two stages, steps of two users, owners, modes, and places that other containers have as volumes.
const STEPS: &str = "FROM 127.0.0.1:5000/base:1 AS first
RUN mkdir -p /out && echo one > /out/one && chown 33:33 /out/one && chmod 600 /out/one
FROM 127.0.0.1:5000/base:1
ARG APP_VERSION=none
LABEL version=$APP_VERSION
COPY --from=first /out /out
COPY --chown=33:33 hello /work/hello
RUN mkdir -p /app /work /home/job && id > /app/id && echo t > /tmp/t && echo z > /home/job/z && chmod u+s /usr/bin/cat
USER 33:33
RUN [\"/bin/sh\", \"-c\", \"id > /srv/www/who\"]
";

const KANIKO: &str = "    root_filesystem: writable
    capabilities: [CHOWN, DAC_OVERRIDE, FOWNER, FSETID, SETFCAP, SETGID, SETUID]";

#[test]
#[ignore = "needs kaniko's program, named by KANIKO_EXECUTOR"]
fn kaniko_with_what_the_standard_allow_list_declares_builds_pushes_and_skips() {
    let builder = Builder::new("image-builder-kaniko", "kaniko", KANIKO);
    let commit = pushed_once(&builder, STEPS);
    let files = builder.registry().files(&builder.place, "apps/web:1");
    for expected in [
        "-rw------- 33/33 out/one",
        "-rw-r--r-- 33/33 work/hello",
        "-rw-r--r-- 0/0 app/id",
        "-rw-r--r-- 0/0 tmp/t",
        "-rw-r--r-- 0/0 home/job/z",
        "-rwsr-xr-x 0/0 usr/bin/cat",
        "-rw-r--r-- 33/33 srv/www/who",
    ] {
        assert!(files.iter().any(|file| file == expected), "{expected}: {files:#?}");
    }
    // Nothing of the run itself is in the image.
    for own in ["deploy-", "kaniko", "seed", "registry"] {
        assert!(!files.iter().any(|file| file.contains(own)), "{own}: {files:#?}");
    }
    pushed_nothing(&builder, &commit, "FROM 127.0.0.1:5000/base:1\nRUN exit 3\n");
    builder.assert_nothing_is_left();
}

#[test]
#[ignore = "needs kaniko's program, named by KANIKO_EXECUTOR"]
fn a_step_of_another_user_is_stopped_with_the_run() {
    let builder = Builder::new("image-builder-kaniko", "kaniko", KANIKO);
    let commit = builder.commit("FROM 127.0.0.1:5000/base:1\nUSER 33:33\nRUN echo begun; sleep 1000\n");
    let tag = format!("--tag={}", Builder::tag("1"));
    let caller = Running::start(&builder.place, "caller", &mut builder.build(&commit, &[&tag]));
    product::wait_within(std::time::Duration::from_mins(2), "the step has begun", || {
        caller.stderr().contains("begun\n")
    });
    caller.signal("INT");
    caller.end().with(130);
    builder.assert_nothing_is_left();
}

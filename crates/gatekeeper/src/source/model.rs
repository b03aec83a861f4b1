//! The fields of the allow-list file, each declared once: their reader and their schema come from here.
//!
//! The comments are the descriptions that editors show, so they speak to whoever writes an allow-list.

use protocol::LaunchType;

use crate::compiled::{Capability, Entrypoint, Network, RootFilesystem, ValueStyle};

use super::names::{ContainerName, FixedOptionName, OptionName, RepositoryName, ScriptName, VariableName, VolumeName};
use super::reader::{List, Located, Table, Text};
use super::record::record;
use super::scalar::{Prose, Seconds, Units, Version};
use super::typed::{OptionSource, Positionals};

record! {
    /// An allow-list of deploy-runner: the containers, scripts and arguments that callers may ask for. What is not listed is denied.
    Source {
        /// Version of this file's format: 1.
        required version: Located<Version>,
        /// Git repositories by the alias that callers use. Their addresses never come from a caller.
        defaulted repositories: Table<RepositoryName, RepositorySource>,
        /// Directories that outlive runs, by name. Containers mount them.
        defaulted volumes: Table<VolumeName, VolumeSource>,
        /// Settings for all containers that do not say otherwise.
        optional defaults: DefaultsSource,
        /// The job environments that callers may ask for, by name.
        required containers: Table<ContainerName, ContainerSource>,
    }

    /// A git repository.
    RepositorySource {
        /// Its `https://`, `ssh://` or `file:///` address, without a password.
        required url: Text,
        /// Full ref names, such as `refs/heads/main`, whose history counts as reviewed.
        optional protected_refs: List<Text>,
    }

    /// A directory that outlives runs.
    VolumeSource {
        /// What it is for.
        required description: Located<Prose>,
        /// Several containers may mount it, although a run in one can then change what a run in another relies on.
        optional shared: Located<bool>,
    }

    /// Settings for all containers that do not say otherwise.
    DefaultsSource {
        /// The container that a request without one gets.
        optional container: Text,
        /// Size, ceilings and limits.
        optional task: TaskSource,
    }

    /// Size, ceilings and limits of runs. What is absent comes from `defaults.task`.
    TaskSource {
        /// CPU units by default; 1024 are one virtual CPU. 1024 when nothing says otherwise.
        optional cpu: Located<Units>,
        /// Memory by default, in MiB. 2048 when nothing says otherwise.
        optional memory: Located<Units>,
        /// Most CPU units that a caller may ask for. The default size when nothing says otherwise.
        optional max_cpu: Located<Units>,
        /// Most memory that a caller may ask for, in MiB. The default size when nothing says otherwise.
        optional max_memory: Located<Units>,
        /// The only launch type. FARGATE when nothing says otherwise.
        optional launch_type: Located<LaunchType>,
        /// The launch types that a caller may choose; the first is the default. Instead of `launch_type`.
        optional launch_types: List<Located<LaunchType>>,
        /// A run is stopped after this time. `1h` when nothing says otherwise.
        optional timeout: Located<Seconds>,
        /// A stopped run has this time to clean up before it is killed; 120s at most on Fargate. `30s` when nothing says otherwise.
        optional stop_timeout: Located<Seconds>,
    }

    /// A job environment: an image with its variables, secrets, limits and scripts.
    ContainerSource {
        /// What it is for.
        optional description: Located<Prose>,
        /// Name of an image built from runner-images/.
        required image: Text,
        /// What process 1 is: `deploy-runner` (the default), or `image` for an image that keeps its own entry point.
        optional entrypoint: Located<Entrypoint>,
        /// Variables that every run gets. Never for secrets.
        defaulted environment: Table<VariableName, Text>,
        /// Variable name to secret. The engine resolves it; the gate never sees its value.
        defaulted secrets: Table<VariableName, Text>,
        /// The network that runs may reach: `none` (the default), or `host` for the network of the place where they run.
        optional network: Located<Network>,
        /// Volume name to the absolute path where it is mounted, for reading and writing.
        defaulted volumes: Table<VolumeName, Text>,
        /// `read_only` (the default), or `writable` for runs that write the root file system: kaniko unpacks images into it.
        optional root_filesystem: Located<RootFilesystem>,
        /// Linux capabilities that runs keep, without `CAP_`. None when absent.
        optional capabilities: List<Located<Capability>>,
        /// Size, ceilings and limits.
        optional task: TaskSource,
        /// The programs in it that may be run, by name.
        required scripts: Table<ScriptName, ScriptSource>,
    }

    /// A program that may be run, and the arguments that callers may give it.
    ScriptSource {
        /// What it does.
        optional description: Located<Prose>,
        /// How the arguments are written for it.
        optional parameter_style: ParameterStyleSource,
        /// Options that are always passed, each with the list of its values; an empty list is a flag. A caller may never name them.
        defaulted fixed_options: Table<FixedOptionName, List<Text>>,
        /// Positionals that are always passed, before the caller's.
        optional fixed_positionals: List<Text>,
        /// Options that a caller may give.
        defaulted options: Table<OptionName, OptionSource>,
        /// `none` (the default), or the positionals that a caller may give, in order.
        optional positionals: Positionals,
    }

    /// How the arguments are written for a program.
    ParameterStyleSource {
        /// `equals` (the default) for `--name=value` in one word, `separate` for two words.
        optional values: Located<ValueStyle>,
        /// Write `--` before the first positional. True when absent.
        optional end_of_options: Located<bool>,
    }
}

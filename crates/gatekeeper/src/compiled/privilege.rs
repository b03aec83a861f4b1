//! What a container may do beyond what every container may: nothing, unless the allow-list says so.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Whether runs may write the root file system.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RootFilesystem {
    /// Only a few places of a run's own can be written.
    #[default]
    ReadOnly,
    /// All of it can, and what is written goes with the run.
    Writable,
}

impl RootFilesystem {
    /// The usual.
    pub const fn is_read_only(&self) -> bool {
        matches!(self, Self::ReadOnly)
    }
}

/// Declares the capabilities with their names.
macro_rules! capabilities {
    ($($(#[doc = $doc:literal])+ $capability:ident = $name:literal,)+) => {
        /// A Linux capability that a container may keep: one of those that Docker gives without being asked. No other can be had on
        /// Fargate, and those beyond reach the machine.
        ///
        /// Source: <https://docs.docker.com/engine/containers/run/#runtime-privilege-and-linux-capabilities>
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Capability {$(
            $(#[doc = $doc])+
            #[serde(rename = $name)]
            $capability,
        )+}

        impl Capability {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$capability),+];

            /// The name, without `CAP_`.
            pub const fn as_str(self) -> &'static str {
                match self {$(Self::$capability => $name,)+}
            }

            /// Names and capabilities, for readers.
            #[cfg(feature = "authoring")]
            pub(crate) const WORDS: &'static [(&'static str, Self)] = &[$(($name, Self::$capability)),+];
            /// What is expected, for messages.
            #[cfg(feature = "authoring")]
            pub(crate) const EXPECTED: &'static str = concat!(
                "one of ", $("`", $name, "`, ",)+
                "which containers have by default elsewhere: no other can be had on Fargate, and those beyond reach the machine"
            );
        }
    };
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

capabilities! {
    /// Write records of the audit log.
    AuditWrite = "AUDIT_WRITE",
    /// Change owners of files.
    Chown = "CHOWN",
    /// Pass over permissions of files.
    DacOverride = "DAC_OVERRIDE",
    /// Change what only an owner may.
    Fowner = "FOWNER",
    /// Keep set-user-id and set-group-id bits.
    Fsetid = "FSETID",
    /// Signal processes of other users.
    Kill = "KILL",
    /// Make device files.
    Mknod = "MKNOD",
    /// Listen on ports below 1024.
    NetBindService = "NET_BIND_SERVICE",
    /// Use raw sockets.
    NetRaw = "NET_RAW",
    /// Give files capabilities.
    Setfcap = "SETFCAP",
    /// Change groups.
    Setgid = "SETGID",
    /// Pass capabilities on.
    Setpcap = "SETPCAP",
    /// Change users.
    Setuid = "SETUID",
    /// Use chroot.
    SysChroot = "SYS_CHROOT",
}

//! An engine over an AWS that is emulated somewhere: for tests that must not need the SDK themselves. Never reads the environment's
//! credentials, Region or endpoints.

use aws_config::{BehaviorVersion, Region};
use aws_sdk_ecs::config::Credentials;

use crate::{EcsEngine, Settings, system_clock};

/// Where the emulation is, and whose keys it is asked with.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Answers for every service.
    pub endpoint: &'a str,
    /// The Region.
    pub region: &'a str,
    /// The public half of the keys.
    pub access_key: &'a str,
    /// The secret half.
    pub secret_key: &'a str,
}

/// The engine of a cluster there, with the clients that it has everywhere.
pub async fn engine(place: Place<'_>, settings: Settings) -> EcsEngine {
    let keys = Credentials::new(place.access_key, place.secret_key, None, None, "test");
    let sdk = aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new(place.region.to_owned()))
        .endpoint_url(place.endpoint)
        .credentials_provider(keys)
        .load()
        .await;
    EcsEngine::new(&sdk, settings, system_clock())
}

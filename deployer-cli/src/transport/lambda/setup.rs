//! From options and environment to the settings of the calls: Region, credentials, HTTP client.
//!
//! Responsible for: reading only what is needed, and a short wait where nobody may answer. Never: sends a message.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::environment::{EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider};
use aws_config::imds;
use aws_config::imds::region::ImdsRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use tokio::sync::OnceCell;

use super::FunctionId;
use super::function::{NotAFunction, is_region};
use super::http;

/// An instance's metadata service is one hop away; where there is none, nobody should wait for it.
const IMDS_CONNECT: Duration = Duration::from_millis(500);
/// As for connecting; the service answers from memory.
const IMDS_READ: Duration = Duration::from_secs(1);
/// Attempts at the metadata service.
const IMDS_ATTEMPTS: u32 = 2;
/// Variables that send requests elsewhere, the more special first.
const ENDPOINT_VARIABLES: [&str; 2] = ["AWS_ENDPOINT_URL_LAMBDA", "AWS_ENDPOINT_URL"];

/// Why there is no way to the function.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SetupError {
    /// The function's name is none.
    #[error("--invoker-function-id `{given}`: {source}")]
    Function {
        /// What was given.
        given: String,
        /// What is wrong.
        source: NotAFunction,
    },
    /// The Region is none.
    #[error("`{0}` is no AWS Region: give one such as `us-west-2` with --aws-region")]
    Region(String),
    /// Nobody says which Region.
    #[error("no AWS Region: give --aws-region, or set AWS_REGION or `region` in the profile")]
    NoRegion,
    /// Two Regions.
    #[error(
        "the Region is `{given}`, but --invoker-function-id names a function in `{arn}`: give --aws-region={arn}, or the function by its name"
    )]
    TwoRegions {
        /// From the option or the environment.
        given: String,
        /// From the ARN.
        arn: String,
    },
}

/// The function of the options.
pub(crate) fn function(given: &str) -> Result<FunctionId, SetupError> {
    given.parse().map_err(|source| SetupError::Function {
        given: given.escape_debug().take(200).collect(),
        source,
    })
}

/// The settings: `region` if it is given, else what the SDK's usual places say, else the Region of the function's ARN.
pub(crate) async fn settings(region: Option<&str>, function: &FunctionId) -> Result<SdkConfig, SetupError> {
    let http = http::client();
    let region = match region {
        Some(region) => Some(Region::new(region.to_owned())),
        None => usual_region(function, &http).await,
    };
    let region = checked(region, function)?;
    Ok(aws_config::defaults(BehaviorVersion::latest())
        .region(region.clone())
        .credentials_provider(Chain::new(region, http.clone()))
        .http_client(http)
        .load()
        .await)
}

/// Where requests go, if not to AWS's own address: for messages.
pub(super) fn custom_endpoint(sdk: &SdkConfig) -> Option<String> {
    let named = |name: &&str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let in_environment = || ENDPOINT_VARIABLES.iter().find_map(named);
    in_environment().or_else(|| sdk.endpoint_url().map(str::to_owned))
}

/// An instance's own Region is asked for last, and only if the function's name does not tell.
async fn usual_region(function: &FunctionId, http: &SharedHttpClient) -> Option<Region> {
    let usual = RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new())
        .or_else(ProfileFileRegionProvider::new());
    let told = usual.region().await;
    if told.is_some() || function.region().is_some() {
        return told.or_else(|| function.region().map(|region| Region::new(region.to_owned())));
    }
    let provider = ImdsRegionProvider::builder().imds_client(metadata(http)).build();
    provider.region().await
}

fn checked(region: Option<Region>, function: &FunctionId) -> Result<Region, SetupError> {
    let region = region.ok_or(SetupError::NoRegion)?;
    if !is_region(region.as_ref()) {
        return Err(SetupError::Region(region.as_ref().escape_debug().take(80).collect()));
    }
    match function.region() {
        Some(arn) if arn != region.as_ref() => Err(SetupError::TwoRegions {
            given: region.as_ref().to_owned(),
            arn: arn.to_owned(),
        }),
        Some(_) | None => Ok(region),
    }
}

fn metadata(http: &SharedHttpClient) -> imds::Client {
    let config = ProviderConfig::without_region().with_http_client(http.clone());
    imds::Client::builder()
        .configure(&config)
        .max_attempts(IMDS_ATTEMPTS)
        .connect_timeout(IMDS_CONNECT)
        .read_timeout(IMDS_READ)
        .build()
}

/// The SDK's usual chain of credentials, of which nothing but the environment is touched until it is needed.
#[derive(Debug)]
struct Chain {
    environment: EnvironmentVariableCredentialsProvider,
    rest: OnceCell<DefaultCredentialsChain>,
    region: Region,
    http: SharedHttpClient,
}

impl Chain {
    fn new(region: Region, http: SharedHttpClient) -> Self {
        Self {
            environment: EnvironmentVariableCredentialsProvider::new(),
            rest: OnceCell::new(),
            region,
            http,
        }
    }

    async fn credentials(&self) -> Result<Credentials, CredentialsError> {
        match self.environment.provide_credentials().await {
            Err(CredentialsError::CredentialsNotLoaded(_)) => {}
            told => return told,
        }
        let rest = self.rest.get_or_init(|| async {
            let config = ProviderConfig::without_region().with_http_client(self.http.clone());
            DefaultCredentialsChain::builder()
                .configure(config)
                .region(self.region.clone())
                .imds_client(metadata(&self.http))
                .build()
                .await
        });
        rest.await.provide_credentials().await
    }
}

impl ProvideCredentials for Chain {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.credentials())
    }
}

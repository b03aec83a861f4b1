//! The HTTP client. TLS and the system's certificates cost milliseconds, so they are prepared with the first request that needs them.
//!
//! Responsible for: one pool of connections for each set of time-outs, and the proxy of the environment. Never: looks into a request.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Connector, ConnectorBuilder};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

/// The client of this program.
pub(super) fn client() -> SharedHttpClient {
    SharedHttpClient::new(Lazy::default())
}

/// Hands out connectors, the same one for the same time-outs.
#[derive(Debug, Default)]
struct Lazy {
    made: Mutex<Vec<(TimeOuts, SharedHttpConnector)>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct TimeOuts {
    connect: Option<Duration>,
    read: Option<Duration>,
}

impl HttpClient for Lazy {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let time_outs = TimeOuts {
            connect: settings.connect_timeout(),
            read: settings.read_timeout(),
        };
        // Nothing in here can be left half done, so a panic elsewhere changes nothing.
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, connector)) = made.iter().find(|(known, _)| *known == time_outs) {
            return connector.clone();
        }
        let mut builder = Connector::builder().connector_settings(settings.clone());
        builder.set_sleep_impl(components.sleep_impl());
        let connector = SharedHttpConnector::new(ByScheme {
            builder,
            plain: OnceLock::new(),
            secure: OnceLock::new(),
        });
        made.push((time_outs, connector.clone()));
        connector
    }
}

/// Makes the way of a request when the first request takes it.
#[derive(Debug)]
struct ByScheme {
    builder: ConnectorBuilder,
    plain: OnceLock<Arc<Connector>>,
    secure: OnceLock<Arc<Connector>>,
}

impl HttpConnector for ByScheme {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        if request.uri().starts_with("http://") {
            // Emulators and the addresses of credentials on this host: no proxy lies before them.
            self.plain
                .get_or_init(|| Arc::new(self.builder.clone().build_http()))
                .call(request)
        } else {
            let secure = || {
                let builder = self.builder.clone().proxy_config(ProxyConfig::from_env());
                Arc::new(builder.tls_provider(Provider::Rustls(CryptoMode::AwsLc)).build())
            };
            self.secure.get_or_init(secure).call(request)
        }
    }
}

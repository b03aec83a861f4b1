//! An HTTP client for the SDK whose other side is a function of this process: for tests. Never opens a connection.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use aws_sdk_ecs::config::SharedHttpClient;
use aws_sdk_ecs::error::ConnectorError;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};

/// How an exchange breaks off instead of getting an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Break {
    /// The connection is reset.
    Reset,
    /// No answer ever comes: the SDK's own time-out ends the wait.
    Silence,
}

/// A client that has every request answered by the function. Works under tokio's paused clock.
pub fn http_client<Answer, Answering>(answer: Answer) -> SharedHttpClient
where
    Answer: Fn(http::Request<Vec<u8>>) -> Answering + Send + Sync + 'static,
    Answering: Future<Output = Result<http::Response<Vec<u8>>, Break>> + Send + 'static,
{
    let connector = SharedHttpConnector::new(InProcess(Arc::new(answer)));
    http_client_fn(move |_settings, _components| connector.clone())
}

struct InProcess<Answer>(Arc<Answer>);

impl<Answer> fmt::Debug for InProcess<Answer> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InProcess")
    }
}

impl<Answer, Answering> HttpConnector for InProcess<Answer>
where
    Answer: Fn(http::Request<Vec<u8>>) -> Answering + Send + Sync + 'static,
    Answering: Future<Output = Result<http::Response<Vec<u8>>, Break>> + Send + 'static,
{
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let answer = Arc::clone(&self.0);
        HttpConnectorFuture::new(async move {
            let request = request.try_into_http1x().map_err(user_error)?;
            let request = request.map(|body| body.bytes().unwrap_or_default().to_vec());
            match answer(request).await {
                Ok(response) => HttpResponse::try_from(response.map(Into::into)).map_err(user_error),
                Err(Break::Reset) => Err(ConnectorError::io("connection reset by peer".into())),
                Err(Break::Silence) => std::future::pending().await,
            }
        })
    }
}

fn user_error(error: impl std::error::Error + Send + Sync + 'static) -> ConnectorError {
    ConnectorError::user(Box::new(error))
}

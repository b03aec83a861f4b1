//! Serves requests over HTTP/1.1 on a listener: the simulation, or pages that were built before. For benchmarks and tests in real time.

use std::convert::Infallible;
use std::future::Future;
use std::io;

use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

use crate::reply::Break;

/// Serves until the future is dropped. A [`Break::Reset`] closes the connection, a [`Break::Silence`] leaves it open for ever.
pub async fn serve<Answer, Answering>(listener: TcpListener, answer: Answer) -> io::Result<Infallible>
where
    Answer: Fn(Request<Vec<u8>>) -> Answering + Clone + Send + Sync + 'static,
    Answering: Future<Output = Result<Response<Vec<u8>>, Break>> + Send + 'static,
{
    loop {
        let (stream, _peer) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(connection(stream, answer.clone()));
    }
}

/// Serves one connection to its end. However it ends, only its own caller is concerned.
async fn connection<Answer, Answering>(stream: TcpStream, answer: Answer)
where
    Answer: Fn(Request<Vec<u8>>) -> Answering,
    Answering: Future<Output = Result<Response<Vec<u8>>, Break>>,
{
    let service = service_fn(|request: Request<Incoming>| async {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.map_err(io::Error::other)?.to_bytes().to_vec();
        match answer(Request::from_parts(parts, body)).await {
            Ok(response) => Ok(response.map(|body| Full::new(Bytes::from(body)))),
            Err(Break::Reset) => Err(io::Error::from(io::ErrorKind::ConnectionReset)),
            Err(Break::Silence) => std::future::pending().await,
        }
    });
    drop(
        http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service)
            .await,
    );
}

//! `bootstrap`: what Lambda starts. Wiring only.

use invoker_lambda::{Unread, Verbatim, answer, log, start};
use lambda_runtime::{Error, LambdaEvent, Runtime, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    log();
    let invoker = start().await;
    let handler = service_fn(|_: LambdaEvent<Unread>| answer(&invoker));
    Box::pin(Runtime::new(handler).layer(Verbatim).run()).await
}

//! Connections that do not stand, or do not last.

use super::*;

#[tokio::test]
async fn a_connection_that_breaks_after_the_message_leaves_open_whether_it_arrived() {
    check(
        Answer::Hangup,
        &["connection to `http://127.0.0.1:", "broke"],
        Hope::Good,
        Arrival::Perhaps,
    )
    .await;
}

#[tokio::test]
async fn nobody_listening_means_that_nothing_arrived() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://user:hunter2@{}", listener.local_addr().unwrap());
    drop(listener);
    Server::serving([Answer::Hangup], async |server| {
        let sdk = server.sdk().into_builder().endpoint_url(&url).build();
        let gate = LambdaTransport::new(&sdk, ALIAS.parse().unwrap());
        let error = gate.send(&describe()).await.unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("cannot reach") && text.contains("Connection refused"),
            "{text}"
        );
        assert!(!text.contains("hunter2"), "{text}");
        assert_eq!((error.hope(), error.arrival()), (Hope::Brief, Arrival::No));
    })
    .await;
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_a_failure_of_tls() {
    Server::serving([Answer::Hangup], async |server| {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        tokio::task::spawn_local(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let greeting = b"HTTP/1.1 400 this is no TLS\r\n\r\n";
                drop(tokio::io::AsyncWriteExt::write_all(&mut stream, greeting).await);
            }
        });
        let sdk = server.sdk().into_builder().endpoint_url(&url).build();
        let gate = LambdaTransport::new(&sdk, ALIAS.parse().unwrap());
        let error = gate.send(&describe()).await.unwrap_err();
        assert!(error.to_string().contains("no secure connection"), "{error}");
        assert_eq!((error.hope(), error.arrival()), (Hope::None, Arrival::No));
    })
    .await;
}

//! The simulation over a real connection.

use std::sync::Arc;

use aws_sim::{Faults, Sim, serve};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

#[tokio::test]
async fn a_request_over_a_connection_is_answered_and_a_break_closes_it() {
    for (faults, expected) in [
        (Faults::none(), r#"{"taskArns":[]}"#),
        (
            Faults {
                reset_before: 1.0,
                ..Faults::none()
            },
            "",
        ),
    ] {
        let sim = Sim::new(1, faults);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut connection = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let server = tokio::spawn(serve(listener, move |request| {
            let sim = Arc::clone(&sim);
            async move { sim.answer(request).await }
        }));
        let body = r#"{"cluster":"deploy-runner"}"#;
        let head = format!(
            "POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-amz-target: AmazonEC2ContainerServiceV20141113.ListTasks\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        connection.write_all((head + body).as_bytes()).await.unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).await.unwrap();
        assert!(answer.ends_with(expected), "{answer}");
        assert_eq!(answer.is_empty(), expected.is_empty(), "{answer}");
        server.abort();
    }
}

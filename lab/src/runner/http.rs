//! One request, for the check before a trial.

use std::time::Duration;

use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use poollab_model::Method;
use tokio::net::TcpStream;

/// Sends one request on a connection of its own; gives status and body.
pub async fn ask(
    address: &str,
    method: Method,
    path: &str,
    within: Duration,
) -> Result<(u16, String), String> {
    match tokio::time::timeout(within, exchange(address, method, path)).await {
        Ok(answer) => answer.map_err(|why| format!("no answer to {path}: {why}")),
        Err(_) => Err(format!("no answer to {path} within {within:?}")),
    }
}

async fn exchange(
    address: &str,
    method: Method,
    path: &str,
) -> Result<(u16, String), Box<dyn std::error::Error + Send + Sync>> {
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let driver = tokio::spawn(connection);
    let method = match method {
        Method::Get => hyper::Method::GET,
        Method::Post => hyper::Method::POST,
    };
    let request = hyper::Request::builder()
        .method(method)
        .uri(path)
        .header("host", address)
        .body(Empty::<Bytes>::new())?;
    let answer = sender.send_request(request).await?;
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await?.to_bytes();
    driver.abort();
    Ok((status, String::from_utf8_lossy(&body).into_owned()))
}

//! From an HTTP request to what it asks for, or to what is wrong with it.

use std::time::Duration;

use actix_web::http::{Method as HttpMethod, StatusCode};
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use futures_util::StreamExt;
use poollab_model::{HotRowMethod, Method};
use serde::Deserialize;

use super::problem;
use crate::workloads::{self, Ask, MAX_THINK_MS, WORKLOADS, Workload, parameters_in_words};

/// The longest body, in bytes. A sensible one has thirty.
const MAX_BODY: usize = 1024;

/// A request that is the caller's fault.
#[derive(Debug)]
pub enum Refusal {
    /// A status and its reason.
    Because(StatusCode, String),
    /// The workload is asked with another method, this one.
    Method(&'static str),
}

impl Refusal {
    /// As an answer.
    pub fn response(self) -> HttpResponse {
        match self {
            Self::Because(status, reason) => problem::of_caller(status, reason),
            Self::Method(allowed) => problem::method_not_allowed(allowed),
        }
    }

    fn bad(reason: String) -> Self {
        Self::Because(StatusCode::BAD_REQUEST, reason)
    }
}

/// Reads the whole request.
pub async fn read(
    request: &HttpRequest,
    body: Payload,
    hazards: bool,
) -> Result<(&'static dyn Workload, Ask), Refusal> {
    let path = request.path();
    let parts = path.strip_prefix('/').and_then(|path| path.split_once('/'));
    let Some((name, text)) = parts.filter(|(_, text)| !text.contains('/')) else {
        let reason = format!("there is nothing at {path}; / says what can be asked");
        return Err(Refusal::Because(StatusCode::NOT_FOUND, reason));
    };
    let workload = find(name, hazards)?;
    let posted = workload.method() == Method::Post;
    // HEAD does the work of GET; its answer goes without the body.
    let fits = match *request.method() {
        HttpMethod::POST => posted,
        HttpMethod::GET | HttpMethod::HEAD => !posted,
        _ => false,
    };
    if !fits {
        return Err(Refusal::Method(if posted { "POST" } else { "GET, HEAD" }));
    }
    let mut ask = Ask::plain(id(workload, text)?);
    parameters(workload, request.query_string(), &mut ask)?;
    if posted {
        ask.delta = delta(workload, &collect(body).await?)?;
    }
    Ok((workload, ask))
}

fn find(name: &str, hazards: bool) -> Result<&'static dyn Workload, Refusal> {
    let found = if hazards { workloads::find(name) } else { workloads::find_compared(name) };
    found.ok_or_else(|| {
        let known: Vec<_> = WORKLOADS.iter().map(|workload| workload.id()).collect();
        let reason = format!("there is no workload {name:?}; there are {}", known.join(", "));
        Refusal::Because(StatusCode::NOT_FOUND, reason)
    })
}

fn id(workload: &dyn Workload, text: &str) -> Result<i32, Refusal> {
    let range = || format!("ids of {} are 1 to {}", workload.id(), workload.ids());
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Refusal::bad(format!("{text:?} is not a number; {}", range())));
    }
    if digits.len() < text.len() {
        return Err(Refusal::bad(format!("{text} is negative; {}", range())));
    }
    // Too many digits for the type are as much out of range as 0 is.
    let id = text.parse::<i32>().ok().filter(|id| *id >= 1 && id.unsigned_abs() as u64 <= workload.ids());
    id.ok_or_else(|| Refusal::Because(StatusCode::NOT_FOUND, format!("there is no id {text}; {}", range())))
}

fn parameters(workload: &dyn Workload, query: &str, ask: &mut Ask) -> Result<(), Refusal> {
    if query.is_empty() {
        return Ok(());
    }
    let mut problems = Vec::new();
    let mut seen = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if !workload.parameters().contains(&name) {
            let known = parameters_in_words(workload);
            problems.push(format!("{} knows no parameter {name:?}; {known}", workload.id()));
        } else if seen.contains(&name) {
            problems.push(format!("{name} is given twice"));
        } else {
            seen.push(name);
            problems.extend(parameter(name, value, ask).err());
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(Refusal::bad(problems.join("; "))) }
}

fn parameter(name: &str, value: &str, ask: &mut Ask) -> Result<(), String> {
    match name {
        "think_ms" => match value.parse::<u64>() {
            Ok(ms) if ms <= MAX_THINK_MS => ask.think = Duration::from_millis(ms),
            _ => return Err(format!("think_ms={value} must be a whole number from 0 to {MAX_THINK_MS}")),
        },
        "release_early" => match value {
            "true" => ask.release_early = true,
            "false" => ask.release_early = false,
            _ => return Err(format!("release_early={value} must be true or false")),
        },
        "method" => match HotRowMethod::ALL.into_iter().find(|method| method.as_str() == value) {
            Some(method) => ask.method = method,
            None => {
                let known = HotRowMethod::ALL.map(HotRowMethod::as_str).join(", ");
                return Err(format!("method={value} must be one of {known}"));
            }
        },
        // A workload may list a parameter that nobody reads: its author should hear of it at once.
        other => return ask.hazard.set(other, value),
    }
    Ok(())
}

async fn collect(mut body: Payload) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::new();
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|why| Refusal::bad(format!("the body can't be read: {why}")))?;
        if bytes.len() + chunk.len() > MAX_BODY {
            let reason = format!("the body is longer than {MAX_BODY} bytes");
            return Err(Refusal::Because(StatusCode::PAYLOAD_TOO_LARGE, reason));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    delta: Option<i32>,
}

fn delta(workload: &dyn Workload, body: &[u8]) -> Result<Option<i32>, Refusal> {
    if body.is_empty() {
        return Ok(None);
    }
    let Some(most) = workload.max_delta() else {
        return Err(Refusal::bad(format!("{} takes no body", workload.id())));
    };
    let Body { delta } = serde_json::from_slice(body)
        .map_err(|why| Refusal::bad(format!("the body is not as expected, {{\"delta\":42}}: {why}")))?;
    match delta {
        Some(delta) if delta.unsigned_abs() > most => {
            Err(Refusal::bad(format!("delta is {delta}; it must be from -{most} to {most}")))
        }
        delta => Ok(delta),
    }
}

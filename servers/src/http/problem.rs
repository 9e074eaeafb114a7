//! Failures as RFC 9457 wants them: `application/problem+json`.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use poollab_model::{Cause, ErrorKind, Problem};

use crate::fault::Fault;

static PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

/// A request that failed in the service or beneath it.
pub fn of_fault(strategy: &str, fault: Fault) -> HttpResponse {
    let status = match fault.kind {
        ErrorKind::Unsupported => StatusCode::NOT_IMPLEMENTED,
        kind if kind.can_retry() => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    let title = fault.kind.title();
    let advice = advice(fault.kind);
    let detail = match &fault.cause {
        Some(cause) => format!("{strategy}: {}. Beneath: {}. {advice}", fault.message, cause.message),
        None => format!("{strategy}: {}. {advice}", fault.message),
    };
    response(Problem {
        problem_type: format!("/problems/{}", fault.kind),
        title: title.to_owned(),
        status: status.as_u16(),
        detail,
        kind: Some(fault.kind),
        sqlstate: fault.sqlstate,
        message: Some(fault.message),
        cause: fault.cause,
    })
}

/// What to do about it.
fn advice(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::PoolTimeout => {
            "All connections were lent for the whole time: hold them shorter, or give the pool a few more"
        }
        ErrorKind::ConnectTimeout => {
            "The server is overloaded or unreachable: connect less often, use a pool"
        }
        ErrorKind::SlotsExhausted => {
            "More connections are open than max_connections allows: use a pool, or a smaller one"
        }
        ErrorKind::ConnectRefused => "Is Postgres running at that address?",
        ErrorKind::StartingUp => "Wait until Postgres is ready, then try again",
        ErrorKind::ConnectionLost => "The connection is replaced: try again",
        ErrorKind::PreparedStatement => {
            "A pooler between service and Postgres changes connections: use unnamed statements, or let the \
             pooler track prepared ones"
        }
        ErrorKind::TransactionAborted => {
            "An earlier statement of the transaction failed; on a shared connection it may have been another \
             request's"
        }
        ErrorKind::StatementTimeout => "The statement took longer than statement_timeout allows",
        ErrorKind::PoolerRefused => "The pooler's own limits were met: look at its configuration",
        ErrorKind::AuthenticationFailed => {
            "Check user and password, and what pg_hba.conf asks of them; then start the service again"
        }
        ErrorKind::Unsupported => "Take another strategy for this workload",
        ErrorKind::WrongAnswer => {
            "This request saw another one's data, or lost its own: don't share connections"
        }
        ErrorKind::Query => "The SQLSTATE and the original text say what is wrong",
        ErrorKind::Http | ErrorKind::HttpTimeout | ErrorKind::HttpConnect | ErrorKind::Dropped => {
            "The load generator noticed it"
        }
    }
}

/// A request that is the caller's fault.
pub fn of_caller(status: StatusCode, detail: String) -> HttpResponse {
    let title = status.canonical_reason().unwrap_or("The request can't be answered");
    response(Problem {
        problem_type: "about:blank".to_owned(),
        title: title.to_owned(),
        status: status.as_u16(),
        detail,
        kind: None,
        sqlstate: None,
        message: None,
        cause: None,
    })
}

/// Asked with a method that does not fit.
pub fn method_not_allowed(allowed: &'static str) -> HttpResponse {
    let mut response =
        of_caller(StatusCode::METHOD_NOT_ALLOWED, format!("ask with {allowed}; / says what can be asked"));
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    response
}

/// The service is about to end.
pub fn stopping() -> HttpResponse {
    let mut response =
        of_caller(StatusCode::SERVICE_UNAVAILABLE, "the service is stopping; ask another one".to_owned());
    response.head_mut().set_connection_type(actix_web::http::ConnectionType::Close);
    response
}

/// Postgres does not let the service in. No request can succeed before it is started with another password.
pub fn refused_login(cause: Cause) -> HttpResponse {
    response(Problem {
        problem_type: format!("/problems/{}", cause.kind),
        title: cause.kind.title().to_owned(),
        status: StatusCode::SERVICE_UNAVAILABLE.as_u16(),
        detail: format!("{}. {}", cause.message, advice(cause.kind)),
        kind: Some(cause.kind),
        sqlstate: cause.sqlstate,
        message: Some(cause.message),
        cause: None,
    })
}

/// Not ready, for a reason.
pub fn not_ready(detail: String) -> HttpResponse {
    of_caller(StatusCode::SERVICE_UNAVAILABLE, detail)
}

fn response(problem: Problem) -> HttpResponse {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut builder = HttpResponse::build(status);
    builder.insert_header((CONTENT_TYPE, PROBLEM_JSON.clone()));
    if status == StatusCode::SERVICE_UNAVAILABLE {
        builder.insert_header((RETRY_AFTER, HeaderValue::from_static("1")));
    }
    match serde_json::to_string(&problem) {
        Ok(body) => builder.body(body),
        Err(why) => builder.body(why.to_string()),
    }
}

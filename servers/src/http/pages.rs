//! What is not a workload.

use std::fmt::Write as _;
use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::header::ContentType;
use actix_web::web::Data;
use poollab_model::Method;

use super::{Shared, problem};
use crate::identity::Identity;
use crate::workloads::{WORKLOADS, parameters_in_words};

/// `/`: what is running and what can be asked, in plain text.
pub async fn index(shared: Data<Arc<Shared>>) -> HttpResponse {
    let service = &shared.service;
    let size = match service.settings().pool_size {
        Some(size) => format!(" with {size} connections"),
        None => String::new(),
    };
    let mut text = format!(
        "poollab {}: strategy {}{size}\n  {}\n\nworkloads\n",
        env!("CARGO_PKG_VERSION"),
        service.entry.id,
        service.entry.summary
    );
    for workload in WORKLOADS {
        let method = match workload.method() {
            Method::Get => "GET ",
            Method::Post => "POST",
        };
        let path = format!("/{}/{{id}}", workload.id());
        // Writing to a String can't fail.
        let _ = writeln!(
            text,
            "  {method} {path:<20} {}; ids 1 to {}; {}",
            workload.summary(),
            workload.ids(),
            parameters_in_words(*workload)
        );
    }
    text.push_str(
        "\npages\n  GET  /healthz   the service runs, and its password is not refused\n  GET  /readyz    Postgres's address accepts \
         connections (none of the pool's is used)\n  GET  /metrics   connections, in Prometheus text\n  GET  \
         /identity  versions as resolved, settings as in force\n",
    );
    HttpResponse::Ok().insert_header(ContentType::plaintext()).body(text)
}

/// `/healthz`: the service runs. Of the database it says only that the password is refused: nothing else would be
/// cured by starting the service again.
pub async fn healthz(shared: Data<Arc<Shared>>) -> HttpResponse {
    if let Some(cause) = shared.service.refused_login() {
        return problem::refused_login(cause);
    }
    HttpResponse::Ok().insert_header(ContentType::plaintext()).body("ok\n")
}

/// `/readyz`: the service takes requests, and something accepts connections where Postgres should be. No
/// connection of the strategy is used and no slot taken, so it tells neither whether a slot is free nor
/// whether the password is right.
pub async fn readyz(shared: Data<Arc<Shared>>) -> HttpResponse {
    if shared.service.is_stopping() {
        return problem::stopping();
    }
    match shared.reach.check().await {
        Ok(()) => HttpResponse::Ok().insert_header(ContentType::plaintext()).body("ready\n"),
        Err(why) => problem::not_ready(why),
    }
}

/// `/metrics`.
pub async fn metrics(shared: Data<Arc<Shared>>) -> HttpResponse {
    match shared.metrics.text(shared.service.counts(), &shared.service.settings()) {
        Ok(text) => HttpResponse::Ok()
            .content_type("application/openmetrics-text; version=1.0.0; charset=utf-8")
            .body(text),
        Err(why) => HttpResponse::InternalServerError().body(why.to_string()),
    }
}

/// `/identity`.
pub async fn identity(shared: Data<Arc<Shared>>) -> HttpResponse {
    let service = &shared.service;
    HttpResponse::Ok().json(Identity::new(service.entry.info(), &service.settings()))
}

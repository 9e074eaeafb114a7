//! The service over HTTP. No middleware and no log line per request: what it costs is paid by every
//! strategy's figures.

mod ask;
mod pages;
mod problem;
mod reach;

use std::sync::Arc;

use actix_web::http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Route};

use crate::meter::Timing;
use crate::metrics::Exposition;
use crate::service::Service;

/// What every worker shares.
pub struct Shared {
    /// The service.
    pub service: Arc<Service>,
    /// Whether the mistakes on show can be asked for.
    hazards: bool,
    metrics: Exposition,
    reach: reach::Reach,
}

impl Shared {
    /// Puts a service on the web.
    pub fn new(service: Arc<Service>, hazards: bool) -> Arc<Self> {
        let metrics = Exposition::new(service.entry.id, &service.settings(), Arc::clone(&service.meter));
        let reach = reach::Reach::new(service.endpoint.clone());
        Arc::new(Self { service, hazards, metrics, reach })
    }
}

/// All routes. The application's data must hold an `Arc<Shared>`.
pub fn routes(config: &mut ServiceConfig) {
    let page = |path: &str, get: Route, head: Route| {
        web::resource(path).route(get).route(head).default_service(web::to(only_get))
    };
    let (get, head) = (web::get, web::head);
    config
        .service(page("/", get().to(pages::index), head().to(pages::index)))
        .service(page("/healthz", get().to(pages::healthz), head().to(pages::healthz)))
        .service(page("/readyz", get().to(pages::readyz), head().to(pages::readyz)))
        .service(page("/metrics", get().to(pages::metrics), head().to(pages::metrics)))
        .service(page("/identity", get().to(pages::identity), head().to(pages::identity)))
        // Not as a pattern: actix matches those with a regular expression, a twentieth of a request's CPU.
        .default_service(web::to(work));
}

static SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");
static JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Serves a request for a workload, `/{workload}/{id}`.
async fn work(request: HttpRequest, body: web::Payload, shared: Data<Arc<Shared>>) -> HttpResponse {
    let service = &shared.service;
    let _in_flight = service.enter();
    if service.is_stopping() {
        return problem::stopping();
    }
    let (workload, ask) = match ask::read(&request, body, shared.hazards).await {
        Ok(asked) => asked,
        Err(refusal) => return refusal.response(),
    };
    let (result, timing) = service.serve(workload, ask).await;
    let mut response = match result {
        Ok(answer) => HttpResponse::Ok().insert_header((CONTENT_TYPE, JSON.clone())).body(answer.0),
        Err(fault) => problem::of_fault(service.entry.id, fault),
    };
    if let Some(value) = server_timing(timing) {
        response.headers_mut().insert(SERVER_TIMING.clone(), value);
    }
    if service.is_stopping() {
        response.head_mut().set_connection_type(actix_web::http::ConnectionType::Close);
    }
    response
}

/// The phases in milliseconds with three decimals, as the standard header wants them.
fn server_timing(timing: Timing) -> Option<HeaderValue> {
    let [wait, connect, query, hold] =
        [timing.wait, timing.connect, timing.query, timing.hold].map(|phase| phase.as_micros());
    // Whole microseconds, split by hand: formatting a float costs ten times as much.
    let text = format!(
        "wait;dur={}.{:03}, connect;dur={}.{:03}, query;dur={}.{:03}, hold;dur={}.{:03}",
        wait / 1000,
        wait % 1000,
        connect / 1000,
        connect % 1000,
        query / 1000,
        query % 1000,
        hold / 1000,
        hold % 1000,
    );
    HeaderValue::try_from(text).ok()
}

async fn only_get() -> HttpResponse {
    problem::method_not_allowed("GET, HEAD")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn phases_are_milliseconds_with_three_decimals() {
        let timing = Timing {
            wait: Duration::from_micros(7),
            connect: Duration::ZERO,
            query: Duration::from_micros(1_042),
            hold: Duration::from_secs(5),
        };
        let header = server_timing(timing).unwrap();
        assert_eq!(header, "wait;dur=0.007, connect;dur=0.000, query;dur=1.042, hold;dur=5000.000");
    }
}

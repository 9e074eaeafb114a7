//! The service as a process: started, told about, and ended.

mod asked;
mod opening;
mod output;

use std::io::{self, BufRead};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::rt::System;
use actix_web::{App, HttpServer};
use poollab_model::ErrorKind;
use poollab_model::wire::{ServerOrder, ServerRequest};

use crate::drivers::asynchronous::Connector;
use crate::fault::Fault;
use crate::http::routes;
use crate::order;
use crate::service::Service;
use crate::strategies::{Context, Entry, find};
use crate::trips;
use asked::Asked;
use opening::Opening;
use output::{Heartbeat, Output};

/// How long requests in flight, and then connections, may take to end.
const GRACE: Duration = Duration::from_secs(5);

/// Exit codes: the order is wrong; the environment can't.
const USAGE: u8 = 2;
const ENVIRONMENT: u8 = 3;

/// `poollab server` as a child of the lab: reads one [`ServerOrder`] as a line of JSON from standard
/// input, tells [`ServerEvent`](poollab_model::wire::ServerEvent)s on standard output, and ends cleanly when standard input does or on
/// SIGTERM. Exit code 2: the order is wrong; 3: the environment can't.
pub fn conducted() -> ExitCode {
    let mut line = String::new();
    if let Err(why) = io::stdin().lock().read_line(&mut line) {
        return Output::Lab.failed(USAGE, format!("no order could be read from standard input: {why}"));
    }
    match serde_json::from_str(&line) {
        Ok(order) => run(order, Output::Lab),
        Err(why) => Output::Lab.failed(
            USAGE,
            format!(
                "standard input should hold one order as a line of JSON, as `poollab run` writes it: {why}"
            ),
        ),
    }
}

/// `poollab server` by hand or in a container: tells what happens on standard error, and ends cleanly on
/// SIGTERM or SIGINT. Exit code 2: the order is wrong; 3: the environment can't.
pub fn standalone(order: ServerOrder) -> ExitCode {
    run(order, Output::Person)
}

fn run(order: ServerOrder, output: Output) -> ExitCode {
    let problems = order::problems(&order);
    let Some(entry) = find(order.strategy.as_str()).filter(|_| problems.is_empty()) else {
        return output.failed(USAGE, problems.join("\n"));
    };
    match System::new().block_on(serve(entry, order, output)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => output.failed(ENVIRONMENT, why),
    }
}

/// The whole life of the service; an error is something of the environment, with advice.
async fn serve(entry: &'static Entry, order: ServerOrder, output: Output) -> Result<(), String> {
    let mut asked = Asked::listen(output).map_err(|why| format!("signals can't be waited for: {why}"))?;
    let workers = order.settings.workers as usize;
    let listen = order.listen.clone();
    let context = Context::new(order.endpoint, order.application_name, order.settings)
        .map_err(|why| why.to_string())?;
    let greeted = greet_database(entry, &context.connector(&context.settings), output).await?;
    let round_trips = match &order.count_trips {
        Some(spec) => trips::count(entry, &context, spec).await,
        None => None,
    };

    let (opening, mut opened) = Opening::new(entry, context, order.hazards);
    let server = HttpServer::new(move || {
        let opening = Arc::clone(&opening);
        App::new().configure(routes).data_factory(move || Arc::clone(&opening).opened())
    })
    .workers(workers)
    .keep_alive(Duration::from_secs(75))
    .tcp_nodelay(true)
    // A client that closed its side has gone: its request is dropped, as a time-out of the client's means.
    .h1_allow_half_closed(false)
    .disable_signals()
    .bind(&listen)
    .map_err(|why| cannot_listen(&listen, &why))?;
    let address = server.addrs().first().map(ToString::to_string).unwrap_or_default();
    let server = server.run();
    let handle = server.handle();
    let mut server = actix_web::rt::spawn(server);

    let shared = tokio::select! {
        // First: where opening failed the server ends too, and this says why.
        biased;
        result = opened.recv() => result.map_err(|fault| cannot_open(entry, &fault))?,
        _ = &mut server => return Err("the HTTP service ended while it started".to_owned()),
        // Nothing can be resized yet; whoever asks for that now gets no answer, and has broken the protocol.
        () = async { while asked.next().await.is_some() {} } => {
            handle.stop(false).await;
            return Ok(());
        }
    };
    let service = Arc::clone(&shared.service);
    greeted.iter().for_each(|fault| service.note_refusal(fault));
    output.ready(entry, &address, &service, round_trips);
    let heartbeat = Heartbeat::start(output, Arc::clone(&service));
    loop {
        tokio::select! {
            _ = &mut server => return Err("the HTTP service exited unexpectedly. This is a bug".to_owned()),
            request = asked.next() => match request {
                Some(ServerRequest::Resize { pool_size }) => output.resized(service.resize(pool_size).await),
                None => break,
            },
        }
    }
    stop(&handle, &service, output).await;
    heartbeat.stop();
    Ok(())
}

/// Accepts no more, lets requests end, closes connections, and only then ends the workers: the
/// connections are driven by them.
async fn stop(handle: &ServerHandle, service: &Service, output: Output) {
    handle.pause().await;
    for left in service.stop(GRACE).await {
        output.warn(&left);
    }
    // The last answers are on their way from the workers to the sockets.
    tokio::time::sleep(Duration::from_millis(20)).await;
    handle.stop(false).await;
}

/// One connection of our own before anything starts. What can only be wrong (an address, a password) ends
/// a trial here instead of in a thousand failures; by hand, the service may be started first, and hears what was met.
async fn greet_database(
    entry: &Entry,
    connector: &Connector,
    output: Output,
) -> Result<Option<Fault>, String> {
    let fault = match connector.probe(GRACE).await {
        Ok(()) => return Ok(None),
        Err(fault) => fault,
    };
    if matches!(fault.kind, ErrorKind::SlotsExhausted | ErrorKind::PoolerRefused) {
        // A full database is what a lab is for.
        return Ok(None);
    }
    let what = format!("the database can't be used: {}. {}", fault.message, start_advice(&fault));
    match output {
        Output::Lab => Err(what),
        Output::Person => {
            output.warn(&format!("{what}\nstarting all the same: {} connects {}", entry.id, entry.connects));
            Ok(Some(fault))
        }
    }
}

fn start_advice(fault: &Fault) -> &'static str {
    match (fault.kind, fault.sqlstate.as_deref()) {
        (ErrorKind::ConnectRefused | ErrorKind::ConnectTimeout, _) => {
            "Start Postgres there, or give its address"
        }
        (ErrorKind::StartingUp, _) => "Wait until it is ready",
        (ErrorKind::AuthenticationFailed, _) => "Check user and password, and pg_hba.conf",
        (_, Some("3D000")) => "Create the database, or name one that exists",
        _ => "The text says what Postgres or the driver did not like",
    }
}

fn cannot_listen(listen: &str, why: &io::Error) -> String {
    let advice = match why.kind() {
        io::ErrorKind::AddrInUse => {
            "another program listens there: stop it, or take another port (0: any free one)"
        }
        io::ErrorKind::PermissionDenied => "ports below 1024 need privileges: take a higher one",
        _ => "take an address of this machine, such as 127.0.0.1:8080",
    };
    format!("can't listen at {listen}: {why}; {advice}")
}

fn cannot_open(entry: &Entry, fault: &Fault) -> String {
    let cause = fault.cause.as_ref().map(|cause| format!(", beneath: {}", cause.message)).unwrap_or_default();
    format!(
        "{} could not be opened: {}{cause}. It connects {}. A smaller pool, or min_idle 0, asks for less",
        entry.id, fault.message, entry.connects
    )
}

//! The service as a process: started, told about, and ended.

use std::io::{self, BufRead, Write};
use std::process::ExitCode;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::rt::System;
use actix_web::{App, HttpServer};
use poollab_model::ErrorKind;
use poollab_model::wire::{ServerEvent, ServerOrder};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{OnceCell, oneshot, watch};

use crate::drivers::asynchronous::Connector;
use crate::fault::Fault;
use crate::http::{Shared, routes};
use crate::order;
use crate::service::Service;
use crate::strategies::{Context, Entry, find};

/// How long requests in flight, and then connections, may take to end.
const GRACE: Duration = Duration::from_secs(5);

/// How often the lab hears of the connections.
const BEAT: Duration = Duration::from_millis(100);

/// Exit codes: the order is wrong; the environment can't.
const USAGE: u8 = 2;
const ENVIRONMENT: u8 = 3;

/// `poollab server` as a child of the lab: reads one [`ServerOrder`] as a line of JSON from standard
/// input, tells [`ServerEvent`]s on standard output, and ends cleanly when standard input does or on
/// SIGTERM. Exit code 2: the order is wrong; 3: the environment can't.
pub fn conducted() -> ExitCode {
    let mut line = String::new();
    if let Err(why) = io::stdin().lock().read_line(&mut line) {
        return Voice::Lab.failed(USAGE, format!("no order could be read from standard input: {why}"));
    }
    match serde_json::from_str(&line) {
        Ok(order) => run(order, Voice::Lab),
        Err(why) => Voice::Lab.failed(
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
    run(order, Voice::Person)
}

fn run(order: ServerOrder, voice: Voice) -> ExitCode {
    let problems = order::problems(&order);
    let Some(entry) = find(order.strategy.as_str()).filter(|_| problems.is_empty()) else {
        return voice.failed(USAGE, problems.join("\n"));
    };
    match System::new().block_on(serve(entry, order, voice)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => voice.failed(ENVIRONMENT, why),
    }
}

/// The whole life of the service; an error is something of the environment, with advice.
async fn serve(entry: &'static Entry, order: ServerOrder, voice: Voice) -> Result<(), String> {
    let mut end = End::watch(voice).map_err(|why| format!("signals can't be waited for: {why}"))?;
    let workers = order.settings.workers as usize;
    let listen = order.listen.clone();
    let context = Context::new(order.endpoint, order.application_name, order.settings)
        .map_err(|why| why.to_string())?;
    greet_database(entry, &context.connector(&context.settings), voice).await?;

    let (opening, mut opened) = Opening::new(entry, context);
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
        () = end.reached() => {
            handle.stop(false).await;
            return Ok(());
        }
    };
    let service = Arc::clone(&shared.service);
    voice.ready(entry, &address, &service);
    let beat = Beat::start(voice, Arc::clone(&service));
    tokio::select! {
        _ = &mut server => return Err("the HTTP service ended by itself; that is a bug".to_owned()),
        () = end.reached() => {}
    }
    stop(&handle, &service, voice).await;
    beat.stop();
    Ok(())
}

/// Accepts no more, lets requests end, closes connections, and only then ends the workers: the
/// connections are driven by them.
async fn stop(handle: &ServerHandle, service: &Service, voice: Voice) {
    handle.pause().await;
    for left in service.stop(GRACE).await {
        voice.warn(&left);
    }
    // The last answers are on their way from the workers to the sockets.
    tokio::time::sleep(Duration::from_millis(20)).await;
    handle.stop(false).await;
}

/// One connection of our own before anything starts. What can only be wrong (an address, a password) ends
/// a trial here instead of in a thousand failures; by hand, the service may be started first.
async fn greet_database(entry: &Entry, connector: &Connector, voice: Voice) -> Result<(), String> {
    let fault = match connector.probe(GRACE).await {
        Ok(()) => return Ok(()),
        Err(fault) => fault,
    };
    if matches!(fault.kind, ErrorKind::SlotsExhausted | ErrorKind::PoolerRefused) {
        // A full database is what a lab is for.
        return Ok(());
    }
    let what = format!("the database can't be used: {}. {}", fault.message, start_advice(&fault));
    match voice {
        Voice::Lab => Err(what),
        Voice::Person => {
            voice.warn(&format!("{what}\nstarting all the same: {} connects {}", entry.id, entry.connects));
            Ok(())
        }
    }
}

fn start_advice(fault: &Fault) -> &'static str {
    match (fault.kind, fault.sqlstate.as_deref()) {
        (ErrorKind::ConnectRefused | ErrorKind::ConnectTimeout, _) => {
            "Start Postgres there, or give its address"
        }
        (ErrorKind::StartingUp, _) => "Wait until it is ready",
        (_, Some("28P01" | "28000")) => "Check user and password, and pg_hba.conf",
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

/// Opens the strategy once, outside actix's factory (N workers must not make N pools), but on the first
/// worker's runtime: a connection that another thread drives costs two context switches a statement.
struct Opening {
    entry: &'static Entry,
    context: Mutex<Option<Context>>,
    shared: OnceCell<Option<Arc<Shared>>>,
    tell: watch::Sender<Option<Result<Arc<Shared>, Fault>>>,
}

impl Opening {
    fn new(entry: &'static Entry, context: Context) -> (Arc<Self>, Opened) {
        let (tell, told) = watch::channel(None);
        let context = Mutex::new(Some(context));
        (Arc::new(Self { entry, context, shared: OnceCell::new(), tell }), Opened(told))
    }

    /// The data of a worker, when it is there. Where opening failed the worker has to hear of it: actix
    /// blocks the main thread until its workers are there or have failed.
    async fn opened(self: Arc<Self>) -> Result<Arc<Shared>, ()> {
        let open = async {
            let context = self.context.lock().ok()?.take()?;
            let result = Service::open(self.entry, context).await.map(Shared::new);
            let shared = result.as_ref().ok().cloned();
            self.tell.send_replace(Some(result));
            shared
        };
        self.shared.get_or_init(|| open).await.clone().ok_or(())
    }
}

struct Opened(watch::Receiver<Option<Result<Arc<Shared>, Fault>>>);

impl Opened {
    async fn recv(&mut self) -> Result<Arc<Shared>, Fault> {
        let told = self.0.wait_for(Option::is_some).await.ok().and_then(|told| told.clone());
        told.unwrap_or_else(|| Err(Fault::new(ErrorKind::Query, "the worker ended while it opened")))
    }
}

/// When to stop.
struct End {
    stdin: Option<oneshot::Receiver<()>>,
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    voice: Voice,
}

impl End {
    fn watch(voice: Voice) -> io::Result<Self> {
        let stdin = match voice {
            Voice::Person => None,
            Voice::Lab => {
                let (tell, told) = oneshot::channel();
                thread::Builder::new().name("stdin".to_owned()).spawn(move || {
                    // The lifeline: it ends when the lab does, however that ends.
                    let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
                    let _ = tell.send(());
                })?;
                Some(told)
            }
        };
        let (terminate, interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        Ok(Self { stdin, terminate, interrupt, voice })
    }

    async fn reached(&mut self) {
        let stdin = async {
            match &mut self.stdin {
                Some(told) => drop(told.await),
                None => std::future::pending().await,
            }
        };
        let interrupt = async {
            while self.interrupt.recv().await.is_some() {
                // Ctrl-C reaches the whole group: the lab decides when its children end.
                if self.voice == Voice::Person {
                    return;
                }
            }
            std::future::pending().await
        };
        tokio::select! {
            () = stdin => {}
            () = interrupt => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// To whom it speaks: events to the lab on standard output, words to a person on standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Voice {
    Lab,
    Person,
}

impl Voice {
    fn ready(self, entry: &Entry, address: &str, service: &Service) {
        match self {
            Self::Lab => emit(&ServerEvent::Ready {
                address: address.to_owned(),
                settings: Box::new(service.settings.clone()),
            }),
            Self::Person => {
                let size = service.settings.pool_size.map(|size| format!(" with {size} connections"));
                let size = size.unwrap_or_default();
                eprintln!("poollab server: {}{size} at http://{address}/", entry.id);
                eprintln!("  it connects {}", entry.connects);
            }
        }
    }

    fn warn(self, what: &str) {
        eprintln!("poollab server: {what}");
    }

    fn failed(self, code: u8, message: String) -> ExitCode {
        match self {
            Self::Lab => emit(&ServerEvent::Failed { message }),
            Self::Person => eprintln!("poollab server: {message}"),
        }
        ExitCode::from(code)
    }
}

/// A lab that has gone hears nothing; its end is noticed on standard input.
fn emit(event: &ServerEvent) {
    if let Ok(line) = serde_json::to_string(event) {
        let mut out = io::stdout().lock();
        let _ = writeln!(out, "{line}").and_then(|()| out.flush());
    }
}

/// Tells the state of the connections from a thread that no request can block.
struct Beat {
    end: mpsc::Sender<()>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Beat {
    fn start(voice: Voice, service: Arc<Service>) -> Self {
        let (end, ended) = mpsc::channel();
        let beat = move || {
            while ended.recv_timeout(BEAT) == Err(RecvTimeoutError::Timeout) {
                let opened = service.meter.connections_opened();
                emit(&ServerEvent::Pool { counts: service.counts(), opened });
            }
        };
        let thread = match voice {
            Voice::Lab => thread::Builder::new().name("beat".to_owned()).spawn(beat).ok(),
            Voice::Person => None,
        };
        Self { end, thread }
    }

    fn stop(self) {
        // One that has ended already can't be told.
        let _ = self.end.send(());
        if let Some(thread) = self.thread {
            let _ = thread.join();
        }
    }
}

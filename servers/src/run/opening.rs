//! One pool for all workers.

use std::sync::{Arc, Mutex};

use poollab_model::ErrorKind;
use tokio::sync::{OnceCell, watch};

use crate::fault::Fault;
use crate::http::Shared;
use crate::service::Service;
use crate::strategies::{Context, Entry};

/// Opens the strategy once, outside actix's factory (N workers must not make N pools), but on the first
/// worker's runtime: a connection that another thread drives costs two context switches a statement.
pub(super) struct Opening {
    entry: &'static Entry,
    context: Mutex<Option<Context>>,
    hazards: bool,
    shared: OnceCell<Option<Arc<Shared>>>,
    tell: watch::Sender<Option<Result<Arc<Shared>, Fault>>>,
}

impl Opening {
    pub fn new(entry: &'static Entry, context: Context, hazards: bool) -> (Arc<Self>, Opened) {
        let (tell, told) = watch::channel(None);
        let context = Mutex::new(Some(context));
        (Arc::new(Self { entry, context, hazards, shared: OnceCell::new(), tell }), Opened(told))
    }

    /// The data of a worker, when it is there. Where opening failed the worker has to hear of it: actix
    /// blocks the main thread until its workers are there or have failed.
    pub async fn opened(self: Arc<Self>) -> Result<Arc<Shared>, ()> {
        let open = async {
            let context = self.context.lock().ok()?.take()?;
            let result =
                Service::open(self.entry, context).await.map(|service| Shared::new(service, self.hazards));
            let shared = result.as_ref().ok().cloned();
            self.tell.send_replace(Some(result));
            shared
        };
        self.shared.get_or_init(|| open).await.clone().ok_or(())
    }
}

pub(super) struct Opened(watch::Receiver<Option<Result<Arc<Shared>, Fault>>>);

impl Opened {
    pub async fn recv(&mut self) -> Result<Arc<Shared>, Fault> {
        let told = self.0.wait_for(Option::is_some).await.ok().and_then(|told| told.clone());
        told.unwrap_or_else(|| Err(Fault::new(ErrorKind::Query, "the worker ended while it opened")))
    }
}

//! The goose attack: as many users as the order says, all at once, each taking turns until the run ends.

use std::sync::Arc;
use std::time::Duration;

use goose::client::GooseClientBuilder;
use goose::config::GooseConfiguration;
use goose::goose::{Scenario, Transaction, TransactionFunction};
use goose::metrics::GooseCoordinatedOmissionMitigation;
use goose::{GooseAttack, GooseError};
use poollab_model::wire::LoadOrder;

use crate::standalone::say;
use crate::user::Shared;

/// More than what a run takes: it ends by itself before goose's clock, which looks twice a second.
const SLACK: Duration = Duration::from_secs(5);

/// Users a second, in goose's words: so many that all start at once.
const ALL_AT_ONCE: &str = "1000000000";

/// An attack that is ready to be executed.
pub(crate) fn attack(shared: Arc<Shared>) -> Result<GooseAttack, GooseError> {
    keep_standard_output();
    let configuration = configuration(&shared.order)?;
    let turn: TransactionFunction = Arc::new(move |user| {
        let shared = Arc::clone(&shared);
        let seat = user.weighted_users_index;
        Box::pin(async move {
            shared.turn(seat).await;
            Ok(())
        })
    });
    let scenario = Scenario::new("users").register_transaction(Transaction::new(turn));
    // goose gives every user a client of its own, with the system's certificates. None of them is used, so
    // there is one for all.
    let unused_client = GooseClientBuilder::new().without_cookies();
    Ok(GooseAttack::initialize_with_config(configuration)?
        .set_client_builder_without_cookies(unused_client)?
        .register_scenario(scenario))
}

fn configuration(order: &LoadOrder) -> Result<GooseConfiguration, GooseError> {
    let mut configuration =
        GooseConfiguration::parse_args_default::<&str>(&[]).map_err(|error| GooseError::InvalidOption {
            option: "(none)".to_owned(),
            value: String::new(),
            detail: error.to_string(),
        })?;
    let longest = order.warmup.0 + order.duration.0 + order.request_timeout.0 + SLACK;
    configuration.host = Some(format!("http://{}", order.address));
    configuration.users = Some(order.load.users() as usize);
    configuration.increase_rate = Some(ALL_AT_ONCE.to_owned());
    configuration.run_time = Some(longest.as_secs().to_string());
    configuration.no_telnet = true;
    configuration.no_metrics = true;
    configuration.no_print_metrics = true;
    configuration.no_error_summary = true;
    configuration.quiet = 2;
    configuration.co_mitigation = Some(GooseCoordinatedOmissionMitigation::Disabled);
    Ok(configuration)
}

/// Becomes the process's logger where there is none yet. Otherwise goose would, and its logger prints
/// warnings to standard output, in the middle of events or of a result.
fn keep_standard_output() {
    if log::set_logger(&ToStandardError).is_ok() {
        log::set_max_level(log::LevelFilter::Warn);
    }
}

struct ToStandardError;

impl log::Log for ToStandardError {
    /// Warnings, and of goose only errors: it warns of Ctrl-C, and of options that nobody here has given.
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        let quiet = if metadata.target().starts_with("goose") { log::Level::Error } else { log::Level::Warn };
        metadata.level() <= quiet
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            say(&format!("{}: {}\n", record.target(), record.args()));
        }
    }

    fn flush(&self) {}
}

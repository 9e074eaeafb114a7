//! `poollab server`: the service under test, standalone or controlled by a run.

use std::process::ExitCode;

use poollab_model::Settings;
use poollab_model::wire::ServerOrder;

use crate::cli::ServerArgs;
use crate::exit::Failure;
use crate::plan::{self, Registry};

/// Serves until it is asked to stop.
pub fn server(args: &ServerArgs) -> Result<ExitCode, Failure> {
    if args.conducted {
        return Ok(poollab_servers::conducted());
    }
    Ok(poollab_servers::standalone(order(args).map_err(Failure::Usage)?))
}

fn order(args: &ServerArgs) -> Result<ServerOrder, Vec<String>> {
    let mut problems = Vec::new();
    let typed = args.strategy.as_deref().unwrap_or_default();
    let known = Registry::ours().strategies.into_iter().find(|info| info.id.as_str() == typed);
    if known.is_none() {
        let all = poollab_servers::strategies();
        problems.push(plan::nearest::unknown("strategy", typed, all.iter().map(|info| info.id.as_str())));
    }
    let mut settings = Settings::default();
    plan::settings(&args.settings, &mut settings, &mut problems);
    match plan::numbers("--pool-size", &args.settings.pool_size, &mut problems).as_slice() {
        [] => {}
        [size] => settings.pool_size = Some(*size),
        sizes => problems.push(format!(
            "--pool-size has {} sizes, and a service has one pool. Start one service per size, or compare sizes with \
             `poollab run`",
            sizes.len()
        )),
    }
    let endpoint = poollab_db::endpoint_of_url(args.database_url.as_deref().unwrap_or_default())
        .map_err(|why| problems.push(why.to_string()))
        .ok();
    if let Some((_, true)) = endpoint {
        settings.tls = true;
    }
    match (known, endpoint) {
        (Some(info), Some((endpoint, _))) if problems.is_empty() => Ok(ServerOrder {
            application_name: format!("poollab/{}", info.id),
            strategy: info.id,
            settings,
            endpoint,
            listen: args.listen.clone(),
            count_trips: None,
            hazards: args.hazards,
        }),
        _ => Err(problems),
    }
}

//! `poollab db up` and `poollab db down`: a limited database for manual work.

use std::process::ExitCode;

use poollab_db::DbError;
use poollab_model::wire::{GuardOrder, GuardReady};
use poollab_model::{DatabaseChoice, Endpoint, Host, Limits, LimitsInForce, Means};

use crate::cli::DatabaseArgs;
use crate::exit::Failure;
use crate::{machine, output, plan};

/// Starts one and says how to get in.
pub fn up(args: &DatabaseArgs) -> Result<ExitCode, Failure> {
    let limits = limits(args).map_err(Failure::Usage)?;
    let order = GuardOrder { limits: limits.clone(), pg_bin: args.pg_bin.clone(), ..GuardOrder::default() };
    let program = std::env::current_exe().map_err(Failure::environment)?;
    let state =
        block_on(poollab_db::guard::up(&program, &["db", "guard"], &order))?.map_err(Failure::from)?;
    Ok(output::print(&directions(&state.ready, &limits)))
}

/// Stops it.
pub fn down() -> Result<ExitCode, Failure> {
    let text = match block_on(poollab_db::guard::down())?.map_err(Failure::from)? {
        true => "database stopped, data deleted\n",
        false => "no database is running\n",
    };
    Ok(output::print(text))
}

impl From<DbError> for Failure {
    fn from(error: DbError) -> Self {
        if error.is_usage() { Self::usage(error.to_string()) } else { Self::environment(error) }
    }
}

fn limits(args: &DatabaseArgs) -> Result<Limits, Vec<String>> {
    let mut problems = Vec::new();
    let plan = plan::database_of(args, machine::cores(), &mut problems);
    if plan.database != DatabaseChoice::Embedded {
        problems.push(
            "db up starts an embedded database. Remove --database, or connect to your server directly"
                .to_owned(),
        );
    }
    if problems.is_empty() { Ok(plan.limits) } else { Err(problems) }
}

fn directions(ready: &GuardReady, limits: &Limits) -> String {
    let log = ready.log.display();
    format!(
        "{}\n\n\
         as the service's role     {}\n\
         as superuser              {}\n\
         log                       {log}\n\n\
         export DATABASE_URL={}\n\
         poollab server --strategy deadpool\n\n\
         poollab db down           stop it and delete its data\n",
        in_force(limits, &ready.limits_in_force),
        psql(&ready.app_socket, &ready.bin),
        psql(&ready.admin, &ready.bin),
        url(&ready.app_socket),
    )
}

fn in_force(limits: &Limits, force: &LimitsInForce) -> String {
    let mut text = format!("{} slots, {} reserved", limits.max_connections, limits.reserved);
    if let Some(cpus) = limits.cpus.filter(|_| force.cpu != Means::None) {
        text += &format!(", {cpus} CPU");
    }
    if let Some(memory) = limits.memory.filter(|_| force.memory != Means::None) {
        text += &format!(", {memory}");
    }
    force.reasons.iter().fold(text, |text, reason| format!("{text}\nnot in force: {reason}"))
}

fn psql(endpoint: &Endpoint, bin: &std::path::Path) -> String {
    format!("{} '{}'", bin.join("psql").display(), url(endpoint))
}

/// With its password: it is the password of a cluster that was made a second ago, for this terminal.
fn url(endpoint: &Endpoint) -> String {
    let encode = |text: &str| {
        percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
    };
    let password =
        endpoint.password.as_ref().map_or_else(String::new, |secret| format!(":{}", encode(secret.reveal())));
    let host = match &endpoint.host {
        Host::Tcp(host) => host.clone(),
        Host::Socket(folder) => encode(&folder.to_string_lossy()),
    };
    format!("postgres://{}{password}@{host}:{}/{}", endpoint.user, endpoint.port, endpoint.dbname)
}

fn block_on<T>(future: impl Future<Output = T>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    Ok(runtime.map_err(|why| Failure::environment(format!("cannot start: {why}")))?.block_on(future))
}

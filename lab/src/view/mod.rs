//! `poollab view`: the runs in a browser, on this machine only.

mod live;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use actix_web::http::header::{CONTENT_SECURITY_POLICY, ContentType};
use actix_web::{App, HttpResponse, HttpServer, guard, web};
use poollab_analysis::diff::{Side, diff};
use poollab_analysis::figures;
use poollab_report::view::{self, Line};
use serde::Deserialize;

use crate::cli::ViewArgs;
use crate::exit::Failure;
use crate::shelf::{self, Entry, State};
use crate::{folder, output};

/// Serves until Ctrl-C.
pub fn view(args: &ViewArgs) -> Result<ExitCode, Failure> {
    let out = args.out.clone();
    let port = args.port;
    actix_web::rt::System::new().block_on(serve(out, port))?;
    Ok(ExitCode::SUCCESS)
}

async fn serve(out: PathBuf, port: u16) -> Result<(), Failure> {
    let server = HttpServer::new(move || {
        App::new().app_data(web::Data::new(Shelf(out.clone()))).service(
            web::scope("")
                // A page of somebody else's may point a name of its own here (DNS rebinding): it sends that name.
                .guard(guard::fn_guard(|request| is_local(request.head().headers().get("host"))))
                .route("/", web::get().to(index))
                .route("/run/{id}", web::get().to(report))
                .route("/diff", web::get().to(pair))
                .route("/live", web::get().to(live::events)),
        )
    })
    .workers(1)
    .bind(("127.0.0.1", port))
    .map_err(|why| {
        Failure::environment(format!(
            "can't listen at 127.0.0.1:{port}: {why}; choose another one with --port, or 0"
        ))
    })?;
    for address in server.addrs() {
        output::print(&format!("http://{address}/\n"));
    }
    crate::output::say("Ctrl-C ends it");
    server.run().await.map_err(Failure::environment)
}

struct Shelf(PathBuf);

fn is_local(host: Option<&actix_web::http::header::HeaderValue>) -> bool {
    let name = host
        .and_then(|host| host.to_str().ok())
        .map(|host| host.rsplit_once(':').map_or(host, |(name, _)| name));
    matches!(name, Some("127.0.0.1" | "localhost"))
}

async fn index(shelf: web::Data<Shelf>) -> HttpResponse {
    let out = shelf.0.clone();
    answer(move || Ok(view::shelf(&shelf::list(&out).iter().map(line).collect::<Vec<_>>())), view::POLICY)
        .await
}

async fn report(shelf: web::Data<Shelf>, id: web::Path<String>) -> HttpResponse {
    let out = shelf.0.clone();
    // The report brings a policy of its own.
    answer(move || Ok(poollab_report::html(&folder::analyse(&on_shelf(&id, &out)?)?)), "").await
}

#[derive(Deserialize)]
struct Pair {
    base: Option<String>,
    run: Option<String>,
    anyway: Option<String>,
}

async fn pair(shelf: web::Data<Shelf>, asked: web::Query<Pair>) -> HttpResponse {
    let out = shelf.0.clone();
    let make = move || {
        let (Some(base), Some(run)) = (&asked.base, &asked.run) else {
            return Err("choose a base and a run".to_owned());
        };
        let side = |id: &str| folder::read(&on_shelf(id, &out)?).map(Side::from);
        let found = diff(&side(base)?, &side(run)?);
        let compared = found.obstacles.is_empty() || asked.anyway.is_some();
        Ok(view::pair(&found, compared))
    };
    answer(make, view::POLICY).await
}

/// The folder of a run by its id, and nothing else: what comes from a browser is no path.
fn on_shelf(id: &str, out: &Path) -> Result<PathBuf, String> {
    let known = shelf::is_name(Path::new(id)) && folder::is_run(&out.join(id));
    if known { Ok(out.join(id)) } else { Err(format!("there is no run {id:?}")) }
}

/// A page that is made on a thread of its own: reading a run takes a moment.
async fn answer(
    make: impl FnOnce() -> Result<String, String> + Send + 'static,
    policy: &'static str,
) -> HttpResponse {
    match web::block(make).await {
        Ok(Ok(page)) => {
            let mut response = HttpResponse::Ok();
            response.content_type(ContentType::html()).insert_header(("cache-control", "no-store"));
            if !policy.is_empty() {
                response.insert_header((CONTENT_SECURITY_POLICY, policy));
            }
            response.body(page)
        }
        Ok(Err(why)) => HttpResponse::NotFound().content_type(ContentType::plaintext()).body(why),
        Err(why) => {
            HttpResponse::InternalServerError().content_type(ContentType::plaintext()).body(why.to_string())
        }
    }
}

fn line(entry: &Entry) -> Line {
    Line {
        id: entry.id.clone(),
        what: entry.what.clone(),
        state: format!(
            "{}, {}",
            entry.state.word(),
            figures::plural(entry.trials.0 as u64, "trial", "trials")
        ),
        leader: entry.leader.clone().unwrap_or_default(),
        size: figures::bytes(entry.bytes),
        readable: entry.trials.0 > 0 && entry.state != State::Unreadable,
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    #[test]
    fn a_name_that_points_here_is_not_this_machine() {
        let local = |text| is_local(Some(&HeaderValue::from_static(text)));
        assert!(local("127.0.0.1:8088") && local("localhost:8088") && local("localhost"));
        assert!(!local("evil.example:8088") && !local("127.0.0.1.evil.example") && !is_local(None));
    }

    #[test]
    fn what_comes_from_a_browser_is_no_path() {
        let out = tempfile::tempdir().unwrap();
        for id in ["..", "../..", "/etc", "a/../b", "", "none"] {
            assert!(on_shelf(id, out.path()).is_err(), "{id:?}");
        }
    }
}

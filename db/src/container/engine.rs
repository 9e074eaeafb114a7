//! The container engine: found, spoken to, and its refusals with what to do.

use std::io;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use bollard::Docker;
use bollard::errors::Error;
use bollard::query_parameters::LogsOptions;
use futures_util::StreamExt;

use super::IMAGE;
use crate::error::DbError;

const PATIENCE: Duration = Duration::from_secs(5);
const SOCKET: &str = "/var/run/docker.sock";

/// Connects and waits for an answer.
pub async fn connect() -> Result<Docker, DbError> {
    let named = std::env::var("DOCKER_HOST").ok().filter(|host| !host.is_empty());
    if named.is_none()
        && let Err(why) = UnixStream::connect(SOCKET)
    {
        return Err(no_engine(&format!("{SOCKET}: {why}"), why.kind()));
    }
    let told = |why: &Error| {
        let host = named.as_deref().unwrap_or(SOCKET);
        no_engine(&format!("{host}: {why}"), io::ErrorKind::Other)
    };
    let docker = Docker::connect_with_defaults().map_err(|why| told(&why))?;
    match tokio::time::timeout(PATIENCE, docker.ping()).await {
        Ok(Ok(_)) => Ok(docker),
        Ok(Err(why)) => Err(told(&why)),
        Err(_) => Err(no_engine("no answer", io::ErrorKind::TimedOut)),
    }
}

fn no_engine(why: &str, kind: io::ErrorKind) -> DbError {
    let advice = match kind {
        io::ErrorKind::PermissionDenied => {
            "You may not speak to it: join its group (sudo usermod -aG docker $USER, then log in again)"
        }
        io::ErrorKind::NotFound => "Install and start Docker (https://docs.docker.com/engine/install/)",
        _ => "Start it (sudo systemctl start docker), or correct DOCKER_HOST",
    };
    DbError::NoEngine(format!(
        "No container engine answers ({why}). {advice}, or use --database embedded, which needs none."
    ))
}

/// Why there is no image.
pub fn no_image(image: &str, why: &Error) -> DbError {
    if !is_missing(why) {
        return failed(&format!("looking for the image {image}"), why);
    }
    let advice = if image == IMAGE {
        format!("Build it: docker build -t {IMAGE} db (in a checkout of poollab)")
    } else {
        format!("Get it with docker pull {image}, or leave --image out")
    };
    DbError::NoEngine(format!("The container engine has no image {image}. {advice}."))
}

/// What the engine refused, while doing something.
pub fn failed(doing: &str, why: &Error) -> DbError {
    DbError::Start(format!("{doing}: {why}"))
}

/// Whether what was asked for does not exist.
pub fn is_missing(why: &Error) -> bool {
    matches!(why, Error::DockerResponseServerError { status_code: 404, .. })
}

/// The last lines that a container said.
pub async fn log_tail(docker: &Docker, name: &str) -> String {
    let options = LogsOptions { stdout: true, stderr: true, tail: "8".into(), ..LogsOptions::default() };
    let lines = docker.logs(name, Some(options)).take(64).filter_map(|line| async { line.ok() });
    let lines: Vec<String> = lines.map(|line| line.to_string().trim_end().to_owned()).collect().await;
    lines.join("\n  ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_to_have_no_engine_says_what_to_do() {
        for (kind, says) in [
            (io::ErrorKind::PermissionDenied, "usermod -aG docker"),
            (io::ErrorKind::NotFound, "Install and start Docker"),
            (io::ErrorKind::ConnectionRefused, "systemctl start docker"),
        ] {
            let error = no_engine("x", kind);
            assert!(!error.is_usage() && error.to_string().contains(says), "{error}");
            assert!(error.to_string().contains("--database embedded"), "{error}");
        }
    }

    #[test]
    fn a_missing_image_is_told_with_the_command_that_makes_it() {
        let missing = Error::DockerResponseServerError { status_code: 404, message: "no such image".into() };
        assert!(no_image(IMAGE, &missing).to_string().contains("docker build -t poollab-db db"));
        assert!(no_image("mine:1", &missing).to_string().contains("docker pull mine:1"));
    }
}

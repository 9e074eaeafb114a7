//! Containers whose guard was killed: found by their label, removed by the next start.

use std::collections::HashMap;
use std::fs::{self, File};
use std::path::Path;

use bollard::Docker;
use bollard::query_parameters::{ListContainersOptions, RemoveContainerOptions};
use tempfile::NamedTempFile;

use crate::error::{DbError, Doing};

/// Every container of ours has it; its value is the lock file of its guard.
const LOCK: &str = "io.poollab.lock";
/// The machine's boot on which the guard lives: a lock file says nothing about another machine's guard.
const BOOT: &str = "io.poollab.boot";

/// Says that a guard lives, as long as it is held. The system lets go of it when the process ends.
#[derive(Debug)]
pub struct Lock(NamedTempFile);

impl Lock {
    /// Makes and takes one.
    pub fn take() -> Result<Self, DbError> {
        let made = tempfile::Builder::new().prefix("poollab-container-").suffix(".lock").tempfile();
        let lock = made.and_then(|file| file.as_file().lock().map(|()| file));
        lock.map(Self).doing(|| "making the lock of a container".into())
    }

    /// For the container.
    pub fn labels(&self) -> HashMap<String, String> {
        HashMap::from([(LOCK.to_owned(), self.0.path().display().to_string()), (BOOT.to_owned(), boot())])
    }
}

/// Removes containers without a guard. It never fails: what can't be removed is said in the log.
pub async fn clear(docker: &Docker) {
    let filters = HashMap::from([("label".to_owned(), vec![LOCK.to_owned()])]);
    let options =
        ListContainersOptions { all: true, filters: Some(filters), ..ListContainersOptions::default() };
    for container in docker.list_containers(Some(options)).await.unwrap_or_default() {
        let Some(id) = container.id else { continue };
        let labels = container.labels.unwrap_or_default();
        let name = container.names.unwrap_or_default().join(" ");
        let name = name.trim_start_matches('/');
        match fate(&labels, &boot()) {
            Fate::Lives => {}
            Fate::Unknown => tracing::warn!(
                "the container {name} was made by a poollab on another machine or before this one was started; if \
                 nobody uses it:  docker rm -f {name}"
            ),
            Fate::Dead => {
                tracing::warn!("removing the container {name}, left by a poollab that was killed");
                let force =
                    RemoveContainerOptions { force: true, v: true, ..RemoveContainerOptions::default() };
                if let Err(why) = docker.remove_container(&id, Some(force)).await {
                    tracing::warn!("it can't be removed: {why}");
                }
                if let Some(path) = labels.get(LOCK) {
                    let _ = fs::remove_file(path);
                }
            }
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Fate {
    Lives,
    Dead,
    Unknown,
}

fn fate(labels: &HashMap<String, String>, here: &str) -> Fate {
    let (Some(lock), Some(boot)) = (labels.get(LOCK), labels.get(BOOT)) else { return Fate::Unknown };
    if here.is_empty() || boot != here {
        return Fate::Unknown;
    }
    let path = Path::new(lock);
    let ours = path.file_name().is_some_and(|name| {
        let name = name.to_string_lossy();
        name.starts_with("poollab-container-") && name.ends_with(".lock")
    });
    match File::open(path) {
        _ if !ours => Fate::Unknown,
        // Its guard removes it with the container only after the container; so it was tidied up by somebody else.
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => Fate::Dead,
        Err(_) => Fate::Unknown,
        Ok(file) if file.try_lock().is_ok() => Fate::Dead,
        Ok(_) => Fate::Lives,
    }
}

fn boot() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_container_whose_lock_nobody_holds_is_left_over() {
        let lock = Lock::take().unwrap();
        let labels = lock.labels();
        let here = boot();
        assert_eq!(fate(&labels, &here), Fate::Lives);
        assert_eq!(fate(&labels, "another machine"), Fate::Unknown);
        drop(lock);
        assert_eq!(fate(&labels, &here), Fate::Dead);

        let mut foreign = labels;
        foreign.insert(LOCK.to_owned(), "/etc/passwd".to_owned());
        assert_eq!(fate(&foreign, &here), Fate::Unknown);
        assert_eq!(fate(&HashMap::new(), &here), Fate::Unknown);
    }
}

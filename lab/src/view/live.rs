//! The run in progress as server-sent events, read from its folder as it grows.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

use actix_web::web::Bytes;
use actix_web::{HttpResponse, web};
use futures_util::stream;
use serde_json::json;

use super::Shelf;
use crate::folder;

/// The generator tells ten times a second; a person does not see more.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Events without an end: `run`, then the lines of its `live.jsonl`, then `end`, then the next run.
pub async fn events(shelf: web::Data<Shelf>) -> HttpResponse {
    let follower = Follower { out: shelf.0.clone(), followed: None };
    let events = stream::unfold(follower, |mut follower| async move {
        tokio::time::sleep(LOOK_EVERY).await;
        let text = follower.look();
        // A comment in place of nothing: it fails once the browser has gone, which ends the stream.
        let text = if text.is_empty() { ":\n\n".to_owned() } else { text };
        Some((Ok::<_, std::convert::Infallible>(Bytes::from(text)), follower))
    });
    HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header(("cache-control", "no-store"))
        .streaming(events)
}

struct Follower {
    out: PathBuf,
    followed: Option<Followed>,
}

struct Followed {
    path: PathBuf,
    /// How much of the file has been told.
    read: u64,
}

impl Follower {
    /// What is new since the last look.
    fn look(&mut self) -> String {
        match &mut self.followed {
            Some(followed) if folder::is_being_written(&followed.path) => followed.news(),
            Some(_) => {
                self.followed = None;
                event(&json!({"event": "end"}))
            }
            None => {
                let Some(path) = running(&self.out) else { return String::new() };
                let id = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                self.followed = Some(Followed { path, read: 0 });
                event(&json!({"event": "run", "id": id}))
            }
        }
    }
}

impl Followed {
    fn news(&mut self) -> String {
        let mut text = String::new();
        // Not there yet, or just removed: the next look tells.
        let read = File::open(self.path.join(folder::LIVE)).and_then(|mut file| {
            file.seek(SeekFrom::Start(self.read))?;
            file.read_to_string(&mut text)
        });
        let whole = text.rfind('\n').map_or(0, |place| place + 1);
        if read.is_err() || whole == 0 {
            return String::new();
        }
        let first = self.read == 0;
        self.read += whole as u64;
        let lines: Vec<&str> = text[..whole].lines().collect();
        // Of finished trials, late viewers get only the results.
        let current = lines.iter().rposition(|line| line.contains("\"event\":\"trial\"")).unwrap_or(0);
        lines
            .iter()
            .enumerate()
            .filter(|(number, line)| !first || *number >= current || line.contains("\"event\":\"done\""))
            .map(|(_, line)| format!("data: {line}\n\n"))
            .collect()
    }
}

/// The newest run that is going on.
fn running(out: &Path) -> Option<PathBuf> {
    let entries = std::fs::read_dir(out).ok()?.flatten().map(|entry| entry.path());
    entries.filter(|path| folder::is_run(path) && folder::is_being_written(path)).max()
}

fn event(value: &serde_json::Value) -> String {
    format!("data: {value}\n\n")
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use poollab_model::Plan;

    use super::*;

    #[test]
    fn a_run_is_followed_from_its_start_to_its_end_and_half_a_line_waits() {
        let out = tempfile::tempdir().unwrap();
        let mut follower = Follower { out: out.path().to_owned(), followed: None };
        assert_eq!(follower.look(), "");
        let (run, id) = folder::Folder::create(out.path(), "run", &Plan::default()).unwrap();
        assert!(follower.look().contains(&id));
        assert_eq!(follower.look(), "", "there is no file yet");
        let mut file = File::create(run.path().join(folder::LIVE)).unwrap();
        for line in ["trial\",\"id\":1", "interval\",\"id\":1", "done\",\"id\":1", "trial\",\"id\":2"] {
            writeln!(file, "{{\"event\":\"{line}}}").unwrap();
        }
        write!(file, "{{\"event\":\"inter").unwrap();
        let news = follower.look();
        assert_eq!(news.matches("data:").count(), 2, "{news}");
        assert!(news.contains("done") && news.contains("\"id\":2"));
        writeln!(file, "val\"}}").unwrap();
        assert_eq!(follower.look(), "data: {\"event\":\"interval\"}\n\n");
        drop(run);
        assert!(follower.look().contains("end"));
        assert_eq!(follower.look(), "");
    }
}

//! What a person sees while a run goes on: a bar on a terminal, plain lines elsewhere, always on standard
//! error, so that standard output holds results and nothing else.

use std::fs::File;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use poollab_model::wire::LoadInterval;
use poollab_model::{PoolCounts, TrialRecord, TrialSpec};
use serde_json::json;

use crate::output::{say, told};

/// Time that a trial takes besides its load, until it has been seen: start, check, stop.
pub const OVERHEAD: Duration = Duration::from_millis(600);

/// Without a terminal a search says where it is as often as this.
const BETWEEN_SLICES: Duration = Duration::from_secs(10);

/// The display of a run.
pub struct Progress {
    bar: Option<ProgressBar>,
    lines: bool,
    /// Of a search: its slices are short and many, and a line for each tells nothing.
    slices: bool,
    /// When the last line of a slice was written.
    told: Option<Instant>,
    total: usize,
    done: usize,
    /// Load of one trial: warm-up and measuring.
    load: Duration,
    started: Instant,
    slots: u32,
    label: String,
    /// Progress for outside observers such as `poollab view`; removed when the run ends.
    live: Option<(PathBuf, File)>,
}

impl Progress {
    /// A display for so many trials, each with so much load.
    pub fn new(total: usize, load: Duration, slots: u32, quiet: bool) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let bar = (terminal && !quiet).then(|| {
            let bar = ProgressBar::new(total as u64);
            let style = ProgressStyle::with_template("{bar:24} {pos}/{len}  {msg}")
                .unwrap_or_else(|_| ProgressStyle::default_bar());
            bar.set_style(style);
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        let lines = !terminal && !quiet;
        Self {
            bar,
            lines,
            slices: false,
            told: None,
            total,
            done: 0,
            load,
            started: Instant::now(),
            slots,
            label: String::new(),
            live: None,
        }
    }

    /// Also tells it line by line in a file, which `poollab view` reads. Worth a try only: a run does not
    /// depend on who watches it.
    pub fn tell(&mut self, path: &Path) {
        self.live = File::create(path).ok().map(|file| (path.to_owned(), file));
    }

    /// A remark outside the trials: "starting Postgres".
    pub fn say(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.set_message(text.to_owned()),
            None if self.lines => say(text),
            None => {}
        }
    }

    /// Each trial has so much load, as is known by now.
    pub fn load(&mut self, load: Duration) {
        self.load = load;
    }

    /// There will be so many trials: a search knows only while it goes on.
    pub fn expect(&mut self, trials: usize) {
        self.slices = true;
        self.total = trials.max(self.done);
        if let Some(bar) = &self.bar {
            bar.set_length(self.total as u64);
        }
    }

    /// Something that has to be known and stops nothing.
    pub fn warn(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.println(told(&format!("note: {text}"))),
            None => say(&format!("note: {text}")),
        }
    }

    /// A trial starts.
    pub fn trial(&mut self, id: &str) {
        if self.done == 0 {
            self.started = Instant::now();
        }
        self.label = id.to_owned();
        self.line(&json!({"event": "trial", "id": id, "number": self.done + 1, "total": self.total, "slots": self.slots}));
        self.say_live(format!("{id}  warming up"));
    }

    /// What happens in the trial right now.
    pub fn live(&self, interval: &LoadInterval, backends: Option<u32>, pool: Option<PoolCounts>) {
        let per_second = (interval.ok + interval.failed) as f64 / (interval.length_ms / 1e3).max(1e-3);
        self.line(&json!({
            "event": "interval", "at_ms": interval.at_ms, "rps": per_second, "failed": interval.failed,
            "p99_us": interval.p99_us, "backends": backends, "pool": pool,
        }));
        let pool = pool.map_or_else(String::new, |pool| {
            format!("  pool {}, {} idle, {} waiting", pool.size, pool.idle, pool.waiting)
        });
        let backends = backends.map_or_else(|| "?".to_owned(), |count| count.to_string());
        self.say_live(format!(
            "{}  {per_second:.0}/s  {} failed  {backends} of {} slots{pool}  {} left",
            self.label,
            interval.failed,
            self.slots,
            short(self.left())
        ));
    }

    /// A trial has ended.
    pub fn trial_done(&mut self, trial: &TrialRecord) {
        self.done += 1;
        self.line(&json!({
            "event": "done", "id": trial.id, "goodput_rps": trial.goodput_rps,
            "p99_us": trial.latency_us.ok.map(|q| q.p99), "failed": trial.requests.failed + trial.requests.dropped,
        }));
        if let Some(bar) = &self.bar {
            bar.set_position(self.done as u64);
        }
        if self.lines && self.due(Instant::now()) {
            let p99 = trial
                .latency_us
                .ok
                .map_or_else(|| "–".to_owned(), |q| format!("{:.1} ms", q.p99 as f64 / 1e3));
            let main = trial.errors.first().map_or_else(String::new, |error| format!(" ({})", error.kind));
            say(&format!(
                "[{:>3}/{}] {:<44} {:>8.0}/s  p99 {p99:>9}  {:>6} failed{main}  {} left",
                self.done,
                self.total,
                trial.id,
                trial.goodput_rps,
                trial.requests.failed + trial.requests.dropped,
                short(self.left())
            ));
        }
    }

    /// A trial has ended without a result.
    pub fn trial_failed(&mut self, trial: &TrialSpec, reason: &str) {
        self.done += 1;
        let text = format!("[{:>3}/{}] {}  no result: {reason}", self.done, self.total, trial.id);
        match &self.bar {
            Some(bar) => {
                bar.set_position(self.done as u64);
                bar.println(told(&text));
            }
            None => say(&text),
        }
    }

    /// Whether it is time for a line: always for a trial, every so often for a slice of a search.
    fn due(&mut self, now: Instant) -> bool {
        let due = !self.slices || self.told.is_none_or(|told| now.duration_since(told) >= BETWEEN_SLICES);
        if due {
            self.told = Some(now);
        }
        due
    }

    /// The display goes away.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        if let Some((path, _)) = &self.live {
            // Whoever still reads it sees its end; that it can't be removed hurts nobody.
            let _ = std::fs::remove_file(path);
        }
    }

    fn line(&self, value: &serde_json::Value) {
        if let Some((_, file)) = &self.live {
            // Not worth ending a run for.
            let _ = (&*file).write_all(format!("{value}\n").as_bytes());
        }
    }

    fn say_live(&self, text: String) {
        if let Some(bar) = &self.bar {
            bar.set_message(text);
        }
    }

    /// From the trials so far; before the first one from the plan.
    fn left(&self) -> Duration {
        let remaining = u32::try_from(self.total.saturating_sub(self.done)).unwrap_or(u32::MAX);
        let each = match u32::try_from(self.done) {
            Ok(done) if done > 0 => self.started.elapsed() / done,
            _ => self.load + OVERHEAD,
        };
        each * remaining
    }
}

/// `1 min 05 s`, `40 s`.
pub fn short(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds >= 60 { format!("{} min {:02} s", seconds / 60, seconds % 60) } else { format!("{seconds} s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_without_a_terminal_does_not_print_a_line_for_each_slice() {
        let lines = |search: bool| {
            let mut progress = Progress::new(0, Duration::ZERO, 1, true);
            if search {
                progress.expect(180);
            }
            let start = Instant::now();
            // 180 slices of half a second are 90 s.
            (0..180).filter(|slice| progress.due(start + Duration::from_millis(500) * *slice)).count()
        };
        assert_eq!((lines(true), lines(false)), (9, 180));
    }
}

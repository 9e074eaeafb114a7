//! Reading a sweep: CSV with a header, comma or semicolon, quotes, BOM and any line ends.

use std::collections::HashMap;
use std::fmt;

use csv::{ReaderBuilder, StringRecord};

use crate::figures;
use crate::tune::{LatencyMs, QuestionError};

/// More connections than any Postgres can be told to take (`MAX_BACKENDS`, 2^18 − 1).
const LARGEST_SIZE: u32 = 262_143;

/// Problems that are listed; the rest is counted.
const LISTED: usize = 20;

/// The half-width of a 99.9 % interval in standard deviations of the normal distribution.
const HALF_WIDTH_999: f64 = 3.290_526_731_491_926;

/// A file with more has a column that tells rows apart, and each series is a search of its own.
const MOST_SERIES: usize = 1_000;

/// Headers under which a pool size is found, the most exact first: others of them then name the series.
const SIZE: [&str; 6] = ["pool_size", "pool size", "pool-size", "size", "connections", "clients"];

/// The same for throughput.
const THROUGHPUT: [&str; 10] =
    ["throughput", "goodput", "goodput_rps", "tps", "rps", "qps", "ops/s", "req/s", "requests/s", "ops"];

/// The same for the share of requests that failed.
const FAILED: [&str; 4] = ["error_rate", "error-rate", "failed_share", "failed"];

/// All rows of one pool size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Record {
    /// The pool size.
    pub size: u32,
    /// Its throughput: of several rows the mean.
    pub throughput: f64,
    /// Rows.
    pub repeats: u32,
    /// Relative standard deviation of that mean, from the `error` column or from repeats.
    pub noise: Option<f64>,
    /// Latencies, where the file has them.
    pub latency: LatencyMs,
    /// Share of requests that failed, where the file has it.
    pub failed_share: Option<f64>,
    /// The first line in the file.
    pub line: u64,
}

/// Rows that belong together, by size.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedSeries {
    /// Its name.
    pub name: String,
    /// Its rows, by size; at least two.
    pub records: Vec<Record>,
}

/// One thing that is wrong, with its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The line, counted from 1; `None`: the file as a whole.
    pub line: Option<u64>,
    /// What is wrong and what was expected.
    pub text: String,
}

/// Why a sweep can't be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SweepError {
    /// All that is wrong with the file.
    #[error("{}", listed(.0))]
    Data(Vec<Problem>),
    /// The search refuses its question.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Question(Vec<QuestionError>),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.text),
            None => f.write_str(&self.text),
        }
    }
}

fn listed(problems: &[Problem]) -> String {
    let mut lines: Vec<String> = problems.iter().take(LISTED).map(ToString::to_string).collect();
    if problems.len() > LISTED {
        lines.push(format!("and {} more", problems.len() - LISTED));
    }
    format!("the sweep can't be used:\n  {}", lines.join("\n  "))
}

/// Reads a sweep, or tells all that is wrong with it.
pub fn parse(text: &str) -> Result<Vec<RecordedSeries>, SweepError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let header = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    if header.is_empty() {
        return Err(whole(
            "the file is empty; expected a header such as pool_size,throughput and a row for each size",
        ));
    }
    let delimiter = if header.matches(';').count() > header.matches(',').count() { b';' } else { b',' };
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter)
        .flexible(true)
        .has_headers(true)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let columns = match reader.headers() {
        Ok(header) => Columns::find(header)?,
        Err(why) => return Err(whole(&format!("the header can't be read: {why}"))),
    };
    let mut table = Table { columns, decimal_comma: delimiter == b';', ..Table::default() };
    for row in reader.records() {
        match row {
            Ok(row) => table.add(&row),
            Err(why) => {
                let line = why.position().map(csv::Position::line);
                table.problems.push(Problem { line, text: format!("can't be read: {why}") });
            }
        }
    }
    table.finish()
}

fn whole(text: &str) -> SweepError {
    SweepError::Data(vec![Problem { line: None, text: text.to_owned() }])
}

/// Where the columns are.
#[derive(Debug, Default)]
struct Columns {
    size: usize,
    throughput: usize,
    error: Option<usize>,
    failed: Option<usize>,
    latencies: Vec<(usize, Latency)>,
    /// All others, which name the series.
    names: Vec<usize>,
    count: usize,
}

#[derive(Debug, Clone, Copy)]
enum Latency {
    P50,
    P95,
    P99,
    P999,
}

impl Columns {
    fn find(header: &StringRecord) -> Result<Self, SweepError> {
        let mut problems = Vec::new();
        let mut columns = Self { count: header.len(), ..Self::default() };
        let titles: Vec<String> = header.iter().map(|title| title.trim().to_lowercase()).collect();
        let of = |names: &[&str]| names.iter().find_map(|name| titles.iter().position(|title| title == name));
        let (size, throughput) = (of(&SIZE), of(&THROUGHPUT));
        columns.failed = of(&FAILED);
        for (at, title) in titles.iter().enumerate() {
            let used = [size, throughput, columns.failed];
            if used.contains(&Some(at)) {
                continue;
            }
            let needed = title == "error" || used.into_iter().flatten().any(|used| titles[used] == *title);
            if needed && titles[..at].contains(title) {
                problems.push(Problem { line: Some(1), text: format!("the column {title} is there twice") });
            }
            match title.as_str() {
                "error" => columns.error = Some(at),
                "p50_ms" => columns.latencies.push((at, Latency::P50)),
                "p95_ms" => columns.latencies.push((at, Latency::P95)),
                "p99_ms" => columns.latencies.push((at, Latency::P99)),
                "p99_9_ms" | "p99.9_ms" => columns.latencies.push((at, Latency::P999)),
                _ => columns.names.push(at),
            }
        }
        let found = header.iter().collect::<Vec<_>>().join(", ");
        for (name, at, also) in
            [("pool_size", size, &SIZE[1..]), ("throughput", throughput, &THROUGHPUT[1..])]
        {
            if at.is_none() {
                problems.push(Problem {
                    line: Some(1),
                    text: format!(
                        "the column {name} is missing; the header has: {found}. Also understood: {}",
                        also.join(", ")
                    ),
                });
            }
        }
        match (size, throughput) {
            (Some(size), Some(throughput)) if problems.is_empty() => Ok(Self { size, throughput, ..columns }),
            _ => Err(SweepError::Data(problems)),
        }
    }
}

/// The rows read so far.
#[derive(Debug, Default)]
struct Table {
    columns: Columns,
    decimal_comma: bool,
    series: Vec<RecordedSeries>,
    by_name: HashMap<String, usize>,
    problems: Vec<Problem>,
}

impl Table {
    fn add(&mut self, row: &StringRecord) {
        let line = row.position().map_or(0, csv::Position::line);
        if row.iter().all(str::is_empty) {
            return;
        }
        let before = self.problems.len();
        if row.len() != self.columns.count {
            let text = format!("has {} fields where the header has {}", row.len(), self.columns.count);
            self.problem(line, text);
            return;
        }
        let size = self.size(row, line);
        let throughput = self.figure(row, self.columns.throughput, "throughput", line);
        let error = self.columns.error.and_then(|at| self.optional(row, at, "error", line));
        let failed_share = self.columns.failed.and_then(|at| self.share(row, at, line));
        let mut latency = LatencyMs::default();
        for (at, figure) in self.columns.latencies.clone() {
            let value = self.optional(row, at, "the latency", line);
            match figure {
                Latency::P50 => latency.p50 = value,
                Latency::P95 => latency.p95 = value,
                Latency::P99 => latency.p99 = value,
                Latency::P999 => latency.p99_9 = value,
            }
        }
        let (Some(size), Some(throughput)) = (size, throughput) else { return };
        let series = self.series_of(row);
        if self.problems.len() == before {
            let noise = error.map(|half| half / HALF_WIDTH_999 / throughput.max(f64::MIN_POSITIVE));
            let record = Record { size, throughput, repeats: 1, noise, latency, failed_share, line };
            self.series[series].records.push(record);
        }
    }

    fn series_of(&mut self, row: &StringRecord) -> usize {
        let name = match self.columns.names.as_slice() {
            [] => "sweep".to_owned(),
            names => names.iter().filter_map(|at| row.get(*at)).collect::<Vec<_>>().join(", "),
        };
        *self.by_name.entry(name.clone()).or_insert_with(|| {
            self.series.push(RecordedSeries { name, records: Vec::new() });
            self.series.len() - 1
        })
    }

    fn size(&mut self, row: &StringRecord, line: u64) -> Option<u32> {
        let text = row.get(self.columns.size).unwrap_or_default();
        let problem = match text.parse::<u64>() {
            Ok(size @ 1..) if size <= u64::from(LARGEST_SIZE) => return u32::try_from(size).ok(),
            Ok(0) => "pool_size is 0; a pool has at least one connection".to_owned(),
            Ok(_) => format!("pool_size {text} is larger than any Postgres allows ({LARGEST_SIZE})"),
            Err(_) if text.is_empty() => "pool_size is missing".to_owned(),
            Err(_) if text.starts_with('-') => format!("pool_size {text} is negative"),
            Err(_) => format!("pool_size {text:?} is not a whole number"),
        };
        self.problem(line, problem);
        None
    }

    /// A figure that may be missing: an empty field.
    fn optional(&mut self, row: &StringRecord, at: usize, what: &str, line: u64) -> Option<f64> {
        if row.get(at).is_none_or(str::is_empty) {
            return None;
        }
        self.figure(row, at, what, line)
    }

    fn figure(&mut self, row: &StringRecord, at: usize, what: &str, line: u64) -> Option<f64> {
        let text = row.get(at).unwrap_or_default();
        // Where fields end with a semicolon, the comma is the decimal point of half of Europe.
        let parsed =
            if self.decimal_comma { text.replace(',', ".").parse::<f64>() } else { text.parse::<f64>() };
        let problem = match parsed {
            Ok(value) if value.is_finite() && value >= 0.0 => return Some(value),
            Ok(value) if value.is_finite() => format!("{what} {text} is negative"),
            Ok(_) => format!("{what} {text} is not a finite number"),
            Err(_) if text.is_empty() => format!("{what} is missing"),
            Err(_) => format!("{what} {text:?} is not a number; write for example 1234.5"),
        };
        self.problem(line, problem);
        None
    }

    /// A share, as `0.02` or `2%`.
    fn share(&mut self, row: &StringRecord, at: usize, line: u64) -> Option<f64> {
        let text = row.get(at).filter(|text| !text.is_empty())?;
        let number = text.strip_suffix('%').unwrap_or(text).trim().replace(',', ".");
        let unit = if text.ends_with('%') { 100.0 } else { 1.0 };
        match number.parse::<f64>().map(|number| number / unit) {
            Ok(share) if (0.0..=1.0).contains(&share) => Some(share),
            _ => {
                let text =
                    format!("the share of failed requests {text:?} is none; write for example 0.02 or 2%");
                self.problem(line, text);
                None
            }
        }
    }

    fn problem(&mut self, line: u64, text: String) {
        self.problems.push(Problem { line: Some(line), text });
    }

    fn finish(mut self) -> Result<Vec<RecordedSeries>, SweepError> {
        if self.problems.is_empty() && self.series.is_empty() {
            return Err(whole("the file has a header and no rows; expected a row for each pool size"));
        }
        if self.series.len() > MOST_SERIES {
            let names: Vec<&str> = self.series.iter().take(3).map(|series| series.name.as_str()).collect();
            return Err(whole(&format!(
                "the file has {} series ({}, …), and at most {} are answered at once. Every column without a known header \
                 names series: remove those that tell rows apart, such as a time or a run's number, or split the file",
                figures::whole(self.series.len() as u64),
                names.join(", "),
                figures::whole(MOST_SERIES as u64)
            )));
        }
        for series in &mut self.series {
            series.records = by_size(&series.records);
            // Rows that were refused have been told already.
            if let ([only], true) = (series.records.as_slice(), self.problems.is_empty()) {
                let named = if self.columns.names.is_empty() {
                    String::new()
                } else {
                    format!(" of the series {:?}", series.name)
                };
                let text = format!(
                    "the only row{named}: one pool size can't be compared with anything; measure at least two, better six"
                );
                self.problems.push(Problem { line: Some(only.line), text });
            } else if series.records.len() > 1 && series.records.iter().all(|record| record.throughput == 0.0)
            {
                let text = format!(
                    "no throughput of the series {:?} is above 0: there is nothing to choose from",
                    series.name
                );
                self.problems.push(Problem { line: None, text });
            }
        }
        if self.problems.is_empty() { Ok(self.series) } else { Err(SweepError::Data(self.problems)) }
    }
}

/// One record for each size. A size that is there several times was measured several times: its mean counts, and how
/// much its rows differ tells the noise of all.
fn by_size(rows: &[Record]) -> Vec<Record> {
    let mut rows = rows.to_vec();
    rows.sort_by_key(|record| record.size);
    let groups = || rows.chunk_by(|a, b| a.size == b.size);
    let logs = |group: &[Record]| -> Vec<f64> {
        group.iter().map(|row| row.throughput.max(f64::MIN_POSITIVE).ln()).collect()
    };
    let (mut squares, mut degrees) = (0.0, 0.0);
    for group in groups().filter(|group| group.iter().all(|row| row.throughput > 0.0)) {
        let logs = logs(group);
        let mean = logs.iter().sum::<f64>() / logs.len() as f64;
        squares += logs.iter().map(|log| (log - mean).powi(2)).sum::<f64>();
        degrees += logs.len() as f64 - 1.0;
    }
    let spread = (degrees > 0.0).then(|| (squares / degrees).sqrt());
    groups()
        .map(|group| {
            let count = group.len() as f64;
            let mean = |of: &dyn Fn(&Record) -> Option<f64>| {
                let values: Vec<f64> = group.iter().filter_map(of).collect();
                (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
            };
            let geometric = |of: fn(&LatencyMs) -> Option<f64>| {
                mean(&|row| of(&row.latency).map(|ms| ms.max(1e-6).ln())).map(f64::exp)
            };
            Record {
                repeats: group.len() as u32,
                throughput: mean(&|row| Some(row.throughput)).unwrap_or_default(),
                noise: mean(&|row| row.noise).or(spread).map(|noise| noise / count.sqrt()),
                latency: LatencyMs {
                    p50: geometric(|latency| latency.p50),
                    p95: geometric(|latency| latency.p95),
                    p99: geometric(|latency| latency.p99),
                    p99_9: geometric(|latency| latency.p99_9),
                },
                failed_share: mean(&|row| row.failed_share),
                ..group[0]
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        match parse(text) {
            Err(SweepError::Data(problems)) => problems.iter().map(ToString::to_string).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn ten_thousand_series_are_refused_in_words_before_any_is_searched() {
        let rows =
            |series: usize| -> String { (0..series).map(|n| format!("{n},1,100\n{n},2,190\n")).collect() };
        let told = parse(&format!("time,pool_size,tps\n{}", rows(10_000))).unwrap_err().to_string();
        assert!(told.contains("10,000 series (0, 1, 2, …)") && told.contains("at most 1,000"), "{told}");
        assert_eq!(parse(&format!("pool,pool_size,tps\n{}", rows(1_000))).unwrap().len(), 1_000);
    }

    #[test]
    fn a_spreadsheet_s_export_is_read_as_it_comes() {
        let text =
            "\u{feff}\"Pool_Size\";throughput;error;\"pool\"\r\n1;10,5;0,5;\"a;b\"\r\n2;20;;\"a;b\"\r\n\r\n";
        let series = parse(text).unwrap();
        assert_eq!(series.len(), 1);
        assert_eq!(series[0].name, "a;b");
        assert_eq!(series[0].records[0].throughput, 10.5);
        assert!((series[0].records[0].noise.unwrap() - 0.5 / 3.2905 / 10.5).abs() < 1e-5);
        assert_eq!(series[0].records[1].noise, None);
    }

    #[test]
    fn all_bad_lines_are_told_at_once_with_their_numbers() {
        let text = "pool_size,throughput\n1,10\n-2,20\nx,30\n4,\n5,NaN\n6,-7\n1,11\n8,inf\n,9\n0,3\n9\n2.5,1\n300000,5\n";
        let told = problems(text);
        for (line, what) in [
            (3, "negative"),
            (4, "whole number"),
            (5, "missing"),
            (6, "finite"),
            (7, "negative"),
            (9, "finite"),
            (10, "missing"),
            (11, "is 0"),
            (12, "fields"),
            (13, "whole number"),
            (14, "larger than any"),
        ] {
            assert!(
                told.iter().any(|told| told.starts_with(&format!("line {line}: ")) && told.contains(what)),
                "line {line} {what}: {told:#?}"
            );
        }
        assert_eq!(told.len(), 11);
    }

    #[test]
    fn a_file_without_rows_columns_or_content_is_refused() {
        assert!(problems("")[0].contains("empty"));
        assert!(problems("\u{feff}\r\n")[0].contains("empty"));
        assert!(problems("pool_size,throughput\n")[0].contains("no rows"));
        assert!(problems("width,speed\n1,2\n").len() == 2);
        assert!(problems("pool_size,throughput\n8,100\n")[0].contains("line 2: the only row"));
        assert!(problems("pool_size,throughput\n1,0\n2,0\n")[0].contains("above 0"));
        assert!(problems("pool_size,throughput,pool\n1,5,a\n2,6,a\n1,5,b\n")[0].contains("\"b\""));
        assert!(problems("size,tps,size\n1,2,1\n")[0].contains("twice"));
    }

    #[test]
    fn headers_that_people_have_are_known() {
        for header in ["connections,tps", "size,rps", "clients,qps", "Size,ops/s", "pool-size,req/s"] {
            let series = parse(&format!("{header}\n1,10\n2,20\n")).unwrap();
            assert_eq!(series[0].records[1].throughput, 20.0, "{header}");
        }
        // The exact name wins, and what is left names the series.
        let series = parse("clients,pool_size,tps\n64,1,10\n64,2,20\n").unwrap();
        assert_eq!((series[0].name.as_str(), series[0].records.len()), ("64", 2));
    }

    #[test]
    fn every_row_of_a_size_counts_and_tells_the_noise() {
        let series = parse("pool_size,throughput\n4,100\n8,190\n4,110\n8,210\n4,90\n").unwrap();
        let [four, eight] = series[0].records.as_slice() else { panic!("{series:?}") };
        assert_eq!((four.repeats, eight.repeats), (3, 2));
        assert!((four.throughput - 100.0).abs() < 1e-9 && (eight.throughput - 200.0).abs() < 1e-9);
        let noise = four.noise.unwrap();
        assert!((0.03..0.09).contains(&noise) && eight.noise.unwrap() > noise, "{series:?}");
    }

    #[test]
    fn a_hundred_thousand_bad_rows_are_counted_and_not_all_printed() {
        let text = "pool_size,throughput\n".to_owned() + &"1,x\n".repeat(100_000);
        let why = parse(&text).unwrap_err().to_string();
        assert!(why.contains("and 99980 more") && why.len() < 3_000, "{}", why.len());
    }
}

//! Reading a sweep: CSV with a header, comma or semicolon, quotes, BOM and any line ends.

use std::collections::HashMap;
use std::fmt;

use csv::{ReaderBuilder, StringRecord};

use crate::tune::{LatencyMs, QuestionError};

/// More connections than any Postgres can be told to take (`MAX_BACKENDS`, 2^18 − 1).
const LARGEST_SIZE: u32 = 262_143;

/// Problems that are listed; the rest is counted.
const LISTED: usize = 20;

/// The half-width of a 99.9 % interval in standard deviations of the normal distribution.
const HALF_WIDTH_999: f64 = 3.290_526_731_491_926;

/// One row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Record {
    /// The pool size.
    pub size: u32,
    /// Its throughput.
    pub throughput: f64,
    /// Relative standard deviation of that, from the `error` column.
    pub noise: Option<f64>,
    /// Latencies, where the file has them.
    pub latency: LatencyMs,
    /// Line in the file.
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
        let (mut size, mut throughput) = (None, None);
        for (at, title) in header.iter().enumerate() {
            let title = title.trim().to_lowercase();
            let seen = match title.as_str() {
                "pool_size" => size.replace(at).is_some(),
                "throughput" => throughput.replace(at).is_some(),
                "error" => columns.error.replace(at).is_some(),
                "p50_ms" | "p95_ms" | "p99_ms" | "p99_9_ms" | "p99.9_ms" => {
                    let figure = match title.as_str() {
                        "p50_ms" => Latency::P50,
                        "p95_ms" => Latency::P95,
                        "p99_ms" => Latency::P99,
                        _ => Latency::P999,
                    };
                    columns.latencies.push((at, figure));
                    false
                }
                _ => {
                    columns.names.push(at);
                    false
                }
            };
            if seen {
                problems.push(Problem { line: Some(1), text: format!("the column {title} is there twice") });
            }
        }
        let found = header.iter().collect::<Vec<_>>().join(", ");
        for (name, at) in [("pool_size", size), ("throughput", throughput)] {
            if at.is_none() {
                problems.push(Problem {
                    line: Some(1),
                    text: format!("the column {name} is missing; the header has: {found}"),
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
    lines: HashMap<(usize, u32), u64>,
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
        if let Some(first) = self.lines.insert((series, size), line) {
            self.problem(line, format!("pool size {size} is there already, in line {first}; give each size once, or name the series in a further column"));
        }
        if self.problems.len() == before {
            let noise = error.map(|half| half / HALF_WIDTH_999 / throughput.max(f64::MIN_POSITIVE));
            self.series[series].records.push(Record { size, throughput, noise, latency, line });
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

    fn problem(&mut self, line: u64, text: String) {
        self.problems.push(Problem { line: Some(line), text });
    }

    fn finish(mut self) -> Result<Vec<RecordedSeries>, SweepError> {
        if self.problems.is_empty() && self.series.is_empty() {
            return Err(whole("the file has a header and no rows; expected a row for each pool size"));
        }
        for series in &mut self.series {
            series.records.sort_by_key(|record| record.size);
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
            (8, "line 2"),
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
        assert_eq!(told.len(), 12);
    }

    #[test]
    fn a_file_without_rows_columns_or_content_is_refused() {
        assert!(problems("")[0].contains("empty"));
        assert!(problems("\u{feff}\r\n")[0].contains("empty"));
        assert!(problems("pool_size,throughput\n")[0].contains("no rows"));
        assert!(problems("size,tps\n1,2\n").len() == 2);
        assert!(problems("pool_size,throughput\n8,100\n")[0].contains("line 2: the only row"));
        assert!(problems("pool_size,throughput\n1,0\n2,0\n")[0].contains("above 0"));
        assert!(problems("pool_size,throughput,pool\n1,5,a\n2,6,a\n1,5,b\n")[0].contains("\"b\""));
    }

    #[test]
    fn a_hundred_thousand_bad_rows_are_counted_and_not_all_printed() {
        let text = "pool_size,throughput\n".to_owned() + &"1,x\n".repeat(100_000);
        let why = parse(&text).unwrap_err().to_string();
        assert!(why.contains("and 99980 more") && why.len() < 3_000, "{}", why.len());
    }
}

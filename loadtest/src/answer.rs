//! Whether an answer is the right one, and if not, what it says.

use hyper::StatusCode;
use hyper::header::{HeaderMap, HeaderName};
use poollab_model::{ErrorKind, Problem};

use crate::failures::Failure;
use crate::recorder::Outcome;
use crate::server_timing::PhaseTimes;

/// Bytes of a good answer that are looked at: `{"id":`, an id, and what ends it.
pub(crate) const GOOD_BYTES: usize = 32;

/// Bytes of a bad answer that are kept.
pub(crate) const BAD_BYTES: usize = 16 * 1024;

/// Characters of an answer that are quoted in a message.
const QUOTED: usize = 200;

const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// Judges a complete answer. `id` is the one that was asked for, `None` where the path names none.
pub(crate) fn judge(status: StatusCode, headers: &HeaderMap, body: &[u8], id: Option<&str>) -> Outcome {
    if status != StatusCode::OK {
        return Err(Box::new(refusal(status, body)));
    }
    if let Some(id) = id
        && !answers(body, id)
    {
        return Err(Box::new(Failure::new(ErrorKind::WrongAnswer, wrong(body))));
    }
    let mut phases = PhaseTimes::default();
    for value in headers.get_all(SERVER_TIMING) {
        phases.add(value.as_bytes());
    }
    Ok(phases)
}

/// Whether a body begins with `{"id":<id>`, and the number ends there.
fn answers(body: &[u8], id: &str) -> bool {
    let rest = body.strip_prefix(br#"{"id":"#).and_then(|rest| rest.strip_prefix(id.as_bytes()));
    matches!(rest, Some([b',' | b'}', ..]))
}

/// The text of a wrong answer. The ids are left out, so that such failures are alike.
fn wrong(body: &[u8]) -> String {
    let says_another = body.strip_prefix(br#"{"id":"#).is_some_and(|rest| rest.starts_with_digit());
    if says_another {
        "the answer carries another id than the one that was asked for".to_owned()
    } else {
        format!(r#"the answer does not begin with {{"id":…: {:?}"#, quote(body))
    }
}

trait StartsWithDigit {
    fn starts_with_digit(&self) -> bool;
}

impl StartsWithDigit for [u8] {
    fn starts_with_digit(&self) -> bool {
        self.first().is_some_and(u8::is_ascii_digit)
    }
}

/// What a status other than 200 means: the service's own words where it sends a problem document, else the
/// status and the beginning of the body.
fn refusal(status: StatusCode, body: &[u8]) -> Failure {
    match serde_json::from_slice::<Problem>(body) {
        Ok(problem) => Failure {
            kind: problem.kind.unwrap_or(ErrorKind::Http),
            sqlstate: problem.sqlstate,
            message: problem
                .message
                .unwrap_or_else(|| format!("status {}: {}", status.as_u16(), problem.detail)),
            cause: problem.cause,
        },
        Err(_) if body.is_empty() => Failure::new(ErrorKind::Http, format!("status {status}")),
        Err(_) => Failure::new(ErrorKind::Http, format!("status {status}: {:?}", quote(body))),
    }
}

fn quote(body: &[u8]) -> String {
    String::from_utf8_lossy(&body[..body.len().min(QUOTED)]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(status: u16, body: &str, id: Option<&str>) -> Failure {
        let status = StatusCode::from_u16(status).unwrap();
        *judge(status, &HeaderMap::new(), body.as_bytes(), id).unwrap_err()
    }

    #[test]
    fn another_requests_answer_is_wrong_even_when_it_begins_alike() {
        let ok = |body: &str| judge(StatusCode::OK, &HeaderMap::new(), body.as_bytes(), Some("12")).is_ok();
        assert!(ok(r#"{"id":12}"#) && ok(r#"{"id":12,"v":1}"#));
        for body in
            [r#"{"id":123}"#, r#"{"id":1}"#, r#"{"id":12"#, r#"{"id": 12}"#, "", "[]", r#"x{"id":12}"#]
        {
            assert!(!ok(body), "{body}");
        }
        assert_eq!(failure(200, r#"{"id":13}"#, Some("12")).kind, ErrorKind::WrongAnswer);
        assert_eq!(failure(200, r#"{"id":13}"#, Some("12")), failure(200, r#"{"id":77}"#, Some("12")));
    }

    #[test]
    fn a_path_without_an_id_is_judged_by_its_status_alone() {
        assert!(judge(StatusCode::OK, &HeaderMap::new(), b"hello", None).is_ok());
        assert_eq!(failure(204, "", None).kind, ErrorKind::Http);
    }

    #[test]
    fn a_problem_keeps_its_kind_sqlstate_text_and_cause() {
        let body = r#"{"type":"/problems/pool-timeout","title":"t","status":503,"detail":"d",
            "kind":"pool-timeout","message":"Timed out in bb8",
            "cause":{"kind":"slots-exhausted","sqlstate":"53300","message":"sorry"}}"#;
        let failure = failure(503, body, Some("1"));
        assert_eq!((failure.kind, failure.message.as_str()), (ErrorKind::PoolTimeout, "Timed out in bb8"));
        let cause = failure.cause.unwrap();
        assert_eq!((cause.kind, cause.sqlstate.as_deref()), (ErrorKind::SlotsExhausted, Some("53300")));
    }

    #[test]
    fn a_foreign_error_is_http_with_its_status_and_its_words() {
        let plain = failure(502, "Bad Gateway <html>", Some("1"));
        assert_eq!(plain.kind, ErrorKind::Http);
        assert!(plain.message.contains("502") && plain.message.contains("<html>"), "{}", plain.message);
        assert_eq!(
            failure(404, r#"{"type":"x","title":"t","status":404,"detail":"no such id"}"#, None).kind,
            ErrorKind::Http
        );
        assert_eq!(failure(500, "\u{0}\u{ff}", None).kind, ErrorKind::Http);
    }
}

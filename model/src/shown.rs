//! Text from elsewhere (a service, a database, a file, the command line), made fit to be shown.
//!
//! Everything that is printed passes through [`printable`], everything that goes to standard error or into a message
//! of a record also through [`without_secrets`].

use std::borrow::Cow;

/// Stands in place of a secret.
pub const HIDDEN: &str = "***";

/// The colours that poollab itself uses. Any other escape sequence is somebody else's.
const OUR_COLOURS: [&str; 6] =
    ["\u{1b}[0m", "\u{1b}[1m", "\u{1b}[2m", "\u{1b}[31m", "\u{1b}[32m", "\u{1b}[33m"];

/// The text with every character that a terminal would obey written out, for example as `\u001b`: control characters
/// but for line feed and tab, and the characters that turn the direction of text around. That form is also the one of
/// JSON, so a JSON text means the same as before.
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_obeyed) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let ours = OUR_COLOURS.iter().find(|colour| rest.starts_with(**colour));
        let taken = ours.map_or(c.len_utf8(), |colour| colour.len());
        match ours {
            Some(colour) => shown.push_str(colour),
            // As other systems end their lines.
            None if c == '\r' && rest[taken..].starts_with('\n') => {}
            None if is_obeyed(c) => shown.push_str(&format!("\\u{:04x}", u32::from(c))),
            None => shown.push(c),
        }
        rest = &rest[taken..];
    }
    Cow::Owned(shown)
}

fn is_obeyed(c: char) -> bool {
    let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    turns || (c.is_control() && !matches!(c, '\n' | '\t'))
}

/// The text with every password in it replaced by [`HIDDEN`]: the one before the `@` of a URL, well-formed or not, and
/// the value of whatever is called a password (`?password=…`, `host=… password='…'`, `"password": "…"`).
pub fn without_secrets(text: &str) -> Cow<'_, str> {
    let mut found = userinfo(text);
    found.extend(values(text));
    if found.is_empty() {
        return Cow::Borrowed(text);
    }
    found.sort_unstable();
    let (mut shown, mut at) = (String::with_capacity(text.len()), 0);
    for (start, end) in found {
        if start >= at {
            shown.push_str(&text[at..start]);
            shown.push_str(HIDDEN);
        }
        at = at.max(end);
    }
    shown.push_str(&text[at..]);
    Cow::Owned(shown)
}

/// Places of `PW` in `scheme://user:PW@host`, `postgres:/user:PW@host` and `user:PW@host`. A password may hold any
/// character, `@` and `/` too: it goes up to the last `@` of the word.
fn userinfo(text: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut start = 0;
    for word in text.split_inclusive(char::is_whitespace) {
        let (from, word) = (start, word.trim_end());
        start += word.len() + (text[start + word.len()..].chars().next().map_or(0, char::len_utf8));
        let Some(last) = word.rfind('@') else { continue };
        // Behind the scheme, whose colon is no separator.
        let scheme = word[..last].find(":/").map_or(0, |colon| {
            let slashes = word[colon + 1..].bytes().take_while(|byte| *byte == b'/').count();
            colon + 1 + slashes
        });
        if let Some(colon) = word.get(scheme..last).and_then(|user| user.find(':'))
            && scheme + colon + 1 < last
        {
            found.push((from + scheme + colon + 1, from + last));
        }
    }
    found
}

/// What a name must have in it for its value to be a secret.
const SECRET_NAMES: [&str; 6] = ["password", "passwd", "passphrase", "pass", "pwd", "secret"];

/// Places of values whose name says that they are secret.
fn values(text: &str) -> Vec<(usize, usize)> {
    let lower = text.to_ascii_lowercase();
    let mut found = Vec::new();
    for name in SECRET_NAMES {
        for (at, _) in lower.match_indices(name) {
            let behind = &text[at + name.len()..];
            let mut rest = behind.trim_start_matches(['"', '\'']).trim_start_matches([' ', '\t']);
            let Some(sign) = rest.chars().next().filter(|sign| matches!(sign, '=' | ':')) else { continue };
            rest = rest[1..].trim_start_matches([' ', '\t']);
            // "its password: set it in …" is prose; a value after a colon has quotes.
            if sign == ':' && !rest.starts_with(['"', '\'']) {
                continue;
            }
            let in_query = text[..at]
                .rfind(['?', '&', ' ', '\n'])
                .is_some_and(|mark| matches!(text.as_bytes()[mark], b'?' | b'&'));
            let start = text.len() - rest.len();
            let (skip, length) = value(rest, in_query);
            if length > 0 {
                found.push((start + skip, start + skip + length));
            }
        }
    }
    found.extend(encoded(text));
    found
}

/// Values of a URL's parameters whose names are not written plainly: `pass%77ord` is a password, too.
fn encoded(text: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices(['?', '&']) {
        let parameter =
            text[at + 1..].split(|c: char| c == '&' || c.is_whitespace()).next().unwrap_or_default();
        if let Some((name, value)) = parameter.split_once('=')
            && name.contains('%')
            && !value.is_empty()
        {
            let start = at + 1 + name.len() + 1;
            found.push((start, start + value.len()));
        }
    }
    found
}

/// Where a value begins and how long it is; quotes are not of it.
fn value(rest: &str, in_query: bool) -> (usize, usize) {
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''));
    let body = &rest[quote.map_or(0, char::len_utf8)..];
    let mut escaped = false;
    let end = body.char_indices().find(|(_, c)| {
        if std::mem::take(&mut escaped) {
            return false;
        }
        escaped = *c == '\\';
        match quote {
            Some(quote) => *c == quote || *c == '\n',
            None => c.is_whitespace() || matches!(c, '"' | '\'') || (in_query && *c == '&'),
        }
    });
    (rest.len() - body.len(), end.map_or(body.len(), |(at, _)| at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_hidden_in_whatever_form_it_comes() {
        for text in [
            "postgres://u:PW@h/db",
            "can't read \"postgres://u:PW@h/db\": it is not there",
            "postgres://u:PW",
            "postgres:/u:PW@h",
            "postgres:u:PW@h",
            "u:PW@h/db",
            "postgres://u:x/PW@h/db and more",
            "postgres://u:x@PW@h/db",
            "postgres://u:1#PW@h/db",
            "postgres://h/db?password=PW&sslmode=require",
            "postgres://h/db?sslmode=require&PASSWORD=PW",
            "postgres://h/db?sslpassword=PW",
            "postgres://h/db?pass%77ord=PW&sslmode=disable",
            "host=h,pass=PW",
            "host=h password=PW user=u",
            "host=h password = 'a PW \\' PW' user=u",
            "host=h password=a&PW",
            "password = \"PW\"",
            "{\"password\":\"PW\"}",
            "{'password': 'PW'}",
            "PGPASSWORD=PW poollab run",
            "line 3 (kind = \"postgres://u:PW@h\"): unknown variant `postgres://u:PW@h`, expected `embedded`",
        ] {
            let shown = without_secrets(text);
            // Without an @ nothing tells a password from a port.
            if text != "postgres://u:PW" {
                assert!(!shown.contains("PW") && shown.contains(HIDDEN), "{text} → {shown}");
            }
        }
    }

    #[test]
    fn what_is_no_secret_stays() {
        for text in [
            "",
            "put its password into PGPASSWORD",
            "the password: it comes from PGPASSWORD",
            "postgres://user@host:5432/database",
            "can't listen on 127.0.0.1:8080",
            "http://127.0.0.1:8080/hold?ms=5",
            "mail someone@example.com at 12:30",
            "naïve\u{a0}text · with ×",
        ] {
            assert_eq!(without_secrets(text), text);
        }
    }

    #[test]
    fn a_terminal_obeys_nobody_but_us() {
        let evil = "\u{1b}]0;title\u{7}\u{1b}[2J\u{9b}31mred\u{202e}txt\r\nnext\tcell\u{7f}";
        let shown = printable(evil);
        assert!(!shown.chars().any(is_obeyed), "{shown}");
        assert!(shown.contains("\\u001b]0;title") && shown.contains("\nnext\tcell"), "{shown}");
        assert_eq!(printable("\u{1b}[31mred\u{1b}[0m"), "\u{1b}[31mred\u{1b}[0m");
        assert!(matches!(printable("plain ×\n"), Cow::Borrowed(_)));
    }

    #[test]
    fn json_means_the_same_afterwards() {
        let text = serde_json::to_string("\u{1b}[2J\u{9b}\u{202e}\u{7f}").unwrap();
        let again: String = serde_json::from_str(&printable(&text)).unwrap();
        assert_eq!(again, "\u{1b}[2J\u{9b}\u{202e}\u{7f}");
    }
}

// How a request ended: `null` for success, or one error kind with its evidence. The same rules as those of
// poollab's own generator, so that the two can be compared.

const LONGEST = 300;
// Different texts that one virtual user reports: a text with a number in it must not fill the memory.
const MOST_TEXTS = 20;
const OTHER = '(other texts)';
const texts = new Set();

/** Judges a complete answer, or the lack of one. */
export function judge(response, id) {
  if (response.status === 0) {
    const kind = response.error_code === 1050 ? 'http-timeout' : 'http-connect';
    return { kind, sqlstate: null, message: response.error, cause: null };
  }
  if (response.status !== 200) return refusal(response);
  const body = response.body || '';
  const begin = `{"id":${id}`;
  const after = body.charAt(begin.length);
  if (body.startsWith(begin) && (after === ',' || after === '}')) return null;
  const message = /^\{"id":\d/.test(body)
    ? 'the answer carries another id than the one that was asked for'
    : `the answer does not begin with {"id":…: ${body.slice(0, 100)}`;
  return { kind: 'wrong-answer', sqlstate: null, message, cause: null };
}

// The service's own words, where it sends a problem document (RFC 9457).
function refusal(response) {
  const type = response.headers['Content-Type'] || '';
  if (type.startsWith('application/problem+json')) {
    try {
      const { kind, sqlstate, message, detail, cause } = response.json();
      return {
        kind: kind || 'http',
        sqlstate: sqlstate || null,
        message: message || `status ${response.status}: ${detail}`,
        // k6 parses an object into any order of its members; here equal causes must be equal texts.
        cause: cause ? { kind: cause.kind, sqlstate: cause.sqlstate || null, message: cause.message } : null,
      };
    } catch (_) {
      // Cut off, or not what it says: treated like any other foreign answer.
    }
  }
  const words = (response.body || '').slice(0, 100);
  return { kind: 'http', sqlstate: null, message: `status ${response.status}: ${words}`, cause: null };
}

/**
 * A failure as the name of a check. Names of checks are the only text that k6 carries from virtual users
 * to the summary, and it counts them: so the summary has each text with its number.
 */
export function encode(trial, failure) {
  let message = String(failure.message).slice(0, LONGEST);
  if (!texts.has(message)) {
    if (texts.size >= MOST_TEXTS) message = OTHER;
    else texts.add(message);
  }
  const text = JSON.stringify([trial, failure.kind, failure.sqlstate, message, failure.cause]);
  // k6 separates groups with `::` and refuses it in names; IPv6 addresses have it.
  return text.replace(/::/g, '∷');
}

/** The failures of one trial from the checks' names and counts, most frequent first. */
export function decode(trial, checks) {
  return checks
    .filter(({ name }) => name.startsWith('['))
    .map(({ name, fails }) => ({ parts: JSON.parse(name.replace(/∷/g, '::')), count: fails }))
    .filter(({ parts }) => parts[0] === trial)
    .map(({ parts: [, kind, sqlstate, message, cause], count }) => ({ kind, sqlstate, message, cause, count }))
    .sort((a, b) => b.count - a.count);
}

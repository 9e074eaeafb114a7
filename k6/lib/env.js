// What can be set from outside: `k6 run -e USERS=64 -e DURATION=10s compare.js`. All that is wrong is said
// at once, before anything is sent.

const problems = [];
const seen = {};

/** A text. */
export function env(name, otherwise) {
  const text = __ENV[name] === undefined || __ENV[name] === '' ? otherwise : __ENV[name];
  seen[name] = text;
  return text;
}

/** A number within bounds; `whole` unless told. */
export function number(name, otherwise, { least = 1, most = 100000, whole = true } = {}) {
  const text = env(name, String(otherwise));
  const value = Number(text);
  if (Number.isNaN(value) || value < least || value > most || (whole && !Number.isInteger(value))) {
    problems.push(`${name}=${text}: expected a ${whole ? 'whole ' : ''}number from ${least} to ${most}`);
    return otherwise;
  }
  return value;
}

/** A duration as k6 writes it, for example 1s, 1500ms, 2m, 1h; from `least` to `most` seconds. */
export function duration(name, otherwise, what, { least = 1, most = 3600 } = {}) {
  const text = env(name, otherwise);
  const value = seconds(text);
  if (value === null || value < least || value > most) {
    problems.push(`${name}=${text} (${what}): expected a duration from ${least}s to ${most}s, like 1500ms, 5s, 2m`);
    return otherwise;
  }
  return text;
}

/** A duration in seconds; null where the text is none. */
export function seconds(text) {
  const parts = /^(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?(?:(\d+)ms)?$/.exec(text);
  if (text === '0') return 0;
  if (!parts || text === '') return null;
  const [h, m, s, ms] = parts.slice(1).map((part) => Number(part || 0));
  return h * 3600 + m * 60 + s + ms / 1000;
}

/** Adds to what is wrong. */
export function problem(text) {
  problems.push(text);
}

/** Ends the script if anything is wrong. */
export function complain() {
  if (problems.length > 0) {
    throw new Error(`wrong settings, nothing was sent:\n  ${problems.join('\n  ')}`);
  }
}

/** What was asked for, as resolved. */
export function settings() {
  return { ...seen };
}

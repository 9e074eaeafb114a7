// The summary as text, at most 100 columns.

const COLUMNS = ['goodput/s', 'offered/s', 'failed', 'dropped', 'p50 ms', 'p90 ms', 'p99 ms', 'max ms'];

/** The document of a summary as a table. */
export function table(json, out) {
  const lines = ['', `poollab k6 · ${json.script}${json.k6_version ? ` · k6 ${json.k6_version}` : ''}`];
  if (json.status === 'refused') {
    lines.push('nothing was measured: see the message above', '');
    return lines.join('\n');
  }
  lines.push(`${what(json.trials[0])}, latency of successes, from the send to the last byte`, '');
  const width = Math.min(24, Math.max(5, ...json.trials.map(({ name }) => name.length)));
  lines.push(`${'trial'.padEnd(width)}${COLUMNS.map((name) => name.padStart(10)).join('')}`);
  for (const trial of json.trials) lines.push(row(trial, width));
  lines.push(...failures(json.trials));
  if (json.conclusion) lines.push('', json.conclusion.text);
  lines.push('', 'thresholds');
  for (const { ok, trial, metric, threshold } of json.thresholds) {
    lines.push(`  ${ok ? 'ok  ' : 'FAIL'} ${trial}: ${metric} ${threshold}`);
  }
  lines.push('', `written: ${out}`, '');
  return lines.join('\n');
}

function what({ workload, load }) {
  const { id, think_ms, release_early, method } = workload;
  const how = [
    think_ms === undefined ? '' : ` ${think_ms} ms`,
    release_early ? ', released early' : '',
    method ? ` ${method}` : '',
  ].join('');
  return `${id}${how} · ${load.model} load, ${load.users} users at most`;
}

function row({ name, requests, goodput_rps, offered_rps, latency_us }, width) {
  const { ok } = latency_us;
  const ms = (us) => (ok ? number(us / 1000) : '–');
  const share = (n) => (n === 0 ? '–' : percent(n / requests.total));
  const cells = [
    number(goodput_rps),
    number(offered_rps),
    share(requests.failed + requests.unfinished),
    share(requests.dropped),
    ms(ok && ok.p50),
    ms(ok && ok.p90),
    ms(ok && ok.p99),
    ms(ok && ok.max),
  ];
  return `${name.slice(0, width).padEnd(width)}${cells.map((cell) => cell.padStart(10)).join('')}`;
}

function failures(trials) {
  const lines = [];
  for (const { name, requests, errors } of trials) {
    for (const { kind, sqlstate, message, cause, count } of errors.slice(0, 5)) {
      lines.push(`  ${name}: ${kind}${sqlstate ? ` ${sqlstate}` : ''} × ${number(count)}  “${message}”`);
      if (cause) lines.push(`      because of ${cause.kind} ${cause.sqlstate || ''} “${cause.message}”`);
    }
    if (errors.length > 5) lines.push(`  ${name}: and ${errors.length - 5} other texts, in the file`);
    if (requests.unfinished > 0) lines.push(`  ${name}: ${requests.unfinished} without an answer at the end`);
  }
  return lines.length > 0 ? ['', 'failures', ...lines] : [];
}

/** 1,234 · 12.3 · 1.23 */
export function number(value) {
  const digits = value >= 100 || Number.isInteger(value) ? 0 : value >= 10 ? 1 : 2;
  const [whole, fraction] = value.toFixed(digits).split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return fraction ? `${grouped}.${fraction}` : grouped;
}

function percent(share) {
  return share < 0.001 ? '<0.1 %' : `${number(Math.round(share * 1000) / 10)} %`;
}

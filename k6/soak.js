// A moderate load for a long time, in four quarters: does the last one differ from the first?
//
//   k6 run -e TARGETS=http://127.0.0.1:8085 -e RATE=200 -e DURATION=30m soak.js
//
// Exit code 99 when a quarter drops arrivals, fails more than MAX_FAILED of its requests or has a p99 above
// MAX_P99_MS. Leaks and lifetimes of connections show as a drift between the quarters.

import { define, duration, number, open, seconds, targets, workload } from './lib/lab.js';

const DAY = 24 * 3600;
const RATE = number('RATE', 200, { most: 50000 });
const USERS = number('USERS', 256, { most: 5000 });
const DURATION = duration('DURATION', '10m', 'of all quarters together', { most: DAY });
const WARMUP = duration('WARMUP', '0s', 'before the first quarter', { least: 0, most: 60 });
const MAX_FAILED = number('MAX_FAILED', 0.001, { least: 0, most: 1, whole: false });
const MAX_P99_MS = number('MAX_P99_MS', 1000, { most: 600000 });
const [target] = targets(true);
const asked = workload('point-read');
const QUARTERS = 4;

export const { options, setup, request, warm, handleSummary } = define('soak', {
  warmup: seconds(WARMUP),
  trials: Array.from({ length: QUARTERS }, (_, index) => ({
    name: `quarter-${index + 1}`,
    url: target.url,
    workload: asked,
    ...open(RATE, USERS, `${Math.max(1, Math.round(seconds(DURATION) / QUARTERS))}s`),
    must: {
      dropped_iterations: ['count<1'],
      failed_share: [`rate<=${MAX_FAILED}`],
      latency_ok: [`p(99)<${MAX_P99_MS}`],
      ok: ['count>0'],
    },
  })),
  conclude: drift,
});

function drift(quarters) {
  const [first, last] = [quarters[0].latency_us.ok, quarters[QUARTERS - 1].latency_us.ok];
  if (!first || !last) return { kind: 'drift', text: 'no drift can be told: a quarter has no success' };
  const of = (name) => Math.round((last[name] / first[name] - 1) * 100);
  const [p50, p99] = [of('p50'), of('p99')];
  const signed = (percent) => `${percent < 0 ? '−' : '+'}${Math.abs(percent)} %`;
  const text = `from the first to the last quarter: p50 ${signed(p50)}, p99 ${signed(p99)}`;
  return { kind: 'drift', p50_percent: p50, p99_percent: p99, text };
}

// Open load: arrivals come whether or not answers do, first at a constant rate, then climbing to it.
//
//   k6 run -e TARGETS=http://127.0.0.1:8085 -e RATE=500 arrivals.js
//
// Exit code 99 when k6 could not send all of them (`dropped_iterations`): then the other figures are those
// of a smaller load than was asked for.

import { define, duration, number, open, ramp, seconds, targets, workload } from './lib/lab.js';

const RATE = number('RATE', 300, { most: 50000 });
const START_RATE = number('START_RATE', Math.max(1, Math.round(RATE / 10)), { most: 50000 });
const USERS = number('USERS', 256, { most: 5000 });
const DURATION = duration('DURATION', '5s', 'of each trial');
const WARMUP = duration('WARMUP', '1s', 'before each trial', { least: 0, most: 60 });
const MAX_FAILED = number('MAX_FAILED', 0.01, { least: 0, most: 1, whole: false });
const MAX_P99_MS = number('MAX_P99_MS', 5000, { most: 600000 });
const [target] = targets(true);
const asked = workload('point-read');
const must = {
  dropped_iterations: ['count<1'],
  failed_share: [`rate<=${MAX_FAILED}`],
  latency_ok: [`p(99)<${MAX_P99_MS}`],
  ok: ['count>0'],
};

export const { options, setup, request, warm, handleSummary } = define('arrivals', {
  warmup: seconds(WARMUP),
  trials: [
    { name: 'constant', load: open(RATE, USERS, DURATION) },
    { name: 'ramping', load: ramp(START_RATE, RATE, USERS, DURATION) },
  ].map(({ name, load }) => ({ name, url: target.url, workload: asked, ...load, must })),
});

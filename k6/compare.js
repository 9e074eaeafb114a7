// Closed load: the same work through several services, one after another.
//
//   k6 run -e TARGETS=deadpool=http://127.0.0.1:8085,bb8=http://127.0.0.1:8086 compare.js
//
// Exit code 99 when one of them fails more than MAX_FAILED of its requests, or is slower than MAX_P99_MS.

import { closed, define, duration, number, seconds, targets, workload } from './lib/lab.js';

const USERS = number('USERS', 64, { most: 5000 });
const DURATION = duration('DURATION', '5s', 'of each trial');
const WARMUP = duration('WARMUP', '1s', 'before each trial', { least: 0, most: 60 });
const MAX_FAILED = number('MAX_FAILED', 0.01, { least: 0, most: 1, whole: false });
const MAX_P99_MS = number('MAX_P99_MS', 5000, { most: 600000 });
const asked = workload('point-read');

export const { options, setup, request, warm, handleSummary } = define('compare', {
  warmup: seconds(WARMUP),
  trials: targets().map((target) => ({
    ...target,
    workload: asked,
    ...closed(USERS, DURATION),
    must: { failed_share: [`rate<=${MAX_FAILED}`], latency_ok: [`p(99)<${MAX_P99_MS}`], ok: ['count>0'] },
  })),
  conclude: ranking,
});

function ranking(trials) {
  const order = [...trials].sort((a, b) => b.goodput_rps - a.goodput_rps);
  const best = order[0].goodput_rps;
  const shares = order.map(({ name, goodput_rps }) => ({ name, of_best: best > 0 ? goodput_rps / best : 0 }));
  const words = shares.map(({ name, of_best }) => `${name} ${Math.round(of_best * 100)} %`).join(', ');
  return { kind: 'ranking', order: shares, text: `by goodput, once each, so without a spread: ${words}` };
}

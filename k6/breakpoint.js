// The rate climbs step by step until the service no longer keeps up: where is the knee?
//
//   k6 run -e TARGETS=http://127.0.0.1:8085 -e START_RATE=200 -e MAX_RATE=20000 breakpoint.js
//
// A step is kept up with when 95 % of its arrivals are answered well within WITHIN_MS: what failed, came
// late or could not even be sent counts against it. The steps beyond the knee are run too: they show whether
// goodput stays or collapses.
// Exit code 99 when the last step is kept up with: then the knee is above MAX_RATE.

import { define, duration, number, open, targets, workload } from './lib/lab.js';

const START_RATE = number('START_RATE', 250, { most: 50000 });
const MAX_RATE = number('MAX_RATE', 16000, { most: 50000 });
const FACTOR = number('FACTOR', 2, { least: 1.1, most: 10, whole: false });
const USERS = number('USERS', 256, { most: 5000 });
const STEP = duration('STEP', '3s', 'of each step', { most: 600 });
const WITHIN_MS = number('WITHIN_MS', 250, { most: 600000 });
const ENOUGH = 0.95;
const MOST_STEPS = 30;

const [target] = targets(true);
const asked = workload('point-read');

export const { options, setup, request, warm, handleSummary } = define('breakpoint', {
  within: WITHIN_MS,
  trials: rates().map((rate, index, all) => {
    const load = open(rate, USERS, STEP);
    const last = index === all.length - 1;
    return {
      name: `rate-${rate}`,
      url: target.url,
      workload: asked,
      ...load,
      must: last ? { in_time: [`count<${enough(rate, load.lasts)}`] } : {},
    };
  }),
  conclude: knee,
});

function rates() {
  const all = [];
  for (let rate = START_RATE; rate <= MAX_RATE && all.length < MOST_STEPS; rate *= FACTOR) all.push(Math.round(rate));
  return all.length > 0 ? all : [START_RATE];
}

function enough(rate, lasts) {
  return Math.floor(ENOUGH * rate * lasts);
}

// From the end: a single bad step below a good one is noise, and no knee.
function knee(steps) {
  const keptUp = ({ load, planned_s, requests }) => requests.in_time >= enough(load.rate_per_s, planned_s);
  const kept = steps.findLastIndex(keptUp);
  const most = Math.round(Math.max(...steps.map(({ goodput_rps }) => goodput_rps)));
  const rate = (index) => steps[index].load.rate_per_s;
  if (kept === steps.length - 1) {
    return { kind: 'knee', found: false, kept_rps: rate(kept), text: `no knee up to ${rate(kept)}/s: raise MAX_RATE` };
  }
  const { requests, load } = steps[kept + 1];
  const { total, failed, dropped, unfinished, in_time } = requests;
  const late = total - failed - dropped - unfinished - in_time;
  const how =
    `of ${total} arrivals at ${load.rate_per_s}/s ${dropped} could not be sent, ${failed + unfinished} failed ` +
    `and ${late} took more than ${WITHIN_MS} ms; greatest goodput ${most}/s`;
  const where = kept < 0 ? `not kept up with at ${rate(0)}/s` : `knee between ${rate(kept)}/s and ${rate(kept + 1)}/s`;
  return {
    kind: 'knee',
    found: true,
    kept_rps: kept < 0 ? null : rate(kept),
    broken_rps: rate(kept + 1),
    greatest_goodput_rps: most,
    text: `${where}: ${how}`,
  };
}

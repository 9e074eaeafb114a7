// One trial of poollab's through k6: what `poollab run --driver k6` runs. The order is LoadOrder's, as JSON in
// ORDER; all else is the scripts' own module.

import exec from 'k6/execution';

import { closed, define, open } from './lib/lab.js';

const order = JSON.parse(__ENV.ORDER);
const shape =
  order.load.model === 'closed'
    ? closed(order.load.users, order.duration)
    : open(order.load.rate_per_s, order.load.users, order.duration);
if (order.load.model === 'open') {
  // k6 takes whole numbers only.
  shape.scenario.rate = Math.round(order.load.rate_per_s * 1000);
  shape.scenario.timeUnit = '1000s';
}

const script = define('drive', {
  warmup: order.warmup_s,
  trials: [{ name: 'trial', url: order.url, workload: order.workload, ...shape, must: {} }],
});

export const { options, setup, warm, handleSummary } = script;

export function request(data) {
  // The only word that k6 has while it runs: who reads it knows when measuring started.
  if (exec.scenario.iterationInTest === 0) console.log('poollab: measuring');
  script.request(data);
}

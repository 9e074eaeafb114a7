// Connections are held so long that the last in the queue must wait longer than the pool lets them.
//
//   k6 run -e TARGETS=http://127.0.0.1:8085 pool-timeout.js
//
// The time of each hold follows from the pool's size and its acquire time-out, as the service tells them in
// /identity, unless THINK_MS says otherwise. Exit code 0 when `pool-timeout` was seen, 99 when not: a strategy
// without a pool, a pool for all users, or one that lets requests wait for ever.

import { closed, define, duration, env, number, seconds, targets, workload } from './lib/lab.js';

const USERS = number('USERS', 64, { least: 2, most: 5000 });
const DURATION = duration('DURATION', '12s', 'of the trial; longer than the acquire time-out', { most: 600 });
const [target] = targets(true);
const LONGEST_THINK_MS = 60000;

export const { options, setup, request, warm, handleSummary } = define('pool-timeout', {
  trials: [
    {
      name: 'queue',
      url: target.url,
      workload: workload('hold'),
      ...closed(USERS, DURATION),
      must: { pool_timeout: ['count>0'] },
    },
  ],
  query: (_, { settings }) => (env('THINK_MS', '') ? {} : { think_ms: think(settings) }),
  conclude: ([{ strategy, errors, settings }]) => {
    const count = errors.filter(({ kind }) => kind === 'pool-timeout').reduce((sum, error) => sum + error.count, 0);
    const pool = `pool size ${settings.pool_size}, acquire time-out ${settings.acquire_timeout}`;
    const text = `${strategy} (${pool}): ${count > 0 ? `${count} requests` : 'no request'} timed out in the pool`;
    return { kind: 'pool-timeout', seen: count > 0, count, text };
  },
});

// The users queue in rounds of one pool's size; the last round waits for all others. Twice the time-out
// makes it miss for certain, and still half of the users get through.
function think({ pool_size, acquire_timeout }) {
  const rounds = Math.max(1, USERS / (Number(pool_size) || 1) - 1);
  const limit = seconds(String(acquire_timeout).replace(/ /g, '')) || 5;
  return Math.min(LONGEST_THINK_MS, Math.ceil((2000 * limit) / rounds));
}

// More users than Postgres has slots. A service that connects for every request must run out of them.
//
//   k6 run -e TARGETS=http://127.0.0.1:8083 exhaust-slots.js
//
// Exit code 0 when `slots-exhausted` (53300) was seen, also behind a pool's own time-out; 99 when not: with
// a pool that fits the slots that is good news, and this script says so by failing.

import { closed, define, duration, number, targets, workload } from './lib/lab.js';

const USERS = number('USERS', 128, { most: 5000 });
const DURATION = duration('DURATION', '5s', 'of the trial', { most: 600 });
const [target] = targets(true);

export const { options, setup, request, warm, handleSummary } = define('exhaust-slots', {
  trials: [
    {
      name: 'exhaust',
      url: target.url,
      workload: workload('point-read'),
      ...closed(USERS, DURATION),
      must: { slots_exhausted: ['count>0'] },
    },
  ],
  conclude: ([{ strategy, errors, requests }]) => {
    const of = errors.filter(
      ({ kind, cause }) => kind === 'slots-exhausted' || (cause && cause.kind === 'slots-exhausted'),
    );
    const count = of.reduce((sum, error) => sum + error.count, 0);
    const text =
      count > 0
        ? `${strategy} ran out of slots: ${count} of ${requests.total} requests`
        : `${strategy} did not run out of slots with ${USERS} users`;
    return { kind: 'slots-exhausted', seen: count > 0, count, text };
  },
});

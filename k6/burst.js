// 1,000 requests at the same moment, each holding its connection: a cache that expired, a batch of retries.
//
//   k6 run -e TARGETS=http://127.0.0.1:8085 burst.js
//
// Exit code 99 when more than MAX_FAILED of them fail, or one got no answer at all.

import { burst, define, duration, number, targets, workload } from './lib/lab.js';

const USERS = number('USERS', 1000, { most: 5000 });
const WITHIN = duration('WITHIN', '20s', 'for all answers', { most: 600 });
const MAX_FAILED = number('MAX_FAILED', 0.01, { least: 0, most: 1, whole: false });
const [target] = targets(true);

export const { options, setup, request, warm, handleSummary } = define('burst', {
  trials: [
    {
      name: 'burst',
      url: target.url,
      workload: workload('hold'),
      ...burst(USERS, WITHIN),
      must: { sent: [`count==${USERS}`], failed_share: [`rate<=${MAX_FAILED}`] },
    },
  ],
  conclude: ([{ requests, latency_us }]) => {
    const last = latency_us.ok ? `, the last after ${Math.round(latency_us.ok.max / 1000)} ms` : '';
    return { kind: 'burst', text: `${requests.ok} of ${USERS} were answered well${last}` };
  },
});

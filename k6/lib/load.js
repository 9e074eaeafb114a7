// How requests arrive, as a k6 executor and as the report shows it.

import { seconds } from './env.js';

/** Each user sends its next request when its last one has been answered. */
export function closed(users, duration) {
  return {
    load: { model: 'closed', users },
    scenario: { executor: 'constant-vus', vus: users, duration },
    lasts: seconds(duration),
  };
}

/**
 * So many arrivals a second, whether or not answers come. `users` is the most that can be under way: an
 * arrival that finds none free is dropped, and k6 says so only in `dropped_iterations`.
 */
export function open(rate, users, duration) {
  return {
    load: { model: 'open', rate_per_s: rate, arrivals: 'constant', users },
    scenario: {
      executor: 'constant-arrival-rate',
      rate,
      timeUnit: '1s',
      duration,
      // All of them from the start: making them takes time from measuring.
      preAllocatedVUs: users,
      maxVUs: users,
    },
    lasts: seconds(duration),
  };
}

/** Arrivals whose rate climbs evenly from one to the other. `rate_per_s` is then the mean. */
export function ramp(from, to, users, duration) {
  return {
    load: { model: 'open', rate_per_s: (from + to) / 2, arrivals: 'constant', users, ramp: [from, to] },
    scenario: {
      executor: 'ramping-arrival-rate',
      startRate: from,
      timeUnit: '1s',
      stages: [{ target: to, duration }],
      preAllocatedVUs: users,
      maxVUs: users,
    },
    lasts: seconds(duration),
  };
}

/** All users at once, one request each. */
export function burst(users, within) {
  return {
    load: { model: 'closed', users, requests_each: 1 },
    scenario: { executor: 'per-vu-iterations', vus: users, iterations: 1, maxDuration: within },
    lasts: seconds(within),
  };
}

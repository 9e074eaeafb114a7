// What all scripts share: trials become k6 scenarios one after another, each request is judged and counted
// in one place, and the end is a table and a JSON file. A script says which trials there are and what must
// hold; see compare.js for the shortest example.

import { check } from 'k6';
import exec from 'k6/execution';
import http from 'k6/http';
import { Counter, Gauge, Rate, Trend } from 'k6/metrics';

import { complain, duration, env, seconds } from './env.js';
import { encode, judge } from './outcome.js';
import { identify, path } from './service.js';
import { summarise } from './summary.js';

export { env, number, duration, seconds } from './env.js';
export { targets, workload } from './service.js';
export { closed, open, ramp, burst } from './load.js';

// Latency of successes and failures, never mixed. k6 counts from the send to the last byte.
const latencyOk = new Trend('latency_ok', true);
const latencyFailed = new Trend('latency_failed', true);
const sent = new Counter('sent');
const ok = new Counter('ok');
const failed = new Counter('failed');
const inTime = new Counter('in_time');
// Ended while measuring, and not in the time that requests under way get after it: the rates are made of these.
const okInside = new Counter('ok_inside');
const failedInside = new Counter('failed_inside');
// Every failure, tagged with `kind`, `sqlstate` and `cause` (the kind of what lay beneath it).
const errors = new Counter('errors');
// The 53300s, also those that a pool hides behind its own time-out.
const slotsExhausted = new Counter('slots_exhausted');
const poolTimeout = new Counter('pool_timeout');
// First start and last end: a gauge keeps its least and greatest value in constant memory.
const clock = new Gauge('clock_ms');
// For thresholds on the share of failures.
const failedShare = new Rate('failed_share');

// Metrics that the summary needs for each trial. k6 keeps them apart only where a threshold asks for it.
const KEPT = {
  latency_ok: 'max>=0',
  latency_failed: 'max>=0',
  sent: 'count>=0',
  ok: 'count>=0',
  failed: 'count>=0',
  in_time: 'count>=0',
  ok_inside: 'count>=0',
  failed_inside: 'count>=0',
  clock_ms: 'value>=0',
  dropped_iterations: 'count>=0',
};

const REQUEST_TIMEOUT = duration('TIMEOUT', '10s', 'when a request is given up', { most: 120 });
// After each trial: time for the requests that are still under way. What needs longer is `unfinished`.
const PAUSE = duration('PAUSE', '3s', 'between trials, for requests under way', { least: 0, most: 120 });

/**
 * The exports of a script.
 *
 * `trials`: a list of { name, url, workload, load, scenario, lasts, must }:
 *   `scenario` is a k6 executor's options, `lasts` its length in seconds, `must` thresholds of this trial by
 *   metric: { failed_share: ['rate<0.01'] }. `load` is what the report shows.
 * `warmup`: seconds of load before each trial that are not counted.
 * `query(trial, identity)`: parameters of a trial that depend on the service's settings.
 * `within`: milliseconds; successes that took no longer are counted as `in_time`.
 * `conclude(trials)`: { text, … } for the summary, from the trials' figures.
 */
export function define(script, { trials, warmup = 0, query = null, within = null, conclude = null }) {
  complain();
  const byName = new Map(trials.map((trial) => [trial.name, trial]));
  const must = trials.flatMap((trial) => thresholdsOf(trial));
  const options = {
    scenarios: scenarios(trials, warmup),
    thresholds: k6Thresholds(trials, must),
    summaryTrendStats: [
      'count', 'min', 'avg', 'p(50)', 'p(66)', 'p(75)', 'p(80)', 'p(90)', 'p(95)', 'p(98)', 'p(99)',
      'p(99.9)', 'max',
    ],
    setupTimeout: '30s',
    teardownTimeout: '5s',
  };

  // Refuses a target that does not answer or is not the service; asks each one what it is.
  function setup() {
    const identities = {};
    const parameters = {};
    let k6 = null;
    for (const trial of trials) {
      if (!identities[trial.url]) {
        const known = identify(trial.url);
        if (known.refusal) exec.test.abort(known.refusal);
        identities[trial.url] = known.identity;
        k6 = known.k6;
      }
      const own = query ? query(trial, identities[trial.url]) : {};
      parameters[trial.name] = { ...trial.workload.parameters, ...own };
    }
    return { k6, identities, parameters };
  }

  function request({ parameters }) {
    const trial = byName.get(exec.scenario.name);
    const [response, id, begun] = send(trial, parameters[trial.name], (begun) => {
      if (exec.vu.iterationInScenario === 0) clock.add(begun);
      sent.add(1);
    });
    const ms = response.timings.duration;
    const failure = judge(response, id);
    const now = Date.now();
    const inside = now < exec.scenario.startTime + trial.lasts * 1000;
    clock.add(now);
    failedShare.add(failure !== null);
    if (failure === null) {
      ok.add(1);
      if (inside) okInside.add(1);
      latencyOk.add(ms);
      if (within !== null && ms <= within) inTime.add(1);
    } else {
      failed.add(1);
      if (inside) failedInside.add(1);
      // What never got an answer has no time of its own.
      latencyFailed.add(response.status > 0 ? ms : Date.now() - begun);
      const cause = failure.cause ? failure.cause.kind : '';
      errors.add(1, { kind: failure.kind, sqlstate: failure.sqlstate || '', cause });
      if (failure.kind === 'slots-exhausted' || cause === 'slots-exhausted') slotsExhausted.add(1);
      if (failure.kind === 'pool-timeout') poolTimeout.add(1);
    }
    check(null, { [failure ? encode(trial.name, failure) : 'the answer is right']: () => failure === null });
  }

  // Not counted: opens connections and fills caches.
  function warm({ parameters }) {
    const trial = byName.get(exec.scenario.name.replace(/^warmup-/, ''));
    send(trial, parameters[trial.name], () => {});
  }

  function handleSummary(data) {
    const document = summarise(script, trials, must, data, { warmup, timeout: REQUEST_TIMEOUT }, conclude);
    const folder = env('OUT_DIR', import.meta.resolve('../results').replace('file://', ''));
    const out = env('OUT', `${folder}/k6-${script}.json`);
    return { stdout: document.text(out), [out]: `${JSON.stringify(document.json, null, 2)}\n` };
  }

  return { options, setup, request, warm, handleSummary };
}

function send(trial, parameters, onStart) {
  const id = 1 + Math.floor(Math.random() * trial.workload.ids);
  const begun = Date.now();
  onStart(begun);
  const url = trial.url + path(trial.workload, id, parameters);
  const response = http.request(trial.workload.method, url, null, {
    timeout: REQUEST_TIMEOUT,
    // One name for all ids, or every id would be a metric of its own.
    tags: { name: `${trial.workload.method} /${trial.workload.id}/{id}`, workload: trial.workload.id },
    responseType: 'text',
  });
  return [response, id, begun];
}

// One after another: warm-up, trial, pause, next.
function scenarios(trials, warmup) {
  const all = {};
  // Longer than the time-out, or requests that run into it would race with the end.
  const pause = trials.length > 1 ? seconds(PAUSE) : seconds(REQUEST_TIMEOUT) + 1;
  let at = 0;
  for (const trial of trials) {
    // k6 has no executor shorter than a second.
    if (warmup >= 1) {
      all[`warmup-${trial.name}`] = {
        executor: 'constant-vus',
        vus: Math.min(trial.load.users, 64),
        duration: `${warmup}s`,
        startTime: `${at}s`,
        gracefulStop: '500ms',
        exec: 'warm',
      };
      at += warmup + 0.5;
    }
    all[trial.name] = {
      ...trial.scenario,
      startTime: `${at}s`,
      gracefulStop: `${pause}s`,
      exec: 'request',
      tags: { trial: trial.name },
    };
    at += trial.lasts + pause;
  }
  return all;
}

// Every trial must have got at least one answer: thresholds on nothing hold.
function thresholdsOf(trial) {
  const all = { sent: ['count>0'], ...trial.must };
  return Object.entries(all).flatMap(([metric, list]) =>
    list.map((threshold) => ({ trial: trial.name, metric, threshold })),
  );
}

function k6Thresholds(trials, must) {
  const all = {};
  const add = (metric, trial, threshold) => {
    const key = `${metric}{scenario:${trial}}`;
    (all[key] = all[key] || []).push(threshold);
  };
  for (const { metric, trial, threshold } of must) add(metric, trial, threshold);
  for (const trial of trials) {
    for (const [metric, always] of Object.entries(KEPT)) add(metric, trial.name, always);
  }
  return all;
}

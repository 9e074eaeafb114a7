// The end of a script: a table for people and a document for `poollab report --k6 FILE`. The document is
// described in README.md; names and units are those of report.json.

import { settings } from './env.js';
import { decode } from './outcome.js';
import { table } from './table.js';

const SCHEMA_VERSION = 1;

/** { json, text(out) } from what k6 hands to handleSummary. */
export function summarise(script, trials, must, data, shared, conclude) {
  const setup = data.setup_data;
  const figures = setup ? trials.map((trial) => figuresOf(trial, data, setup)) : [];
  const thresholds = must.map(({ trial, metric, threshold }) => {
    const kept = data.metrics[`${metric}{scenario:${trial}}`];
    const result = kept && kept.thresholds ? kept.thresholds[threshold] : null;
    return { trial, metric, threshold, ok: Boolean(setup && result && result.ok) };
  });
  const conclusion = setup && conclude ? conclude(figures) : null;
  const json = {
    format: 'poollab-k6',
    schema_version: SCHEMA_VERSION,
    k6_version: setup ? setup.k6 : null,
    script,
    finished_at: new Date().toISOString(),
    // `refused`: no target that could be measured, so there are no trials.
    status: !setup ? 'refused' : thresholds.every(({ ok }) => ok) ? 'passed' : 'failed',
    // k6 knows no scheduled moment of an arrival.
    latency_from: 'send',
    options: { ...settings(), warmup_s: shared.warmup, timeout: shared.timeout },
    trials: figures,
    thresholds,
    conclusion,
  };
  return { json, text: (out) => table(json, out) };
}

function figuresOf(trial, data, setup) {
  const metric = (name) => (data.metrics[`${name}{scenario:${trial.name}}`] || { values: {} }).values;
  const count = (name) => metric(name).count || 0;
  const identity = setup.identities[trial.url];
  const [ok, failed, dropped] = [count('ok'), count('failed'), count('dropped_iterations')];
  const unfinished = Math.max(0, count('sent') - ok - failed);
  const total = ok + failed + dropped + unfinished;
  const clock = metric('clock_ms');
  // A burst ends before its time; requests that are still under way at the end lengthen nothing.
  const spanned = clock.max > clock.min ? (clock.max - clock.min) / 1000 : trial.lasts;
  const measured = Math.min(spanned, trial.lasts);
  const [okInside, failedInside] = [count('ok_inside'), count('failed_inside')];
  return {
    name: trial.name,
    url: trial.url,
    strategy: identity.strategy.id,
    settings: identity.settings,
    workload: { id: trial.workload.id, ...setup.parameters[trial.name] },
    load: trial.load,
    planned_s: trial.lasts,
    measured_s: measured,
    requests: { total, ok, failed, dropped, unfinished, in_time: count('in_time') },
    offered_rps: trial.load.model === 'open' ? total / trial.lasts : count('sent') / measured,
    throughput_rps: (okInside + failedInside) / measured,
    goodput_rps: okInside / measured,
    latency_us: { ok: quantiles(metric('latency_ok')), failed: quantiles(metric('latency_failed')) },
    errors: decode(trial.name, data.root_group.checks),
  };
}

// Nothing recorded is no quantiles: "no failures" can't be read as "failures in 0 µs".
function quantiles(values) {
  if (!values.count) return null;
  const us = (name) => Math.round(values[name] * 1000);
  return {
    count: values.count,
    min: us('min'),
    mean: values.avg * 1000,
    p50: us('p(50)'),
    p66: us('p(66)'),
    p75: us('p(75)'),
    p80: us('p(80)'),
    p90: us('p(90)'),
    p95: us('p(95)'),
    p98: us('p(98)'),
    p99: us('p(99)'),
    p99_9: us('p(99.9)'),
    max: us('max'),
  };
}

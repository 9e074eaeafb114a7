// The service under test as a script sees it: which targets, which endpoint, and whether it is ours.

import http from 'k6/http';

import { env, number, problem } from './env.js';

// `ids`: requests draw from 1..=ids. A hot row is one row.
const WORKLOADS = {
  'point-read': { method: 'GET', ids: 100000, parameters: [] },
  'read-process': { method: 'GET', ids: 100000, parameters: [] },
  'write-tx': { method: 'POST', ids: 100000, parameters: [] },
  hold: { method: 'GET', ids: 100000, parameters: ['think_ms', 'release_early'] },
  'hot-row': { method: 'POST', ids: 1, parameters: ['method'] },
};
const METHODS = ['pessimistic', 'optimistic', 'atomic'];

/**
 * TARGETS: `URL` or `NAME=URL`, several with commas between. A script for one target takes the first.
 * The names become names of trials.
 */
export function targets(one = false) {
  const list = env('TARGETS', 'http://127.0.0.1:8080').split(',').map((text) => text.trim()).filter(Boolean);
  const all = list.map((text) => {
    const named = /^([A-Za-z0-9_-]+)=(.*)$/.exec(text);
    const url = (named ? named[2] : text).replace(/\/+$/, '');
    if (!/^https?:\/\/[^/?#\s]+$/.test(url)) {
      problem(`TARGETS: ${JSON.stringify(url)} is not an address like http://127.0.0.1:8080`);
    }
    return { name: named ? named[1] : url.replace(/^https?:\/\//, '').replace(/[^A-Za-z0-9_-]+/g, '-'), url };
  });
  if (all.length === 0) problem('TARGETS is empty: give an address like http://127.0.0.1:8080');
  if (new Set(all.map((target) => target.name)).size < all.length) problem('TARGETS: two have the same name');
  if (one && all.length > 1) problem('TARGETS: this script takes one target; compare.js takes several');
  return all;
}

/** The workload by its name, with THINK_MS, RELEASE_EARLY and METHOD where it knows them. */
export function workload(otherwise, given = {}) {
  let id = env('WORKLOAD', otherwise);
  if (!WORKLOADS[id]) {
    problem(`WORKLOAD=${id}: there are ${Object.keys(WORKLOADS).join(', ')}`);
    id = otherwise;
  }
  const known = WORKLOADS[id];
  const parameters = {};
  if (known.parameters.includes('think_ms')) {
    parameters.think_ms = number('THINK_MS', given.think_ms || 5, { least: 0, most: 60000 });
    if (env('RELEASE_EARLY', 'false') === 'true') parameters.release_early = true;
  }
  if (known.parameters.includes('method')) {
    parameters.method = env('METHOD', 'atomic');
    if (!METHODS.includes(parameters.method)) problem(`METHOD: there are ${METHODS.join(', ')}`);
  }
  return { id, method: known.method, ids: known.ids, parameters };
}

/** Path and query of one request. */
export function path(workload, id, parameters) {
  const query = Object.entries(parameters).map(([name, value]) => `${name}=${value}`).join('&');
  return `/${workload.id}/${id}${query ? `?${query}` : ''}`;
}

/** What answers there: { identity, k6 } or { refusal } in words. `k6` is the version that asks. */
export function identify(url) {
  const response = http.get(`${url}/identity`, { timeout: '5s', tags: { name: 'GET /identity' } });
  const start = 'start one, for example: scripts/compose up -d deadpool, or: poollab server --strategy deadpool';
  if (response.status === 0) {
    return { refusal: `nothing answers at ${url} (${response.error}); check TARGETS, or ${start}` };
  }
  let identity = null;
  try {
    identity = response.json();
  } catch (_) {
    // Not JSON: not ours, said below.
  }
  const ours = identity && identity.poollab && identity.strategy && identity.strategy.id && identity.settings;
  if (response.status !== 200 || !ours) {
    return {
      refusal:
        `what answers at ${url} is not poollab's service (GET /identity: status ${response.status}); ` +
        `nothing was sent to it; check TARGETS, or ${start}`,
    };
  }
  // k6 tells its version nowhere else.
  const agent = response.request.headers['User-Agent'] || [];
  const version = /k6\/(\S+)/.exec(String(agent));
  return { identity, k6: version ? version[1] : null };
}

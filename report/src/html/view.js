"use strict";
// The run in progress, as the lab tells it.
const at = (id) => document.getElementById(id);
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const courses = {};

function show(name, text, value) {
  at(`live-${name}`).textContent = text;
  const course = (courses[name] ??= []);
  course.push(Number(value) || 0);
  const most = Math.max(1, ...course);
  const step = 200 / Math.max(1, course.length - 1);
  const points = course.map((v, i) => `${(i * step).toFixed(1)},${(38 - (v / most) * 36).toFixed(1)}`);
  at(`line-${name}`).innerHTML = `<polyline points="${points.join(" ")}"></polyline>`;
}

const source = new EventSource("/live");
source.addEventListener("message", (message) => {
  const event = JSON.parse(message.data);
  if (event.event === "run") {
    at("live").hidden = false;
    at("live-id").textContent = event.id;
    at("live-id").href = `/run/${event.id}`;
    at("live-done").textContent = "";
  } else if (event.event === "trial") {
    for (const name of Object.keys(courses)) delete courses[name];
    at("live-trial").textContent = `trial ${event.number} of ${event.total}: ${event.id}`;
  } else if (event.event === "interval") {
    show("rps", whole.format(event.rps), event.rps);
    show("failed", whole.format(event.failed), event.failed);
    show("p99", event.p99_us === null ? "–" : (event.p99_us / 1000).toFixed(1), event.p99_us);
    const pool = event.pool;
    show("pool", pool ? `${pool.size} / ${pool.idle} / ${pool.waiting}` : "–", pool?.waiting);
    show("backends", event.backends ?? "–", event.backends);
  } else if (event.event === "done") {
    const line = document.createElement("li");
    line.textContent = `${event.id}: ${whole.format(event.goodput_rps)}/s, ${whole.format(event.failed)} failed`;
    at("live-done").prepend(line);
  } else if (event.event === "end") {
    location.reload();
  }
});

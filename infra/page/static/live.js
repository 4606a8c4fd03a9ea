// Keeps the page current: one stream of events, numbers in place, tables by htmx, and a word on whether it is live.

import { Charts } from "./charts.js";
import { listenToKeys } from "./keys.js";

const SILENCE_MS = 5000; // the server speaks every second
const REFRESH_MS = 2500; // tables are heavier than numbers
const RETRY_MS = 1500;

const pill = document.getElementById("pulse");
const trouble = document.getElementById("trouble");
const main = document.getElementById("main");

let charts = null;
let source = null;
let address = null;
let heardAt = 0;
let cutOffSince = null;
let retryTimer = null;
let shownMark = null;
let refreshedAt = 0;
const opened = new Set(); // summaries whose details stay open when their surroundings are replaced
let storeWasAway = !trouble.hidden;

const localClock = (at) => at.toLocaleTimeString("en-GB", { hour12: false });

function say(state, text) {
  if (pill.dataset.state !== state) pill.dataset.state = state;
  if (pill.textContent !== text) pill.textContent = text;
}

function cutOff() {
  cutOffSince ??= new Date();
  say("cut-off", `cut off – retrying since ${localClock(cutOffSince)}`);
}

function replaceText(selector, text) {
  const node = document.querySelector(selector);
  if (node && node.textContent !== text) node.textContent = text;
  return node;
}

function reloadContent() {
  const shown = document.getElementById("shown");
  if (shown) htmx.ajax("GET", location.pathname + location.search, { source: shown, target: "#shown", select: "#shown", swap: "outerHTML" });
}

function showFigures(figures) {
  for (const [key, number] of Object.entries(figures.numbers)) {
    replaceText(`[data-number="${key}"]`, number.value);
    const change = replaceText(`[data-change="${key}"]`, number.change);
    if (change) change.dataset.sense = number.sense;
  }
  replaceText("#window-span", figures.span);
  charts?.update(figures.series);
}

function refreshTables(mark) {
  if (mark === shownMark || performance.now() - refreshedAt < REFRESH_MS) return;
  if (document.querySelector("[data-refresh].htmx-request")) return; // its answer replaces the node, and a request that waits with it
  shownMark = mark;
  refreshedAt = performance.now();
  document.querySelectorAll("[data-refresh]").forEach((node) => {
    if (!node.querySelector(".popover[open]")) htmx.trigger(node, "earshot:refresh"); // somebody is filling it in
  });
  document.querySelectorAll("details[open] [data-refresh-when-open]").forEach((node) => htmx.trigger(node, "earshot:refresh"));
}

function hear(message) {
  heardAt = performance.now();
  cutOffSince = null;
  const told = JSON.parse(message.data);
  if (!told.store.ok) {
    storeWasAway = true;
    trouble.hidden = false;
    replaceText("#trouble-reason", told.store.reason);
    say("cut-off", told.store.label);
    return;
  }
  if (storeWasAway) {
    storeWasAway = false;
    trouble.hidden = true;
    reloadContent();
    return;
  }
  say(told.state, told.label);
  for (const [key, text] of Object.entries(told.health)) replaceText(`[data-health="${key}"]`, text);
  if (shownMark === null) shownMark = document.getElementById("shown")?.dataset.mark ?? "";
  if (told.figures) {
    const other = told.figures.moved !== !!document.getElementById("moved") || told.figures.judged !== !!document.getElementById("failures");
    if (!document.getElementById("series") || other) {
      reloadContent();
      return;
    }
    showFigures(told.figures);
  }
  refreshTables(told.mark);
}

function connect() {
  clearTimeout(retryTimer);
  source?.close();
  address = (document.getElementById("shown") ?? main).dataset.events || main.dataset.events;
  heardAt = performance.now();
  source = new EventSource(address);
  source.addEventListener("told", hear);
  source.onerror = () => {
    cutOff();
    if (source.readyState === EventSource.CLOSED) retryTimer = setTimeout(connect, RETRY_MS);
  };
}

function drawCharts() {
  charts?.destroy();
  charts = null;
  if (document.getElementById("series")) charts = new Charts(document.getElementById("shown"));
}

setInterval(() => {
  if (performance.now() - heardAt < SILENCE_MS) return;
  cutOff();
  connect();
}, 1000);

document.addEventListener("htmx:afterSettle", (event) => {
  opened.forEach((id) => { document.getElementById(id)?.closest("details").setAttribute("open", ""); });
  if (event.detail.elt.id !== "shown" && !event.detail.elt.querySelector?.("#series")) return;
  shownMark = null;
  drawCharts();
  if (document.getElementById("shown")?.dataset.events !== address) connect();
});

document.addEventListener("toggle", (event) => {
  const summary = event.target.querySelector?.("summary[id]");
  if (summary && !event.target.matches(".popover")) opened[event.target.open ? "add" : "delete"](summary.id);
  if (event.target.open) event.target.querySelectorAll("[data-refresh-when-open]").forEach((node) => htmx.trigger(node, "earshot:refresh"));
}, true);

addEventListener("pagehide", () => source?.close());
addEventListener("pageshow", (event) => { if (event.persisted) connect(); });

listenToKeys();
drawCharts();
connect();

"use strict";
// The page: asks the gate, and shows what it says. The gate's answers are data; nothing of them is
// ever made into markup, a script or a style.

const EVERY = 1000;        // ms between two rounds
const SLOWLY = 5;          // what changes slowly is asked every so many rounds
const PATIENCE = 4000;     // ms for one answer
const MINUTE = 60;

const SIGNS = {calm: "✓", guarded: "▲", warn: "!", bad: "✕", stale: "⏱", unknown: "?"};

const past = new Past();
const now = {status: null, sources: null, digests: null, bans: null};
const counters = new Counts(MINUTE);
const refusals = new Counts(MINUTE);  // of those whom the gate is there for
let answered = performance.now();
let told = answered;       // when what was of late last came
let resumed = answered;    // when the tab was last shown: nothing is asked while it is hidden
let round = 0;
let charts = null;

const element = (id) => document.getElementById(id);

async function ask(target) {
  const answer = await fetch(target, {signal: AbortSignal.timeout(PATIENCE), cache: "no-store"});
  if (!answer.ok) throw new Error(`${target}: ${answer.status}`);
  return answer.json();
}

// One that fails leaves what it would have renewed as it is.
async function renew(name, target) {
  try {
    now[name] = await ask(target);
  } catch (error) {
    if (name === "status") throw error;
  }
}

// Who was turned away lately; where nobody was, who is connected.
async function renewSources() {
  await renew("sources", "/sources?limit=8&sort=refused");
  if (now.sources?.sources?.some((s) => s.refused > 0)) return;
  await renew("sources", "/sources?limit=8&sort=connections");
}

// Where none comes, or nothing new in it, the banner says so after a while.
async function renewPast() {
  try {
    const answer = await ask(past.question((performance.now() - told) / 1000));
    if (past.start !== null && answer.start !== past.start) {  // another gate than before
      counters.forget();
      refusals.forget();
    }
    if (past.take(answer)) told = performance.now();
  } catch { /* as it was */ }
}

async function askAll() {
  const slowly = round++ % SLOWLY === 0;
  await Promise.all([
    renew("status", "/status"),
    renewSources(),
    renewPast(),
    slowly && renew("digests", "/digests?limit=10&sort=time"),
    slowly && renew("bans", "/bans"),
  ]);
  answered = performance.now();
  noteCounters();
}

// What counts up, so that what came of late can be told.
function noteCounters() {
  const s = now.status, server = s.server ?? {}, at = performance.now() / 1000;
  counters.note(at, {
    slow: server.slow_queries, errors: s.statements?.errors, reads: server.buffer_pool_reads,
    requests: server.buffer_pool_read_requests, log: s.host?.error_log_bytes});
  refusals.note(at, protectedCounts(s));
}

// ---- the parts of the page

function showBanner() {
  const age = since(answered), pastAge = since(told), oldest = Math.max(age, pastAge);
  const found = judge(now.status, past, refusals, age, pastAge);
  const banner = element("banner");
  if (banner.dataset.state !== found.state) banner.dataset.state = found.state;
  setText(element("sign"), SIGNS[found.state]);
  setText(element("what"), found.headline);
  setText(element("safe"), found.assurance ? ` ✓ ${found.assurance}` : "");
  setText(element("detail"), found.detail);
  const pressure = now.status?.pressure;
  setText(element("level"), !pressure || found.state === "stale" ? ""
      : `pressure: ${pressure.level}${pressure.cause ? ` (${pressure.cause})` : ""}, ` +
        `for ${formatSpan(pressure.for_s)}`);
  // Read out once for each state, not at every second's number.
  const said = found.state === "stale" ? "No answer from the gate"
      : `${found.headline} ${found.assurance}`.trim();
  setText(element("said"), said);
  document.title = `${SIGNS[found.state]} ${said} · headgate`;
  document.body.classList.toggle("stale", found.state === "stale");
  setText(element("fresh"), !now.status ? ""
      : oldest < STALE_AFTER ? "live" : `last answer ${formatSpan(oldest)} ago`);
}

// What is wrong beside: each with the word that says where.
function notes(s) {
  const out = [];
  if (s.mode === "observe") out.push('mode = "observe": limits are counted, nobody is turned away');
  if (s.pressure?.enforce === false) out.push("[pressure] enforce = false: levels are shown only");
  if (s.monitor?.configured && !s.monitor.up) out.push(`monitor down: ${s.monitor.error}`);
  if (s.observer?.interface && !s.observer.up) out.push(`observer down: ${s.observer.error}`);
  if (s.observer?.bypass > 0) {
    out.push(`${plural(s.observer.bypass, "connection")} went past the gate to the server`);
  }
  if (s.observer?.alarms?.length) out.push(`unusual on the wire: ${s.observer.alarms.join(", ")}`);
  if (s.firewall?.failing) out.push(`firewall failing: ${s.firewall.error}`);
  if (s.shared_address?.warning) out.push(s.shared_address.warning);
  if (s.state?.error) out.push(`state not saved: ${s.state.error}`);
  if (s.slots?.free === 0) out.push("no slot is free");
  if (s.slots?.ramp > 0) out.push(`ramping up: ${formatRate(s.slots.ramp)} logins/s`);
  if (s.reloads?.last === "refused") out.push("the last reload was refused: the old config holds");
  return out;
}

function showNotes(s) {
  const list = element("notes"), wanted = notes(s);
  list.hidden = wanted.length === 0;
  while (list.children.length > wanted.length) list.lastChild.remove();
  wanted.forEach((text, i) => {
    setText(list.children[i] ?? list.appendChild(document.createElement("li")), text);
  });
}

function showSources() {
  const rows = now.sources?.sources ?? [];
  const attackers = rows.filter((s) => s.refused > 0);
  setText(element("who"), titleOfSources(attackers, isAffected(now.status, past, refusals)));
  fillTable("sources", (attackers.length ? attackers : rows).map(sourceRow), "Nobody");
}

function showTiles(s) {
  const p95 = (group) => formatLatency(latest(past.group(group).get("p95") ?? []));
  fillList("tiles", [
    ["Free slots", `${formatCount(s.slots.free)} / ${formatCount(s.slots.capacity)}`,
     s.slots.free === 0 ? "high" : ""],
    ["Logins ok", `${formatRate(meanOf(past.column("logins_ok"), 10))}/s`],
    ["Refused", `${formatRate(refusedPerSecond(past))}/s`],
    ["Waiting", formatCount(s.waiting.now), s.waiting.now > 0 ? "high" : ""],
    ["Pending", formatCount(s.pending.now)],
    ["Statements p95", p95("statement_s")],
    ["Logins p95", p95("login_s")],
    ["Threads running", formatCount(latest(past.column("threads_running")))],
  ]);
}

// A total, and what came of it in the last minute.
function withGain(total, name) {
  if (!isNumber(total)) return NONE;
  const gain = counters.known(name);
  return `${formatCount(total)}${gain === null ? "" : `, ${formatCount(gain)} in the last minute`}`;
}

function showServer(s) {
  const server = s.server ?? {}, host = s.host ?? {};
  const requests = counters.known("requests"), reads = counters.known("reads");
  const hit = requests > 0 ? 1 - reads / requests
      : server.buffer_pool_read_requests > 0
          ? 1 - server.buffer_pool_reads / server.buffer_pool_read_requests : null;
  const ofTotal = (part, total) => isNumber(part) && total > 0
      ? `${formatBytes(part)} of ${formatBytes(total)} (${formatShare(part / total)})` : NONE;
  fillList("server", [
    ["Connections used", `${formatCount(s.slots.leases)} through the gate, ${
        formatCount(s.slots.foreign)} past it, of ${
        s.slots.server_max > 0 ? formatCount(s.slots.server_max) : "an unknown number"}`],
    ["Threads_running", formatCount(server.threads_running)],
    ["Slow queries", withGain(server.slow_queries, "slow")],
    ["Query errors", withGain(s.statements?.errors, "errors")],
    ["Buffer pool hit ratio", isNumber(hit) ? `${(hit * 100).toFixed(2)} %` : NONE],
    ["Replication lag", isNumber(server.replica_lag_s) ? formatSpan(server.replica_lag_s)
        : server.replica ? "unknown: it stands still" : NONE],
    ["CPU of the host", formatShare(host.cpu_used)],
    ["Memory available", ofTotal(host.memory_available, host.memory_total)],
    ["Disk free", ofTotal(host.disk_free, host.disk_total)],
    ["Error log", isNumber(host.error_log_bytes)
        ? `${formatBytes(host.error_log_bytes)}, ${formatBytes(counters.gained("log"))} ` +
          "more in the last minute"
        : NONE],
  ]);
}

function showAll() {
  const s = now.status;
  setText(element("gate"), `${s.version} · mode ${s.mode} · up ${formatSpan(s.uptime_s)} · ` +
                           `${(s.listening ?? []).join(", ")}`);
  showNotes(s);
  showSources();
  fillTable("reasons", reasonRows(s, past), "Nobody was turned away in the last 15 minutes");
  setText(element("meaning"), meaningOfTop(past));
  showTiles(s);
  fillTable("classes", (s.classes ?? []).map(classRow), "There is none");
  fillTable("gauges", gaugeRows(s), "");
  fillTable("backends", (s.backends ?? []).map(backendRow), "There is none");
  showServer(s);
  fillTable("digests", (now.digests?.digests ?? []).map(digestRow), "No statement yet");
  element("beside").hidden = !s.shadow;
  if (s.shadow) {
    fillTable("shadow", shadowRows(s.shadow), "The two policies have met nobody so far");
    setText(element("shadow-how"), shadowText(s.shadow));
  }
  const bans = now.bans?.bans ?? [];
  fillTable("bans", bans.slice(0, 20).map(banRow), "Nobody is banned");
  setText(element("banned"),
          bans.length > 20 ? `Bans (20 of ${formatCount(bans.length)})` : "Bans");
}

function showCharts() {
  charts ??= new Charts();
  charts.show(past, Number(document.querySelector("#range input:checked").value),
              (now.status.classes ?? []).map((c) => c.name));
}

// ---- rounds

// Seconds that could have been used; those of a hidden tab do not count.
function since(moment) {
  return (performance.now() - Math.max(moment, resumed)) / 1000;
}

async function oneRound() {
  try {
    await askAll();
    showAll();
    showBanner();
    showCharts();
  } catch {
    showBanner();
  }
}

async function rounds() {
  for (;;) {
    if (!document.hidden) await oneRound();
    await new Promise((then) => setTimeout(then, EVERY));
  }
}

// ---- light and dark

function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

function showTheme() {
  setText(element("theme"), isDark() ? "Light" : "Dark");
  element("theme").setAttribute("aria-label", isDark() ? "Use light colours" : "Use dark colours");
  if (charts) {
    charts.repaint();
    showCharts();
  }
}

function chooseTheme(theme) {
  document.documentElement.dataset.theme = theme;
  try {
    localStorage.setItem("theme", theme);
  } catch { /* a browser that keeps nothing */ }
  showTheme();
}

function begin() {
  try {
    const kept = localStorage.getItem("theme");
    if (kept === "dark" || kept === "light") document.documentElement.dataset.theme = kept;
  } catch { /* likewise */ }
  showTheme();
  element("theme").addEventListener("click", () => chooseTheme(isDark() ? "light" : "dark"));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", showTheme);
  element("range").addEventListener("change", () => now.status && showCharts());
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    resumed = performance.now();
    document.body.classList.add("stale");  // until the next answer
  });
  setInterval(() => {
    const overdue = Math.max(since(answered), since(told)) >= STALE_AFTER;
    if (overdue && !document.hidden) showBanner();
  }, EVERY);
  rounds();
}

begin();

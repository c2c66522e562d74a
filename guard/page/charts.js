"use strict";
// The charts: what they show of a Past, their legends with the latest values, their colours from
// the style sheet. Chart.js draws; the legends are ours, so that they can be read out.

const LEVELS = ["calm", "elevated", "attack"];
const MOST_REASONS = 5;   // in colours of their own; the rest together
const DASHES = {p50: [], p95: [6, 3], p99: [2, 3]};

// The resolved colour of a custom property: "--c1" may be a light-dark() pair.
function colour(name) {
  const probe = colour.probe ??= document.body.appendChild(document.createElement("i"));
  probe.hidden = true;
  probe.style.color = `var(${name})`;
  return getComputedStyle(probe).color;
}

function faint(rgb, alpha) {
  return rgb.replace(/^rgb\(([^)]*)\)$/, `rgba($1, ${alpha})`);
}

function line(label, values, tint, more = {}) {
  return {type: "line", label, data: values, borderColor: tint, backgroundColor: faint(tint, 0.75),
          borderWidth: 1.6, pointRadius: 0, pointHitRadius: 6, ...more};
}

function area(label, values, tint, stack) {
  return line(label, values, tint, {fill: "stack", stack, borderWidth: 0.6});
}

const zeroed = (values) => values.map((value) => value ?? 0);

// What each chart shows: its datasets, oldest sample first, each with `show(value)` for its legend.
const SHOWN = {
  // `names`: the classes in their order; those that are no more come behind.
  slots(past, names) {
    const classes = past.group("classes");
    const order = new Set([...names.filter((name) => classes.has(name)), ...classes.keys()]);
    const out = [...order].map((name, i) => (
        {...area(name, zeroed(classes.get(name)), colour(`--c${i % 7 + 1}`), "classes"),
         show: formatCount}));
    out.push({...line("capacity", past.column("capacity"), colour("--ink"), {borderDash: [6, 3]}),
              show: formatCount, stack: "capacity"});
    if (past.column("server_max").some((value) => value > 0)) {
      out.push({...line("max_connections", past.column("server_max"), colour("--soft"),
                        {borderDash: [2, 3]}), show: formatCount, stack: "server_max"});
    }
    return out;
  },

  flow(past) {
    const perSecond = (value) => `${formatRate(value)}/s`;
    const ranked = [...past.group("refused")]
        .map(([name, values]) => ({name, values: zeroed(values), sum: sumOf(values, Past.MOST)}))
        .sort((a, b) => b.sum - a.sum);
    const rest = ranked.slice(MOST_REASONS);
    const shown = ranked.slice(0, MOST_REASONS);
    if (rest.length) {
      shown.push({name: plural(rest.length, "other reason"),
                  values: past.at.map((_, i) => rest.reduce((sum, r) => sum + r.values[i], 0))});
    }
    const tints = ["--c2", "--c4", "--c6", "--c5", "--c7", "--soft"];
    return [
      ...shown.map((r, i) => ({...area(`refused: ${r.name}`, r.values, colour(tints[i]), "refused"),
                               show: perSecond})),
      {...line("logins ok (right)", past.column("logins_ok"), colour("--c3"),
               {borderWidth: 2.2, yAxisID: "right"}), show: perSecond, stack: "ok"},
      {...line("accepted", past.column("accepted"), colour("--ink"), {borderDash: [6, 3]}),
       show: perSecond, stack: "accepted"},
    ];
  },

  latency(past) {
    const out = [];
    for (const [group, what, tint] of [["statement_s", "statements", "--c1"],
                                       ["login_s", "logins", "--c2"]]) {
      for (const name of Object.keys(DASHES)) {
        const values = past.group(group).get(name);
        if (!values) continue;
        const ms = values.map((value) => value === null ? null : Math.max(value * 1000, 0.01));
        out.push({...line(`${what} ${name}`, ms, colour(tint),
                          {borderDash: DASHES[name], spanGaps: 10}),
                  show: (value) => formatLatency(isNumber(value) ? value / 1000 : null)});
      }
    }
    return out;
  },

  pressure(past) {
    const out = [
      {...line("pressure", past.column("level"), colour("--c2"),
               {yAxisID: "level", stepped: "before", fill: true, borderWidth: 1,
                backgroundColor: faint(colour("--c2"), 0.25)}),
       show: (value) => LEVELS[value] ?? NONE},
    ];
    const lines = [["pending", "pending", "--c4", []], ["waiting", "waiting", "--c1", [6, 3]],
                   ["logins", "logging in", "--c3", [2, 3]],
                   ["threads_running", "threads running", "--ink", [9, 3, 2, 3]]];
    for (const [name, label, tint, borderDash] of lines) {
      const values = past.column(name);
      if (!values.length) continue;
      out.push({...line(label, values, colour(tint), {borderDash}), show: formatCount});
    }
    return out;
  },
};

function scales(name) {
  const grid = {color: colour("--line"), drawBorder: false};
  const ticks = {color: colour("--soft"), font: {size: 11}};
  const y = {beginAtZero: true, grid, ticks: {...ticks, maxTicksLimit: 5, precision: 0}};
  const x = {grid: {display: false}, ticks: {...ticks, maxTicksLimit: innerWidth < 560 ? 4 : 6,
                                                 maxRotation: 0}};
  if (name === "slots" || name === "flow") y.stacked = true;
  if (name === "latency") {
    Object.assign(y, {type: "logarithmic", beginAtZero: false});
    y.ticks = {...ticks, maxTicksLimit: 8, callback: (value) =>
      /^1(0*|e.*)$/.test(String(value)) || /^0\.0*1$/.test(String(value))
          ? formatLatency(value / 1000) : ""};
  }
  if (name === "flow") {
    const right = {...ticks, color: colour("--c3"), maxTicksLimit: 5, precision: 0};
    return {x, y, right: {position: "right", beginAtZero: true, suggestedMax: 5,
                          grid: {display: false}, ticks: right}};
  }
  if (name !== "pressure") return {x, y};
  return {x, y, level: {position: "right", min: 0, max: 2, grid: {display: false},
                        ticks: {...ticks, stepSize: 1, callback: (value) => LEVELS[value] ?? ""}}};
}

class Charts {
  constructor() {
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    this.charts = new Map();
    for (const name of Object.keys(SHOWN)) {
      const canvas = document.getElementById(`chart-${name}`);
      this.charts.set(name, new Chart(canvas, {
        type: "line",
        data: {labels: [], datasets: []},
        options: {
          animation: false, responsive: true, maintainAspectRatio: false, normalized: true,
          interaction: {mode: "index", intersect: false},
          plugins: {legend: {display: false}, tooltip: {callbacks: {
            label: (item) => ` ${item.dataset.label}: ${item.dataset.show(item.raw)}`}}},
          scales: scales(name),
        },
      }));
    }
  }

  // In the colours that hold now.
  repaint() {
    for (const [name, chart] of this.charts) chart.options.scales = scales(name);
  }

  show(past, seconds, names) {
    const labels = past.at.slice(-seconds).map(formatClock);
    for (const [name, chart] of this.charts) {
      const shown = SHOWN[name](past, names)
          .map((set) => ({...set, data: set.data.slice(-seconds)}));
      chart.data.labels = labels;
      chart.data.datasets = shown;
      chart.update("none");
      this.legend(chart.canvas, shown);
    }
  }

  legend(canvas, shown) {
    const list = canvas.closest("figure").querySelector(".legend");
    while (list.children.length > shown.length) list.lastChild.remove();
    shown.forEach((set, i) => {
      let item = list.children[i];
      if (!item) {
        item = list.appendChild(document.createElement("li"));
        item.append(document.createElement("i"), document.createElement("span"),
                    document.createElement("b"));
      }
      const [swatch, label, value] = item.children;
      swatch.className = set.fill ? "fill" : set.borderDash?.length ? "dash" : "line";
      swatch.style.color = set.borderColor;
      setText(label, set.label);
      setText(value, set.show(latest(set.data)));
    });
    const title = canvas.closest("figure").querySelector("figcaption").textContent;
    canvas.setAttribute("aria-label", `${title}: ${
        shown.map((set) => `${set.label} ${set.show(latest(set.data))}`).join(", ")}`);
  }
}

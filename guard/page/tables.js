"use strict";
// The tables and lists. All text goes in by textContent: sources, users, classes and statements are
// anybody's. Cells are changed only where they differ, and not while somebody selects in them, so
// that an address can be copied.

function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function isSelectedIn(node) {
  const selection = getSelection();
  return !selection.isCollapsed && node.contains(selection.anchorNode);
}

// A cell is text, or {text, kind, title}: kind is a class of the style sheet; or {fill}: a bar.
function setCell(cell, given) {
  const {text = "", kind = "", title = "", fill} =
      typeof given === "object" ? given : {text: given};
  if (fill === undefined) setText(cell, text);
  else setBar(cell, fill, text);
  if (cell.className !== kind) cell.className = kind;
  if (cell.title !== title) cell.title = title;
}

function setBar(cell, fill, label) {
  let bar = cell.querySelector(".meter");
  if (!bar) {
    bar = document.createElement("div");
    bar.className = "meter";
    bar.setAttribute("role", "meter");
    bar.append(document.createElement("div"));
    cell.replaceChildren(bar);
  }
  const share = Math.min(Math.max(fill, 0), 1);
  bar.firstChild.style.width = `${(share * 100).toFixed(1)}%`;
  bar.classList.toggle("high", share >= 0.8);
  bar.setAttribute("aria-label", label);
  bar.setAttribute("aria-valuenow", (share * 100).toFixed(0));
  bar.setAttribute("aria-valuemin", "0");
  bar.setAttribute("aria-valuemax", "100");
}

// `rows`: lists of cells, the first of each its row's header; `empty` is said where there are none.
function fillTable(id, rows, empty) {
  const table = document.getElementById(id);
  const body = table.tBodies[0];
  if (isSelectedIn(body)) return;
  const columns = table.tHead.rows[0].cells;
  const wide = rows.length === 0;
  if (wide !== (body.dataset.wide === "yes")) body.replaceChildren();
  body.dataset.wide = wide ? "yes" : "no";
  const all = wide ? [[{text: empty, kind: "empty"}]] : rows;
  while (body.rows.length > all.length) body.deleteRow(-1);
  all.forEach((cells, r) => {
    const row = body.rows[r] ?? body.insertRow();
    cells.forEach((given, c) => {
      if (!row.cells[c]) {
        const cell = document.createElement(c === 0 && !wide ? "th" : "td");
        if (wide) cell.colSpan = columns.length;
        else if (c === 0) cell.scope = "row";
        row.append(cell);
      }
      const cell = typeof given === "object" ? {...given} : {text: given};
      if (!wide) cell.kind = `${columns[c].className} ${cell.kind ?? ""}`.trim();
      setCell(row.cells[c], cell);
    });
  });
}

// `entries`: [[name, value, kind]].
function fillList(id, entries) {
  const list = document.getElementById(id);
  while (list.children.length > entries.length) list.lastChild.remove();
  entries.forEach(([name, value, kind = ""], i) => {
    let group = list.children[i];
    if (!group) {
      group = list.appendChild(document.createElement("div"));
      group.append(document.createElement("dt"), document.createElement("dd"));
    }
    if (group.className !== kind) group.className = kind;
    setText(group.children[0], name);
    setText(group.children[1], value);
  });
}

// `rows`: who was turned away, most of all first. Not every one of those is an attacker.
function titleOfSources(rows, ofApplication) {
  if (!rows.length) return "Who is connected (nobody was turned away in the last minute)";
  if (rows.every((s) => s.acted === false)) return "Who would be turned away (dry run)";
  const doubtful = ofApplication || rows[0].known_good || rows[0].acted === false;
  return doubtful ? "Who is turned away" : "Who attacks";
}

function sourceRow(s) {
  const others = s.connections - s.in;
  return [
    {text: s.source + (s.known_good ? " ✓ known-good" : ""), kind: "mono"},
    {text: formatRate(s.refused_per_s), kind: s.refused_per_s >= 1 ? "strong" : ""},
    formatCount(s.refused),
    {text: s.reason ? s.reason + (s.acted === false ? " (dry run)" : "") : NONE, kind: "mono"},
    `${formatCount(s.in)} + ${formatCount(others)}`,
    s.banned_s === null || s.banned_s === undefined ? {text: "no", kind: "soft"}
        : {text: formatSpan(s.banned_s), kind: "strong"},
  ];
}

function rankedReasons(past) {
  return [...past.group("refused")]
      .map(([name, values]) => ({name, now: meanOf(values, 10), sum: sumOf(values, Past.MOST)}))
      .sort((a, b) => b.now - a.now || b.sum - a.sum);
}

// The first one, in a sentence.
function meaningOfTop(past) {
  const top = rankedReasons(past)[0]?.name;
  const text = past.reasons.get(top);
  return text ? `${top}: ${text}` : "";
}

function reasonRows(status, past) {
  return rankedReasons(past).slice(0, 8).map(({name, now, sum}) => [
    {text: name, kind: "mono", title: past.reasons.get(name) ?? ""},
    {text: formatRate(now), kind: now >= 1 ? "strong" : ""},
    formatCount(sum),
    formatCount(status.acted?.[name]),
  ]);
}

function classRow(c) {
  return [c.name, formatCount(c.leases), formatCount(c.reserve), formatCount(c.may_use),
          formatCount(c.lent), {text: formatCount(c.waiting), kind: c.waiting > 0 ? "strong" : ""},
          c.expected_wait_ms > 0 ? formatLatency(c.expected_wait_ms / 1000) : NONE];
}

function gaugeRows(status) {
  const slots = status.slots;
  const used = slots.capacity - slots.free;
  return [
    ["Slots", used, slots.capacity], ["Pending", status.pending.now, status.pending.max],
    ["Waiting", status.waiting.now, status.waiting.max],
    ["Login lane", status.logins.now, status.logins.max],
    ["Connections", status.connections, status.max_clients],
    ["Digests", status.digests.now, status.digests.max],
  ].map(([name, now, most]) => [
    name, {fill: most > 0 ? now / most : 0, text: `${name}: ${now} of ${most}`},
    formatCount(now), formatCount(most)]);
}

function backendRow(b) {
  const state = b.state ?? (b.up ? "up" : "down");
  return [{text: b.name, kind: "mono"},
          {text: (b.up ? "✓ " : "✕ ") + state + (b.read_only ? ", read-only" : ""),
           kind: b.up ? "good" : "wrong"},
          b.current ? "in use" : "no", b.up ? b.server_version ?? "" : b.error ?? ""];
}

function digestRow(d) {
  return [{text: d.text, kind: "statement", title: d.text}, d.class, formatShare(d.share),
          formatCount(d.count), formatLatency(d.p50_ms / 1000), formatLatency(d.p99_ms / 1000),
          formatCount(d.running), formatCount(d.errors), formatCount(d.refused)];
}

// What only a candidate policy would have done, or only the running one did; most of the former
// first.
function shadowRows(shadow) {
  const rows = (shadow?.limits ?? []).flatMap(({reason, refused, delayed}) => [
    {reason, what: "refused or ended", counts: refused},
    {reason, what: "made to wait", counts: delayed}]);
  const total = (c) => c.candidate_only + c.live_only + c.both;
  return rows.filter(({counts}) => total(counts) > 0)
      .sort((a, b) => b.counts.candidate_only - a.counts.candidate_only ||
                      total(b.counts) - total(a.counts))
      .map(({reason, what, counts}) => [
        {text: reason, kind: "mono"}, what,
        {text: formatCount(counts.candidate_only), kind: counts.candidate_only > 0 ? "strong" : ""},
        {text: formatCount(counts.protected_candidate_only),
         kind: counts.protected_candidate_only > 0 ? "strong wrong" : ""},
        formatCount(counts.live_only), formatCount(counts.both)]);
}

// Since when, and what has to be known to read it.
function shadowText(shadow) {
  const parts = [`${shadow.config}, for ${formatSpan(shadow.for_s)}: it decides beside the ` +
                 "running policy and touches nobody"];
  if (shadow.found > 0) parts.push(`${plural(shadow.found, "connection")} were there before`);
  if (shadow.left_out > 0) {
    parts.push(`it did not keep up: ${plural(shadow.left_out, "event")} left out`);
  }
  return parts.join("; ");
}

function banRow(b) {
  return [{text: b.source, kind: "mono"}, formatSpan(b.remaining_s), formatCount(b.times),
          b.operator ? "operator" : "gate",
          {text: b.reason + (b.gate_only ? " (through a proxy)" : ""), kind: "mono"}];
}

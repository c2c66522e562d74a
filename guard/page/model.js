"use strict";
// The last quarter of an hour, put together from the answers of GET /history. Pure: no page, no
// clock. Names of classes are kept in Maps, never as properties: they are anybody's text.

class Past {
  static MOST = 900;

  constructor() {
    this.forget();
  }

  forget() {
    this.next = 0;
    this.at = [];              // unix seconds, oldest first
    this.columns = new Map();  // name -> values, as long as `at`
    this.groups = new Map(["classes", "refused", "statement_s", "login_s"]
        .map((name) => [name, new Map()]));
    this.reasons = new Map();  // what they mean
  }

  // What came after what is here; anything else takes its place.
  take(answer) {
    if (answer.from !== this.next) this.forget();
    this.next = answer.next;
    for (const [name, text] of Object.entries(answer.reasons ?? {})) this.reasons.set(name, text);
    const before = this.at.length;
    const more = answer.at ?? [];
    this.at = this.at.concat(more).slice(-Past.MOST);
    this.#append(this.columns, Object.entries(answer)
        .filter(([name, values]) => name !== "at" && Array.isArray(values)), before, more.length);
    for (const [name, group] of this.groups) {
      this.#append(group, Object.entries(answer[name] ?? {}), before, more.length);
    }
  }

  #append(into, columns, before, more) {
    const given = new Map(columns);
    for (const name of given.keys()) {
      if (!into.has(name)) into.set(name, new Array(before).fill(null));
    }
    for (const [name, values] of into) {
      const longer = values.concat(given.get(name) ?? new Array(more).fill(null));
      const kept = longer.slice(-Past.MOST);
      if (kept.some((value) => value !== null)) into.set(name, kept);
      else into.delete(name);
    }
  }

  column(name) {
    return this.columns.get(name) ?? [];
  }

  group(name) {
    return this.groups.get(name) ?? new Map();
  }
}

function last(values) {
  return values.length ? values[values.length - 1] : null;
}

// Of the last so many seconds; what a sample knows nothing of counts as nothing.
function sumOf(values, seconds) {
  return values.slice(-seconds).reduce((sum, value) => sum + (value ?? 0), 0);
}

function meanOf(values, seconds) {
  const length = Math.min(values.length, seconds);
  return length ? sumOf(values, seconds) / length : 0;
}

// The last value there was lately; latencies have none where nothing ran in a second.
function latest(values, seconds = 10) {
  return values.slice(-seconds).reverse().find((value) => value !== null) ?? null;
}

// A second, all reasons together.
function refusedPerSecond(past, seconds = 10) {
  let sum = 0;
  for (const values of past.group("refused").values()) sum += meanOf(values, seconds);
  return sum;
}

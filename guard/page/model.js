"use strict";
// The last quarter of an hour, put together from the answers of GET /history, and counters of GET
// /status over a while. Pure: no page, no clock. Names of classes are kept in Maps, never as
// properties: they are anybody's text.

class Past {
  static MOST = 900;   // samples
  static AGAIN = 20;   // of which so many are asked for again in each round

  constructor() {
    this.forget();
  }

  forget() {
    this.start = null;         // the run of the gate that this is of
    this.next = 0;             // the number of the next sample
    this.at = [];              // unix seconds, oldest first
    this.columns = new Map();  // name -> values, as long as `at`
    this.groups = new Map(["classes", "refused", "statement_s", "login_s"]
        .map((name) => [name, new Map()]));
    this.reasons = new Map();  // what they mean
  }

  // What to ask for, `away` seconds after the last answer: what may be new, or all there is.
  question(away) {
    return this.next > 0 && away < Past.AGAIN - 5 ? `/history?last=${Past.AGAIN}` : "/history";
  }

  // Adds what is new. Of another run of the gate, or where something is missing between, it takes
  // the place of all that is here. True: there was something new.
  take(answer) {
    if (answer.start !== this.start || answer.from > this.next || answer.next < this.next) {
      this.forget();
      this.start = answer.start;
      this.next = answer.from;
    }
    const known = this.next - answer.from, more = answer.next - this.next;
    this.next = answer.next;
    for (const [name, text] of Object.entries(answer.reasons ?? {})) this.reasons.set(name, text);
    const before = this.at.length;
    this.at = this.at.concat((answer.at ?? []).slice(known)).slice(-Past.MOST);
    this.#append(this.columns, Object.entries(answer)
        .filter(([name, values]) => name !== "at" && Array.isArray(values)), before, known, more);
    for (const [name, group] of this.groups) {
      this.#append(group, Object.entries(answer[name] ?? {}), before, known, more);
    }
    return more > 0;
  }

  #append(into, columns, before, known, more) {
    const given = new Map(columns);
    for (const name of given.keys()) {
      if (!into.has(name)) into.set(name, new Array(before).fill(null));
    }
    for (const [name, values] of into) {
      const longer = values.concat(given.get(name)?.slice(known) ?? new Array(more).fill(null));
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

// Counters as they stood: what they gained within a while. What counts from anew after a restart
// has gained what it has.
class Counts {
  constructor(seconds) {
    this.seconds = seconds;  // that are kept
    this.kept = [];          // [{at, of: {name: count}}], oldest first
  }

  forget() {
    this.kept.length = 0;
  }

  note(at, of) {
    this.kept.push({at, of});
    while (this.kept.length > 2 && at - this.kept[0].at > this.seconds) this.kept.shift();
  }

  // Between the states of the last so many seconds; null where it is not known.
  known(name, seconds = this.seconds) {
    const now = last(this.kept);
    const first = this.kept.find((k) => now.at - k.at <= seconds && isNumber(k.of[name]));
    return first && isNumber(now.of[name]) ? Math.max(0, now.of[name] - first.of[name]) : null;
  }

  gained(name, seconds = this.seconds) {
    return this.known(name, seconds) ?? 0;
  }
}

// Of those whom the gate is there for, as GET /status counts: connections and statements.
function protectedCounts(status) {
  const all = Object.values(status.of_protected ?? {}).reduce((sum, count) => sum + count, 0);
  const statements = status.statements_of_protected ?? 0;
  return {connections: all - statements, statements};
}

function last(values) {
  return values.length ? values[values.length - 1] : null;
}

// Of the last so many samples; what one knows nothing of counts as nothing.
function sumOf(values, samples) {
  return values.slice(-samples).reduce((sum, value) => sum + (value ?? 0), 0);
}

function meanOf(values, samples) {
  const length = Math.min(values.length, samples);
  return length ? sumOf(values, samples) / length : 0;
}

// Of a column of counts: what came in the seconds before the last sample. By the clock: samples may
// be late, and further apart than a second.
function sumSince(past, name, seconds) {
  const from = last(past.at) - seconds;
  return past.column(name)
      .reduce((sum, value, i) => sum + (past.at[i] > from ? value ?? 0 : 0), 0);
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

"use strict";
// The banner: is the application safe? One rule, in this order; in words in docs/page.md. Pure.
//
// It claims no more than the gate knows: "safe" is said only where the gate knows somebody to be
// the application (a class with a reserve, or known-good pairs), while nobody of those is banned,
// turned away or kept waiting, no statement of theirs is refused, and the database answers.

const STALE_AFTER = 5;      // seconds without an answer
const LOOK_BACK = 30;       // seconds in which a refusal of the application counts
const NOISE = 1;            // refusals a second that are every day's
const LONG_WAIT_MS = 1000;  // of the application, for a slot

// `assurance`: what of the headline is good news.
function verdict(state, headline, detail, assurance = "") {
  return {state, headline, detail, assurance};
}

// Whom the gate is there for, in words; empty where it knows nobody.
function whoIsProtected(status) {
  const classes = (status.classes ?? []).filter((c) => c.reserve > 0);
  const parts = [];
  if (classes.length) {
    parts.push(`${classes.length === 1 ? "class" : "classes"} ${
        classes.map((c) => c.name).join(", ")}`);
  }
  if (status.known_good > 0) parts.push(plural(status.known_good, "known-good pair"));
  return parts.join(" and ");
}

function room(status) {
  const slots = status.slots ?? {};
  return `${formatCount(slots.free)} of ${formatCount(slots.capacity)} slots free`;
}

// What of the application was refused lately: the most of what the samples and the counters say.
// The counters are a second fresher; the samples know of what was before the page was opened.
function lostOf(past, counts) {
  const of = (name, column) =>
      Math.max(sumSince(past, column, LOOK_BACK), counts.gained(name, LOOK_BACK));
  return {connections: of("connections", "refused_protected"),
          statements: of("statements", "statements_protected")};
}

// Why the application is not all right; null where nothing says so.
function affected(status, lost) {
  const backends = status.backends ?? [];
  if (!(status.backend?.up || backends.some((b) => b.current && b.up))) {
    const error = backends.find((b) => b.current)?.error;
    return verdict("bad", "The application is affected: the database does not answer",
                   `${status.backend?.address || "The backend"} is down${
                       error ? `: ${error}` : ""}`);
  }
  const whom = whoIsProtected(status) || "known clients";
  const guard = status.protected ?? {};
  if (guard.banned > 0) {
    return verdict("bad", `The application is affected: ${plural(guard.banned, "ban")} ${
                       guard.banned === 1 ? "binds" : "bind"} it`,
                   `Of ${whom}. Which: headgate bans; lift: headgate unban ADDRESS; ${
                       room(status)}`);
  }
  if (lost.connections > 0) {
    return verdict("bad", "The application is affected: some of it is turned away",
                   `${plural(lost.connections, "refusal")} of ${whom} in the last ${
                       LOOK_BACK} s; ${room(status)}`);
  }
  if (guard.waiting > 0 && guard.longest_wait_ms >= LONG_WAIT_MS) {
    return verdict("bad", "The application is affected: it waits for slots",
                   `${plural(guard.waiting, "login")} of ${whom}, the longest for ${
                       formatLatency(guard.longest_wait_ms / 1000)}; ${room(status)}`);
  }
  if (lost.statements > 0) {
    return verdict("warn", "Statements of the application are refused",
                   `${plural(lost.statements, "statement")} of ${whom} in the last ${
                       LOOK_BACK} s; it gets in, see [query], [shape] and [[rule]]`);
  }
  return null;
}

// Whether something of the application is among those that are turned away.
function isAffected(status, past, counts) {
  const lost = lostOf(past, counts);
  return lost.connections > 0 || lost.statements > 0 || status.protected?.banned > 0;
}

// `age`: seconds since the gate answered, null where it has not yet; `pastAge`: since it last told
// what was. Nothing where both are fresh.
function unheard(status, age, pastAge) {
  if (!status) {
    return age === null || age < STALE_AFTER
        ? verdict("unknown", "Asking the gate …", "")
        : verdict("stale", `No answer for ${formatSpan(age)}`, "The gate has not answered yet.");
  }
  if (age >= STALE_AFTER) {
    return verdict("stale", `No answer for ${formatSpan(age)}`,
                   "Everything below is old. Is the gate running, and the way to it open?");
  }
  if (pastAge >= STALE_AFTER) {
    return verdict("stale", `No answer for ${formatSpan(pastAge)}`,
                   "The gate says how it stands, and not what came of late (/history): whether " +
                   "the application is safe is not known.");
  }
  return null;
}

// `counts`: the Counts of what the application was refused.
function judge(status, past, counts, age, pastAge = age) {
  const trouble = unheard(status, age, pastAge) ?? affected(status, lostOf(past, counts));
  if (trouble) return trouble;
  const level = status.pressure?.level ?? "calm";
  const refused = refusedPerSecond(past);
  const quiet = level === "calm" && refused < NOISE;
  if (status.draining) {
    return verdict("warn", "The gate is draining: no new connections", room(status));
  }
  if (status.mode === "observe") {
    return verdict(quiet ? "calm" : "warn",
                   `${quiet ? "Calm; the" : "Under attack, and the"} gate only observes`,
                   `mode = "observe" turns nobody away; ${room(status)}`);
  }
  if (quiet) {
    return verdict("calm", "Calm", refused > 0
        ? `${formatRate(refused)} refused/s, as on any day; ${room(status)}`
        : `Nobody is turned away; ${room(status)}`);
  }
  const what = level === "attack" ? "Under attack"
      : level === "elevated" ? "Under pressure" : "Strangers are turned away";
  if (!status.protected?.known) {
    return verdict("warn", `${what}; the gate does not know the application yet`,
                   `${formatRate(refused)} refused/s; no class has a reserve, and nobody is ` +
                   `known-good so far; ${room(status)}`);
  }
  return verdict("guarded", `${what}:`, `${formatRate(refused)} refused/s, none of ${
      whoIsProtected(status) || "known clients"} in the last ${LOOK_BACK} s; ${room(status)}`,
                 "the application is safe");
}

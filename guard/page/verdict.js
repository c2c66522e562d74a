"use strict";
// The banner: is the application safe? One rule, in this order; in words in docs/page.md. Pure.
//
// It claims no more than the gate knows: "safe" is said only where somebody is known to be the
// application (a class with a reserve, or known-good pairs), while nobody of those is turned away,
// none of their classes waits long, and the database answers.

const STALE_AFTER = 5;      // seconds without an answer
const LOOK_BACK = 30;       // seconds in which a refusal of the application counts
const NOISE = 1;            // refusals a second that are every day's
const LONG_WAIT_MS = 1000;  // of a class with a reserve

// `assurance`: what of the headline is good news.
function verdict(state, headline, detail, assurance = "") {
  return {state, headline, detail, assurance};
}

function protectedClasses(status) {
  return (status.classes ?? []).filter((c) => c.reserve > 0);
}

// Whom the gate is there for, in words; empty where it knows nobody.
function whoIsProtected(status) {
  const classes = protectedClasses(status);
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

// Why the application is not all right; null where nothing says so.
function affected(status, past) {
  const backends = status.backends ?? [];
  if (!(status.backend?.up || backends.some((b) => b.current && b.up))) {
    const error = backends.find((b) => b.current)?.error;
    return verdict("bad", "The application is affected: the database does not answer",
                   `${status.backend?.address || "The backend"} is down${
                       error ? `: ${error}` : ""}`);
  }
  const lost = Math.round(sumOf(past.column("refused_protected"), LOOK_BACK));
  if (lost > 0) {
    return verdict("bad", "The application is affected: some of it is turned away",
                   `${plural(lost, "refusal")} of ${
                       whoIsProtected(status) || "known clients"} in the last ${
                       LOOK_BACK} s; ${room(status)}`);
  }
  const waits = protectedClasses(status)
      .find((c) => c.waiting > 0 && c.expected_wait_ms >= LONG_WAIT_MS);
  if (waits) {
    return verdict("bad", `The application is affected: ${waits.name} waits for slots`,
                   `${plural(waits.waiting, "login")} of it, about ` +
                   `${formatLatency(waits.expected_wait_ms / 1000)} each; ${room(status)}`);
  }
  return null;
}

// `age`: seconds since the last answer; null where there was none yet.
function judge(status, past, age) {
  if (!status) {
    return age === null || age < STALE_AFTER
        ? verdict("unknown", "Asking the gate …", "")
        : verdict("stale", `No answer for ${formatSpan(age)}`, "The gate has not answered yet.");
  }
  if (age >= STALE_AFTER) {
    return verdict("stale", `No answer for ${formatSpan(age)}`,
                   "Everything below is old. Is the gate running, and the way to it open?");
  }
  const trouble = affected(status, past);
  if (trouble) return trouble;
  const level = status.pressure?.level ?? "calm";
  const refused = refusedPerSecond(past);
  const quiet = level === "calm" && refused < NOISE;
  const numbers = `${formatRate(refused)} refused/s, none of ${
      whoIsProtected(status)} in the last ${LOOK_BACK} s; ${room(status)}`;
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
  if (!whoIsProtected(status)) {
    return verdict("warn", `${what}; the gate does not know the application yet`,
                   `${formatRate(refused)} refused/s; no class has a reserve, and nobody is ` +
                   `known-good so far; ${room(status)}`);
  }
  return verdict("guarded", `${what}:`, numbers, "the application is safe");
}

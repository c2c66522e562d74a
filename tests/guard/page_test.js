// The page's pure parts, run by node: the rule of the banner, the past, the numbers.
//   node --test tests/guard/page_test.js
"use strict";
const assert = require("node:assert/strict");
const {readFileSync} = require("node:fs");
const {join} = require("node:path");
const {test} = require("node:test");

const FOLDER = join(__dirname, "../../guard/page");
const source = ["format", "model", "tables", "verdict"]
    .map((name) => readFileSync(join(FOLDER, `${name}.js`), "utf8")).join("\n");
const page = new Function(`${source}
return {Counts, Past, isAffected, judge, latest, meanOf, protectedCounts, refusedPerSecond, sumOf,
        shadowRows, shadowText, sumSince, titleOfSources, formatBytes, formatCount, formatLatency, formatRate, formatShare,
        formatSpan, plural};`)();

// A gate on a quiet day; `over` is laid over it.
function status(over = {}) {
  return {
    mode: "enforce", draining: false, known_good: 0,
    backend: {address: "db:3306", up: true},
    backends: [{name: "db:3306", current: true, up: true, error: ""}],
    pressure: {level: "calm", cause: "", for_s: 60, enforce: true},
    slots: {free: 40, capacity: 55},
    classes: [{name: "shop", reserve: 20, waiting: 0, expected_wait_ms: 0},
              {name: "default", reserve: 0, waiting: 0, expected_wait_ms: 0}],
    protected: {known: true, waiting: 0, longest_wait_ms: 0, banned: 0},
    of_protected: {}, statements_of_protected: 0,
    ...over,
  };
}

// What was, a second each: refusals a second, and connections and statements of the application.
function history(refused, ofProtected = [], from = 0, statements = []) {
  const at = refused.map((_, i) => 1000 + from + i);
  return {start: 7, from, next: from + refused.length, at, seconds: refused.map(() => 1),
          refused_protected: refused.map((_, i) => ofProtected[i] ?? 0),
          statements_protected: refused.map((_, i) => statements[i] ?? 0),
          classes: {}, refused: {banned: refused}, reasons: {banned: "on the list"}};
}

function past(refused, ofProtected, statements) {
  const made = new page.Past();
  made.take(history(refused, ofProtected, 0, statements));
  return made;
}

const NONE = new page.Counts(60);
const judge = (now, was, age = 0, pastAge = age) => page.judge(now, was, NONE, age, pastAge);

const QUIET = past(new Array(60).fill(0));
const FLOOD = past(new Array(60).fill(500));
const ATTACK = {level: "attack", cause: "refusals", for_s: 5, enforce: true};

test("calm where nothing happens, and where a little does", () => {
  assert.equal(judge(status(), QUIET).state, "calm");
  const little = judge(status(), past(new Array(60).fill(0.3)));
  assert.equal(little.state, "calm");
  assert.match(little.detail, /0\.3 refused\/s/);
});

test("safe is said of whom the gate knows", () => {
  const found = judge(status({pressure: ATTACK}), FLOOD);
  assert.equal(found.state, "guarded");
  assert.equal(found.headline, "Under attack:");
  assert.equal(found.assurance, "the application is safe");
  assert.match(found.detail, /500 refused\/s, none of class shop in the last 30 s; 40 of 55 slots/);
  const pairs = judge(status({pressure: ATTACK, classes: [], known_good: 1}), FLOOD);
  assert.equal(pairs.state, "guarded");
  assert.match(pairs.detail, /1 known-good pair /);
});

test("safe is not said where nobody is known", () => {
  const found = judge(status({pressure: ATTACK, classes: [], protected: {known: false}}), FLOOD);
  assert.equal(found.state, "warn");
  assert.equal(found.assurance, "");
  assert.match(found.headline, /does not know the application yet/);
});

test("a flood below any level is named as it is", () => {
  assert.match(judge(status(), FLOOD).headline, /Strangers are turned away:/);
  const elevated = {...ATTACK, level: "elevated"};
  assert.match(judge(status({pressure: elevated}), QUIET).headline, /Under pressure:/);
});

test("one refusal of the application outweighs everything, for 30 seconds", () => {
  const quiet = new Array(60).fill(0);
  const late = judge(status(), past(quiet, [...quiet.slice(0, 31), 1]));
  assert.equal(late.state, "bad");
  assert.match(late.detail, /1 refusal of class shop in the last 30 s/);
  const before = judge(status(), past(quiet, [...quiet.slice(0, 29), 1]));
  assert.equal(before.state, "calm");
});

test("the last 30 seconds are those of the clock, however few samples they are", () => {
  const p = new page.Past();
  const late = history(new Array(20).fill(0), [0, 1]);
  late.at = late.at.map((_, i) => 1000 + 10 * i);
  late.seconds.fill(10);
  p.take(late);
  assert.equal(judge(status(), p).state, "calm");
  assert.equal(page.sumSince(p, "refused_protected", 200), 1);
});

test("one refusal counts in a second that was longer than one, and beside fractions", () => {
  const p = new page.Past();
  p.take({...history([0.333, 12.5, 0.0714], [0, 1, 0]), at: [1000, 1003, 1017],
          seconds: [1, 3.02, 14]});
  assert.equal(judge(status(), p).state, "bad");
  assert.match(judge(status(), p).detail, /1 refusal of class shop/);
});

test("what the counters gained counts before there is a sample of it", () => {
  const counts = new page.Counts(60);
  const at = (seconds, connections, statements = 0) => counts.note(
      seconds, page.protectedCounts({of_protected: {banned: connections, query_rate: statements},
                                     statements_of_protected: statements}));
  const found = () => page.judge(status(), QUIET, counts, 0, 0);
  at(0, 70);
  assert.equal(found().state, "calm", "what was before is none of it");
  at(1, 71);
  assert.match(found().headline, /some of it is turned away/);
  assert.match(found().detail, /1 refusal /);
  for (let i = 2; i <= 32; ++i) at(i, 71);
  assert.equal(found().state, "calm");
  at(33, 71, 2);
  assert.match(found().headline, /Statements of the application are refused/);
  at(34, 0);
  assert.notEqual(found().state, "bad", "counted from anew");
  assert.equal(page.isAffected(status(), QUIET, NONE), false);
  assert.equal(page.isAffected(status(), past([0], [1]), NONE), true);
});

test("statements refused are less than the application turned away, and no safety either", () => {
  const flood = new Array(60).fill(500);
  const found = judge(status({pressure: ATTACK}), past(flood, [], new Array(60).fill(2)));
  assert.equal(found.state, "warn");
  assert.equal(found.headline, "Statements of the application are refused");
  assert.equal(found.assurance, "");
  assert.match(found.detail, /60 statements of class shop in the last 30 s/);
  assert.doesNotMatch(found.detail, /none/);
  const both = judge(status(), past(flood, new Array(60).fill(1), new Array(60).fill(2)));
  assert.match(both.headline, /turned away/);
});

test("a ban that binds the application is told, also where no refusals come", () => {
  const banned = (n) => status({
    pressure: ATTACK, protected: {known: true, waiting: 0, longest_wait_ms: 0, banned: n}});
  const found = judge(banned(1), QUIET);
  assert.equal(found.state, "bad");
  assert.match(found.headline, /The application is affected: 1 ban binds it/);
  assert.match(found.detail, /headgate bans.*headgate unban/);
  assert.match(judge(banned(3), FLOOD).headline, /3 bans bind it/);
  assert.equal(page.isAffected(banned(1), QUIET, NONE), true);
});

test("who waits is told by who really waits, not by the class that is claimed", () => {
  const claimed = [{name: "shop", reserve: 20, waiting: 300, expected_wait_ms: 60000}];
  const waiting = (n, ms, classes = claimed) => status({
    pressure: ATTACK, classes,
    protected: {known: true, waiting: n, longest_wait_ms: ms, banned: 0}});
  assert.equal(judge(waiting(0, 0), FLOOD).state, "guarded");
  assert.equal(judge(waiting(2, 999), FLOOD).state, "guarded");
  const found = judge(waiting(2, 2000), FLOOD);
  assert.equal(found.state, "bad");
  assert.match(found.headline, /it waits for slots/);
  assert.match(found.detail, /2 logins of class shop, the longest for 2\.0 s/);
  const pairs = judge({...waiting(1, 1000, []), known_good: 4}, FLOOD);
  assert.equal(pairs.state, "bad");
  assert.match(pairs.detail, /1 login of 4 known-good pairs/);
});

test("the table of sources accuses nobody who may be the application", () => {
  const row = (more) => ({refused: 5, acted: true, known_good: false, ...more});
  assert.match(page.titleOfSources([], false), /Who is connected/);
  assert.equal(page.titleOfSources([row(), row({known_good: true})], false), "Who attacks");
  assert.equal(page.titleOfSources([row({known_good: true}), row()], false), "Who is turned away");
  assert.equal(page.titleOfSources([row()], true), "Who is turned away");
  assert.equal(page.titleOfSources([row({acted: false}), row()], false), "Who is turned away");
  assert.match(page.titleOfSources([row({acted: false})], false), /would be turned away/);
});

test("a database that does not answer comes first", () => {
  const down = status({backend: {address: "db:3306", up: false}, pressure: ATTACK,
                       backends: [{name: "db:3306", current: true, up: false, error: "refused"}]});
  const found = judge(down, FLOOD);
  assert.equal(found.state, "bad");
  assert.match(found.detail, /db:3306 is down: refused/);
});

test("an old answer is no answer", () => {
  const found = judge(status(), QUIET, 7);
  assert.equal(found.state, "stale");
  assert.equal(found.headline, "No answer for 7 s");
  assert.equal(judge(null, QUIET, 9).state, "stale");
  assert.equal(judge(null, QUIET, 1).state, "unknown");
});

test("a past that does not come is no answer, however fresh the present is", () => {
  assert.equal(judge(status({pressure: ATTACK}), FLOOD, 0, 4).state, "guarded");
  const found = judge(status({pressure: ATTACK}), FLOOD, 0, 6);
  assert.equal(found.state, "stale");
  assert.equal(found.headline, "No answer for 6 s");
  assert.match(found.detail, /\/history/);
});

test("what only observes protects nobody", () => {
  assert.equal(judge(status({mode: "observe", pressure: ATTACK}), FLOOD).state, "warn");
  const calm = judge(status({mode: "observe"}), QUIET);
  assert.match(calm.headline, /only observes/);
  assert.equal(judge(status({draining: true}), QUIET).state, "warn");
});

test("the past is put together, what comes twice taken once", () => {
  const p = past([1, 2, 3]);
  assert.equal(p.take({...history([3, 4], [], 2), refused: {banned: [3, null],
                                                            connect_rate: [null, 9]}}), true);
  assert.deepEqual(p.at, [1000, 1001, 1002, 1003]);
  assert.deepEqual(p.column("refused_protected"), [0, 0, 0, 0]);
  assert.deepEqual(p.group("refused").get("banned"), [1, 2, 3, null]);
  assert.deepEqual(p.group("refused").get("connect_rate"), [null, null, null, 9]);
  assert.equal(p.take(history([3, 4], [], 2)), false, "nothing is new");
  assert.equal(p.at.length, 4);
});

test("the past is begun anew where something is missing, and after a restart", () => {
  const p = past([1, 2, 3]);
  assert.equal(p.take(history([7], [], 100)), true);
  assert.deepEqual(p.group("refused").get("banned"), [7]);
  assert.equal(p.next, 101);
  // Another run, whose numbers would fit.
  assert.equal(p.take({...history([8, 9], [], 100), start: 8}), true);
  assert.deepEqual(p.group("refused").get("banned"), [8, 9]);
  assert.equal(p.take(history([1], [], 0)), true, "it goes back as well");
  assert.deepEqual(p.group("refused").get("banned"), [1]);
});

test("all of the past is asked for at first, and after a pause", () => {
  const p = new page.Past();
  assert.equal(p.question(0), "/history");
  p.take(history([1]));
  assert.equal(p.question(1), "/history?last=20");
  assert.equal(p.question(30), "/history");
});

test("the past keeps a quarter of an hour, and forgets who is gone", () => {
  const p = past(new Array(900).fill(1));
  for (let i = 0; i < 3; ++i) {
    p.take({...history(new Array(400).fill(2), [], p.next),
            refused: {connect_rate: new Array(400).fill(2)}});
  }
  assert.equal(p.at.length, 900);
  assert.equal(p.group("refused").get("connect_rate").length, 900);
  assert.equal(p.group("refused").has("banned"), false);
});

test("names are anybody's text", () => {
  const p = new page.Past();
  const text = '{"from":0,"next":1,"at":[1],"classes":{"__proto__":[5],"constructor":[6]}}';
  p.take(JSON.parse(text));
  assert.deepEqual(p.group("classes").get("__proto__"), [5]);
  assert.deepEqual(p.group("classes").get("constructor"), [6]);
  assert.equal({}.length, undefined);
});

test("figures of a stretch", () => {
  assert.equal(page.sumOf([9, 1, null, 2], 3), 3);
  assert.equal(page.meanOf([4, 6], 10), 5);
  assert.equal(page.meanOf([], 10), 0);
  assert.equal(page.latest([1, 2, null]), 2);
  assert.equal(page.latest([1, ...new Array(10).fill(null)]), null);
  assert.equal(page.refusedPerSecond(past([10, 20])), 15);
});

test("numbers as people read them", () => {
  const cases = [
    [page.formatCount, [[0, "0"], [1234, "1,234"], [123456, "123 k"], [2500000, "2.5 M"]]],
    [page.formatRate, [[0, "0"], [0.01, "< 0.1"], [0.34, "0.3"], [12.6, "13"]]],
    [page.formatLatency, [[0.00004, "40 µs"], [0.0004, "0.4 ms"], [0.035, "35 ms"],
                          [0.9996, "1.0 s"], [75, "75 s"]]],
    [page.formatSpan, [[0, "0 s"], [119, "119 s"], [600, "10 min"], [12000, "3 h 20 min"],
                       [360000, "4 d 4 h"]]],
    [page.formatBytes, [[0, "0 B"], [1536, "1.5 KiB"], [1 << 30, "1.0 GiB"]]],
    [page.formatShare, [[0, "0 %"], [0.034, "3.4 %"], [0.5, "50 %"]]],
  ];
  for (const [format, pairs] of cases) {
    for (const [value, text] of pairs) assert.equal(format(value), text);
    for (const none of [null, undefined, NaN, "x"]) assert.equal(format(none), "–");
  }
  assert.equal(page.plural(1, "login"), "1 login");
  assert.equal(page.plural(3, "login"), "3 logins");
});

test("a shadow policy: whom only the candidate would have met first", () => {
  const none = {candidate_only: 0, live_only: 0, both: 0, protected_candidate_only: 0,
                protected_live_only: 0, protected_both: 0};
  const shadow = {config: "/c.toml", for_s: 60, found: 0, left_out: 0, limits: [
    {reason: "banned", refused: {...none, both: 900}, delayed: none},
    {reason: "query_running", refused: {...none, live_only: 1},
     delayed: {...none, candidate_only: 12, protected_candidate_only: 2}}]};
  const rows = page.shadowRows(shadow);
  assert.deepEqual(rows.map((r) => [r[0].text, r[1]]), [
    ["query_running", "made to wait"], ["banned", "refused or ended"],
    ["query_running", "refused or ended"]]);
  assert.equal(rows[0][2].text, "12");
  assert.match(rows[0][3].kind, /wrong/);
  assert.equal(rows[2][4], "1");
  assert.doesNotMatch(page.shadowText(shadow), /left out|before/);
  assert.match(page.shadowText({...shadow, found: 3, left_out: 7}), /3 connections.*7 events left/);
  assert.deepEqual(page.shadowRows(null), []);
});

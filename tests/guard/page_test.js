// The page's pure parts, run by node: the rule of the banner, the past, the numbers.
//   node --test tests/guard/page_test.js
"use strict";
const assert = require("node:assert/strict");
const {readFileSync} = require("node:fs");
const {join} = require("node:path");
const {test} = require("node:test");

const FOLDER = join(__dirname, "../../guard/page");
const source = ["format", "model", "verdict"]
    .map((name) => readFileSync(join(FOLDER, `${name}.js`), "utf8")).join("\n");
const page = new Function(`${source}
return {Past, judge, latest, sumOf, meanOf, refusedPerSecond, formatBytes, formatCount,
        formatLatency, formatRate, formatShare, formatSpan, plural};`)();

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
    ...over,
  };
}

// What was, a second each: refusals a second, and those of the application.
function history(refused, ofProtected = [], from = 0) {
  const at = refused.map((_, i) => 1000 + from + i);
  return {from, next: from + refused.length, step_s: 1, at,
          refused_protected: refused.map((_, i) => ofProtected[i] ?? 0),
          classes: {}, refused: {banned: refused}, reasons: {banned: "on the list"}};
}

function past(refused, ofProtected) {
  const made = new page.Past();
  made.take(history(refused, ofProtected));
  return made;
}

const QUIET = past(new Array(60).fill(0));
const FLOOD = past(new Array(60).fill(500));
const ATTACK = {level: "attack", cause: "refusals", for_s: 5, enforce: true};

test("calm where nothing happens, and where a little does", () => {
  assert.equal(page.judge(status(), QUIET, 0).state, "calm");
  const little = page.judge(status(), past(new Array(60).fill(0.3)), 0);
  assert.equal(little.state, "calm");
  assert.match(little.detail, /0\.3 refused\/s/);
});

test("safe is said of whom the gate knows", () => {
  const found = page.judge(status({pressure: ATTACK}), FLOOD, 0);
  assert.equal(found.state, "guarded");
  assert.equal(found.headline, "Under attack:");
  assert.equal(found.assurance, "the application is safe");
  assert.match(found.detail, /500 refused\/s, none of class shop in the last 30 s; 40 of 55 slots/);
  const pairs = page.judge(status({pressure: ATTACK, classes: [], known_good: 1}), FLOOD, 0);
  assert.equal(pairs.state, "guarded");
  assert.match(pairs.detail, /1 known-good pair /);
});

test("safe is not said where nobody is known", () => {
  const found = page.judge(status({pressure: ATTACK, classes: []}), FLOOD, 0);
  assert.equal(found.state, "warn");
  assert.equal(found.assurance, "");
  assert.match(found.headline, /does not know the application yet/);
});

test("a flood below any level is named as it is", () => {
  assert.match(page.judge(status(), FLOOD, 0).headline, /Strangers are turned away:/);
  const elevated = {...ATTACK, level: "elevated"};
  assert.match(page.judge(status({pressure: elevated}), QUIET, 0).headline, /Under pressure:/);
});

test("one refusal of the application outweighs everything, for 30 seconds", () => {
  const quiet = new Array(60).fill(0);
  const late = page.judge(status(), past(quiet, [...quiet.slice(0, 31), 1]), 0);
  assert.equal(late.state, "bad");
  assert.match(late.detail, /1 refusal of class shop in the last 30 s/);
  const before = page.judge(status(), past(quiet, [...quiet.slice(0, 29), 1]), 0);
  assert.equal(before.state, "calm");
});

test("a class with a reserve that waits long is affected, another one is not", () => {
  const waiting = (name, reserve, ms) => status({classes: [
    {name: "shop", reserve: 20, waiting: 0, expected_wait_ms: 0},
    {name, reserve, waiting: 3, expected_wait_ms: ms}]});
  const found = page.judge(waiting("reports", 5, 2000), QUIET, 0);
  assert.equal(found.state, "bad");
  assert.match(found.headline, /reports waits for slots/);
  assert.match(found.detail, /3 logins of it, about 2\.0 s each/);
  assert.equal(page.judge(waiting("reports", 5, 200), QUIET, 0).state, "calm");
  assert.equal(page.judge(waiting("default", 0, 9000), QUIET, 0).state, "calm");
});

test("a database that does not answer comes first", () => {
  const down = status({backend: {address: "db:3306", up: false}, pressure: ATTACK,
                       backends: [{name: "db:3306", current: true, up: false, error: "refused"}]});
  const found = page.judge(down, FLOOD, 0);
  assert.equal(found.state, "bad");
  assert.match(found.detail, /db:3306 is down: refused/);
});

test("an old answer is no answer", () => {
  const found = page.judge(status(), QUIET, 7);
  assert.equal(found.state, "stale");
  assert.equal(found.headline, "No answer for 7 s");
  assert.equal(page.judge(null, QUIET, 9).state, "stale");
  assert.equal(page.judge(null, QUIET, 1).state, "unknown");
});

test("what only observes protects nobody", () => {
  assert.equal(page.judge(status({mode: "observe", pressure: ATTACK}), FLOOD, 0).state, "warn");
  const calm = page.judge(status({mode: "observe"}), QUIET, 0);
  assert.match(calm.headline, /only observes/);
  assert.equal(page.judge(status({draining: true}), QUIET, 0).state, "warn");
});

test("the past is put together, and started anew after a restart", () => {
  const p = past([1, 2, 3]);
  p.take({...history([4], [], 3), refused: {connect_rate: [9]}});
  assert.deepEqual(p.at.length, 4);
  assert.deepEqual(p.group("refused").get("banned"), [1, 2, 3, null]);
  assert.deepEqual(p.group("refused").get("connect_rate"), [null, null, null, 9]);
  p.take(history([7], [], 100));
  assert.deepEqual(p.group("refused").get("banned"), [7]);
  assert.equal(p.group("refused").has("connect_rate"), false);
  assert.equal(p.next, 101);
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

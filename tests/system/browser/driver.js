// Opens pages in Chromium for a test that speaks JSON, a line a command and a line an answer.
//   {"do": "open", "name", "url", "width", "height", "scheme"}
//   {"do": "eval", "name", "code"}           the value of an expression in the page
//   {"do": "wait", "name", "code", "ms"}     until the expression is true: how long, or null
//   {"do": "press", "name", "key"}  {"do": "shot", "name", "file"}  {"do": "close", "name"}
//   {"do": "heard", "name"}   what should not have happened: console lines, errors, dialogs,
//                             requests to elsewhere, breaches of the policy
"use strict";
const readline = require("node:readline");
const {chromium} = require("playwright-core");

const pages = new Map();

async function open(browser, {name, url, width, height, scheme}) {
  const heard = [];
  const context = await browser.newContext({viewport: {width, height}, colorScheme: scheme,
                                            reducedMotion: "reduce"});
  const page = await context.newPage();
  page.on("console", (m) => heard.push(`console ${m.type()}: ${m.text()}`));
  page.on("pageerror", (error) => heard.push(`error: ${error.stack ?? error}`));
  page.on("dialog", (dialog) => {
    heard.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on("request", (request) => {
    const to = request.url(), own = new URL("/", url).href;
    if (!to.startsWith(own) && !to.startsWith("data:")) heard.push(`request: ${to}`);
  });
  await page.addInitScript(() => {
    window.breaches = [];
    document.addEventListener("securitypolicyviolation",
        (e) => window.breaches.push(`policy: ${e.violatedDirective} ${e.blockedURI} ${e.sample}`));
  });
  pages.set(name, {page, heard});
  const began = performance.now();
  await page.goto(url, {waitUntil: "domcontentloaded", timeout: 30000});
  return performance.now() - began;
}

// Playwright's own way of waiting evaluates text in the page, which the policy forbids.
async function wait(page, {code, ms}) {
  const began = performance.now();
  while (!await page.evaluate(code)) {
    if (performance.now() - began > ms) return null;
    await new Promise((then) => setTimeout(then, 50));
  }
  return performance.now() - began;
}

async function run(browser, command) {
  if (command.do === "open") return open(browser, command);
  const {page, heard} = pages.get(command.name);
  switch (command.do) {
    case "eval": return page.evaluate(command.code);
    case "wait": return wait(page, command);
    case "press": return page.keyboard.press(command.key);
    case "shot": return void await page.screenshot({path: command.file});
    case "heard": return [...heard, ...await page.evaluate("window.breaches")];
    case "close": return page.context().close();
    default: throw new Error(`there is no ${command.do}`);
  }
}

async function main() {
  const browser = await chromium.launch({
    executablePath: process.argv[2],
    args: process.getuid() === 0 ? ["--no-sandbox"] : [],
  });
  for await (const text of readline.createInterface({input: process.stdin})) {
    let answer;
    try {
      answer = {value: (await run(browser, JSON.parse(text))) ?? null};
    } catch (error) {
      answer = {error: String(error.stack ?? error)};
    }
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
  await browser.close();
}

main();

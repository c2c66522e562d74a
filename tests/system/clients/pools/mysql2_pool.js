// npm mysql2's pool as docs/guides/pools.md sets it up; driven by lines on standard input, which
// tests/support/pools.py tells of.
'use strict';
const mysql = require('mysql2/promise');
const readline = require('readline');

function open(host, port, user, password, size, patienceMs) {
  return mysql.createPool({
    host, port, user, password,
    database: 'shop',
    connectionLimit: size,
    maxIdle: size,
    queueLimit: 0,
    connectTimeout: patienceMs,
    enableKeepAlive: true,
  });
}

async function ask(pool, sql) {
  const [rows] = await pool.query({sql, rowsAsArray: true});
  return rows[0][0];
}

const told = (error) => [error.code, error.errno, error.sqlState, error.message]
                            .map((word) => word === undefined ? '-' : word).join(' ')
                            .replace(/\s+/g, ' ');

const sleep = (seconds) => new Promise((done) => { setTimeout(done, seconds * 1000); });

async function load(pool, workers, seconds, pause, sql) {
  const sums = {done: 0, failed: 0, longest: 0, first: ''};
  const until = Date.now() + seconds * 1000;
  await Promise.all(Array.from({length: workers}, async () => {
    while (Date.now() < until) {
      const began = Date.now();
      try {
        await ask(pool, sql);
        sums.done++;
      } catch (error) {
        sums.failed++;
        sums.first = sums.first || told(error);
      }
      sums.longest = Math.max(sums.longest, Date.now() - began);
      await sleep(pause);
    }
  }));
  return ['done', sums.done, sums.failed, sums.longest, sums.first].join('\t');
}

async function main() {
  let pool = null;
  for await (const line of readline.createInterface({input: process.stdin})) {
    const words = line.split('\t');
    let answer = 'ok';
    if (words[0] === 'open') {
      if (pool) pool.end().catch(() => {});
      pool = open(...words.slice(1, 5), Number(words[5]), Number(words[6]) * 1000);
    } else if (words[0] === 'ask') {
      answer = await ask(pool, words[1]).then((value) => `ok\t${value}`,
                                              (error) => `error\t${told(error)}`);
    } else {
      answer = await load(pool, ...words.slice(1, 4).map(Number), words[4]);
    }
    console.log(answer);
  }
  process.exit(0);
}

main();

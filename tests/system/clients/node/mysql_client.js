// npm mysql (the old one, callbacks); prints what it saw as JSON lines.
// usage: node mysql_client.js HOST PORT USER PASSWORD DATABASE [refused]
'use strict';
const mysql = require('mysql');
const shared = require('./shared.js');
const {settings, say, errorOf, sha256, untilRunning} = shared;

// The driver's method `name` of `object` as a promise of its first result.
const call = (object, name, ...values) => new Promise((resolve, reject) => {
  object[name](...values, (error, result) => (error ? reject(error) : resolve(result)));
});

async function connect(changed = {}) {
  const connection = mysql.createConnection({...settings, ...changed});
  connection.on('error', () => {});
  await call(connection, 'connect');
  return connection;
}

async function logins() {
  const connection = await connect();
  say('connect', {
    rows: await call(connection, 'query', 'SELECT DATABASE(), CURRENT_USER(), USER(), VERSION()')
  });
  await call(connection, 'end');
  for (const [step, changed] of Object.entries({
         'wrong password': {password: 'wrong'},
         'no password': {password: ''},
         'unknown user': {user: 'nobody9'},
         'missing database': {database: 'nowhere'},
         'database not granted': {database: 'mysql'}
       })) {
    say(step, {error: await errorOf(() => connect(changed))});
  }
}

async function tls(changed) {
  const connection = await connect(changed);
  const [row] = await call(connection, 'query', 'SHOW SESSION STATUS LIKE \'Ssl_version\'');
  connection.destroy();
  return row;
}

async function statements() {
  const connection = await connect({multipleStatements: true});
  say('text rows', {rows: await call(connection, 'query', 'SELECT * FROM items ORDER BY id')});
  const body = Buffer.alloc(2000000, 'abcdefghij\u0000');
  const done = await call(
      connection, 'query', 'INSERT INTO scratch (id, word, body) VALUES (?, ?, ?)',
      [5, 'q\'uote\\ 世界', body]);
  const [back] = await call(connection, 'query', 'SELECT body FROM scratch WHERE id = 5');
  say('two megabytes',
      {changed: done.affectedRows, same: back.body.equals(body), sha256: sha256(back.body)});
  await call(connection, 'query', 'DELETE FROM scratch');
  say('multi statements', {
    rows: await call(connection, 'query', 'SELECT 1; SELECT \'two\'; DO 0; CALL two_results()')
  });
  say('syntax', {error: await errorOf(() => call(connection, 'query', 'SELEC 1'))});
  say('queued', {
    queued: await Promise.all([1, 2, 3].map((i) => call(connection, 'query', 'SELECT ? AS n', [i])))
  });
  await call(connection, 'ping');
  const words = await call(connection, 'statistics');
  say('statistics', {keys: Object.keys(words).filter((key) => key !== 'message').sort()});
  await call(connection, 'query', 'SET @mine = 1');
  await call(
      connection, 'changeUser', {user: 'other', password: 'secret-other', database: 'stock2'});
  say('change user',
      {rows: await call(connection, 'query', 'SELECT CURRENT_USER(), DATABASE(), @mine')});
  say('change user, wrong password', {
    error: await errorOf(
        () => call(connection, 'changeUser', {user: 'carol', password: 'wrong', database: 'stock'}))
  });
  connection.destroy();
}

async function usePool() {
  const pool = mysql.createPool({...settings, connectionLimit: 10});
  const answers = await Promise.all(
      Array.from({length: 200}, (_, i) => call(pool, 'query', 'SELECT ? + 1 AS n', [i])));
  say('pool', {sum: answers.reduce((sum, [row]) => sum + row.n, 0)});
  await call(pool, 'end');
}

async function kills() {
  const watcher = await connect();
  const count = async (sql) => (await call(watcher, 'query', sql))[0].n;
  for (const how of ['KILL QUERY', 'KILL CONNECTION']) {
    const victim = await connect();
    const marker = `mysql_${how.replace(' ', '_')}`;
    const start = Date.now();
    const killed = errorOf(() => call(victim, 'query', `SELECT SLEEP(30) AS ${marker}`));
    await untilRunning(marker, count);
    await call(watcher, 'query', `${how} ${victim.threadId}`);
    const error = await killed;
    say(how, {error, soon: Date.now() - start < 10000});
    victim.destroy();
  }
  say('timeout', {
    error: await errorOf(() => call(watcher, 'query', {sql: 'SELECT SLEEP(30)', timeout: 500}))
  });
  watcher.destroy();
}

async function refused() {
  const connection = await connect();
  const id = async () =>
      (await call(connection, 'query', 'SELECT CONNECTION_ID() AS id'))[0].id;
  const text = () => call(connection, 'query', shared.REFUSED + '1');
  await shared.refused(id, [['text', text], ['text', text]]);
  connection.destroy();
}

(async () => {
  const parts = shared.refusedMode ? [refused] : [logins, () => shared.encrypted(tls), statements, usePool, kills];
  for (const part of parts) await part();
  process.exit(0);
})();

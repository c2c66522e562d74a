// npm mysql2 (promises, prepared statements, pool); prints what it saw as JSON lines.
// usage: node mysql2_client.js HOST PORT USER PASSWORD DATABASE [refused]
'use strict';
const mysql = require('mysql2/promise');
const shared = require('./shared.js');
const {settings, say, errorOf, sha256, untilRunning} = shared;

const connect = (changed = {}) => mysql.createConnection({...settings, ...changed});
const rows = async (connection, sql, values) =>
    (await connection.query({sql, rowsAsArray: true}, values))[0];

async function logins() {
  const connection = await connect();
  say('connect',
      {rows: await rows(connection, 'SELECT DATABASE(), CURRENT_USER(), USER(), VERSION()')});
  await connection.end();
  for (const [step, changed] of Object.entries({
         'wrong password': {password: 'wrong'},
         'no password': {password: ''},
         'unknown user': {user: 'nobody9'},
         'missing database': {database: 'nowhere'},
         'database not granted': {database: 'mysql'}
       })) {
    say(step, {error: await errorOf(() => connect(changed))});
  }
  const packed = await connect({compress: true});
  say('compressed', {sha256: sha256((await rows(packed, 'SELECT REPEAT(\'abc\', 700000)'))[0][0])});
  await packed.end();
}

async function tls(changed) {
  const connection = await connect(changed);
  const [row] = await rows(connection, 'SHOW SESSION STATUS LIKE \'Ssl_version\'');
  connection.destroy();
  return row;
}

async function statements() {
  const connection = await connect({multipleStatements: true});
  say('text rows', {rows: await rows(connection, 'SELECT * FROM items ORDER BY id')});
  for (let i = 0; i < 2; i++) {
    const [found] = await connection.execute('SELECT * FROM items WHERE id < ? ORDER BY id', [9]);
    say('prepared', {rows: found});
  }
  const body = Buffer.alloc(2000000, 'abcdefghij\u0000');
  const [done] = await connection.execute(
      'INSERT INTO scratch (id, word, body) VALUES (?, ?, ?)', [5, 'q\'uote\\ 世界', body]);
  const back = (await rows(connection, 'SELECT body FROM scratch WHERE id = ?', [5]))[0][0];
  say('two megabytes', {changed: done.affectedRows, same: back.equals(body), sha256: sha256(back)});
  await connection.query('DELETE FROM scratch');
  say('multi statements',
      {rows: await rows(connection, 'SELECT 1; SELECT \'two\'; DO 0; CALL two_results()')});
  say('syntax', {error: await errorOf(() => connection.query('SELEC 1'))});
  say('no table, prepared',
      {error: await errorOf(() => connection.execute('SELECT * FROM nowhere'))});
  const queued = await Promise.all([1, 2, 3, 4, 5].map((i) => rows(connection, 'SELECT ?', [i])));
  say('queued', {queued});
  await connection.ping();
  await connection.end();
}

async function changeUser() {
  const connection = await connect();
  await connection.query('SET @mine = 1');
  await connection.changeUser({user: 'other', password: 'secret-other', database: 'stock2'});
  say('change user', {rows: await rows(connection, 'SELECT CURRENT_USER(), DATABASE(), @mine')});
  if (connection.reset) {
    await connection.query('SET @mine = 1');
    await connection.reset();
    say('reset', {rows: await rows(connection, 'SELECT CURRENT_USER(), DATABASE(), @mine')});
  }
  connection.on('error', () => {});
  say('change user, wrong password', {
    error: await errorOf(
        () => connection.changeUser({user: 'carol', password: 'wrong', database: 'stock'}))
  });
  connection.destroy();
}

async function usePool() {
  const pool = mysql.createPool({...settings, connectionLimit: 10, maxIdle: 2, idleTimeout: 100});
  const answers = await Promise.all(
      Array.from({length: 200}, (_, i) => pool.execute('SELECT ? + 1 AS n', [i])));
  say('pool', {sum: answers.reduce((sum, [[row]]) => sum + Number(row.n), 0)});
  await pool.end();
}

async function kills() {
  const watcher = await connect();
  const count = async (sql) => (await rows(watcher, sql))[0][0];
  for (const how of ['KILL QUERY', 'KILL']) {
    const victim = await connect();
    victim.on('error', () => {});
    const marker = `mysql2_${how.replace(' ', '_')}`;
    const start = Date.now();
    const killed = errorOf(() => victim.query(`SELECT SLEEP(30) AS ${marker}`));
    await untilRunning(marker, count);
    await watcher.query(`${how} ${victim.threadId}`);
    const error = await killed;
    say(how, {error, soon: Date.now() - start < 10000});
    victim.destroy();
  }
  say('timeout',
      {error: await errorOf(() => watcher.query({sql: 'SELECT SLEEP(30)', timeout: 500}))});
  watcher.destroy();
}

async function refused() {
  const connection = await connect();
  const later = await connection.prepare(shared.REFUSED_LATER);
  await shared.refused(
      async () => (await rows(connection, 'SELECT CONNECTION_ID()'))[0][0],
      [
        ['text', () => rows(connection, shared.REFUSED + '1')],
        ['prepared', () => connection.execute(shared.REFUSED + '?', [1])],
        ['executed', () => connection.execute(shared.REFUSED_LATER, [1])],
        ['executed', () => later.execute([1])],
      ]);
  connection.destroy();
}

(async () => {
  const parts = shared.refusedMode ? [refused] : [logins, () => shared.encrypted(tls), statements, changeUser, usePool, kills];
  for (const part of parts) await part();
  process.exit(0);
})();

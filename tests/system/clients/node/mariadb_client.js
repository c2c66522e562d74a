// npm mariadb (pipelining, batch, prepared statements, pool); prints what it saw as JSON lines.
// usage: node mariadb_client.js HOST PORT USER PASSWORD DATABASE [refused]
'use strict';
const mariadb = require('mariadb');
const shared = require('./shared.js');
const {settings, say, errorOf, sha256, untilRunning} = shared;

async function connect(changed = {}) {
  const connection = await mariadb.createConnection({...settings, ...changed});
  connection.on('error', () => {});
  return connection;
}

async function logins() {
  const connection = await connect();
  say('connect', {
    server: connection.serverVersion(),
    rows: await connection.query('SELECT DATABASE(), CURRENT_USER(), USER(), VERSION()')
  });
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
  const edward = await connect({user: 'edward', password: 'secret-edward'});
  say('ed25519', {rows: await edward.query('SELECT CURRENT_USER()')});
  await edward.end();
  const packed = await connect({compress: true});
  say('compressed',
      {sha256: sha256((await packed.query('SELECT REPEAT(\'abc\', 700000) AS x'))[0].x)});
  await packed.end();
}

async function tls(changed) {
  const connection = await connect(changed);
  const [row] = await connection.query('SHOW SESSION STATUS LIKE \'Ssl_version\'');
  connection.destroy();
  return row;
}

async function statements() {
  const connection = await connect({multipleStatements: true});
  say('text rows', {rows: await connection.query('SELECT * FROM items ORDER BY id')});
  for (let i = 0; i < 2; i++) {
    say('prepared',
        {rows: await connection.execute('SELECT * FROM items WHERE id < ? ORDER BY id', [9])});
  }
  const body = Buffer.alloc(2000000, 'abcdefghij\u0000');
  const done = await connection.execute(
      'INSERT INTO scratch (id, word, body) VALUES (?, ?, ?)', [5, 'q\'uote\\ 世界', body]);
  const [back] = await connection.query('SELECT body FROM scratch WHERE id = ?', [5]);
  say('two megabytes',
      {changed: done.affectedRows, same: back.body.equals(body), sha256: sha256(back.body)});
  const many = Array.from({length: 2000}, (_, i) => [`word ${i}`, Buffer.alloc(i % 50)]);
  const batch = await connection.batch('INSERT INTO scratch (word, body) VALUES (?, ?)', many);
  say('batch', {
    changed: batch.affectedRows,
    rows: await connection.query('SELECT COUNT(*) AS n, SUM(LENGTH(body)) AS s FROM scratch')
  });
  await connection.query('DELETE FROM scratch');
  say('multi statements',
      {rows: await connection.query('SELECT 1; SELECT \'two\'; DO 0; CALL two_results()')});
  say('syntax', {error: await errorOf(() => connection.query('SELEC 1'))});
  say('no table, prepared',
      {error: await errorOf(() => connection.prepare('SELECT * FROM nowhere'))});
  say('pipelined', {
    rows: await Promise.all(
        Array.from({length: 50}, (_, i) => connection.query('SELECT ? AS n', [i])))
  });
  let total = 0;
  for await (const row of connection.queryStream('SELECT seq FROM seq_1_to_20000'))
    total += Number(row.seq);
  say('stream', {total});
  await connection.ping();
  await connection.end();
}

async function changeUser() {
  const connection = await connect();
  await connection.query('SET @mine = 1');
  await connection.reset();
  say('reset', {rows: await connection.query('SELECT CURRENT_USER(), DATABASE(), @mine')});
  await connection.changeUser({user: 'other', password: 'secret-other', database: 'stock2'});
  say('change user', {rows: await connection.query('SELECT CURRENT_USER(), DATABASE()')});
  say('change user, wrong password', {
    error: await errorOf(
        () => connection.changeUser({user: 'carol', password: 'wrong', database: 'stock'}))
  });
  connection.destroy();
}

async function usePool() {
  const pool = mariadb.createPool({...settings, connectionLimit: 10});
  const answers =
      await Promise.all(Array.from({length: 200}, (_, i) => pool.query('SELECT ? + 1 AS n', [i])));
  say('pool', {sum: answers.reduce((sum, [row]) => sum + Number(row.n), 0)});
  await pool.end();
}

async function kills() {
  const watcher = await connect();
  const count = async (sql) => (await watcher.query(sql))[0].n;
  for (const how of ['KILL QUERY', 'KILL', 'destroy']) {
    const victim = await connect();
    const marker = `mariadb_${how.replace(' ', '_')}`;
    const start = Date.now();
    const killed = errorOf(() => victim.query(`SELECT SLEEP(30) AS ${marker}`));
    await untilRunning(marker, count);
    if (how === 'destroy')
      victim.destroy();
    else
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
      async () => (await connection.query('SELECT CONNECTION_ID() AS id'))[0].id,
      [
        ['text', () => connection.query(shared.REFUSED + '1')],
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

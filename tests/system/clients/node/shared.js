// What the three npm client programs share: arguments, canonical output, waiting for a query.
'use strict';
const {createHash} = require('node:crypto');
const {readFileSync} = require('node:fs');

const [host, port, user, password, database] = process.argv.slice(2);
const settings = {
  host,
  port: Number(port),
  user,
  password,
  database,
  connectTimeout: 20000
};

// The drivers' `ssl` option: the CA of that file, and the version the environment asks for.
function believing(file) {
  const version = process.env.HEADGATE_TLS_VERSION && `TLSv${process.env.HEADGATE_TLS_VERSION}`;
  return {
    ca: readFileSync(file),
    rejectUnauthorized: true,
    verifyIdentity: true,
    ...(version && {minVersion: version, maxVersion: version})
  };
}
const authority = process.env.HEADGATE_TLS_CA;
if (authority) settings.ssl = believing(authority);

function plain(key, value) {
  if (typeof value === 'bigint') return `${value}n`;
  if (value && value.type === 'Buffer') return Buffer.from(value.data).toString('hex');
  return value;
}

const say = (step, seen) => console.log(JSON.stringify({step, ...seen}, plain));

// Number, sqlstate and text; node-mariadb adds "(conn:ID, ...)", which differs between any two
// runs.
function told(error) {
  if (!error) return null;
  const text = error.sqlMessage || error.message;
  return [
    error.errno ?? null, error.code ?? null, error.sqlState ?? null,
    text.replace(/conn(ectionId)?[:=]\s*-?\d+/g, 'conn=N').replaceAll(port, 'PORT')
  ];
}

async function errorOf(work) {
  try {
    await work();
  } catch (error) {
    return told(error);
  }
  return null;
}

// With TLS: what the server says of its leg, by rows(connect(changed)) of the driver, and that
// another CA is not believed.
async function encrypted(versionRow) {
  if (!authority) return;
  const row = await versionRow({});
  say('tls', {server: (row.Value ?? row[1]).slice(0, 3)});
  const other = {ssl: believing(`${authority}.other`)};
  say('tls, another CA', {refused: (await errorOf(() => versionRow(other))) !== null});
}

const sha256 = (data) => createHash('sha256').update(data).digest('hex');
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// Until a statement with `marker` runs, seen by `count`: (sql) => Promise<number>.
async function untilRunning(marker, count) {
  const until = Date.now() + 10000;
  const sql =
      `SELECT COUNT(*) AS n FROM information_schema.processlist WHERE info LIKE '%${marker}%' ` +
      'AND info NOT LIKE \'%processlist%\'';
  while (Date.now() < until && Number(await count(sql)) === 0) await pause(50);
}

const refusedMode = process.argv[7] === 'refused';
const REFUSED = 'SELECT name AS refused FROM items WHERE id = ';
const REFUSED_LATER = 'SELECT name AS refused_later FROM items WHERE id = ?';

// Runs [step, work] pairs that the gate has rules against; `id` asks for the connection's id.
async function refused(id, works) {
  const before = await id();
  for (const [step, work] of works) {
    const error = await errorOf(work);
    say(step, {error, same: await id() === before});
  }
}

module.exports = {
  settings,
  refusedMode,
  REFUSED,
  REFUSED_LATER,
  refused,
  encrypted,
  say,
  told,
  errorOf,
  sha256,
  pause,
  untilRunning
};

#!/usr/bin/ruby
# The mysql2 gem, through its public interface; prints what it saw as JSON lines.
# usage: ruby_mysql2_client.rb HOST PORT USER PASSWORD DATABASE [refused]
require 'digest'
require 'json'
require 'mysql2'
require 'tempfile'

HOST, PORT, USER, PASSWORD, DATABASE, MODE = ARGV
CA = ENV.fetch('HEADGATE_TLS_CA', nil)
$stdout.sync = true

def say(step, **seen) = puts(JSON.generate({ step: step }.merge(seen)))

def connect(**changed)
  changed = { sslca: CA, sslverify: true, ssl_mode: :verify_identity }.merge(changed) if CA
  Mysql2::Client.new(host: HOST, port: PORT.to_i, username: USER, password: PASSWORD,
                     database: DATABASE, encoding: 'utf8mb4', connect_timeout: 20, local_infile: true, **changed)
end

def error_of
  yield
  nil
rescue Mysql2::Error => e
  [e.errno, e.sql_state, e.message, e.class.name]
end

def readable(value)
  case value
  when BigDecimal then value.to_s
  when String then value.encoding == Encoding::BINARY ? value.unpack1('H*') : value
  when Numeric, nil, true, false then value
  else value.inspect
  end
end

def rows(result) = result.map { |row| row.values.map { |value| readable(value) } }

def logins
  client = connect
  say('connect', server: client.server_info, info: rows(client.query(
    'SELECT DATABASE(), CURRENT_USER(), USER(), @@character_set_client')))
  say('wrong password', error: error_of { connect(password: "#{PASSWORD}x") })
  say('no password', error: error_of { connect(password: nil) })
  say('unknown user', error: error_of { connect(username: 'nobody9') })
  say('missing database', error: error_of { connect(database: 'nowhere') })
end

def encrypted
  version = connect.query("SHOW SESSION STATUS LIKE 'Ssl_version'").first['Value']
  say('tls', server: version[0, 3])
  say('tls, another CA', error: error_of { connect(sslca: "#{CA}.other") })
end

def statements
  client = connect(flags: Mysql2::Client::MULTI_STATEMENTS)
  say('text rows', rows: rows(client.query('SELECT * FROM items ORDER BY id')))
  select = client.prepare('SELECT * FROM items WHERE id <= ? ORDER BY id')
  say('prepared', rows: rows(select.execute(3)))
  body = ('a'..'z').cycle.take(2_000_000).join
  insert = client.prepare('INSERT INTO scratch (id, word, body) VALUES (?, ?, ?)')
  insert.execute(5, "q'uote\\ 世界", body)
  back = client.query('SELECT word, body FROM scratch WHERE id = 5').first
  say('two megabytes', last: client.last_id, changed: client.affected_rows, word: back['word'],
                       same: back['body'].b == body.b, md5: Digest::MD5.hexdigest(back['body']))
  client.query('DELETE FROM scratch')
  results = [rows(client.query("SELECT 1; SELECT 'two'; CALL two_results()"))]
  while client.next_result
    one = client.store_result
    results << (one && rows(one))
  end
  say('multi statements', results: results)
  say('syntax', error: error_of { client.query('SELEC 1') })
  say('no table, prepared', error: error_of { client.prepare('SELECT * FROM nowhere') })
  stream = client.query('SELECT seq FROM seq_1_to_1000', stream: true, cache_rows: false)
  say('unbuffered', total: stream.sum { |row| row['seq'] })
  Tempfile.create('headgate') do |file|
    file.write((1..100_000).to_a.join("\n") + "\n")
    file.flush
    client.query("LOAD DATA LOCAL INFILE '#{file.path}' INTO TABLE loaded")
  end
  say('load local', rows: rows(client.query('SELECT COUNT(*), SUM(line) FROM loaded')))
  client.query('DELETE FROM loaded')
  client.select_db('stock2')
  say('init db, ping', rows: rows(client.query('SELECT DATABASE()')), alive: client.ping)
  say('compressed', md5: Digest::MD5.hexdigest(
    connect(flags: Mysql2::Client::COMPRESS).query("SELECT REPEAT('abc', 700000) AS x").first['x']))
end

def kills
  watcher = connect
  ['KILL QUERY', 'KILL'].each do |how|
    victim = connect
    marker = "ruby_#{how.downcase.tr(' ', '_')}"
    start = Process.clock_gettime(Process::CLOCK_MONOTONIC)
    elapsed = -> { Process.clock_gettime(Process::CLOCK_MONOTONIC) - start }
    victim.query("SELECT SLEEP(30) AS #{marker}", async: true)
    seen = 'SELECT COUNT(*) AS n FROM information_schema.processlist ' \
           "WHERE info LIKE '%#{marker}%' AND info NOT LIKE '%processlist%'"
    sleep 0.05 while watcher.query(seen).first['n'].zero? && elapsed.call < 10
    watcher.query("#{how} #{victim.thread_id}")
    say(how, error: error_of { victim.async_result }, soon: elapsed.call < 10)
  end
end

# The gate has rules against these statements; the connection is none the worse for it.
def refused
  client = connect
  id = -> { rows(client.query('SELECT CONNECTION_ID()')) }
  before = id.call
  report = ->(step, error) { say(step, error: error, same: id.call == before) }
  text = 'SELECT name AS refused FROM items WHERE id = '
  report.call('text', error_of { client.query("#{text}1") })
  report.call('prepared', error_of { client.prepare("#{text}?").execute(1) })
  statement = client.prepare('SELECT name AS refused_later FROM items WHERE id = ?')
  2.times { report.call('executed', error_of { statement.execute(1) }) }
end

if MODE == 'refused'
  refused
  exit
end
logins
encrypted if CA
statements
kills

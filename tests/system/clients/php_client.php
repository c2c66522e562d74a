<?php
// mysqli and PDO over mysqlnd, through their public interfaces; prints what they saw as JSON lines.
// usage: php php_client.php HOST PORT USER PASSWORD DATABASE [refused]
[, $host, $port, $user, $password, $database] = $argv;
$ca = getenv('HEADGATE_TLS_CA');
mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);

function say(string $step, array $seen): void {
  echo json_encode(['step' => $step] + $seen, JSON_UNESCAPED_UNICODE | JSON_INVALID_UTF8_SUBSTITUTE
                   | JSON_THROW_ON_ERROR), "\n";
}

function connect(?string $as = null, ?string $secret = null, ?string $db = null): mysqli {
  global $host, $port, $user, $password, $database, $ca;
  $link = mysqli_init();
  if ($ca) $link->ssl_set(null, null, $ca, null, null);
  $link->options(MYSQLI_OPT_LOCAL_INFILE, true);
  $link->options(MYSQLI_OPT_CONNECT_TIMEOUT, 20);
  $link->real_connect($host, $as ?? $user, $secret ?? $password, $db ?? $database, (int)$port, null,
                      $ca ? MYSQLI_CLIENT_SSL | MYSQLI_CLIENT_SSL_VERIFY_SERVER_CERT : 0);
  $link->set_charset('utf8mb4');
  return $link;
}

function error_of(callable $action): ?array {
  try {
    $action();
  } catch (mysqli_sql_exception $e) {
    return [$e->getCode(), $e->getSqlState(), $e->getMessage()];
  } catch (PDOException $e) {
    return [$e->getCode(), $e->errorInfo, $e->getMessage()];
  }
  return null;
}

function rows(mysqli $link, string $sql): array { return $link->query($sql)->fetch_all(); }

function logins(): void {
  global $password;
  $link = connect();
  say('connect', ['server' => $link->server_info, 'rows' =>
      rows($link, 'SELECT DATABASE(), CURRENT_USER(), USER(), @@character_set_client')]);
  say('wrong password', ['error' => error_of(fn() => connect(null, $password . 'x'))]);
  say('no password', ['error' => error_of(fn() => connect(null, ''))]);
  say('unknown user', ['error' => error_of(fn() => connect('nobody9'))]);
  say('missing database', ['error' => error_of(fn() => connect(null, null, 'nowhere'))]);
}

function encrypted(): void {
  global $ca;
  $link = connect();
  $version = rows($link, "SHOW SESSION STATUS LIKE 'Ssl_version'")[0][1];
  say('tls', ['server' => substr($version, 0, 3)]);
  [$right, $ca] = [$ca, "$ca.other"];
  say('tls, another CA', ['refused' => null !== error_of(fn() => @connect())]);
  $ca = $right;
}

function mysqli_work(): void {
  $link = connect();
  say('text rows', ['rows' => rows($link, 'SELECT * FROM items ORDER BY id')]);
  $insert = $link->prepare('INSERT INTO scratch (id, word, body) VALUES (?, ?, ?)');
  $id = 7; $word = "q'uote\\ 世界"; $body = null;
  $insert->bind_param('isb', $id, $word, $body);
  for ($i = 0; $i < 20; $i++) $insert->send_long_data(2, str_repeat(chr(65 + $i), 100000));
  $insert->execute();
  say('long data', ['changed' => $insert->affected_rows]);
  $select = $link->prepare('SELECT id, word, MD5(body), LENGTH(body) FROM scratch WHERE id = ?');
  $select->execute([7]);
  say('prepared', ['rows' => $select->get_result()->fetch_all()]);
  $cursor = $link->prepare('SELECT seq FROM seq_1_to_1000');
  $cursor->attr_set(MYSQLI_STMT_ATTR_CURSOR_TYPE, MYSQLI_CURSOR_TYPE_READ_ONLY);
  $cursor->execute();
  $cursor->bind_result($seq);
  for ($total = 0; $cursor->fetch();) $total += $seq;
  say('cursor', ['total' => $total]);
  $cursor->close();
  $link->query('DELETE FROM scratch');
  $link->multi_query("SELECT 1; SELECT 'two'; DO 0; CALL two_results()");
  $results = [];
  do { $one = $link->store_result(); $results[] = $one ? $one->fetch_all() : null;
  } while ($link->next_result());
  say('multi statements', ['results' => $results]);
  say('syntax', ['error' => error_of(fn() => $link->query('SELEC 1'))]);
  say('prepare of nothing', ['error' => error_of(fn() => $link->prepare('SELEC ?'))]);
  $file = tempnam(sys_get_temp_dir(), 'headgate');
  file_put_contents($file, implode("\n", range(1, 100000)) . "\n");
  $link->query("LOAD DATA LOCAL INFILE '$file' INTO TABLE loaded");
  unlink($file);
  say('load local', ['rows' => rows($link, 'SELECT COUNT(*), SUM(line) FROM loaded')]);
  $link->query('DELETE FROM loaded');
  say('stat', ['words' => preg_replace('/[\d.]+/', 'N', $link->stat())]);
  $link->select_db('stock2');
  say('init db', ['rows' => rows($link, 'SELECT DATABASE()')]);
}

function change_user(): void {
  global $password;
  $link = connect();
  $link->query('SET @mine = 1');
  $link->change_user('other', 'secret-other', 'stock2');
  say('change user', ['rows' => rows($link, 'SELECT CURRENT_USER(), DATABASE(), @mine')]);
  $link->change_user('carol', $password, 'stock');
  say('and back', ['rows' => rows($link, 'SELECT CURRENT_USER(), DATABASE(), @mine')]);
  say('change user, wrong password', ['error' => error_of(
      fn() => $link->change_user('other', 'x', 'stock2'))]);
}

function kills(): void {
  $watcher = connect();
  $forms = ['query' => 'KILL QUERY %d', 'connection' => 'KILL %d', 'call' => null];
  foreach ($forms as $step => $kill) {
    $victim = connect();
    $victim->query("SELECT SLEEP(30) /* php_$step */", MYSQLI_ASYNC);
    $start = microtime(true);
    $seen = "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE '%php_$step%'"
        . " AND info NOT LIKE '%processlist%'";
    while (rows($watcher, $seen)[0][0] == 0 && microtime(true) - $start < 10) usleep(50000);
    $kill === null ? @$watcher->kill($victim->thread_id)
        : $watcher->query(sprintf($kill, $victim->thread_id));
    $error = error_of(fn() => @$victim->reap_async_query());
    say("kill $step", ['error' => $error, 'soon' => microtime(true) - $start < 10]);
  }
}

function pdo_work(): void {
  global $host, $port, $user, $password, $database, $ca;
  $tls = $ca ? [PDO::MYSQL_ATTR_SSL_CA => $ca] : [];
  $open = fn(array $options = [], ?string $secret = null) => new PDO(
      "mysql:host=$host;port=$port;dbname=$database;charset=utf8mb4", $user,
      $secret ?? $password, $options + $tls);
  say('pdo wrong password', ['error' => error_of(fn() => $open([], 'no'))]);
  foreach (['emulated' => true, 'native' => false] as $step => $emulate) {
    $pdo = $open([PDO::ATTR_EMULATE_PREPARES => $emulate]);
    $select = $pdo->prepare('SELECT * FROM items WHERE id <= ? AND name IS NOT NULL ORDER BY id');
    $select->bindValue(1, 2, PDO::PARAM_INT);
    $select->execute();
    say("pdo $step", ['rows' => $select->fetchAll(PDO::FETCH_NUM),
                      'error' => error_of(fn() => $pdo->query('SELECT * FROM nowhere'))]);
  }
  $pdo = $open([PDO::ATTR_PERSISTENT => true]);
  say('pdo persistent', ['md5' => md5($pdo->query("SELECT REPEAT('abc', 700000)")->fetchColumn())]);
  $pdo->setAttribute(PDO::MYSQL_ATTR_USE_BUFFERED_QUERY, false);
  $total = 0;
  foreach ($pdo->query('SELECT seq FROM seq_1_to_20000') as $row) $total += $row[0];
  say('pdo unbuffered', ['total' => $total]);
}

/** The gate has rules against these statements; the connection is none the worse for it. */
function refused(): void {
  global $host, $port, $user, $password, $database;
  $text = 'SELECT name AS refused FROM items WHERE id = 1';
  $prepared = 'SELECT name AS refused FROM items WHERE id = ?';
  $later = 'SELECT name AS refused_later FROM items WHERE id = ?';
  $link = connect();
  $id = fn() => rows($link, 'SELECT CONNECTION_ID()');
  $before = $id();
  $report = fn(string $step, ?array $error) => say($step,
      ['error' => $error, 'same' => $id() === $before]);
  $report('text', error_of(fn() => $link->query($text)));
  $report('prepared', error_of(fn() => $link->prepare($prepared)->execute([1])));
  $statement = $link->prepare($later);
  $report('executed', error_of(fn() => $statement->execute([1])));
  $report('executed', error_of(fn() => $statement->execute([1])));

  $pdo = new PDO("mysql:host=$host;port=$port;dbname=$database", $user, $password,
                 [PDO::ATTR_EMULATE_PREPARES => false]);
  $id = fn() => $pdo->query('SELECT CONNECTION_ID()')->fetchAll();
  $before = $id();
  $report = fn(string $step, ?array $error) => say($step,
      ['error' => $error, 'same' => $id() === $before]);
  $report('text', error_of(fn() => $pdo->exec($text)));
  $report('prepared', error_of(fn() => $pdo->prepare($prepared)->execute([1])));
  $report('executed', error_of(fn() => $pdo->prepare($later)->execute([1])));
}

if (($argv[6] ?? '') === 'refused') {
  refused();
  exit(0);
}
logins();
if ($ca) encrypted();
mysqli_work();
change_user();
kills();
pdo_work();

<?php
// PDO with a persistent connection as docs/guides/pools.md sets it up; driven by lines on standard
// input, which tests/support/pools.py tells of. One process is one worker of PHP-FPM:
// each question is a request of its own, the connection stays from one to the next.
error_reporting(0);  // what mysqlnd notes beside the exceptions it throws

function open(string $dsn, string $user, string $password, int $patience): PDO {
  return new PDO($dsn, $user, $password, [
    PDO::ATTR_PERSISTENT => true,
    PDO::ATTR_TIMEOUT => $patience,
    PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION,
  ]);
}

function ask(array $how, string $sql): string {
  return (string)open(...$how)->query($sql)->fetchColumn();
}

function told(Throwable $error): string {
  return preg_replace('/\s+/', ' ', get_class($error) . ': ' . $error->getMessage());
}

function load(array $how, float $seconds, float $pause, string $sql): string {
  [$done, $failed, $longest, $first] = [0, 0, 0, ''];
  $until = microtime(true) + $seconds;
  while (microtime(true) < $until) {
    $began = microtime(true);
    try {
      ask($how, $sql);
      $done++;
    } catch (Throwable $error) {
      $failed++;
      $first = $first ?: told($error);
    }
    $longest = max($longest, (int)((microtime(true) - $began) * 1000));
    usleep((int)($pause * 1e6));
  }
  return "done\t$done\t$failed\t$longest\t$first";
}

$how = [];
while (($line = fgets(STDIN)) !== false) {
  $words = explode("\t", rtrim($line, "\n"));
  $answer = 'ok';
  if ($words[0] === 'open') {
    [, $host, $port, $user, $password, , $patience] = $words;
    $how = ["mysql:host=$host;port=$port;dbname=shop", $user, $password, (int)ceil((float)$patience)];
  } elseif ($words[0] === 'ask') {
    try {
      $answer = "ok\t" . ask($how, $words[1]);
    } catch (Throwable $error) {
      $answer = "error\t" . told($error);
    }
  } else {
    $answer = load($how, (float)$words[2], (float)$words[3], $words[4]);
  }
  fwrite(STDOUT, "$answer\n");
}

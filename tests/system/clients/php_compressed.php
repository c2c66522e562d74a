<?php
// Asks for compression, which mysqlnd then uses whether or not it was offered. Prints the error of
// the first statement: "CODE TEXT".
[, $host, $port, $user, $password, $database] = $argv;
mysqli_report(MYSQLI_REPORT_OFF);
$link = mysqli_init();
$link->real_connect($host, $user, $password, $database, (int)$port, null, MYSQLI_CLIENT_COMPRESS);
$link->query('SELECT 7');
echo $link->errno, ' ', $link->error, "\n";

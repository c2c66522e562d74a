#!/usr/bin/perl
# DBI with DBD::mysql, through its public interface; prints what it saw as JSON lines.
# usage: dbd_mysql_client.pl HOST PORT USER PASSWORD DATABASE [refused]
use strict;
use warnings;
use utf8;
use DBI;
use Digest::MD5 qw(md5_hex);
use JSON::PP;
use Time::HiRes qw(time sleep);

my ($host, $port, $user, $password, $database, $mode) = @ARGV;
our $ca = $ENV{HEADGATE_TLS_CA};
my $json = JSON::PP->new->canonical->utf8->allow_nonref;
$| = 1;

sub say_step { my ($step, %seen) = @_; print $json->encode({step => $step, %seen}), "\n"; }

sub dsn {
  my (%options) = @_;
  my $db = exists $options{database} ? delete $options{database} : $database;
  return "DBI:mysql:database=$db;host=$host;port=$port;mysql_enable_utf8mb4=1"
      . ';mysql_connect_timeout=20'
      . ($ca ? ";mysql_ssl=1;mysql_ssl_optional=1;mysql_ssl_ca_file=$ca" : '')
      . join '', map { ";$_=$options{$_}" } sort keys %options;
}

sub login {
  my ($as, $secret, %options) = @_;
  return DBI->connect(dsn(%options), $as // $user, $secret // $password,
                      {PrintError => 0, RaiseError => 0});
}

sub refused {
  my ($step, @login) = @_;
  my $handle = login(@login);
  say_step($step, let_in => $handle ? 1 : 0, error => [$DBI::err, $DBI::state, $DBI::errstr]);
}

sub error_of { my ($handle) = @_; return [$handle->err, $handle->state, $handle->errstr]; }

sub logins {
  my $handle = login();
  say_step('connect', server => $handle->{mysql_serverinfo}, protocol => $handle->{mysql_protoinfo},
      rows => $handle->selectall_arrayref('SELECT DATABASE(), CURRENT_USER(), USER()'));
  refused('wrong password', undef, "${password}x");
  refused('no password', undef, '');
  refused('unknown user', 'nobody9');
  refused('missing database', undef, undef, database => 'nowhere');
}

sub encrypted {
  my ($name, $version) = login()->selectrow_array(q{SHOW SESSION STATUS LIKE 'Ssl_version'});
  say_step('tls', server => substr $version, 0, 3);
  local $ca = "$ca.other";
  refused('tls, another CA');
}

sub statements {
  for my $server_side (0, 1) {
    my $handle = login(undef, undef, mysql_server_prepare => $server_side);
    my $select = $handle->prepare('SELECT id, name, price, ratio, made, seen, lasted, kind, note, '
        . 'big FROM items WHERE id < ? ORDER BY id');
    $select->execute(9);
    say_step("rows, server prepare $server_side", rows => $select->fetchall_arrayref);
    my $body = join '', map { chr(97 + $_ % 26) x 1000 } 1 .. 2000;
    my $changed = $handle->do('INSERT INTO scratch (id, word, body) VALUES (?, ?, ?)', undef, 3,
                              "q'uote\\ \x{4e16}", $body);
    my $back = $handle->selectrow_arrayref('SELECT word, body FROM scratch WHERE id = ?', undef, 3);
    say_step("insert, server prepare $server_side", changed => $changed, word => $back->[0],
             same => $back->[1] eq $body ? 1 : 0, md5 => md5_hex($back->[1]));
    $handle->do('DELETE FROM scratch');
    $handle->do('SELEC 1');
    say_step("syntax, server prepare $server_side", error => error_of($handle));
    $handle->disconnect;
  }
  my $handle = login(undef, undef, mysql_multi_statements => 1);
  my $several = $handle->prepare("SELECT 1; SELECT 'two'; CALL two_results()");
  $several->execute;
  my @results;
  do { push @results, $several->{NUM_OF_FIELDS} ? $several->fetchall_arrayref : undef }
      while $several->more_results;
  say_step('multi statements', results => \@results);
  say_step('ping', alive => $handle->ping ? 1 : 0);
  my $stream = $handle->prepare('SELECT seq FROM seq_1_to_20000', {mysql_use_result => 1});
  $stream->execute;
  my $total = 0;
  while (my $row = $stream->fetchrow_arrayref) { $total += $row->[0] }
  say_step('unbuffered', total => $total);
  my $compressed = login(undef, undef, mysql_compression => 1);
  say_step('compressed',
           md5 => md5_hex($compressed->selectrow_array("SELECT REPEAT('abc', 700000)")));
}

sub kills {
  my $watcher = login();
  for my $how ('KILL QUERY', 'KILL HARD CONNECTION') {
    my $victim = login();
    my $marker = 'perl_' . lc($how =~ s/ /_/gr);
    my $start = time;
    my $select = $victim->prepare("SELECT SLEEP(30) AS $marker", {async => 1});
    $select->execute;
    my $seen = 'SELECT COUNT(*) FROM information_schema.processlist WHERE '
        . "info LIKE '%$marker%' AND info NOT LIKE '%processlist%'";
    while (!$watcher->selectrow_array($seen) && time - $start < 10) { sleep 0.05 }
    $watcher->do("$how " . $victim->{mysql_thread_id});
    my $answer = $select->mysql_async_result;
    say_step(lc $how, error => error_of($select), soon => time - $start < 10 ? 1 : 0);
  }
}

# The gate has rules against these statements; the connection is none the worse for it.
sub refused_statements {
  for my $server_side (0, 1) {
    my $handle = login(undef, undef, mysql_server_prepare => $server_side);
    my $id = 'SELECT CONNECTION_ID()';
    my $before = $handle->selectrow_array($id);
    my $same = sub { $handle->selectrow_array($id) == $before ? JSON::PP::true : JSON::PP::false };
    $handle->do('SELECT name AS refused FROM items WHERE id = 1');
    say_step('text', error => error_of($handle), same => $same->());
    my $select = $handle->prepare('SELECT name AS refused FROM items WHERE id = ?');
    $select->execute(1) if $select;
    say_step('prepared', error => error_of($select // $handle), same => $same->());
    next unless $server_side;
    my $later = $handle->prepare('SELECT name AS refused_later FROM items WHERE id = ?');
    $later->execute(1);
    say_step('executed', error => error_of($later), same => $same->());
  }
}

if (($mode // '') eq 'refused') {
  refused_statements();
  exit 0;
}
logins();
encrypted() if $ca;
statements();
kills();

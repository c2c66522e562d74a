// What the keys mean: statements: [monitor], [query], [shape] and [[rule]].
#include "guard/key_meanings.h"

namespace headgate::guard {

namespace {

constexpr Meaning kStatementMeanings[] = {
    {"monitor.user", "The gate's own account at the server. Empty: no monitor."},
    {"monitor.password_file",
     "Absolute path of a file whose first line is its password. While it does not exist the "
     "monitor is off."},
    {"monitor.address",
     "Where the monitor logs in; empty: the backend. The server's extra port, say. It has to be "
     "the same server: connection ids mean nothing at another."},
    {"monitor.interval", "How often the server is asked."},
    {"query.rate", "Statements of one source in one class: text, prepare, execute."},
    {"query.running",
     "Statements of one source that run at once. Long data counts until it has been sent on, here "
     "and in `busy`."},
    {"query.busy",
     "Running time of one source: 2.5 is two and a half of the server's threads' worth. Ten "
     "seconds of it may come at once; debt is paid back."},
    {"query.user_rate", "The same of one user in one class."},
    {"query.user_running", "The same of one user in one class."},
    {"query.user_busy", "The same of one user in one class."},
    {"query.class_rate", "The same of the class as a whole."},
    {"query.class_running", "The same of the class as a whole."},
    {"query.class_busy", "The same of the class as a whole."},
    {"query.digest_running", "Copies of one digest that run at once in one class."},
    {"query.wait",
     "How long a statement is held at most for one of `rate` to `digest_running`. What would "
     "have to wait longer "
     "is refused. Nothing is held inside a transaction. `\"0s\"`: never held."},
    {"query.deadline",
     "How long a statement may run, reading ones only unless `all` is set. `KILL QUERY`, or a "
     "limit of the session where there is no monitor; see [monitor.md](monitor.md)."},
    {"query.all", "The deadline is for statements that write as well."},
    {"query.prepared", "Open prepared statements of one connection."},
    {"query.prepared_per_source",
     "Open prepared statements of one source. `auto`: a quarter of the server's "
     "`max_prepared_stmt_count`, for sources neither known-good nor in a class; a number binds "
     "all."},
    {"query.packet",
     "Size of one command, and of all the long data of one statement. `auto`: the server's "
     "`max_allowed_packet` (long data: four of them), as the monitor reads it; without a monitor "
     "the server's own refusal stands."},
    {"query.result", "Size of one answer; above it the statement is killed. Needs the monitor."},
    {"query.inspect", "How much of a statement is looked at. Comments do not use it up."},
    {"query.idle", "A connection without a command for so long is closed."},
    {"query.idle_in_transaction", "The same inside a transaction."},
    {"query.stalled_read",
     "A client that does not take its result for so long, or stops in the middle of a command that "
     "was passed on, is closed."},
    {"query.refuse_commands", "Commands that are refused, by their names below."},
    {"query.enforce", "false: decide and count what these limits would do, and never act."},
    {"query.digests", "Places of the digest table, about 1 KiB each."},
    {"query.unknown.wait", "The shorter of the two binds."},
    {"query.unknown.all", "Either of the two is enough."},
    {"query.unknown.refuse_commands", "These as well."},
    {"query.unknown.enforce", "false: decide and count, and never act."},
    {"shape.log", "Score at and above which the statement is counted and logged (`shape_log`)."},
    {"shape.delay", "Score at and above which it is delayed (`shape_delay`)."},
    {"shape.refuse", "Score at and above which it is refused (`shape_refuse`)."},
    {"shape.delay_for", "How long; not inside a transaction."},
    {"shape.enforce", "Starts with false: statements are counted, none is delayed or refused."},
    {"shape.points.sleep", "`SLEEP()`, anywhere in the text."},
    {"shape.points.long_wait",
     "`SLEEP()` of ten seconds and more, of what is no number, or once per row; `GET_LOCK()` and "
     "its kind likewise."},
    {"shape.points.benchmark", "`BENCHMARK()`, anywhere in the text."},
    {"shape.points.get_lock", "`GET_LOCK()`, `MASTER_GTID_WAIT()` and other waits."},
    {"shape.points.cross_join", "Two tables joined without a condition."},
    {"shape.points.cartesian", "Three of them, or more than a hundred million rows of constants."},
    {"shape.points.no_where_write",
     "`UPDATE`, `DELETE`, `SELECT ... FOR UPDATE` without a condition and without `LIMIT`."},
    {"shape.points.leading_wildcard", "`LIKE '%...'`."},
    {"shape.points.regexp", "`REGEXP`, `RLIKE` and their functions."},
    {"shape.points.nested_regexp", "`(a+)+` in a pattern: backtracks without end."},
    {"shape.points.huge_in_list", "`IN (...)` of more than 1,000."},
    {"shape.points.deep_nesting", "Subqueries or parentheses deeper than 16."},
    {"shape.points.very_deep_nesting", "Deeper than 64."},
    {"shape.points.union_chain",
     "More than 16 `UNION`, `EXCEPT`, `INTERSECT` of tables, 256 of constants."},
    {"shape.points.long_union", "More than 64 of tables."},
    {"shape.points.recursive_cte", "`WITH RECURSIVE`."},
    {"shape.points.cte_bomb",
     "One that joins itself without a condition: it grows by a factor each round."},
    {"shape.points.many_joins", "More than 16 tables in one `FROM`."},
    {"shape.points.into_outfile", "`INTO OUTFILE`, `INTO DUMPFILE`."},
    {"shape.points.load_file", "`LOAD_FILE()`."},
    {"shape.points.buffer_inflation",
     "`SET` of session buffers, `REPEAT`, `SPACE`, `RPAD` with huge counts."},
    {"shape.points.order_by_rand", "`ORDER BY RAND()`."},
    {"shape.points.sequence_table", "`seq_1_to_N` of more than a million rows."},
    {"shape.points.huge_sequence", "Of more than a hundred million."},
    {"shape.points.dynamic_sql", "`PREPARE ... FROM`, `EXECUTE IMMEDIATE`."},
    {"shape.points.hidden_code",
     "The same of text that functions put together or that is written in hexadecimal."},
    {"shape.points.loop", "`WHILE`, `LOOP`, `REPEAT`, `FOR` outside a routine."},
    {"shape.points.executable_comment", "`/*! ... */` holds code."},
    {"shape.points.comment_padding", "More plain comment than is looked past."},
    {"shape.points.uninspected_tail", "Longer than what is looked at."},
    {"shape.points.multi_statement", "Several statements in one text."},
    {"shape.points.lock_tables", "`LOCK TABLES`, `FLUSH TABLES WITH READ LOCK`."},
    {"shape.points.time_limit_off",
     "`max_statement_time` or `max_execution_time` set to 0, or to days."},
    {"shape.points.information_schema", "A scan of `information_schema` over all schemas."},
    {"shape.points.heavy_function",
     "What a `KILL` does not end soon: XPath, geometry, hashes of `REPEAT`, many rounds of "
     "crypt."},
    {"shape.points.syntax_odd", "An unterminated string or comment."},
    {"rule.name",
     "Up to 64 bytes; each once. Stands in `headgate status` and in the decision log."},
    {"rule.digest",
     "A statement, whose literals do not matter, or a digest as `headgate digests` shows them "
     "(16 hexadecimal digits)."},
    {"rule.regex",
     "Searched anywhere in the text as sent, comments included; `(?i)` in front ignores case. Of "
     "`query` and `prepare` only. Compiled with at most 1 MiB."},
    {"rule.command", "One of these commands."},
    {"rule.user", "User names with `*` and `?`."},
    {"rule.source", "Client networks."},
    {"rule.database", "The database named at the login, with `*` and `?`."},
    {"rule.class", "Names of classes; `default` is `[default_class]`."},
    {"rule.trait", "One of these traits."},
    {"rule.action",
     "`log`, `delay`, `refuse` (an error, the connection lives on), `close`, `ban` (the source), "
     "`allow` (no further rule and no `[shape]` for it; never for `uninspected_tail`)."},
    {"rule.message", "What the client reads instead of the default text."},
    {"rule.delay", "How long `delay` delays; not inside a transaction."},
    {"rule.enforce", "false: count what the rule would do and go on to the next."},
};

}  // namespace

std::span<const Meaning> StatementMeanings() { return kStatementMeanings; }

}  // namespace headgate::guard

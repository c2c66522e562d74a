"""Statements for tests of the scanner: sets of our own, and what can be taken at test time from
packages that are installed. Every statement is bytes."""
import dataclasses
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
SETS = ROOT / "tests" / "policies" / "statements"


@dataclasses.dataclass
class Statement:
    sql: bytes
    where: str
    time: str = ""         # why only time can catch it
    charset: str = "utf8"  # of the session, and of `sql`
    error: bool = False    # the test it is from expects an error


@dataclasses.dataclass
class Scan:
    id: str
    kind: int
    score: int
    traits: list
    text: str


def own(name):
    """A set of ours: statements separated by empty lines, notes at their heads."""
    found = []
    text = (SETS / f"{name}.sql").read_text(encoding="utf8")
    for number, part in enumerate(re.split(r"\n\s*\n(?=\S)", text)):
        notes, lines = {}, part.strip("\n").split("\n")
        while lines and lines[0].startswith("--"):
            key, _, value = lines.pop(0)[2:].strip().partition(":")
            notes[key] = value.strip()
        if lines:
            charset = notes.get("charset", "utf8")
            found.append(Statement("\n".join(lines).encode(charset), f"{name}.sql, {number}",
                                   notes.get("time", ""), charset))
    return found


# Words at a line's beginning that the test driver takes, not the server.
DRIVER = set("""
    append_file assert cat_file change_user character_set chmod connect connection copy_file
    copy_files_wildcard dec delimiter die diff_files dirty_close disable_abort_on_error
    disable_async_client disable_column_names disable_connect_log disable_cursor_protocol
    disable_info disable_metadata disable_non_blocking_api disable_parsing disable_prepare_warnings
    disable_ps2_protocol disable_ps_protocol disable_query_log disable_reconnect disable_result_log
    disable_rpl_parse disable_service_connection disable_session_track_info disable_view_protocol
    disable_warnings disconnect echo enable_abort_on_error enable_async_client enable_column_names
    enable_connect_log enable_cursor_protocol enable_info enable_metadata enable_non_blocking_api
    enable_parsing enable_prepare_warnings enable_ps2_protocol enable_ps_protocol enable_query_log
    enable_reconnect enable_result_log enable_rpl_parse enable_service_connection
    enable_session_track_info enable_view_protocol enable_warnings end end_timer error eval evalp
    exec exec_in_background execw exit file_exists force_cpdir force_rmdir horizontal_results if inc
    let list_files list_files_append_file list_files_write_file lowercase_result mkdir move_file
    optimizer_trace output perl ping ps_protocol query query_get_value query_horizontal
    query_vertical read_file reap remove_file remove_files_wildcard replace_column
    replace_numeric_round replace_regex replace_result require reset_connection result_format rmdir
    save_master_pos send send_eval send_quit send_shutdown shutdown_server skip sleep sorted_result
    source start_timer sync_slave_with_master sync_with_master system vertical_results
    wait_for_slave_to_stop while write_file view_protocol eval_result""".split())
BLOCKS = {"perl", "write_file", "append_file"}


def from_mysqltest(path):
    """The statements of a file for MariaDB's test driver, its own commands left out.

    What has a variable of the driver in it, and what sits in its `if` and `while`, is left out too.
    """
    text = path.read_text(encoding="utf8", errors="surrogateescape")
    lines, found, wanted, error, braces = iter(text.split("\n")), [], [], False, 0
    delimiter, parsing = ";", True
    for line in lines:
        start = line.strip()
        if not wanted:
            command = start.removeprefix("--").strip() if start.startswith("--") else start
            word = re.split(r"[\s;(]", command.lower(), maxsplit=1)[0]
            if word in ("disable_parsing", "enable_parsing"):
                parsing = word[0] == "e"
            if not start or start[0] == "#" or not parsing:
                continue
            if word in BLOCKS:
                end = command.rstrip(";").split()[-1]
                end = end if word != "perl" and len(command.split()) > 2 else "EOF"
                for inner in lines:
                    if inner.strip().rstrip(";") == end.rstrip(";"):
                        break
                continue
            if start[0] in "{}" or word in ("if", "while"):
                braces += start.count("{") - start.count("}")
                continue
            if word == "delimiter":
                parts = command.split()
                if len(parts) > 1:
                    delimiter = parts[1]
                    if delimiter != ";" and delimiter.endswith(";") and parts[1] != ";;":
                        delimiter = delimiter[:-1] or ";"
                continue
            if start.startswith("--") or word in DRIVER:
                error = error or word == "error"
                if not start.startswith("--"):
                    while not line.rstrip().endswith(delimiter):
                        line = next(lines, delimiter)
                continue
        wanted.append(line)
        quoted = "\n".join(wanted).count('"') % 2 and "'" not in line
        if line.rstrip().endswith(delimiter) and not quoted:
            sql = "\n".join(wanted).rstrip()[:-len(delimiter)].strip()
            if "$" not in sql and braces <= 0 and sql and "\0" not in sql:
                found.append(Statement(sql.encode("utf8", errors="surrogateescape"),
                                       str(path.name), error=error))
            wanted, error = [], False
        elif len(wanted) > 300:
            break  # a file read wrongly is no statement
    return found


def mysqltest_files():
    listed = subprocess.run(["dpkg", "-L", "mariadb-test-data"], capture_output=True, text=True,
                            check=True).stdout.split("\n")
    return sorted(pathlib.Path(f) for f in listed
                  if f.endswith(".test") and "/mysql-test/main/" in f)


def scan(program, statements, *options):
    """One Scan per statement, by the program tests/policies/scan_statements.cc."""
    done = subprocess.run([program, *options], input=b"\0".join(s.sql for s in statements) + b"\0",
                          capture_output=True, check=True)
    rows = [line.decode("utf8", errors="replace").split("\t", 4)
            for line in done.stdout.split(b"\n")[:-1]]
    if len(rows) != len(statements):
        raise RuntimeError(f"{len(rows)} answers to {len(statements)} statements")
    return [Scan(i, int(kind), int(score), [t for t in traits.split(",") if t], text)
            for i, kind, score, traits, text in rows]

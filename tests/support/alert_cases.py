"""docs/prometheus/alerts.yml, tried out: for each alert what makes it fire, and what nearly does.

Series are in promtool's notation, one value a minute: "0+5x30" begins with 0 and gains 5 each minute.
"""
import dataclasses
import json
import pathlib
import re
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
ALERTS = ROOT / "docs" / "prometheus" / "alerts.yml"
MINUTES = 40
MEBIBYTE = 1 << 20


def flat(value):
    return f"{value}+0x{MINUTES}"


def grows(by, start=0):
    return f"{start}+{by}x{MINUTES}"


def pair(name, label, value, other, of):
    """Two series with the same labels."""
    return {f"{name}{{{label}}}": value, f"{other}{{{label}}}": of}


@dataclasses.dataclass
class Case:
    fires: dict
    quiet: dict


def above(name, calm, alarming, labels=""):
    return Case({f"{name}{labels}": flat(alarming)}, {f"{name}{labels}": flat(calm)})


def growing(name, calm, alarming, labels=""):
    """By so much a minute."""
    return Case({f"{name}{labels}": grows(alarming)}, {f"{name}{labels}": grows(calm, 3)})


def share(part, whole, calm, alarming, of, labels=""):
    return Case({f"{part}{labels}": flat(alarming), f"{whole}{labels}": flat(of)},
                {f"{part}{labels}": flat(calm), f"{whole}{labels}": flat(of)})


def of_class(metric, alarming, calm):
    """Of the class with a reserve it fires; the same of one without does not, nor less of it."""
    reserve = {'headgate_class_slots_reserve{class="shop"}': flat(20),
               'headgate_class_slots_reserve{class="default"}': flat(0)}
    return Case({f'{metric}{{class="shop"}}': alarming, **reserve},
                {f'{metric}{{class="shop"}}': calm, f'{metric}{{class="default"}}': alarming,
                 **reserve})


def of_backend(metric, calm, alarming, **other):
    labels = '{backend="db:3306"}'
    beside = {name + labels: flat(value) for name, value in other.items()}
    return Case({metric + labels: flat(alarming), **beside}, {metric + labels: flat(calm), **beside})


def errors(share_of_commands, commands):
    return {"headgate_statement_errors_total": grows(share_of_commands * commands),
            "headgate_commands_total": grows(commands)}


def pool(misses, requests=600000):
    return pair("headgate_server_buffer_pool_reads_total", 'backend="db"', grows(misses * requests),
                "headgate_server_buffer_pool_read_requests_total", grows(requests))


def descriptors(open_now, of_a_gate=True):
    gate = {'headgate_build_info{instance="g",job="j",version="1"}': flat(1)} if of_a_gate else {}
    return {**pair("process_open_fds", 'instance="g",job="j"', flat(open_now), "process_max_fds",
                   flat(1000)), **gate}


def waiting(clients, longest):
    return {"headgate_protected_waiting": flat(clients),
            "headgate_protected_longest_wait_seconds": longest}


def busy(part, processors=8):
    return {"headgate_host_cpu_busy_seconds_total": grows(part * processors * 60),
            "headgate_host_cpu_seconds_total": grows(processors * 60)}


REFUSALS = "headgate_protected_refusals_total"
ONCE = {f'{REFUSALS}{{reason="no_slot"}}': "0+0x10 50+0x30"}  # many, but in one minute
NOW_AND_THEN = {f'{REFUSALS}{{reason="no_slot"}}': "0+0x4 1+0x4 2+0x4 3+0x4 4+0x4 5+0x4 6+0x4 7+0x4"}
CASES = {
    "HeadgateAppRefused": growing(REFUSALS, 0, 1, '{reason="no_slot"}'),
    "HeadgateAppRefusedOnAndOn": growing(REFUSALS, 0, 1, '{reason="no_slot"}'),
    "HeadgateAppBanned": above("headgate_protected_bans", 0, 1),
    "HeadgateClassRefused": of_class("headgate_class_refused_logins_total", grows(1), flat(7)),
    "HeadgateAppWaiting": Case(waiting(1, flat(2)), waiting(9, flat(0.9))),
    "HeadgateAppCommandsRefused": of_class("headgate_class_refused_commands_total", grows(1),
                                           flat(7)),
    "HeadgateQueryErrors": Case(errors(0.07, 600), errors(0.04, 600)),
    "HeadgateUnderAttack": above("headgate_pressure_level", 1, 2),
    "HeadgateBypassed": growing("headgate_observer_bypass_total", 0, 1),
    "HeadgateNoSlotsFree": above("headgate_slots_free", 1, 0),
    "HeadgateConnectionsNearlyUsed": share(
        "headgate_server_threads_connected", "headgate_server_max_connections", 90, 91, 100,
        '{backend="db"}'),
    "HeadgateBackendDown": of_backend("headgate_backend_up", 1, 0, headgate_backend_current=1),
    "HeadgateStandbyDown": of_backend("headgate_backend_up", 1, 0, headgate_backend_current=0),
    "HeadgateMonitorDown": of_backend("headgate_monitor_up", 1, 0, headgate_monitor_configured=1),
    "HeadgateReplicationLag": of_backend("headgate_server_replication_lag_seconds", 60, 61),
    "HeadgateReplicationStopped": Case(
        {'headgate_server_replica{backend="db"}': flat(1)},
        pair("headgate_server_replica", 'backend="db"', flat(1),
             "headgate_server_replication_lag_seconds", flat(3))),
    "HeadgateBufferPoolMisses": Case(pool(0.06), pool(0.04)),
    "HeadgateServerBusy": of_backend("headgate_server_threads_running", 50, 51),
    "HeadgateSlowQueries": growing("headgate_server_slow_queries_total", 29, 31, '{backend="db"}'),
    "HeadgateErrorLogGrows": growing("headgate_host_error_log_bytes", MEBIBYTE // 2, MEBIBYTE),
    "HeadgateDiskNearlyFull": share("headgate_host_disk_free_bytes", "headgate_host_disk_bytes",
                                    101, 99, 1000),
    "HeadgateHostCpuBusy": Case(busy(0.91), busy(0.89)),
    "HeadgateDiskHangs": above("headgate_host_disk_age_seconds", 30, 31),
    "HeadgateHostMemoryLow": share("headgate_host_memory_available_bytes",
                                   "headgate_host_memory_bytes", 101, 99, 1000),
    "HeadgateGone": Case({'up{job="headgate"}': flat(0)},
                         {'up{job="headgate"}': flat(1), 'up{job="node"}': flat(0)}),
    "HeadgateAbsent": Case({"headgate_uptime_seconds": flat(1)}, {"headgate_build_info": flat(1)}),
    "HeadgateReloadRefused": above("headgate_reload_ok", 1, 0),
    "HeadgateLogDropped": growing("headgate_log_dropped_total", 0, 5),
    "HeadgateKernelBansDrift": growing("headgate_firewall_repairs_total", 0.1, 1),
    "HeadgateKernelBansFailing": above("headgate_firewall_failing", 0, 1),
    "HeadgateDescriptorsNearLimit": Case(
        descriptors(860), {**descriptors(850), 'process_open_fds{instance="x",job="j"}': flat(99),
                           'process_max_fds{instance="x",job="j"}': flat(100)}),
}
LOG = "headgate_host_error_log_bytes"
# More that must not fire, at no time.
ALSO_QUIET = {
    "HeadgateAppRefusedOnAndOn": ONCE,
    "HeadgateAppWaiting": waiting(1, "2 0 2 0 2 0 2 0 2 0 2 0"),
    "HeadgateQueryErrors": errors(1, 30),                  # hardly any statements
    "HeadgateBufferPoolMisses": pool(0.5, 600),            # hardly any reads
    "HeadgateDescriptorsNearLimit": descriptors(999, of_a_gate=False),
    "HeadgateErrorLogGrows": {LOG: f"{500 * MEBIBYTE}+0x20 {MEBIBYTE}+0x20"},  # rotated
    "HeadgateMonitorDown": {'headgate_monitor_up{backend="db"}': flat(0),
                            'headgate_monitor_configured{backend="db"}': flat(0)},
    "HeadgateBackendDown": {'headgate_backend_up{backend="db"}': flat(0),
                            'headgate_backend_current{backend="db"}': flat(0)},
}

AND_QUIET = {
    "HeadgateAppRefusedOnAndOn": NOW_AND_THEN,
    "HeadgateErrorLogGrows": {LOG: f"{500 * MEBIBYTE}+0x20 {490 * MEBIBYTE}+0x20"},  # cut in front
}
# What must fire at some time, if not to the end.
FIRES_ONCE = {
    "HeadgateAppRefused": ONCE,
    "HeadgateErrorLogGrows": {LOG: " ".join([f"0+{3 * MEBIBYTE}x4"] * 7)},  # cut, and growing
}


def alert_names():
    return re.findall(r"^ +- alert: (\w+)$", ALERTS.read_text(encoding="utf8"), re.MULTILINE)


def expectation(alert, at, firing):
    return {"expr": f'count(ALERTS{{alertname="{alert}",alertstate="firing"}}) > 0',
            "eval_time": at,
            "exp_samples": [{"value": 1}] if firing else []}


def ever(alert, firing):
    """Whether it fired at any minute."""
    wanted = f'ALERTS{{alertname="{alert}",alertstate="firing"}}'
    return {"expr": f"count(count_over_time({wanted}[{MINUTES}m])) > 0",
            "eval_time": f"{MINUTES - 1}m",
            "exp_samples": [{"value": 1}] if firing else []}


def group(name, series, *expectations):
    return {"interval": "1m", "name": name,
            "input_series": [{"series": s, "values": v} for s, v in series.items()],
            "promql_expr_test": expectations}


def rule_tests(rules):
    """What `promtool test rules` reads; JSON is YAML."""
    groups = []
    for alert, case in CASES.items():
        groups.append(group(f"{alert} fires, but not at once", case.fires,
                            expectation(alert, "0m", False), expectation(alert, "35m", True)))
        groups.append(group(f"{alert} is quiet", case.quiet, ever(alert, False)))
    for table in (ALSO_QUIET, AND_QUIET):
        for alert, series in table.items():
            groups.append(group(f"{alert} is quiet, too", series, ever(alert, False)))
    for alert, series in FIRES_ONCE.items():
        groups.append(group(f"{alert} fires once", series, ever(alert, True)))
    return {"rule_files": [str(rules)], "evaluation_interval": "1m", "tests": groups}


def run_rule_tests(rules=ALERTS):
    """(exit status, output) of promtool."""
    with tempfile.TemporaryDirectory(prefix="headgate-rules-") as folder:
        file = pathlib.Path(folder) / "tests.yml"
        file.write_text(json.dumps(rule_tests(rules)), encoding="utf8")
        done = subprocess.run(["promtool", "test", "rules", str(file)], capture_output=True,
                              text=True, timeout=120)
    return done.returncode, done.stdout + done.stderr

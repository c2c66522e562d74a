#!/usr/bin/python3
"""SQLAlchemy over PyMySQL as docs/guides/pools.md sets it up; driven by lines on standard input,
which tests/support/pools.py tells of.
"""
import sys
import threading
import time

from sqlalchemy import create_engine, exc, text


def open_pool(host, port, user, secret, size, patience):
    return create_engine(
        f"mysql+pymysql://{user}:{secret}@{host}:{port}/shop",
        pool_size=size,
        max_overflow=0,
        pool_timeout=patience,
        pool_recycle=1800,
        pool_pre_ping=True,
        connect_args={"connect_timeout": patience},
    )


def ask(engine, sql):
    with engine.connect() as connection:
        return connection.execute(text(sql)).scalar()


def told(error):
    """Without the statement and the link that SQLAlchemy puts behind it."""
    first = str(error).split("\n", maxsplit=1)[0]
    return " ".join(f"{type(error).__name__}: {first}".split())


def load(engine, workers, seconds, pause, sql):
    lock, until = threading.Lock(), time.monotonic() + seconds
    sums = {"done": 0, "failed": 0, "longest": 0, "first": ""}

    def work():
        while time.monotonic() < until:
            began, error = time.monotonic(), None
            try:
                ask(engine, sql)
            except (exc.SQLAlchemyError, OSError) as problem:
                error = told(problem)
            with lock:
                sums["failed" if error else "done"] += 1
                sums["longest"] = max(sums["longest"], int((time.monotonic() - began) * 1000))
                sums["first"] = sums["first"] or error or ""
            time.sleep(pause)
    threads = [threading.Thread(target=work) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print("done", sums["done"], sums["failed"], sums["longest"], sums["first"], sep="\t")


def main():
    engine = None
    for line in sys.stdin:
        words = line.rstrip("\n").split("\t")
        if words[0] == "open":
            if engine is not None:
                engine.dispose()
            engine = open_pool(*words[1:5], int(words[5]), float(words[6]))
            print("ok")
        elif words[0] == "ask":
            try:
                print("ok", ask(engine, words[1]), sep="\t")
            except (exc.SQLAlchemyError, OSError) as problem:
                print("error", told(problem), sep="\t")
        else:
            load(engine, int(words[1]), float(words[2]), float(words[3]), words[4])
        sys.stdout.flush()


if __name__ == "__main__":
    main()

"""An nft that takes its time, in the place of the real one for one gate in a network namespace of
its own (whose mounts are nobody else's either): gate.start(launcher=slow_nft.launcher(...))."""
import pathlib
import shutil

NFT = "/usr/sbin/nft"
SCRIPT = """#!/bin/sh
sleep {seconds:g}
exec {real} "$@"
"""
LAUNCH = f'mount --bind "$1" {NFT} && shift && exec "$@"'


def launcher(folder, seconds):
    """`folder`: where the gate's user may read and run what lies there."""
    real, slow = pathlib.Path(folder) / "nft", pathlib.Path(folder) / "slow_nft"
    shutil.copy(NFT, real)
    slow.write_text(SCRIPT.format(seconds=seconds, real=real), encoding="utf8")
    slow.chmod(0o755)
    return ["sh", "-c", LAUNCH, "sh", str(slow)]

"""Giving a rented machine back.

RunPod starts a container again whose command has ended, and nothing there ends a pod by itself: one that
is done has to delete itself. It has RUNPOD_POD_ID and a RUNPOD_API_KEY of its own; whether that may delete
it through REST v2 is not verified, so runpodctl, which images of RunPod have, is tried next. Should both
be refused, the pod is left to whoever watches it from outside.
"""

import os
import shutil
import subprocess
import sys
import urllib.request

from .endings import Ending
from .watch import Watch

BASE = "https://api.runpod.io/v2"
AGAIN_SECONDS = 60


def release_runpod(watch: Watch) -> None:
    """Comes back only when this process is told to end."""
    watch.forget()
    try:
        while True:
            if not _delete_pod():
                _remove_pod()
            watch.pause(AGAIN_SECONDS)
    except Ending:
        return


def _delete_pod() -> bool:
    pod, key = os.environ.get("RUNPOD_POD_ID"), os.environ.get("RUNPOD_API_KEY")
    if not pod or not key:
        print("RUNPOD_POD_ID or RUNPOD_API_KEY is not set", file=sys.stderr, flush=True)
        return False
    base = os.environ.get("RUNPOD_API_BASE", BASE).rstrip("/")
    headers = {"Authorization": f"Bearer {key}"}
    request = urllib.request.Request(f"{base}/pods/{pod}", method="DELETE", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=30):
            return True
    except OSError as error:
        print(f"The pod could not be deleted: {error}", file=sys.stderr, flush=True)
        return False


def _remove_pod() -> None:
    runpodctl = shutil.which("runpodctl")
    if not runpodctl:
        return
    command = [runpodctl, "remove", "pod", os.environ.get("RUNPOD_POD_ID", "")]
    try:
        subprocess.run(command, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        print(f"The pod could not be removed: {error}", file=sys.stderr, flush=True)

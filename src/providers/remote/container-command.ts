/** What a container runs, and what it has to find in its environment beside HF_TOKEN, which is a secret. */
export interface ContainerCommand {
  command: string[];
  env: Record<string, string>;
}

interface ContainerCommandRequest {
  /** `namespace/name` of the data set through which the job's files travel. */
  repository: string;
  /** In it: `kit/<hash>` and `jobs/<name>`. */
  kit: string;
  job: string;
  /** Where the tree lies in the container. */
  root: string;
  /** Null: the Hub's own. */
  endpoint: string | null;
}

/**
 * Fetches the kit and what the runner has to know of the job, and becomes the runner, which fetches the rest. The script is the same for every job: what differs is
 * in the environment, where no shell reads it. Works in images with uv, or with python3 and its venv.
 */
export function containerCommand(request: ContainerCommandRequest): ContainerCommand {
  const { repository, kit, job, root, endpoint } = request;
  return {
    command: ["bash", "-c", SCRIPT],
    env: {
      MLLM_REPOSITORY: repository,
      MLLM_KIT: kit,
      MLLM_JOB: job,
      MLLM_ROOT: root,
      // A Hub of one's own may lack Xet, and the client does not ask it (huggingface_hub#4786).
      ...(endpoint === null ? {} : { HF_ENDPOINT: endpoint, HF_HUB_DISABLE_XET: "1" }),
    },
  };
}

/** Pinned, so that an image starts the same way next year. Needs Python 3.10. */
const HUB_CLIENT = "huggingface_hub==2.4.0";

/** Each step before the runner, which bounds itself, ends after some minutes; a container's restart finds what was made. */
const SCRIPT = `set -euo pipefail
: "\${MLLM_REPOSITORY:?}" "\${MLLM_KIT:?}" "\${MLLM_JOB:?}" "\${MLLM_ROOT:?}" "\${HF_TOKEN:?HF_TOKEN is not set in the container}"
export HF_HUB_DISABLE_PROGRESS_BARS=1 PYTHONUNBUFFERED=1
tools=$MLLM_ROOT/tools
mkdir -p "$MLLM_ROOT"
say() { printf 'mllm: %s\\n' "$*" >&2; }
make_tools() {
  if command -v uv >/dev/null; then
    timeout 600 uv venv --quiet --clear "$tools" &&
      timeout 600 uv pip install --quiet --python "$tools/bin/python" "$1"
  elif command -v python3 >/dev/null; then
    timeout 600 python3 -m venv --clear "$tools" &&
      timeout 600 "$tools/bin/python" -m pip install --quiet --disable-pip-version-check --no-input "$1"
  else
    say 'the image has neither uv nor python3'
    exit 127
  fi
}
fetch() {
  timeout 600 "$tools/bin/python" - <<'PYTHON'
import os
from huggingface_hub import snapshot_download

root, job = os.environ["MLLM_ROOT"], os.environ["MLLM_JOB"]
wanted = [f"{os.environ['MLLM_KIT']}/*", f"{job}/job.json", f"{job}/runner.json"]
snapshot_download(os.environ["MLLM_REPOSITORY"], repo_type="dataset", local_dir=root, allow_patterns=wanted)
if not os.path.isfile(os.path.join(root, job, "runner.json")):
    raise SystemExit(f"mllm: {os.environ['MLLM_REPOSITORY']} has no {job}")
PYTHON
}
try() {
  for pause in 5 15 45; do
    "$@" && return
    say "$1 failed; again in $pause seconds"
    sleep "$pause"
  done
  "$@"
}
if [ ! -e "$tools/complete" ]; then
  try make_tools '${HUB_CLIENT}'
  touch "$tools/complete"
fi
try fetch
export PYTHONPATH="$MLLM_ROOT/$MLLM_KIT/trainer\${PYTHONPATH:+:$PYTHONPATH}"
exec "$tools/bin/python" -m mllm_runner "$MLLM_ROOT/$MLLM_JOB"
`;

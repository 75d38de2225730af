import { quoteArgument } from "../host/quote-argument.js";
import type { Shipment } from "../remote/shipment.js";

/** The file in a job's folder that holds the number of the Slurm job which is this attempt. */
export function ownerFile(label: string): string {
  return `${label}.slurm`;
}

const SCRIPT = `# The first to start under a label is the attempt; whatever else was submitted under it ends here.
mine="$owner.$SLURM_JOB_ID"
printf '%s\\n' "$SLURM_JOB_ID" >"$mine" || exit 1
ln "$mine" "$owner" 2>/dev/null
rm -f "$mine"
first=$(cat "$owner")
if [ "$first" != "$SLURM_JOB_ID" ]; then
  echo "Slurm job $first is this attempt already; nothing to do here." >&2
  exit 75
fi
# The warning before the time limit means the runner, not the shell that becomes it.
trap '' USR1
# On a node that Slurm has given up, the runner of an earlier start may still be at work.
if command -v flock >/dev/null; then flock "$folder/runner.lock" true; fi
`;

const ONE_NODE = `exec "$python" -m mllm_runner "$folder"
`;

/** The runners keep a log each; what srun hears of them as well would be in the first one's twice. */
const MORE_NODES = `exec srun --ntasks-per-node=1 --kill-on-bad-exit=1 --output=srun-%n.log \\
  "$python" -m mllm_runner "$folder"
`;

/** What sbatch reads: constant text after values that are quoted. */
export function createBatchScript(
  { label, resources }: { label: string; resources: { nodes: number } },
  { jobFolder, pythonPath }: Pick<Shipment, "jobFolder" | "pythonPath">,
  python: string,
): string {
  const values = {
    folder: jobFolder,
    owner: `${jobFolder}/${ownerFile(label)}`,
    python,
    PYTHONPATH: pythonPath,
  };
  const lines = Object.entries(values).map(([name, value]) => `${name}=${quoteArgument(value)}\n`);
  const run = resources.nodes > 1 ? MORE_NODES : ONE_NODE;
  return `#!/bin/sh\n${lines.join("")}export PYTHONPATH\n${SCRIPT}${run}`;
}

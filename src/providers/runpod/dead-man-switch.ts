/** For the image, fetching, and the last upload after the job's own deadline. */
const MARGIN_SECONDS = 3600;

/**
 * What a pod runs: the job, ended with everything it started some time after its own deadline, and then, because RunPod
 * starts a container anew when its command ends, an attempt every few minutes to have the pod taken away. The runner
 * has tried that before; this is for where it could not.
 */
export function deadManSwitch(command: readonly string[], deadlineSeconds: number): string[] {
  const limit = String(Math.ceil(deadlineSeconds) + MARGIN_SECONDS);
  return ["bash", "-c", SWITCH, "mllm", limit, ...command];
}

/**
 * One string that a splitter of words as in a POSIX shell takes apart again: that is how RunPod's backend reads a pod's
 * arguments (https://github.com/runpod/runpodctl/pull/314; for API v2 not verified).
 */
export function quoteWords(words: readonly string[]): string {
  return words
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`))
    .join(" ");
}

/**
 * RUNPOD_POD_ID and a key of the pod's own stand in every pod's environment
 * (https://docs.runpod.io/pods/references/environment-variables). Whether that key may terminate the pod through API v2
 * is not verified; the older API is asked next.
 */
const SWITCH = `limit=$1
shift
timeout -k 60 "$limit" "$@"
echo "mllm: the job's command ended with exit code $?" >&2
while :; do
  python=$(command -v python3 || command -v "$MLLM_ROOT/tools/bin/python")
  "$python" - <<'PYTHON'
import json, os, urllib.request

pod, key = os.environ["RUNPOD_POD_ID"], os.environ["RUNPOD_API_KEY"]
base = os.environ.get("RUNPOD_API_BASE", "https://api.runpod.io/v2")
mutation = "mutation { podTerminate(input: {podId: %s}) }" % json.dumps(pod)
for method, url, body in [
    ("DELETE", f"{base}/pods/{pod}", None),
    ("POST", "https://api.runpod.io/graphql", {"query": mutation}),
]:
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json", "User-Agent": "mllm"}
    try:
        urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method), timeout=30).read()
        break
    except Exception as error:
        print(f"mllm: the pod could not be given back: {error}", flush=True)
PYTHON
  sleep 300
done
`;

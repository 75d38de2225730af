import type { Call, FakeSky, FakeSkyFault } from "./fake-sky-state.js";
import { describeJob } from "./managed-jobs.js";

export interface Answer {
  exitCode: number;
  stdout: string;
  stderr: string;
  isKilled?: boolean;
}

const NO_CONTROLLER = "sky.exceptions.ClusterNotUpError: No in-progress managed jobs.\n";
const SERVER_NOTE = "\u001b[2mUsing the SkyPilot API server [default].\u001b[0m\n";

/** Null: no answer at all. */
export function respond(sky: FakeSky, call: Call): Answer | null {
  sky.calls.push(call.args);
  sky.secrets.push(...Object.values(call.secrets).flatMap((value) => (value === null ? [] : [value])));
  const line = call.args.join(" ");
  const index = sky.faults.findIndex((each) => line.startsWith(each.command) && (each.skip ?? 0) === 0);
  for (const each of sky.faults) if (line.startsWith(each.command)) each.skip = (each.skip ?? 0) - 1;
  const fault = index < 0 ? sky.chance?.(line) : sky.faults.splice(index, 1)[0]?.fault;
  land(sky);
  return fault === undefined ? carryOut(sky, call) : breakOff(sky, call, fault);
}

/** Of the launches that the server works at, those whose time has come. */
function land(sky: FakeSky): void {
  for (const each of sky.pending) each.callsLeft--;
  const due = sky.pending.filter(({ callsLeft }) => callsLeft <= 0);
  sky.pending = sky.pending.filter(({ callsLeft }) => callsLeft > 0);
  for (const { call } of due) launch(sky, call);
}

function breakOff(sky: FakeSky, call: Call, fault: FakeSkyFault): Answer | null {
  const answer = fault.endsWith("after") || fault === "half-answer" ? carryOut(sky, call) : said("");
  switch (fault) {
    case "killed-before":
    case "killed-after":
      return { ...said(""), isKilled: true };
    case "hangs-before":
    case "hangs-after":
      return null;
    case "error-before":
    case "error-after":
      return failed("sky.exceptions.ApiServerConnectionError: Could not connect to SkyPilot API server\n");
    case "lands-later":
      sky.pending.push({ call, callsLeft: 3 });
      return { ...said(""), isKilled: true };
    case "doubled":
      carryOut(sky, call);
      sky.doubled.add(call.args[call.args.indexOf("--name") + 1] ?? "");
      return carryOut(sky, call);
    case "silent-after":
      return said("");
    case "half-answer":
      return { ...answer, stdout: answer.stdout.slice(0, answer.stdout.length / 2) };
    case "refused":
      return failed("sky.exceptions.NoCloudAccessError: No cloud access is set up.\n");
    case "no-room":
      return failed(
        "sky.exceptions.ResourcesUnavailableError: Catalog does not contain any instances satisfying the request\n",
      );
  }
}

function carryOut(sky: FakeSky, { args, task, secrets }: Call): Answer {
  const [first, second] = args;
  if (first === "--version") return said(`skypilot, version ${sky.version}\n`);
  if (first === "check") return json({ default: sky.clouds });
  if (first === "api" && second === "status") return json(requests(sky));
  if (first === "gpus" && second === "list") return listGpus(sky, args);
  if (first !== "jobs") return usage(`No such command '${first}'.`);
  if (second === "launch") return launch(sky, { args, task, secrets });
  if (!sky.isControllerUp) return failed(NO_CONTROLLER);
  if (second === "queue") {
    const jobs = args.includes("--skip-finished") ? sky.live() : sky.jobs.all;
    // The real one shows the newest first.
    return json([...jobs].reverse().map(describeJob));
  }
  if (second === "cancel") {
    const job = sky.jobs.all.find(({ id }) => String(id) === args[2]);
    if (job !== undefined && sky.onCancel === "cancels") sky.jobs.cancel(job);
    if (job !== undefined && sky.onCancel === "controller fails") job.status = "FAILED_CONTROLLER";
    return said(
      job === undefined ? "No job to cancel.\n" : `Job with ID ${job.id} is scheduled to be cancelled.\n`,
    );
  }
  return usage(`No such command '${second}'.`);
}

function launch(sky: FakeSky, { args, task, secrets }: Call): Answer {
  const name = args[args.indexOf("--name") + 1] ?? "";
  const missing = Object.entries(secrets).find(([, value]) => value === null);
  if (missing !== undefined) return usage(`${missing[0]} is not set in local environment.`);
  sky.isControllerUp = true;
  const { id } = sky.jobs.launch(name, task ?? "");
  return said(
    `YAML to run: ${args[2]}\n\u001b[33m⚙︎ Job submitted, ID: ${id}\u001b[0m\n📋 Useful Commands\nManaged Job ID: ${id}\n├── To cancel the job:\t\t\u001b[1msky jobs cancel ${id}\u001b[0m\n`,
  );
}

function listGpus(sky: FakeSky, args: string[]): Answer {
  const name = args[2] ?? "";
  const cloud = args.includes("--infra") ? args[args.indexOf("--infra") + 1] : undefined;
  const offers = (sky.prices[name] ?? []) as { cloud: string }[];
  const shown = offers.filter((offer) => cloud === undefined || offer.cloud.toLowerCase() === cloud);
  const { stdout, ...rest } = json(shown.length === 0 ? {} : { [name.split(":")[0] ?? ""]: shown });
  // Python writes what it does not know so.
  return { ...rest, stdout: stdout.replaceAll('"NaN"', "NaN") };
}

function requests({ isLaunching, pending }: FakeSky): object[] {
  const request = (name: string) => ({
    request_id: `${name}-1`,
    name,
    entrypoint: "",
    request_body: "null",
    status: "RUNNING",
    created_at: 1_795_000_000.5,
    user_id: "skypilot-system",
    return_value: "null",
    error: "null",
    pid: null,
    schedule_type: "short",
    user_name: null,
  });
  return [
    request("sky.status-refresh"),
    ...(isLaunching || pending.length > 0 ? [request("sky.jobs.launch")] : []),
  ];
}

function said(stdout: string): Answer {
  return { exitCode: 0, stdout, stderr: "" };
}

function json(value: unknown): Answer {
  return said(`${SERVER_NOTE}${JSON.stringify(value, null, 2)}\n`);
}

function failed(stderr: string): Answer {
  return { exitCode: 1, stdout: "", stderr };
}

function usage(message: string): Answer {
  return { exitCode: 2, stdout: "", stderr: `Usage: sky [OPTIONS] COMMAND [ARGS]...\n\nError: ${message}\n` };
}

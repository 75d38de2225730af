import { expectSuccess } from "../host/expect-success.js";
import { type HostCommand, shellScript } from "../host/host.js";
import { quoteArgument } from "../host/quote-argument.js";
import type { LaunchPlan, ProviderJob, Submission } from "../provider.js";
import { createShipment, missingInputs, type Shipment, ship } from "../remote/shipment.js";
import { BECOME_RUNNER, START } from "./attempt-scripts.js";
import { attemptArguments, lookAtAttempt } from "./look-at-attempt.js";
import { PROVIDER, type SshParts } from "./ssh-parts.js";

/** Uploads what is lacking, then starts the runner, of which there is one however often that is asked for. */
export async function submitJob(parts: SshParts, submission: Submission): Promise<ProviderJob> {
  const job = { providerJobId: submission.label };
  const { sight } = await lookAtAttempt(parts, { ...submission, ...job });
  if (sight !== "none") return job;
  const shipment = await shipmentOf(parts, submission);
  await ship(parts.storage, shipment);
  const { host } = parts;
  const result = await host.run(await startCommand(parts, submission, shipment));
  expectSuccess({ provider: PROVIDER, host }, result, `${submission.label} cannot be started`);
  return job;
}

async function startCommand(
  parts: SshParts,
  submission: Submission,
  { pythonPath }: Shipment,
): Promise<HostCommand> {
  const attempt = await attemptArguments(parts, { ...submission, providerJobId: null });
  const args = [...attempt, pythonPath, pythonOf(parts), BECOME_RUNNER];
  // For gated models. Among the arguments everybody on the host could read it.
  return { ...shellScript(START, args), stdin: `${parts.secret("HF_TOKEN") ?? ""}\n` };
}

/** The runner's interpreter is the trainer's where the user named one; a plain python3 makes the trainer's otherwise. */
export function pythonOf({ settings }: SshParts): string {
  return settings.python ?? "python3";
}

async function shipmentOf(parts: SshParts, submission: Submission): Promise<Shipment> {
  const { packageRoot, settings, storage } = parts;
  const root = await storage.root();
  const hasOwnEnvironment = settings.python === undefined;
  const options = { python: null, slots: `${root}/slots`, storage: null, release: null, hasOwnEnvironment };
  return createShipment({ submission, packageRoot, root, options });
}

export async function describeLaunch(parts: SshParts, submission: Submission): Promise<LaunchPlan> {
  const shipment = await shipmentOf(parts, submission);
  const [job, runner] = shipment.jobFiles.map(({ text }): unknown => JSON.parse(text));
  const uploads = await missingInputs(parts.storage, shipment);
  const words = [pythonOf(parts), "-m", "mllm_runner", shipment.jobFolder].map(quoteArgument).join(" ");
  const hasToken = parts.secret("HF_TOKEN") !== null;
  return {
    requests: [
      {
        request: `ssh ${parts.settings.host} PYTHONPATH=${quoteArgument(shipment.pythonPath)} setsid ${words}`,
        body: { ...(hasToken ? { stdin: "<HF_TOKEN>" } : {}), "job.json": job, "runner.json": runner },
      },
    ],
    uploads: uploads.map(({ path, sizeBytes }) => ({ path, sizeBytes })),
  };
}

import { z } from "zod";
import type { MllmError } from "../../core/errors.js";
import type { Resources } from "../../core/resources.js";
import type { Readiness } from "../provider.js";
import { noGpuType } from "./create-task.js";
import { readJson } from "./read-output.js";
import { lastWords, runSky, type SkySettings } from "./sky-client.js";

/** The first whose queue, check and price list can be had as JSON. */
const OLDEST_VERSION = "0.12.0";
const CHECK_SECONDS = 180;

/** By workspace and cloud what the cloud can be used for (`sky check -o json`). */
const EnabledClouds = z.record(z.string(), z.record(z.string(), z.array(z.string())));

/** The clouds that may compute, in lower case. Throws the client's own words as an error's message. */
export async function readClouds(sky: SkySettings): Promise<ReadonlySet<string>> {
  const output = await runSky(sky, { args: ["check", "-o", "json"], timeoutSeconds: CHECK_SECONDS });
  if (output.exitCode !== 0) throw new Error(lastWords(output));
  const workspaces = Object.values(EnabledClouds.parse(readJson(output.stdout)));
  const clouds = workspaces.flatMap((workspace) =>
    Object.entries(workspace).flatMap(([cloud, uses]) => (uses.includes("compute") ? [cloud] : [])),
  );
  return new Set(clouds.map((cloud) => cloud.toLowerCase()));
}

interface ReadinessRequest {
  sky: SkySettings;
  infra: string | undefined;
  clouds(): Promise<ReadonlySet<string>>;
  /** The Hub's account, by which data and weights travel. Throws where there is none. */
  hubAccount(): Promise<{ name: string }>;
}

type Problem = Readiness["problems"][number];

/** Asks everything that can be known before a machine is paid for. */
export async function checkReadiness(request: ReadinessRequest, wanted: Resources): Promise<Readiness> {
  const { sky } = request;
  const problems: Problem[] = [];
  const facts: Readiness["facts"] = {};
  if (wanted.gpusPerNode > 0 && wanted.gpuTypes.length === 0) problems.push(asProblem(noGpuType()));
  try {
    facts.hubAccount = (await request.hubAccount()).name;
  } catch (error) {
    problems.push(asProblem(error as MllmError));
  }
  const version = await readVersion(sky).catch((error: MllmError) => asProblem(error));
  if (typeof version !== "string") return { isReady: false, problems: [...problems, version], facts };
  facts.version = version;
  if (isOlder(version, OLDEST_VERSION)) problems.push(tooOld(version));
  else problems.push(...(await checkClouds(request, facts)));
  return { isReady: problems.length === 0, problems, facts };
}

async function checkClouds(
  { clouds, infra }: ReadinessRequest,
  facts: Readiness["facts"],
): Promise<Problem[]> {
  const enabled = await clouds().catch((error: Error) => error);
  if (enabled instanceof Error) {
    const hint = "Look at `sky check` and `sky api info`.";
    return [{ code: "unreachable", message: `skypilot: \`sky check\` failed: ${enabled.message}`, hint }];
  }
  facts.clouds = [...enabled].sort().join(", ") || "none";
  const cloud = cloudOf(infra);
  if (cloud === null ? enabled.size > 0 : enabled.has(cloud)) return [];
  const what = cloud === null ? "no cloud is enabled" : `${cloud} (providers.skypilot.infra) is not enabled`;
  const hint = `\`sky check${cloud === null ? "" : ` ${cloud}`}\` says what is missing.`;
  return [{ code: "bad_credentials", message: `skypilot: ${what}`, hint }];
}

/** The cloud of `aws/us-east-1`, as `sky check` calls it; null where any will do. */
function cloudOf(infra: string | undefined): string | null {
  const cloud = infra?.split("/")[0]?.toLowerCase();
  if (cloud === undefined || cloud === "*") return null;
  return cloud === "k8s" ? "kubernetes" : cloud;
}

async function readVersion(sky: SkySettings): Promise<string> {
  const output = await runSky(sky, { args: ["--version"], timeoutSeconds: CHECK_SECONDS });
  return /version (\S+)/.exec(output.stdout)?.[1] ?? "unknown";
}

/** A version that is no number (a build of one's own) is taken for a new one. */
function isOlder(version: string, oldest: string): boolean {
  const [a, b] = [version, oldest].map((text) => text.split(".").slice(0, 3).map(Number.parseFloat));
  if (!a || !b || a.some(Number.isNaN)) return false;
  const difference = a.map((part, i) => part - (b[i] ?? 0)).find((part) => part !== 0);
  return (difference ?? 0) < 0;
}

function tooOld(version: string): Problem {
  return {
    code: "environment_missing",
    message: `skypilot: version ${version} is too old, ${OLDEST_VERSION} or later is expected`,
    hint: "pip install --upgrade skypilot",
  };
}

function asProblem({ code, message, hint }: MllmError): Problem {
  return { code, message, hint: hint ?? "Try again later." };
}

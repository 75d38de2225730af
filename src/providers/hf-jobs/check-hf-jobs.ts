import { MllmError } from "../../core/errors.js";
import type { Resources } from "../../core/resources.js";
import { hubAccount, readVisibility } from "../hub/hub-repository.js";
import type { Readiness } from "../provider.js";
import { chooseFlavor, dollarsPerHour } from "./hardware.js";
import { listHardware } from "./jobs-client.js";
import type { HfJobsPlace } from "./place.js";

/** Asks who we are, what there is, and whether the repository may hold our data. */
export async function checkHfJobs(place: HfJobsPlace, wanted: Resources): Promise<Readiness> {
  const problems: Readiness["problems"] = [];
  const facts: Readiness["facts"] = {};
  const attempt = async (act: () => Promise<void>) => {
    try {
      await act();
    } catch (error) {
      if (!(error instanceof MllmError)) throw error;
      const hint = error.hint ?? "mllm providers check hf-jobs asks again.";
      problems.push({ code: error.code, message: error.message, hint });
    }
  };
  await attempt(async () => {
    const access = place.access();
    const account = await hubAccount(access);
    facts.account = account.name;
    const namespace = await place.namespace();
    facts.namespace = namespace;
    if (![account.name, ...account.organisations].includes(namespace)) {
      problems.push({
        code: "bad_credentials",
        message: `HF_TOKEN belongs to ${account.name}, which is not ${namespace} and not in it`,
        hint: "Set providers.hf-jobs.namespace to the user or an organisation of the token, or use another token.",
      });
    }
    await attempt(() => checkFlavor(place, wanted, facts));
    await attempt(() => checkRepository(place, facts));
  });
  if (wanted.nodes > 1) {
    problems.push({
      code: "bad_recipe",
      message: `the recipe asks for resources.nodes: ${wanted.nodes}, a job at Hugging Face Jobs has one`,
      hint: "Set resources.nodes to 1 and choose a flavor with more GPUs, or another provider.",
    });
  }
  return { isReady: problems.length === 0, problems, facts };
}

async function checkFlavor(place: HfJobsPlace, wanted: Resources, facts: Readiness["facts"]): Promise<void> {
  const catalog = await listHardware(place.access());
  for (const each of catalog) {
    const price = dollarsPerHour(each);
    if (price !== null) facts[`price of ${each.name}`] = `$${price.toFixed(2)}/h`;
  }
  facts.flavor = chooseFlavor(catalog, wanted, place.settings.flavor).name;
}

async function checkRepository(place: HfJobsPlace, facts: Readiness["facts"]): Promise<void> {
  const repository = await place.repository();
  const visibility = await readVisibility(place.access(), { kind: "dataset", name: repository });
  facts.repository = `${repository}${visibility === null ? " (will be made)" : ""}`;
  if (visibility !== "public") return;
  throw new MllmError("permission_denied", `the data set repository ${repository} is not private`, {
    hint: "Make it private in its settings on the Hub, or set providers.hf-jobs.repository to another one.",
  });
}

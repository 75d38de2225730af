import { ProviderError } from "../../core/errors.js";
import type { ProviderSettings } from "../../core/provider-settings.js";
import type { Resources } from "../../core/resources.js";
import type { Provider, Readiness } from "../../providers/provider.js";
import type { Workspace } from "../workspace.js";

interface ProviderChoice {
  provider: Provider;
  readiness: Readiness;
}

export interface ProviderChoices {
  /** The first that is ready; where none is, the first. */
  chosen: ProviderChoice;
  /** Those that are ready, too, in order: where to go on when the chosen one has no room. */
  fallbacks: ProviderChoice[];
  /** Those before the chosen one. */
  passedOver: ProviderChoice[];
}

interface ProviderRequest {
  names: readonly [string, ...string[]];
  placement: ProviderSettings;
  resources: Resources;
}

/** Asks the providers whether they are ready. */
export async function chooseProvider(
  workspace: Workspace,
  request: ProviderRequest,
): Promise<ProviderChoices> {
  const choices: ProviderChoice[] = [];
  for (const name of request.names) {
    const provider = await workspace.providerWith(name, request.placement);
    choices.push({ provider, readiness: await check(provider, request.resources) });
  }
  const first = Math.max(
    0,
    choices.findIndex(({ readiness }) => readiness.isReady),
  );
  const chosen = choices[first] as ProviderChoice;
  // Another engine gives other results under other ids.
  const fallbacks = choices
    .slice(first + 1)
    .filter(({ provider, readiness }) => readiness.isReady && provider.engine === chosen.provider.engine);
  return { chosen, fallbacks, passedOver: choices.slice(0, first) };
}

/** A provider that cannot even be asked is not ready, and the next one may be. */
async function check(provider: Provider, resources: Resources): Promise<Readiness> {
  try {
    return await provider.check(resources);
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    const { code, message, hint = "Try again later." } = error;
    return { isReady: false, problems: [{ code, message, hint }], facts: {} };
  }
}

import { MllmError } from "../core/errors.js";
import { createLocalProvider } from "./local/create-local-provider.js";
import type { LocalSettings } from "./local/local-settings.js";
import type { Provider } from "./provider.js";

/** What the providers are made from; each takes what it needs. */
interface ProviderSettings {
  local: LocalSettings;
}

const PROVIDERS: Readonly<Record<string, (settings: ProviderSettings) => Provider>> = {
  local: (settings) => createLocalProvider(settings.local),
};

/** Throws not_found for a name that is not in the list. */
export function createProvider(name: string, settings: ProviderSettings): Provider {
  const create = PROVIDERS[name];
  if (create === undefined) {
    throw new MllmError("not_found", `there is no provider ${name}`, {
      hint: `Providers: ${Object.keys(PROVIDERS).join(", ")}.`,
    });
  }
  return create(settings);
}

import type { TogetherSettings } from "../../core/provider-settings.js";
import type { ProviderEnvironment } from "../provider-environment.js";
import type { TogetherApi } from "./together-api.js";

/** What the parts of this provider share. */
export interface TogetherContext {
  api: TogetherApi;
  /** Of the API, with its version. */
  baseUrl: string;
  environment: Pick<ProviderEnvironment, "secret" | "env" | "fetch" | "now" | "sleep">;
  settings: TogetherSettings;
}

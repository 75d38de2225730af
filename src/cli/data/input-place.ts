import type { InputPlace } from "../../data/input/find-inputs.js";
import { hubEndpoint } from "../../providers/hub/hub-access.js";
import type { Context } from "../context.js";
import { createSecrets } from "../credentials.js";

/** Where this command's inputs are: its folder, what is piped in, and the Hub with the user's token. */
export function inputPlace(context: Context): InputPlace {
  return {
    cwd: context.cwd,
    stdin: () => context.stdin(),
    hub: {
      endpoint: hubEndpoint(context.env),
      token: createSecrets(context)("HF_TOKEN"),
      fetch: globalThis.fetch,
    },
  };
}

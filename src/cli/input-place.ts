import type { InputPlace } from "../data/input/find-inputs.js";
import type { Context } from "./context.js";
import { createSecrets } from "./credentials.js";

const PUBLIC_HUB = "https://huggingface.co";

/** Where this command's inputs are: its folder, what is piped in, and the Hub with the user's token. */
export function inputPlace(context: Context): InputPlace {
  return {
    cwd: context.cwd,
    stdin: () => context.stdin(),
    hub: {
      endpoint: (context.env.HF_ENDPOINT || PUBLIC_HUB).replace(/\/+$/, ""),
      token: createSecrets(context)("HF_TOKEN"),
      fetch: globalThis.fetch,
    },
  };
}

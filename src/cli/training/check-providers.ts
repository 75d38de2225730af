import { MllmError } from "../../core/errors.js";
import type { ProviderSettings } from "../../core/provider-settings.js";
import type { Resources } from "../../core/resources.js";
import type { Context } from "../context.js";
import { redactSecrets } from "../credentials.js";
import type { Workspace } from "../workspace.js";
import type { CheckedProvider } from "./providers-view.js";

interface CheckRequest {
  names: readonly string[];
  placement: ProviderSettings;
  resources: Resources;
}

/** Asks all of them at once; one that cannot even be asked has that for its problem. */
export async function checkProviders(
  context: Context,
  workspace: Workspace,
  { names, placement, resources }: CheckRequest,
): Promise<CheckedProvider[]> {
  return Promise.all(
    names.map(async (name) => {
      try {
        const provider = await workspace.providerWith(name, placement);
        return redact(context, { name, ...(await provider.check(resources)) });
      } catch (error) {
        if (!(error instanceof MllmError)) throw error;
        const { code, message, hint = "Try again later." } = error;
        return redact(context, { name, isReady: false, problems: [{ code, message, hint }], facts: {} });
      }
    }),
  );
}

function redact(context: Context, { problems, facts, ...rest }: CheckedProvider): CheckedProvider {
  const clean = (text: string) => redactSecrets(text, context);
  return {
    ...rest,
    problems: problems.map(({ code, message, hint }) => ({
      code,
      message: clean(message),
      hint: clean(hint),
    })),
    facts: Object.fromEntries(
      Object.entries(facts).map(([key, value]) => [key, typeof value === "string" ? clean(value) : value]),
    ),
  };
}

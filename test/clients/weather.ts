import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { CompletionRequest } from "../../src/agent/role-model.js";
import { Profile } from "../../src/core/profile.js";
import { createScriptedModel, type ScriptedModel } from "../scripted-roles.js";
import { packageRoot } from "../shared-data.js";

export const threadProfile = Profile.parse(
  parse(readFileSync(join(packageRoot, "configs", "prompts", "thread.yaml"), "utf8")),
);

/** The task that every client has to get through: two calls, one after the other, then an answer out of both. */
export const QUESTION = "Where is it warmer, in Oslo or in Rome?";
export const ANSWER = "Rome is warmer: 31 degrees against 12 in Oslo.";
export const THOUGHTS = ["I start with Oslo.", "Now Rome."] as const;

const TEMPERATURES: Record<string, number> = { Oslo: 12, Rome: 31 };

/** What the client's tool gives. */
export function getTemperature({ city }: { city: string }): string {
  return JSON.stringify({ city, degrees: TEMPERATURES[city] ?? null });
}

export const weatherParameters = {
  type: "object",
  properties: { city: { type: "string", description: "name of the city" } },
  required: ["city"],
  additionalProperties: false,
};

export const weatherTool = {
  type: "function" as const,
  function: {
    name: "get_temperature",
    description: "Degrees Celsius in a city, now",
    parameters: weatherParameters,
  },
};

/** The observations in a prompt, in order. */
function observationsIn({ prompt }: CompletionRequest): { city: string; degrees: number }[] {
  const found = prompt.matchAll(/observation: (\{[^}]*\})/g);
  return Array.from(found, ([, json = "{}"]) => JSON.parse(json) as { city: string; degrees: number });
}

/** An agent that solves the question with the tool `name`, out of what its prompts hold and nothing else. */
export function createWeatherModel(name = "get_temperature"): ScriptedModel {
  return createScriptedModel(threadProfile, {
    planner: (request) =>
      ["I start with Oslo. Next: caller.", "Now Rome. Next: caller."][observationsIn(request).length] ??
      "I know both. Next: summarizer.",
    caller: (request) => `${name}\n{"city": "${observationsIn(request).length === 0 ? "Oslo" : "Rome"}"}`,
    summarizer: (request) => {
      const [low, high] = observationsIn(request).sort((a, b) => a.degrees - b.degrees);
      return `${high?.city} is warmer: ${high?.degrees} degrees against ${low?.degrees} in ${low?.city}.`;
    },
  });
}

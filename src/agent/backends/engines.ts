/** Servers of raw completions, as far as they differ. `openai`: any other one; it is asked nothing special. */
export const ENGINES = ["embedded", "vllm", "sglang", "llama.cpp", "ollama", "openai"] as const;
export type Engine = (typeof ENGINES)[number];

/** What else goes into the body so that nothing but the grammar's texts is decoded; nothing where that cannot be said. */
export function grammarFields(engine: Engine, gbnf: string): Record<string, unknown> {
  switch (engine) {
    case "embedded":
    case "llama.cpp":
      return { grammar: gbnf };
    case "vllm":
      return { structured_outputs: { grammar: gbnf } };
    case "sglang":
      return { ebnf: gbnf };
    default:
      return {};
  }
}

/** How a server is told which of its models, or which adapter on its one base, is meant. */
export function modelFields(engine: Engine, model: string): Record<string, unknown> {
  // llama.cpp numbers its adapters, and a request lists those it wants.
  if (engine === "llama.cpp" && /^\d+$/.test(model)) return { lora: [{ id: Number(model), scale: 1 }] };
  return { model };
}

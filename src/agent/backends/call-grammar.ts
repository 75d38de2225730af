import type { CallGrammar } from "../role-model.js";
import { createSchemaRules, literal } from "./schema-rules.js";

/**
 * The grammar as GBNF, which llama.cpp, XGrammar (vLLM, SGLang) and our embedded server read. Objects have the
 * properties that the schema names, in its order; what of a schema cannot be said in a grammar (patterns, bounds,
 * references) is not enforced.
 */
export function toGbnf(grammar: CallGrammar): string {
  const rules = createSchemaRules();
  const calls = grammar.tools.map(({ name, parameters }, index) => {
    const value = rules.object(`tool${index}`, parameters);
    return rules.add(`call${index}`, `${literal(name + grammar.between)} ${value}`);
  });
  const choice = calls.length === 0 ? rules.name("value") : `(${calls.join(" | ")})`;
  const root = [literal(grammar.before), choice, literal(grammar.after)].filter((part) => part !== '""');
  return [`root ::= ${root.join(" ")}`, ...rules.lines()].join("\n");
}

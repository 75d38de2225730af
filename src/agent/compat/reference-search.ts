import { fillTemplate } from "../../prompts/fill-template.js";
import type { AgentEvent } from "../agent-event.js";
import type { SpokenStep } from "../loop/take-turn.js";
import type { CompatProfile } from "./compat-profile.js";
import { toAscii } from "./python-json.js";
import type { CompatMessage } from "./reference-prompts.js";
import type { CompatReply } from "./reference-reply.js";
import { CODES, type Executed } from "./reference-tools.js";

/** A node of the reference's tree. A turn adds three: of these, the last one carries all that happened. */
export interface CompatNode {
  kind: "root" | "thought" | "action" | "input";
  text: string;
  depth: number;
  parent: CompatNode | null;
  children: CompatNode[];
  messages: CompatMessage[];
  executed: Executed | null;
  step: SpokenStep | null;
}

/** A step of the roles, and its execution. */
interface CompatTurn {
  reply: CompatReply;
  message: CompatMessage;
  executed: Executed;
  step: SpokenStep;
}

export interface CompatSearch {
  profile: CompatProfile;
  /** Asks the roles. */
  speak(
    messages: readonly CompatMessage[],
  ): AsyncGenerator<AgentEvent, Omit<CompatTurn, "executed" | "step">>;
  execute(reply: CompatReply): AsyncGenerator<AgentEvent, Pick<CompatTurn, "executed" | "step">>;
  /** Before `node` is tried again. False: what was done below it must not be done twice. */
  goBack(node: CompatNode): AsyncGenerator<AgentEvent, boolean>;
  /** Before a turn from `node`. */
  enter(node: CompatNode): void;
  queries: number;
  answered: CompatNode[];
  gaveUp: CompatNode[];
}

/** What the reference's search returns: how many levels it goes back, or why it ends. */
const RETURNS = { answered: 10_000, queries: 100_000 } as const;

export function createRoot(instruction: string): CompatNode {
  const messages: CompatMessage[] = [{ role: "user", value: instruction }];
  return {
    kind: "root",
    text: "",
    depth: 0,
    parent: null,
    children: [],
    messages,
    executed: null,
    step: null,
  };
}

/** `DFS_woFilter_w2`, as it was run: depth first, `width` tries a node, out at the first answer. */
export async function* searchAsReference(
  search: CompatSearch,
  node: CompatNode,
): AsyncGenerator<AgentEvent, number> {
  const end = endOf(search, node);
  if (end !== null) return end;
  for (let attempt = 0; attempt < search.profile.width; attempt += 1) {
    if (node.children.length > 0) {
      if (!(yield* search.goBack(node))) return 1;
      // Stays there for whatever comes below.
      node.messages.push({ role: "user", value: describeCandidates(search.profile, node) });
    }
    search.enter(node);
    const spoken = yield* search.speak(node.messages);
    search.queries += 1;
    if (search.queries >= search.profile.maxQueries) return RETURNS.queries;
    const turn = { ...spoken, ...(yield* search.execute(spoken.reply)) };
    const returned = yield* searchAsReference(search, addTurn(node, turn));
    if (search.answered.length > 0) return RETURNS.answered;
    if (returned > 1) return returned - 1;
  }
  return 1;
}

/** What a node that is not gone on from returns; null for others. */
function endOf({ profile, answered, gaveUp }: CompatSearch, node: CompatNode): number | null {
  const code = node.executed?.code;
  if (code === CODES.answered) answered.push(node);
  else if (code === CODES.gaveUp) gaveUp.push(node);
  else return node.depth >= profile.maxNodes ? 1 : null;
  return 2;
}

function addTurn(from: CompatNode, { reply, message, executed, step }: CompatTurn): CompatNode {
  const thought = addNode(from, "thought", reply.thought);
  const leaf = addNode(addNode(thought, "action", reply.action), "input", reply.input);
  leaf.executed = executed;
  leaf.step = step;
  leaf.messages = [...from.messages, message, { role: "observation", value: executed.observation }];
  return leaf;
}

function addNode(parent: CompatNode, kind: CompatNode["kind"], text: string): CompatNode {
  const { depth, messages } = parent;
  const node = { kind, text, depth: depth + 1, parent, children: [], messages, executed: null, step: null };
  parent.children.push(node);
  return node;
}

/** The diversity message: the first action below every child. */
function describeCandidates({ texts }: CompatProfile, node: CompatNode): string {
  const candidates = node.children.flatMap((child) => {
    const [action] = child.children;
    const [input] = action?.children ?? [];
    if (action === undefined || input === undefined) return [];
    return [
      {
        name: action.text,
        arguments: input.text,
        function_output: input.executed?.observation ?? "",
        "mento-carlo-action-value": 0,
      },
    ];
  });
  const json = toAscii(JSON.stringify(candidates, null, 2)).replace(
    /^(\s*"mento-carlo-action-value": )0$/gm,
    "$10.0",
  );
  const former = node.executed?.observation ?? "";
  const again = former === "" ? "" : `again, your former observation: ${former}\n`;
  return fillTemplate(texts.diversity, { previous_candidate: `${json}\n${again}` });
}

/** The nodes of a path, from the first turn's on. */
export function pathTo(node: CompatNode): CompatNode[] {
  const path: CompatNode[] = [];
  for (let at: CompatNode | null = node; at !== null; at = at.parent) path.unshift(at);
  return path;
}

/** How many nodes a tree has, and how many its longest path. */
export function measureTree(root: CompatNode): { nodes: number; longest: number } {
  let nodes = 1;
  let longest = root.depth + 1;
  for (const child of root.children) {
    const below = measureTree(child);
    nodes += below.nodes;
    longest = Math.max(longest, below.longest);
  }
  return { nodes, longest };
}

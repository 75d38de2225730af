import { Command, Option } from "commander";
import { ROLES, type Role } from "../../core/roles.js";
import { nothingTrained } from "../checkpoints/nothing-trained.js";
import type { Promotion } from "../checkpoints/promote-checkpoint.js";
import { FAIL_BELOW, readConditions } from "../checkpoints/read-conditions.js";
import { collectValues } from "../collect-values.js";
import type { Context } from "../context.js";
import { writeNote, writeResult } from "../output.js";

interface PromoteOptions {
  agent: string;
  role?: Role;
  failBelow?: string[];
  force?: true;
  json?: true;
}

const HELP = `
The agent as it is and with the checkpoint must have been evaluated on the same data in the same way
(mllm eval static, mllm eval live). They are compared as mllm eval compare does, on every such data set.

Exit codes: 0 promoted (or the agent has it already), 1 worse, or not evaluated, 2 usage.`;

export function createPromoteCommand(context: Context): Command {
  return new Command("promote")
    .description("Make a checkpoint an agent's for its role, unless the agent gets worse by it")
    .argument("<id>", "its id, or the beginning of it")
    .requiredOption("--agent <name>", "the agent's name")
    .addOption(new Option("--role <role>", "for a backbone, which can take any").choices([...ROLES]))
    .option(...FAIL_BELOW, collectValues)
    .option("--force", "promote it although it is worse, or nobody knows")
    .option("--json", "print JSON")
    .addHelpText("after", HELP)
    .action((id: string, options: PromoteOptions) => promote(context, id, options));
}

async function promote(
  context: Context,
  id: string,
  { agent, role, failBelow = [], force, json }: PromoteOptions,
): Promise<void> {
  const conditions = readConditions(failBelow);
  const { promoteCheckpoint } = await import("../checkpoints/promote-checkpoint.js");
  const { toComparisonValue } = await import("../evaluation/comparison-view.js");
  const { openWorkspace } = await import("../workspace.js");
  const { state, close } = await openWorkspace(context, { database: "existing" });
  try {
    if (state === null) throw nothingTrained(id);
    const promotion = await promoteCheckpoint(state, {
      ...{ id, agentName: agent, conditions, isForced: force === true, at: context.now().toISOString() },
      ...(role !== undefined && { role }),
    });
    const comparisons = promotion.comparisons.map((each) => toComparisonValue(each, { examples: 0 }));
    const value = { ...promotion, comparisons };
    writeResult(context, { json: json === true, value, text: await formatPromotion(promotion) });
    if (!json) writeNote(context, adviseAfter(promotion));
    if (promotion.verdict?.isWorse && !promotion.isPromoted) context.setExitCode(1);
  } finally {
    close();
  }
}

async function formatPromotion(promotion: Promotion): Promise<string> {
  const { formatVerdict } = await import("../evaluation/verdict-view.js");
  const { agent, previous, role, checkpoint, isPromoted, isForced, comparisons, verdict } = promotion;
  const compared = comparisons.map(({ a, b, data }) => `on ${data.name}: A ${a.id}, B ${b.id}`);
  const why =
    verdict === null
      ? []
      : [`A  ${previous.name}@${previous.version}`, `B  with ${checkpoint} as its ${role}`, ...compared, ""];
  const said = verdict === null ? [] : [formatVerdict(verdict, comparisons), ""];
  const forced = verdict === null ? "nobody has compared them" : "although it is worse";
  const outcome = isPromoted
    ? `${agent.name}@${agent.version} has ${checkpoint} as its ${role} (was ${previous[role]})${isForced ? `: forced, ${forced}` : ""}`
    : verdict === null
      ? `${agent.name}@${agent.version} has ${checkpoint} already`
      : `not promoted: ${agent.name}@${agent.version} keeps ${previous[role]}`;
  return [...why, ...said, outcome].join("\n");
}

function adviseAfter({ agent, isPromoted, comparisons }: Promotion): string {
  if (isPromoted) return `to go back: mllm agents rollback ${agent.name}`;
  const [first] = comparisons;
  if (first === undefined) return `next: mllm agents show ${agent.name}`;
  return `next: mllm eval compare ${first.a.id} ${first.b.id}    shows where; --force promotes it anyway`;
}

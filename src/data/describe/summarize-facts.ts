import { fromKeys } from "../../core/from-keys.js";
import { bySubset, type Subset } from "../../core/roles.js";
import { type DistributionSummary, summarizeDistribution } from "./distribution.js";
import {
  type Counts,
  type Facts,
  MEASURED_TEXTS,
  type MeasuredText,
  type RejectedExample,
  type ToolFacts,
  type TurnCount,
} from "./facts.js";

type Lengths = DistributionSummary | null;

/** How texts were measured. */
export interface Measured {
  unit: "tokens" | "characters";
  /** The folder of the tokenizer; null for characters. */
  tokenizer: string | null;
  /** The texts of one record in so many. */
  oneIn: number;
}

/** What `mllm data stats` says; plain data. */
export interface Statistics {
  records: {
    read: number;
    used: number;
    excluded: Counts;
    rejected: Record<string, { count: number; examples: RejectedExample[] }>;
  };
  turns: Record<TurnCount, number>;
  repairs: Counts;
  untrainedTurns: Counts;
  lostTurns: Counts;
  withoutTools: number;
  measured: Measured & { trajectories: number };
  perTrajectory: Record<"tools" | "steps" | "calls", Lengths>;
  /** Of texts: the tools and all that stands before the instruction, the instruction, results, and each role's turns. */
  texts: Record<MeasuredText, Lengths>;
  subsets: Record<Subset, { rows: number; leftOut: Counts; lengths: Lengths; trainedLengths: Lengths }>;
  /** The most called first. */
  tools: ({ name: string } & ToolFacts)[];
  /** Tools beyond those that can be told apart; null where there are none. */
  otherTools: ToolFacts | null;
}

export function summarizeFacts(facts: Facts, measured: Measured): Statistics {
  const { perTrajectory, texts, otherTools } = facts;
  return {
    records: {
      ...{ read: facts.records, used: facts.trajectories },
      ...{ excluded: facts.excluded, rejected: facts.rejected },
    },
    ...{ turns: facts.turns, repairs: facts.repairs },
    ...{ untrainedTurns: facts.untrainedTurns, lostTurns: facts.lostTurns },
    withoutTools: facts.withoutTools,
    measured: { ...measured, trajectories: facts.measured },
    perTrajectory: {
      tools: summarizeDistribution(perTrajectory.tools),
      steps: summarizeDistribution(perTrajectory.steps),
      calls: summarizeDistribution(perTrajectory.calls),
    },
    texts: fromKeys(MEASURED_TEXTS, (text) => summarizeDistribution(texts[text])),
    subsets: bySubset((subset) => {
      const { rows, leftOut, lengths, trainedLengths } = facts.rows[subset];
      return {
        ...{ rows, leftOut, lengths: summarizeDistribution(lengths) },
        trainedLengths: summarizeDistribution(trainedLengths),
      };
    }),
    tools: [...facts.tools].map(([name, tool]) => ({ name, ...tool })).sort(byCalls),
    otherTools: otherTools.offered + otherTools.called === 0 ? null : otherTools,
  };
}

function byCalls(a: Statistics["tools"][number], b: Statistics["tools"][number]): number {
  return b.called - a.called || b.offered - a.offered || (a.name < b.name ? -1 : 1);
}

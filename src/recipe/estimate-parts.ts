import { type Estimate, type EstimateRequest, estimateJob } from "./estimate.js";

/** The roles of a job one after the other, or the one thing it trains. */
export type Parts = readonly [EstimateRequest, ...EstimateRequest[]];

/** What one job takes that does these one after the other, in one process and on one copy of the weights. */
export function estimateParts([first, ...others]: Parts): Estimate {
  const started = others.map((part) => estimateJob({ ...part, hasStarted: true }));
  const estimates = [estimateJob(first), ...started] as const;
  const sum = (pick: (each: Estimate) => number) => estimates.reduce((total, each) => total + pick(each), 0);
  const known = (pick: (each: Estimate) => number | null): number[] | null => {
    const values = estimates.map(pick);
    return values.every((value) => value !== null) ? values : null;
  };
  const seconds = known((each) => each.seconds);
  const memory = known((each) => each.peakMemoryBytes);
  return {
    ...estimates[0],
    rows: sum((each) => each.rows),
    validationRows: sum((each) => each.validationRows),
    tokens: sum((each) => each.tokens),
    trainedTokens: sum((each) => each.trainedTokens),
    optimizerSteps: sum((each) => each.optimizerSteps),
    processedTokens: sum((each) => each.processedTokens),
    processedPositions: sum((each) => each.processedPositions),
    isExact: estimates.every((each) => each.isExact),
    seconds: seconds === null ? null : seconds.reduce((total, each) => total + each, 0),
    peakMemoryBytes: memory === null ? null : Math.max(...memory),
  };
}

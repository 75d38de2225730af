export interface Limits {
  /** Planner turns of one branch. */
  maxTurns: number;
  /** That all completions together may have; prompts are not counted. */
  maxTokens: number;
  maxSeconds: number;
  /** Of tools. */
  maxCalls: number;
  /** Of one completion. */
  maxNewTokens: number;
}

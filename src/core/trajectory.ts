/** A function the agent may call; `parameters` is a JSON Schema of type object. */
export interface Tool {
  name: string;
  description: string;
  parameters: Record<string, unknown>;
}

export interface ToolCall {
  name: string;
  /** The arguments as JSON text, as recorded (possibly broken JSON). */
  arguments: string;
}

/** Why a step is context only, in snake_case, such as `hallucinated_call`; absent on a step that is trained. */
interface Trainable {
  untrained?: string;
  /** Why only the planner's turn is context, in a step whose act is trained, such as `no_thought`. */
  unplanned?: string;
}

/** One turn of a trajectory. An empty thought is "". */
export type Step =
  | { kind: "user"; text: string }
  | ({ kind: "call"; thought: string; call: ToolCall; observation: string | null } & Trainable)
  | ({ kind: "answer"; thought: string; answer: string } & Trainable)
  | ({ kind: "give_up"; thought: string } & Trainable);

/** One recorded attempt at a task. `steps` follow the instruction; the instruction is not repeated there. */
export interface Trajectory {
  id: string;
  instruction: string;
  tools: Tool[];
  steps: Step[];
}

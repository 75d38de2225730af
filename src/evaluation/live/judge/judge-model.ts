export interface JudgeMessage {
  role: "system" | "user";
  content: string;
}

export interface JudgeRequest {
  messages: readonly JudgeMessage[];
  /** What the reply is to be: the name and the JSON Schema of an object. */
  form: { name: string; schema: Record<string, unknown> };
  temperature: number;
  seed: number;
  signal: AbortSignal;
}

/**
 * A model that is asked for verdicts. Failures are MllmErrors: `backend_failed` after a few tries of its own,
 * `interrupted` where the signal was aborted.
 */
export interface JudgeModel {
  /** `http://127.0.0.1:8000/v1#MODEL`; holds no key. */
  readonly name: string;
  /** What it wrote; null where it refused, or was cut before its end. */
  ask(request: JudgeRequest): Promise<string | null>;
}

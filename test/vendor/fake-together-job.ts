import { createHash } from "node:crypto";
import type { FakeTrainerControl } from "../fake-trainer.js";

const TOTAL_STEPS = 4;

/** What the fake keeps of a create request. */
export interface FakeJobRequest {
  suffix: string;
  model: string;
  n_epochs: number;
  n_evals: number;
  training_type: { type: "Full" | "Lora" };
  [key: string]: unknown;
}

/** A job of the fake vendor's. It goes on one step whenever somebody asks for it. */
export class FakeTogetherJob {
  readonly id: string;
  readonly request: FakeJobRequest;
  readonly createdAt: string;
  status = "pending";
  updatedAt: string;
  step = 0;
  mayContinue = false;
  isPaused = false;
  readonly events: Record<string, unknown>[] = [];
  readonly metrics: Record<string, number>[] = [];
  checkpoints: { step: number; path: string; created_at: string; checkpoint_type: string }[] = [];
  readonly #control: FakeTrainerControl;
  readonly #now: () => Date;
  #ignored = 0;

  constructor(number: number, request: FakeJobRequest, control: FakeTrainerControl, now: () => Date) {
    this.id = `ft-${createHash("sha256").update(`job ${number}`).digest("hex").slice(0, 8)}-${number}`;
    this.request = request;
    this.#control = control;
    this.#now = now;
    this.createdAt = now().toISOString();
    this.updatedAt = this.createdAt;
    this.say("job_pending", "Job is pending");
  }

  get hasEnded(): boolean {
    return ["completed", "error", "cancelled"].includes(this.status);
  }

  say(type: string, message: string, level = "info"): void {
    const event = {
      object: "fine-tune-event",
      created_at: this.#now().toISOString(),
      level,
      message,
      type,
      param_count: 0,
      token_count: 0,
      total_steps: this.step === 0 ? 0 : TOTAL_STEPS,
      wandb_url: "",
      step: this.step,
      checkpoint_path: "",
      model_path: "",
      training_offset: 0,
    };
    const hash = createHash("sha256").update(`${this.id} ${this.events.length}`).digest("hex").slice(0, 16);
    this.events.push({ ...event, hash });
  }

  /** To the next thing that can be seen. */
  tick(): void {
    if (this.hasEnded) return;
    this.updatedAt = this.#now().toISOString();
    if (this.status === "cancel_requested") this.#finishCancel();
    else if (this.#isHeld()) this.isPaused = true;
    else this.#goOn();
  }

  cancel(): void {
    if (this.hasEnded || this.status === "cancel_requested") return;
    this.status = "cancel_requested";
    this.say("cancel_requested", "Cancel requested");
  }

  end(status: "completed" | "error" | "cancelled", type: string, message: string): void {
    this.status = status;
    this.say(type, message, status === "error" ? "error" : "info");
  }

  #finishCancel(): void {
    // One that does not listen takes a while.
    if (this.#control.ignoreTerm === true && this.#ignored++ < 20) return;
    this.end("cancelled", "job_stopped", "Job was stopped");
  }

  #isHeld(): boolean {
    const { pauseAt } = this.#control;
    if (pauseAt === undefined || this.mayContinue) return false;
    return pauseAt === "start" ? this.status === "queued" : pauseAt === this.step;
  }

  #goOn(): void {
    this.isPaused = false;
    switch (this.status) {
      case "pending":
        this.status = "queued";
        return;
      case "queued":
        this.status = "running";
        this.say("job_start", "Job started");
        this.say("training_start", "Training started");
        return;
      case "running":
        this.#train();
        return;
      case "compressing":
        this.status = "uploading";
        return;
      default:
        this.#complete();
    }
  }

  #train(): void {
    if (this.#control.failWith !== undefined) {
      this.end("error", "job_error", `Training failed: ${this.#control.failWith}`);
      return;
    }
    if (this.step === TOTAL_STEPS) {
      this.say("training_complete", "Training completed");
      this.status = "compressing";
      return;
    }
    this.step += 1;
    this.metrics.push({
      "train/global_step": this.step,
      "train/loss": 2 - this.step / 10,
      "train/learning_rate": 1e-4,
    });
    if (this.step % 2 !== 0) return;
    if (this.request.n_evals > 0) this.metrics.push({ "eval/loss": 1 + this.step / 10 });
    this.say("checkpoint_save", `Checkpoint saved at step ${this.step}`);
    if (this.step < TOTAL_STEPS) this.#save("Intermediate");
  }

  #complete(): void {
    const types = this.request.training_type.type === "Full" ? ["Final"] : ["Final Merged", "Final Adapter"];
    for (const type of types) this.#save(type);
    this.end("completed", "job_complete", "Job finished");
  }

  #save(checkpoint_type: string): void {
    const path = `s3://fake/${this.id}/${this.step}`;
    this.checkpoints.push({ step: this.step, path, created_at: this.#now().toISOString(), checkpoint_type });
  }
}

import { MllmError } from "../../core/errors.js";
import { ApiError } from "./api-error.js";

const RETRY_SECONDS = 1;

/** Lets so many work at once, so many more wait in line, and sends the rest away. */
export class Admission {
  private running = 0;
  private readonly waiting = new Set<() => void>();

  constructor(
    private readonly maxRunning: number,
    private readonly maxWaiting: number,
  ) {}

  get counts(): { running: number; waiting: number } {
    return { running: this.running, waiting: this.waiting.size };
  }

  /** Waits for a place and returns how to leave it, which may be done twice. Throws 429 where the line is full. */
  async enter(signal: AbortSignal): Promise<() => void> {
    if (this.running < this.maxRunning) this.running += 1;
    else await this.wait(signal);
    let isIn = true;
    const leave = () => {
      if (isIn) this.handOver();
      isIn = false;
    };
    if (!signal.aborted) return leave;
    leave();
    throw leftTheLine();
  }

  /** Returns with a place that another left. */
  private async wait(signal: AbortSignal): Promise<void> {
    if (this.waiting.size >= this.maxWaiting) {
      throw new ApiError(429, "the server is busy and its queue is full", {
        code: "server_busy",
        retryAfterSeconds: RETRY_SECONDS,
      });
    }
    await new Promise<void>((resolve, reject) => {
      const stop = () => {
        this.waiting.delete(go);
        reject(leftTheLine());
      };
      const go = () => {
        signal.removeEventListener("abort", stop);
        resolve();
      };
      this.waiting.add(go);
      if (signal.aborted) stop();
      else signal.addEventListener("abort", stop, { once: true });
    });
  }

  private handOver(): void {
    const [next] = this.waiting;
    if (next === undefined) {
      this.running -= 1;
      return;
    }
    this.waiting.delete(next);
    next();
  }
}

const leftTheLine = () => new MllmError("interrupted", "the client went away");

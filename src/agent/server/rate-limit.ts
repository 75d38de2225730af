import { ApiError } from "./api-error.js";

const MINUTE_MILLISECONDS = 60_000;
const MAX_CLIENTS = 10_000;

interface Bucket {
  tokens: number;
  at: number;
}

/** So many requests a minute for each client, in one burst or spread. */
export class RateLimit {
  private readonly buckets = new Map<string, Bucket>();

  constructor(
    private readonly requestsPerMinute: number,
    private readonly now: () => Date,
  ) {}

  /** Counts one request; throws 429, with how long to wait, where there were too many. */
  take(client: string): void {
    const now = this.now().getTime();
    const bucket = this.buckets.get(client) ?? { tokens: this.requestsPerMinute, at: now };
    const perMillisecond = this.requestsPerMinute / MINUTE_MILLISECONDS;
    const tokens = Math.min(this.requestsPerMinute, bucket.tokens + (now - bucket.at) * perMillisecond);
    const isAllowed = tokens >= 1;
    this.put(client, { tokens: isAllowed ? tokens - 1 : tokens, at: now });
    if (isAllowed) return;
    throw new ApiError(429, `more than ${this.requestsPerMinute} requests in a minute`, {
      code: "rate_limit_exceeded",
      retryAfterSeconds: Math.ceil((1 - tokens) / perMillisecond / 1000),
    });
  }

  private put(client: string, bucket: Bucket): void {
    this.buckets.delete(client);
    this.buckets.set(client, bucket);
    const [oldest] = this.buckets.keys();
    if (this.buckets.size > MAX_CLIENTS && oldest !== undefined) this.buckets.delete(oldest);
  }
}

/** Aborts a request when its user does, or when the server says nothing for too long. */
export class Patience {
  isExhausted = false;
  private readonly controller = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private readonly follow: () => void;

  constructor(
    private readonly user: AbortSignal,
    private readonly milliseconds: number,
  ) {
    this.follow = () => this.controller.abort(user.reason);
    if (user.aborted) this.follow();
    user.addEventListener("abort", this.follow, { once: true });
    this.renew();
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  pause(): void {
    clearTimeout(this.timer);
  }

  /** It is the server's turn again. */
  renew(): void {
    this.pause();
    this.timer = setTimeout(() => {
      this.isExhausted = true;
      this.controller.abort();
    }, this.milliseconds);
  }

  /** Ends the request if it is still under way. */
  end(): void {
    this.pause();
    this.user.removeEventListener("abort", this.follow);
    this.controller.abort();
  }
}

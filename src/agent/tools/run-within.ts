/** What stopped the wait for a tool. */
export class Stopped extends Error {
  constructor(readonly by: "caller" | "close" | "time") {
    super(`stopped by ${by}`);
  }
}

interface Bounds {
  signal: AbortSignal;
  closing: AbortSignal;
  seconds: number;
}

/** Waits for `run`, but no longer than the bounds allow; then its signal is aborted and `Stopped` is thrown, whether it stops or not. */
export async function runWithin<Result>(
  { signal, closing, seconds }: Bounds,
  run: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController();
  let stop: (by: Stopped["by"]) => void = () => {};
  const stopped = new Promise<never>((_, reject) => {
    stop = (by) => {
      const reason = new Stopped(by);
      reject(reason);
      controller.abort(reason);
    };
  });
  const onCaller = (): void => stop("caller");
  const onClose = (): void => stop("close");
  const timer = setTimeout(() => stop("time"), seconds * 1000);
  signal.addEventListener("abort", onCaller);
  closing.addEventListener("abort", onClose);
  try {
    if (signal.aborted) stop("caller");
    else if (closing.aborted) stop("close");
    // A tool that throws before its first await is a tool that fails.
    const running = controller.signal.aborted
      ? stopped
      : Promise.resolve().then(() => run(controller.signal));
    return await Promise.race([running, stopped]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onCaller);
    closing.removeEventListener("abort", onClose);
    // Whoever loses the race fails unheard.
    stopped.catch(() => {});
  }
}

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

export interface CommandSettings {
  env: Readonly<Record<string, string | undefined>>;
  signal: AbortSignal;
}

/** Standard output without the blanks around it, or null where the command is missing or failed. */
export async function capture(
  { env }: Pick<CommandSettings, "env">,
  command: string,
  args: readonly string[],
): Promise<string | null> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { env: { ...env }, stdio: ["ignore", "pipe", "ignore"] });
    let output = "";
    child.stdout.on("data", (bytes: Buffer) => {
      output += bytes.toString();
    });
    child.on("error", () => resolve(null));
    child.on("close", (code) => resolve(code === 0 ? output.trim() : null));
  });
}

/** Yields the lines of standard output and returns null, or what went wrong, with the command's last words. */
export async function* runLines(
  { env, signal }: CommandSettings,
  command: string,
  args: readonly string[],
): AsyncGenerator<string, string | null> {
  const child = spawn(command, args, { env: { ...env }, stdio: ["ignore", "pipe", "pipe"], signal });
  const tail: string[] = [];
  let problem: string | null = null;
  child.on("error", (error) => {
    problem = error.message;
  });
  const ended = new Promise<number | null>((resolve) => child.on("close", (code) => resolve(code)));
  child.stderr.on("data", (bytes: Buffer) => tail.push(...bytes.toString().trimEnd().split("\n")));
  for await (const line of createInterface({ input: child.stdout })) {
    tail.push(line);
    yield line;
  }
  if ((await ended) === 0) return null;
  return `${[command, ...args].join(" ")} failed:\n  ${problem ?? tail.slice(-5).join("\n  ")}`;
}

import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { join } from "node:path";
import { packageRoot } from "../shared-data.js";

/** The protocol's own reference server: `node` with this file and `stdio` or `streamableHttp`. */
export const EVERYTHING = join(
  packageRoot,
  "node_modules/@modelcontextprotocol/server-everything/dist/index.js",
);

/** The same over HTTP, as a process of its own. */
export async function startEverythingServer(given?: number): Promise<{ url: string; stop(): Promise<void> }> {
  const port = given ?? (await findFreePort());
  const env = { PATH: process.env.PATH, PORT: String(port) };
  const child = spawn(process.execPath, [EVERYTHING, "streamableHttp"], {
    env,
    stdio: ["ignore", "ignore", "pipe"],
  });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  await new Promise<void>((resolve, reject) => {
    let said = "";
    child.stderr.on("data", (piece: Buffer) => {
      said += piece.toString();
      if (said.includes("listening on port")) resolve();
    });
    child.once("exit", () => reject(new Error(said)));
  });
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    stop: () => {
      child.kill("SIGKILL");
      return exited;
    },
  };
}

function findFreePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

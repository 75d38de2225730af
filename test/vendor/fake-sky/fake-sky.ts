import { readFileSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { packageRoot } from "../../shared-paths.js";
import type { FakeHub } from "../fake-hub.js";
import type { Call, FakeSky } from "./fake-sky-state.js";
import { createManagedJobs, isTerminal } from "./managed-jobs.js";
import { type Answer, respond } from "./sky-answers.js";

export async function startFakeSky({ hub = null }: { hub?: FakeHub | null } = {}): Promise<FakeSky> {
  const clients = new Set<Socket>();
  const server = createServer((client) => {
    clients.add(client);
    client.on("close", () => clients.delete(client));
    // One that was killed before its answer came.
    client.on("error", () => clients.delete(client));
    let question = "";
    client.setEncoding("utf8").on("data", (text: string) => {
      question += text;
      const call = readCall(question);
      if (call === null) return;
      const answer = respond(sky, call);
      if (answer !== null) client.end(formatAnswer(answer));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const sky: FakeSky = {
    env: {
      MLLM_SKY: join(packageRoot, "test/vendor/fake-sky/sky"),
      FAKE_SKY_PORT: String(port),
    },
    jobs: createManagedJobs({ hub, control: () => sky.control, graceMilliseconds: 300 }),
    calls: [],
    secrets: [],
    faults: [],
    chance: null,
    pending: [],
    doubled: new Set(),
    isControllerUp: false,
    isLaunching: false,
    onCancel: "cancels",
    control: {},
    version: "0.14.1",
    clouds: { AWS: ["compute", "storage"], Kubernetes: ["compute"] },
    prices: {},
    live: () => sky.jobs.all.filter((job) => !isTerminal(job)),
    async close() {
      await sky.jobs.close();
      for (const client of clients) client.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return sky;
}

/** Null while it has not come whole. */
function readCall(question: string): Call | null {
  const [count = "", token = "", ...rest] = question.split("\0");
  const args = rest.slice(0, -1);
  if (count === "" || args.length < Number(count)) return null;
  const [first, second, path = ""] = args;
  const task = first === "jobs" && second === "launch" ? readFileSync(path, "utf8") : null;
  const names = args.filter((_, i) => args[i - 1] === "--secret");
  return { args, task, secrets: Object.fromEntries(names.map((name) => [name, token || null])) };
}

function formatAnswer({ exitCode, stdout, stderr, isKilled = false }: Answer): string {
  const sizes = [stdout, stderr].map((text) => Buffer.byteLength(text));
  return `${exitCode} ${isKilled ? 1 : 0} ${sizes.join(" ")}\n${stdout}${stderr}`;
}

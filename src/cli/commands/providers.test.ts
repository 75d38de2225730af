import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { makeFolder } from "../../../test/fake-trainer.js";
import { runCli } from "../../../test/run-cli.js";
import { packageRoot } from "../../../test/shared-data.js";
import { type FakeHub, startFakeHub } from "../../../test/vendor/fake-hub.js";
import { startFakeSky } from "../../../test/vendor/fake-sky/fake-sky.js";
import type { FakeSky } from "../../../test/vendor/fake-sky/fake-sky-state.js";
import { PROVIDERS } from "../../providers/index.js";
import { formatProviderTable } from "../training/providers-view.js";

const NAMES = ["local", "ssh", "slurm", "hf-jobs", "runpod", "skypilot", "together", "kubernetes"];

function mllm(args: string[], env: Record<string, string> = {}) {
  const folder = makeFolder();
  return runCli(["providers", ...args], { cwd: folder, env: { MLLM_DIR: folder, HOME: folder, ...env } });
}

describe("mllm providers list", () => {
  it("names all of them, in order, with what stays the same", async () => {
    const { exitCode, stdout } = await mllm(["list", "--json"]);
    expect(exitCode).toBe(0);
    const { providers } = JSON.parse(stdout);
    expect(providers.map(({ name }: { name: string }) => name)).toEqual(NAMES);
    for (const provider of providers) {
      const { sunset, ...texts } = provider;
      expect(sunset === null || sunset !== "").toBe(true);
      expect(Object.values(texts)).not.toContain("");
      expect(Object.keys(provider)).toEqual([
        "name",
        "summary",
        "startsFrom",
        "price",
        "deadline",
        "preemption",
        "logs",
        "weights",
        "testedAgainst",
        "needs",
        "sunset",
      ]);
    }
  });

  it("is what mllm providers alone shows, for people", async () => {
    const { stdout, stderr } = await mllm([]);
    expect(stdout).toContain("runpod: RunPod");
    expect(stdout).toContain("  sunset          REST v2 is used");
    expect(stderr).toContain("next: mllm providers check");
  });

  it("says the same as the README, and each but this machine has a page", () => {
    const readme = readFileSync(join(packageRoot, "README.md"), "utf8");
    // If this fails: node scripts/write-provider-table.mjs
    expect(readme).toContain(`\n${formatProviderTable(PROVIDERS)}\n`);
    const pages = NAMES.filter((name) => name !== "local").map((name) => `docs/providers/${name}.md`);
    expect(pages.filter((page) => !existsSync(join(packageRoot, page)))).toEqual([]);
  });
});

describe("mllm providers check", () => {
  let hub: FakeHub;
  let sky: FakeSky;

  beforeAll(async () => {
    hub = await startFakeHub();
    sky = await startFakeSky();
  });
  afterAll(async () => {
    await sky.close();
    await hub.close();
  });

  const surroundings = () => ({ ...sky.env, HF_ENDPOINT: hub.endpoint });

  it("says that a provider is ready, with what was found", async () => {
    const args = ["check", "skypilot", "--recipe", "alpha-umi-7b", "--json"];
    const { exitCode, stdout } = await mllm(args, { ...surroundings(), HF_TOKEN: hub.token });
    expect(JSON.parse(stdout)).toEqual({
      providers: [
        {
          name: "skypilot",
          isReady: true,
          problems: [],
          facts: { hubAccount: "somebody", version: "0.14.1", clouds: "aws, kubernetes" },
        },
      ],
    });
    expect(exitCode).toBe(0);
  });

  it("ends with 1 where one that was named is not ready, and says what is missing", async () => {
    const { exitCode, stdout } = await mllm(["check", "skypilot", "ssh"], surroundings());
    expect(exitCode).toBe(1);
    expect(stdout).toContain("skypilot: not ready\n");
    expect(stdout).toContain("  problem: hub: HF_TOKEN is not set\n  hint: ");
    expect(stdout).toContain("ssh: not ready\n  problem: the ssh provider needs to know its host\n");
  });

  it("takes settings from --set", async () => {
    const args = ["check", "skypilot", "--set", "providers.skypilot.infra=gcp"];
    const { stdout } = await mllm(args, { ...surroundings(), HF_TOKEN: hub.token });
    expect(stdout).toContain("problem: gcp (providers.skypilot.infra) is not enabled");
  });

  it("takes the token from the credentials file, and tells how to close one that others can read", async () => {
    const home = makeFolder();
    const path = join(home, ".config", "mllm", "credentials");
    mkdirSync(join(path, ".."), { recursive: true });
    writeFileSync(path, `HF_TOKEN=${hub.token}\n`);
    chmodSync(path, 0o600);
    const env = { ...surroundings(), HOME: home };
    expect(await mllm(["check", "skypilot"], env)).toMatchObject({ exitCode: 0 });
    chmodSync(path, 0o644);
    const { exitCode, stdout } = await mllm(["check", "skypilot"], env);
    expect(exitCode).toBe(1);
    expect(stdout).toContain(`hint: chmod 600 ${path}`);
  });

  it("never prints a secret, whatever a provider says", async () => {
    const env = { ...surroundings(), HF_TOKEN: "hf_thisTokenIsRefused" };
    sky.version = "0.1 hf_thisTokenIsRefused";
    const { stdout, stderr } = await mllm(["check", "skypilot", "hf-jobs", "--json"], env);
    sky.version = "0.14.1";
    expect(stdout).toContain("401");
    expect(stdout + stderr).not.toContain("hf_thisTokenIsRefused");
  });

  it("does not know providers that there are not", async () => {
    const { exitCode, stderr } = await mllm(["check", "modal"]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("there is no provider modal\nhint: Providers: local, ssh, slurm");
  });
});

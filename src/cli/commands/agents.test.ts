import { beforeAll, describe, expect, it } from "@jest/globals";
import { makeFolder, shortSleep } from "../../../test/fake-trainer.js";
import { runCli } from "../../../test/run-cli.js";
import { collect, makeWorkspace } from "../../../test/training-workspace.js";
import { ROLES } from "../../core/roles.js";
import { trainJobs } from "../../training/train-jobs.js";

function mllm(folder: string, ...args: string[]) {
  return runCli(args, { cwd: folder, env: { MLLM_DIR: folder }, sleep: shortSleep });
}

describe("mllm agents", () => {
  let folder: string;
  let backboneId: string;
  const idOf: Record<string, string> = {};

  beforeAll(async () => {
    const workspace = makeWorkspace();
    const { state, makeSession, makeSpec } = workspace;
    folder = workspace.folder;
    await collect(trainJobs(makeSession(), [makeSpec()]));
    const backbone = state.listCheckpoints().find((row) => row.isBest);
    if (backbone === undefined) throw new Error("the backbone was not trained");
    backboneId = backbone.id;
    const parent = { jobId: backbone.jobId, id: backbone.id, hash: backbone.hash };
    const specs = ROLES.map((role) => makeSpec(role, { parent, model: backbone.path }));
    await collect(trainJobs(makeSession(), specs));
    for (const row of state.listCheckpoints().filter((each) => each.isBest)) idOf[row.subset] = row.id;
  });

  it("has none where nothing was trained, and says how to make one", async () => {
    const empty = makeFolder();
    expect(await mllm(empty, "agents")).toMatchObject({ exitCode: 0, stdout: "no agents yet\n" });
    expect((await mllm(empty, "agents", "set", "a")).stderr).toContain("nothing was trained here yet");
  });

  it("names the newest trio, swaps one role and goes back", async () => {
    const { planner, caller, summarizer } = idOf;
    const made = await mllm(folder, "agents", "set", "a", "--json");
    expect(JSON.parse(made.stdout)).toMatchObject({ name: "a", version: 1, planner, caller, summarizer });
    const swapped = await mllm(folder, "agents", "set", "a", "--caller", backboneId, "--json");
    expect(JSON.parse(swapped.stdout)).toMatchObject({ version: 2, planner, caller: backboneId, summarizer });
    const back = await mllm(folder, "agents", "rollback", "a", "--json");
    expect(JSON.parse(back.stdout)).toMatchObject({ version: 3, caller });
    expect(JSON.parse((await mllm(folder, "agents", "show", "a", "--json")).stdout).versions).toHaveLength(3);
    const { agents } = JSON.parse((await mllm(folder, "agents", "--json")).stdout);
    expect(agents).toMatchObject([{ name: "a", version: 3 }]);
  });

  it("refuses a checkpoint of another role, an unknown agent or version, and an odd name", async () => {
    const wrong = await mllm(folder, "agents", "set", "b", "--caller", idOf.planner ?? "");
    expect(wrong.stderr).toContain("is a planner, not a caller");
    expect((await mllm(folder, "agents", "show", "none")).stderr).toContain("there is no agent none");
    expect((await mllm(folder, "agents", "rollback", "a", "--to", "9")).stderr).toContain("no version 9");
    expect(await mllm(folder, "agents", "set", "a b")).toMatchObject({ exitCode: 2 });
  });

  it("forgets an agent and keeps its checkpoints", async () => {
    await mllm(folder, "agents", "set", "c");
    expect(await mllm(folder, "agents", "remove", "c")).toMatchObject({ exitCode: 0, stdout: "removed c\n" });
    expect(await mllm(folder, "agents", "remove", "c")).toMatchObject({ exitCode: 1 });
    expect(await mllm(folder, "checkpoints", "verify")).toMatchObject({ exitCode: 0 });
  });
});

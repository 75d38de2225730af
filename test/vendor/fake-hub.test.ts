import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { makeFolder } from "../fake-trainer.js";
import { type FakeHub, startFakeHub } from "./fake-hub.js";
import { hasHubPython, hubPython } from "./hub-python.js";

const REPOSITORY = "somebody/mllm-work";

const describeWithHub = hasHubPython() ? describe : describe.skip;

describeWithHub("the fake Hub, seen by huggingface_hub", () => {
  let hub: FakeHub;
  beforeEach(async () => {
    hub = await startFakeHub();
  });
  afterEach(async () => {
    await hub.close();
    expect(hub.unknownRequests).toEqual([]);
  });

  it("takes folders, lists them and gives them back", async () => {
    const folder = makeFolder();
    mkdirSync(join(folder, "in/sub"), { recursive: true });
    writeFileSync(join(folder, "in/model.safetensors"), "weights".repeat(100));
    writeFileSync(join(folder, "in/sub/README.md"), "---\nlicense: mit\n---\nwords");
    writeFileSync(join(folder, "in/empty.bin"), "");
    const said = await runPython(
      hub,
      `
import sys
from huggingface_hub import HfApi, hf_hub_download, snapshot_download
api, repo, folder = HfApi(), "${REPOSITORY}", sys.argv[1]
api.create_repo(repo, repo_type="dataset", private=True, exist_ok=True)
api.create_repo(repo, repo_type="dataset", private=True, exist_ok=True)
api.upload_folder(repo_id=repo, repo_type="dataset", folder_path=folder + "/in", path_in_repo="jobs/one")
print(sorted(f.path for f in api.list_repo_tree(repo, repo_type="dataset", recursive=True) if hasattr(f, "size")))
snapshot_download(repo, repo_type="dataset", local_dir=folder + "/out", allow_patterns="jobs/one/**")
hf_hub_download(repo, "jobs/one/model.safetensors", repo_type="dataset", local_dir=folder + "/single")
api.delete_files(repo, ["jobs/one/sub/*"], repo_type="dataset")
print(api.file_exists(repo, "jobs/one/sub/README.md", repo_type="dataset"), api.whoami()["name"])
`,
      folder,
    );
    expect(said).toContain("'jobs/one/empty.bin', 'jobs/one/model.safetensors', 'jobs/one/sub/README.md'");
    expect(said).toContain("False somebody");
    expect(readFileSync(join(folder, "out/jobs/one/sub/README.md"), "utf8")).toContain("words");
    expect(readFileSync(join(folder, "single/jobs/one/model.safetensors"))).toHaveLength(700);
  });
});

/** Not synchronous: the server is in this process. */
async function runPython(hub: FakeHub, script: string, ...args: string[]): Promise<string> {
  const env = {
    ...process.env,
    HF_ENDPOINT: hub.endpoint,
    HF_TOKEN: hub.token,
    HF_HUB_DISABLE_XET: "1",
    HF_HUB_DISABLE_PROGRESS_BARS: "1",
    HF_HOME: join(makeFolder(), "cache"),
  };
  return new Promise((resolve, reject) => {
    execFile(hubPython, ["-c", script, ...args], { env }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(stderr));
    });
  });
}

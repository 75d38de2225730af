import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { makeFolder } from "../../../test/fake-trainer.js";
import { type FakeHub, startFakeHub } from "../../../test/vendor/fake-hub.js";
import { createHubStorage } from "./hub-storage.js";

const REPOSITORY = "somebody/mllm-work";

describe("createHubStorage", () => {
  let hub: FakeHub;
  beforeEach(async () => {
    hub = await startFakeHub();
  });
  afterEach(async () => {
    await hub.close();
    expect(hub.unknownRequests).toEqual([]);
  });

  const open = (token = hub.token) =>
    createHubStorage({
      repository: REPOSITORY,
      root: "/tmp/mllm",
      token,
      endpoint: hub.endpoint,
      fetch,
      sleep: async () => {},
    });

  it("makes the repository, private, and reads back what it wrote", async () => {
    const storage = open();
    const folder = makeFolder();
    writeFileSync(join(folder, "weights"), "large".repeat(1000));
    await storage.write([
      { path: "kit/abc/model.safetensors", file: join(folder, "weights") },
      { path: "jobs/one/job.json", text: '{"a": "ü"}' },
    ]);
    expect(hub.repository(REPOSITORY)?.isPrivate).toBe(true);
    expect(hub.files(REPOSITORY).get("kit/abc/model.safetensors")?.length).toBe(5000);
    expect((await storage.read("jobs/one/job.json", 0, 1000))?.toString()).toBe('{"a": "ü"}');
    expect((await storage.read("kit/abc/model.safetensors", 4998, 1000))?.toString()).toBe("ge");
    expect(await storage.root()).toBe("/tmp/mllm");
  });

  it("reads what is missing as nothing, and nothing at a file's end", async () => {
    const storage = open();
    expect(await storage.list("jobs/one")).toEqual([]);
    expect(await storage.read("jobs/one/log", 0, 10)).toBeNull();
    await storage.write([
      { path: "jobs/one/log", text: "words" },
      { path: "jobs/one/empty", text: "" },
    ]);
    expect(await storage.read("jobs/one/log", 5, 10)).toEqual(Buffer.alloc(0));
    expect(await storage.read("jobs/one/empty", 0, 10)).toEqual(Buffer.alloc(0));
    expect(await storage.read("jobs/one/nothing", 0, 10)).toBeNull();
    expect(await storage.list("jobs/two")).toEqual([]);
  });

  it("lists all files below a folder, page after page", async () => {
    const storage = open();
    const files = Array.from({ length: 130 }, (_, i) => ({
      path: `data/${i % 7}/file-${i}`,
      text: "x".repeat(i),
    }));
    await storage.write([...files, { path: "dataset", text: "beside it" }]);
    const listed = await storage.list("data");
    expect(listed).toHaveLength(130);
    expect(listed).toContainEqual({ path: "data/3/file-129", sizeBytes: 129 });
  });

  it("does not send large content a second time", async () => {
    const storage = open();
    const upload = { path: "checkpoints/a/model.safetensors", text: "weights" };
    await storage.write([upload]);
    await storage.write([{ ...upload, path: "checkpoints/b/model.safetensors" }]);
    expect(hub.requests.filter((line) => line.startsWith("PUT"))).toHaveLength(1);
    expect(await storage.list("checkpoints")).toHaveLength(2);
  });

  it("goes on with a download where it broke off", async () => {
    const storage = open();
    await storage.write([{ path: "jobs/one/model.safetensors", text: "0123456789" }]);
    const target = join(makeFolder(), "part");
    writeFileSync(target, "0123");
    let bytes = 0;
    for await (const count of storage.download("jobs/one/model.safetensors", target)) bytes += count;
    expect([bytes, readFileSync(target, "utf8")]).toEqual([6, "0123456789"]);
    const missing = storage.download("jobs/one/nothing", target);
    await expect(missing.next()).rejects.toMatchObject({ code: "not_found" });
  });

  it("refuses a repository that is not private", async () => {
    hub.createRepository(REPOSITORY, { isPrivate: false });
    await expect(open().write([{ path: "a", text: "secret" }])).rejects.toMatchObject({
      code: "permission_denied",
      message: expect.stringContaining("is not private"),
    });
    expect([...hub.files(REPOSITORY).keys()]).toEqual([".gitattributes"]);
  });

  it("says that the token is wrong, and never which it was", async () => {
    const storage = open("hf_anothertoken");
    const error = await storage.write([{ path: "a", text: "b" }]).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "bad_credentials", statusCode: 401 });
    expect(JSON.stringify(error) + String(error)).not.toContain("hf_anothertoken");
  });

  it("makes a commit again that failed in a way that may pass", async () => {
    let failures = 2;
    hub.intercept = (request, response) => {
      if (!request.url?.includes("/commit/") || failures-- <= 0) return false;
      if (failures === 1) request.socket.destroy();
      else response.writeHead(412).end("A commit has happened since.");
      return true;
    };
    await open().write([{ path: "a", text: "b" }]);
    expect(hub.files(REPOSITORY).get("a")?.toString()).toBe("b");
  });
});

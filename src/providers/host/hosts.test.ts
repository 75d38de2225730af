import { mkdirSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { makeFolder } from "../../../test/fake-trainer.js";
import { describeWithSshd, type SshServer, startSshd } from "../../../test/servers/sshd.js";
import type { Storage } from "../storage.js";
import { createHere } from "./create-here.js";
import { createSshHost } from "./create-ssh-host.js";
import { type Host, shellScript } from "./host.js";
import { createHostStorage } from "./host-storage.js";

const { env } = process;

jest.setTimeout(60_000);

describe("createHere", () => {
  describeHost(() => createHere({ provider: "test", env }));

  it("names a program that is not there", async () => {
    const host = createHere({ provider: "test", env });
    await expect(host.run({ program: "mllm-no-such-program" })).rejects.toMatchObject({
      code: "environment_missing",
    });
  });
});

describe("a storage on this machine", () => {
  describeStorage((folder) =>
    createHostStorage({ provider: "test", host: createHere({ provider: "test", env }), folder, env }),
  );
});

describeWithSshd("createSshHost", () => {
  let server: SshServer;
  beforeAll(async () => {
    server = await startSshd();
  });
  afterAll(() => server.stop());
  beforeEach(() => {
    server.setKnownHosts("right");
    server.relay.accept();
    server.relay.cutAfter(null);
  });
  const connect = (): Host => createSshHost({ provider: "test", host: server.host, env: server.env });

  describeHost(connect);

  describe("a storage over ssh", () => {
    describeStorage((folder) =>
      createHostStorage({ provider: "test", host: connect(), folder, env: server.env }),
    );
  });

  it("keeps one connection for all commands, in a folder that only we can enter", async () => {
    const host = connect();
    await host.run({ program: "true" });
    const [folder = ""] = readdirSync(server.folder).filter((name) => name.startsWith("mllm-ssh-"));
    expect(statSync(join(server.folder, folder)).mode & 0o777).toBe(0o700);
    expect(readdirSync(join(server.folder, folder))).toHaveLength(1);
  });

  it.each([
    ["none", /host key is not known/, /Connect once by hand with ssh/],
    ["other", /host key is not the known one/, /ssh-keygen -R/],
  ] as const)("goes to no host whose key is unknown or another one: %s", async (kind, message, hint) => {
    server.relay.cut();
    server.setKnownHosts(kind);
    await expect(connect().run({ program: "true" })).rejects.toMatchObject({
      code: "bad_credentials",
      message: expect.stringMatching(message),
      hint: expect.stringMatching(hint),
      isRetryable: false,
      isAmbiguous: false,
    });
  });

  it("says that a host cannot be reached, which is not ambiguous", async () => {
    server.relay.cut({ refuse: true });
    const error = await connect()
      .run({ program: "true" })
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "unreachable", isRetryable: true });
  });

  it("takes a broken connection for ambiguous, unless the command only reads", async () => {
    const program = shellScript("echo started; sleep 30");
    for (const isReadOnly of [false, true]) {
      const output = connect().stream({ ...program, isReadOnly });
      expect(String((await output.next()).value)).toBe("started\n");
      server.relay.cut();
      await expect(output.next()).rejects.toMatchObject({
        code: "unreachable",
        isRetryable: true,
        isAmbiguous: !isReadOnly,
      });
    }
  });

  it("writes nothing of an upload that broke off, and all of it when it is repeated", async () => {
    const folder = makeFolder();
    const big = Buffer.alloc(4_000_000, "x");
    writeFileSync(join(folder, "big"), big);
    const storage = createHostStorage({
      provider: "test",
      host: connect(),
      folder: join(folder, "there"),
      env: server.env,
    });
    const files = [
      { path: "data/a", file: join(folder, "big") },
      { path: "data/b", text: "b" },
    ];
    await storage.root();
    server.relay.cut();
    server.relay.cutAfter({ direction: "up", bytes: 2_000_000 });
    await expect(storage.write(files)).rejects.toMatchObject({ code: "unreachable", isRetryable: true });
    server.relay.cutAfter(null);
    expect(await storage.list("data")).toEqual([]);
    await storage.write(files);
    expect((await storage.list("data")).map(({ sizeBytes }) => sizeBytes).sort()).toEqual([1, 4_000_000]);
  });

  it("goes on with a large upload where it broke off", async () => {
    const folder = makeFolder();
    const file = join(folder, "large");
    writeFileSync(file, "start");
    truncateSync(file, 80 * 1024 ** 2);
    const storage = createHostStorage({
      provider: "test",
      host: connect(),
      folder: join(folder, "there"),
      env: server.env,
    });
    await storage.root();
    server.relay.cut();
    server.relay.cutAfter({ direction: "up", bytes: 60_000_000 });
    await expect(storage.write([{ path: "models/m", file }])).rejects.toMatchObject({ code: "unreachable" });
    // What is still to come is less than the limit: it would break again, did it begin anew.
    server.relay.cutAfter({ direction: "up", bytes: 50_000_000 });
    await storage.write([{ path: "models/m", file }]);
    server.relay.cutAfter(null);
    expect(readFileSync(join(folder, "there/models/m")).equals(readFileSync(file))).toBe(true);
  });

  it("goes on with a download where it broke off", async () => {
    const folder = makeFolder();
    mkdirSync(join(folder, "there"));
    const bytes = Buffer.from(Array.from({ length: 1_000_000 }, (_, index) => index % 251));
    writeFileSync(join(folder, "there/file"), bytes);
    const storage = createHostStorage({
      provider: "test",
      host: connect(),
      folder: join(folder, "there"),
      env: server.env,
    });
    await storage.root();
    server.relay.cut();
    server.relay.cutAfter({ direction: "down", bytes: 400_000 });
    const target = join(folder, "here");
    await expect(drain(storage.download("file", target))).rejects.toMatchObject({ code: "unreachable" });
    server.relay.cutAfter(null);
    const begun = statSync(target).size;
    expect(begun).toBeGreaterThan(0);
    expect(await drain(storage.download("file", target))).toBe(bytes.length - begun);
    expect(readFileSync(target).equals(bytes)).toBe(true);
  });
});

async function drain(counts: AsyncGenerator<number>): Promise<number> {
  let sum = 0;
  for await (const count of counts) sum += count;
  return sum;
}

function describeHost(connect: () => Host): void {
  it("brings arguments and input to a program as they are, and its answer back", async () => {
    const words = ["it's", "$(id)", "a\nb", "", "*", "-x", "ü"];
    const script = "cat; printf '[%s]' \"$@\"; echo oops >&2; exit 7";
    const result = await connect().run({ ...shellScript(script, words), stdin: "in\n" });
    expect(result).toMatchObject({ code: 7, stdout: `in\n${words.map((word) => `[${word}]`).join("")}` });
    expect(result.stderr).toContain("oops");
  });

  it("streams bytes in and out", async () => {
    const bytes = Buffer.from(Array.from({ length: 500_000 }, (_, index) => index % 256));
    const output = connect().stream({ program: "cat", stdin: Readable.from([bytes]) });
    const pieces: Buffer[] = [];
    for (;;) {
      const next = await output.next();
      if (next.done) {
        expect(next.value).toBe(0);
        break;
      }
      pieces.push(next.value);
    }
    expect(Buffer.concat(pieces).equals(bytes)).toBe(true);
  });
}

function describeStorage(create: (folder: string) => Storage): void {
  it("takes what is missing for empty", async () => {
    const storage = create(join(makeFolder(), "there"));
    expect(await storage.list("jobs/x")).toEqual([]);
    expect(await storage.read("jobs/x/log", 0, 10)).toBeNull();
    await expect(drain(storage.download("none", join(makeFolder(), "x")))).rejects.toMatchObject({
      code: "not_found",
    });
  });

  it("writes, lists, reads and downloads", async () => {
    const folder = makeFolder();
    const storage = create(join(folder, "there"));
    expect(await storage.root()).toBe(join(folder, "there"));
    const awkward = "jobs/x/it's $(id) ü";
    writeFileSync(join(folder, "source"), "from a file\n");
    await storage.write([
      { path: "jobs/x/log", text: "0123456789" },
      { path: awkward, file: join(folder, "source") },
      { path: "data/empty", text: "" },
    ]);
    expect((await storage.list("jobs")).sort((a, b) => a.sizeBytes - b.sizeBytes)).toEqual([
      { path: "jobs/x/log", sizeBytes: 10 },
      { path: awkward, sizeBytes: 12 },
    ]);
    expect(String(await storage.read("jobs/x/log", 3, 4))).toBe("3456");
    expect(String(await storage.read("jobs/x/log", 8, 100))).toBe("89");
    expect(await storage.read("jobs/x/log", 10, 4)).toEqual(Buffer.alloc(0));
    await storage.write([{ path: "jobs/x/log", text: "new" }]);
    expect(String(await storage.read("jobs/x/log", 0, 100))).toBe("new");
    const target = join(folder, "target");
    writeFileSync(target, "from");
    expect(await drain(storage.download(awkward, target))).toBe(8);
    expect(readFileSync(target, "utf8")).toBe("from a file\n");
    expect(readdirSync(join(folder, "there/.incoming"))).toEqual([]);
  });
}

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { OutputFolder } from "./output-folder.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "output-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const create = (): Promise<OutputFolder> => OutputFolder.create(join(folder, "out"), async () => true);

/** Another process that has begun to write the folder and done `more`; it lives until `kill`. */
async function startWriter(more = ""): Promise<{ kill: () => Promise<void> }> {
  const script = `
    import { rename, writeFile } from "node:fs/promises";
    const { OutputFolder } = await import(${JSON.stringify(new URL("./output-folder.js", import.meta.url).href)});
    const path = ${JSON.stringify(join(folder, "out"))};
    const output = await OutputFolder.create(path, async () => true);
    await writeFile(output.temporaryPath + "/new", "");
    ${more}
    process.stdout.write("ready");
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  return {
    kill: async () => {
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}

describe("OutputFolder", () => {
  it("removes what a killed process left, and nothing of one that lives", async () => {
    const killed = await startWriter();
    await killed.kill();
    const living = await startWriter();
    const foreign = [".out.partial-mine", ".output.partial-1-2"];
    for (const name of foreign) await mkdir(join(folder, name));
    const output = await create();
    expect(await readdir(folder)).toHaveLength(2 + foreign.length);
    await output.commit();
    await living.kill();
    await (await create()).discard();
    expect((await readdir(folder)).sort()).toEqual([...foreign, "out"].sort());
  });

  it("brings back what a process had moved out of the way when it was killed", async () => {
    await mkdir(join(folder, "out"));
    await writeFile(join(folder, "out/good"), "data");
    const writer = await startWriter('await rename(path, output.temporaryPath + "-old");');
    await writer.kill();
    expect(await readdir(folder)).not.toContain("out");
    await (await create()).discard();
    expect(await readdir(folder)).toEqual(["out"]);
    expect(await readFile(join(folder, "out/good"), "utf8")).toBe("data");
  });
});

import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { create } from "tar";
import { makeFolder } from "../../../test/fake-trainer.js";
import { zstdFrame } from "../../../test/vendor/zstd-frame.js";
import { unpackArchive } from "./unpack-archive.js";

/** Made with `tar -cf - adapter_config.json sub | zstd -19`: files "{}" and 70,000 times "ab". */
const COMPRESSED =
  "KLUv/QRoLAQA0sQRF5DpARUtSZeZoBegsrup3ElbM6/rv0oKbKl2ZI5ParjXkudNytO/6g1YnbsoyywXnXWb99Ebc9xTL4zzANwrYBwE2SiyiBUXIBBNpAwP+/ed45hSeQbAqisc0AQmbAArAOOqHQgYYDiByyatTx10UByE6e0DOOMAEcELDAzgapQyAX0AAAADQAAf3Wo/HEVUuxUPAqC3BQA=";

describe("unpackArchive", () => {
  const folder = makeFolder();
  const source = join(folder, "source");
  mkdirSync(join(source, "sub"), { recursive: true });
  writeFileSync(join(source, "config.json"), "{}");
  const weights = Buffer.from(Array.from({ length: 400_000 }, (_zero, index) => (index * 7919) % 251));
  writeFileSync(join(source, "sub", "weights"), weights);
  const pack = async (name: string, gzip: boolean) => {
    const file = join(folder, name);
    await create({ cwd: source, gzip, file }, ["config.json", "sub"]);
    return file;
  };
  let target = 0;
  const unpack = async (file: string) => {
    const into = join(folder, `target-${target++}`);
    await unpackArchive(file, into);
    return into;
  };

  it.each([
    ["plain", false],
    ["gzip", true],
  ])("unpacks %s tar", async (name, gzip) => {
    const into = await unpack(await pack(name, gzip));
    expect(readFileSync(join(into, "config.json"), "utf8")).toBe("{}");
    expect(readFileSync(join(into, "sub", "weights")).equals(weights)).toBe(true);
  });

  it("unpacks Zstandard of one or several frames", async () => {
    const tar = readFileSync(await pack("raw", false));
    const file = join(folder, "a.tar.zst");
    writeFileSync(
      file,
      Buffer.concat([zstdFrame(tar.subarray(0, 150_000)), zstdFrame(tar.subarray(150_000))]),
    );
    expect(readFileSync(join(await unpack(file), "sub", "weights")).equals(weights)).toBe(true);
  });

  it("unpacks what the zstd program has compressed", async () => {
    const file = join(folder, "b.tar.zst");
    writeFileSync(file, Buffer.from(COMPRESSED, "base64"));
    const into = await unpack(file);
    expect(readFileSync(join(into, "sub", "weights"), "utf8")).toBe("ab".repeat(70_000));
  });

  it("refuses links and paths that leave the folder, and writes nothing outside", async () => {
    symlinkSync("/etc/passwd", join(source, "link"));
    const links = join(folder, "links.tar");
    await create({ cwd: source, file: links }, ["link"]);
    await expect(unpack(links)).rejects.toMatchObject({
      code: "bad_checkpoint",
      message: expect.stringContaining("link is no file but a SymbolicLink"),
    });
    const outside = join(folder, "outside.tar");
    await create({ cwd: join(source, "sub"), file: outside, preservePaths: true }, ["../config.json"]);
    await expect(unpack(outside)).rejects.toMatchObject({
      message: expect.stringContaining("../config.json is outside the folder"),
    });
    const absolute = join(folder, "absolute.tar");
    await create({ cwd: source, file: absolute, preservePaths: true }, [join(source, "config.json")]);
    await expect(unpack(absolute)).rejects.toMatchObject({ code: "bad_checkpoint" });
  });

  it("refuses what is cut off or no archive", async () => {
    const whole = readFileSync(await pack("whole", true));
    const cut = join(folder, "cut");
    writeFileSync(cut, whole.subarray(0, whole.length / 2));
    await expect(unpack(cut)).rejects.toMatchObject({ code: "bad_checkpoint" });
    const tar = readFileSync(await pack("again", false));
    writeFileSync(cut, zstdFrame(tar).subarray(0, tar.length / 2));
    await expect(unpack(cut)).rejects.toMatchObject({ code: "bad_checkpoint" });
    writeFileSync(cut, "<html>not found</html>".repeat(100));
    await expect(unpack(cut)).rejects.toMatchObject({ code: "bad_checkpoint" });
  });
});

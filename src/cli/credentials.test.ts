import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { makeFolder } from "../../test/fake-trainer.js";
import { MllmError } from "../core/errors.js";
import { createSecrets, redactSecrets } from "./credentials.js";

function writeCredentials(text: string, mode = 0o600): { HOME: string; path: string } {
  const HOME = makeFolder();
  mkdirSync(join(HOME, ".config", "mllm"), { recursive: true });
  const path = join(HOME, ".config", "mllm", "credentials");
  writeFileSync(path, text);
  chmodSync(path, mode);
  return { HOME, path };
}

function writeHubToken(folder: string, token: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "token"), `${token}\n`);
}

function errorOf(act: () => unknown): MllmError {
  try {
    act();
  } catch (error) {
    if (error instanceof MllmError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("createSecrets", () => {
  it("takes the environment's value before the file's", () => {
    const { HOME } = writeCredentials("RUNPOD_API_KEY=from-file\nTOGETHER_API_KEY=from-file");
    const secret = createSecrets({ env: { HOME, RUNPOD_API_KEY: "from-env", TOGETHER_API_KEY: "" } });
    expect(secret("RUNPOD_API_KEY")).toBe("from-env");
    expect(secret("TOGETHER_API_KEY")).toBe("from-file");
    expect(secret("OTHER_KEY")).toBeNull();
  });

  it("reads comments, quotes and exports as a shell would", () => {
    const { HOME } = writeCredentials("# mine\n\nexport A='one#1'\nB=\"two\"\n  C = three # of them\n");
    const secret = createSecrets({ env: { HOME } });
    expect([secret("A"), secret("B"), secret("C")]).toEqual(["one#1", "two", "three"]);
  });

  it("finds the file where XDG_CONFIG_HOME or MLLM_CREDENTIALS say", () => {
    const { HOME, path } = writeCredentials("A=1");
    const elsewhere = makeFolder();
    const configured = createSecrets({ env: { HOME: elsewhere, XDG_CONFIG_HOME: join(HOME, ".config") } });
    expect(configured("A")).toBe("1");
    expect(createSecrets({ env: { HOME: elsewhere, MLLM_CREDENTIALS: path } })("A")).toBe("1");
  });

  it("knows nothing where there is neither file nor home", () => {
    expect(createSecrets({ env: { HOME: makeFolder() } })("HF_TOKEN")).toBeNull();
    expect(createSecrets({ env: {} })("HF_TOKEN")).toBeNull();
  });

  it.each(["640", "604", "644"])("refuses a file of mode %s and says how to close it", (mode) => {
    const { HOME, path } = writeCredentials("A=1", Number.parseInt(mode, 8));
    const error = errorOf(() => createSecrets({ env: { HOME } })("A"));
    expect(error).toMatchObject({ code: "bad_credentials", hint: `chmod 600 ${path}` });
    expect(error.message).toContain("expected 600");
  });

  it("names the line that is no KEY=value, and not what stands there", () => {
    const { HOME, path } = writeCredentials("A=1\nhf_secretsecret\n");
    const error = errorOf(() => createSecrets({ env: { HOME } })("A"));
    expect(error.message).toBe(`${path}:2 is not a KEY=value line`);
  });

  it("says when the file that MLLM_CREDENTIALS names is not there", () => {
    const path = join(makeFolder(), "none");
    expect(errorOf(() => createSecrets({ env: { MLLM_CREDENTIALS: path } })("A"))).toMatchObject({
      code: "not_found",
    });
  });

  it("does not look at the file where the environment has the secret", () => {
    const { HOME } = writeCredentials("A=1", 0o644);
    expect(createSecrets({ env: { HOME, A: "2" } })("A")).toBe("2");
  });

  it("takes HF_TOKEN from where Hugging Face's tools keep it, after the file of ours", () => {
    const HOME = makeFolder();
    const hubHome = makeFolder();
    const tokenPath = join(makeFolder(), "my-token");
    writeHubToken(join(HOME, ".cache", "huggingface"), "hf_default");
    writeHubToken(hubHome, "hf_home");
    writeFileSync(tokenPath, "hf_path");
    expect(createSecrets({ env: { HOME } })("HF_TOKEN")).toBe("hf_default");
    expect(createSecrets({ env: { HOME, HF_HOME: hubHome } })("HF_TOKEN")).toBe("hf_home");
    expect(createSecrets({ env: { HOME, HF_HOME: hubHome, HF_TOKEN_PATH: tokenPath } })("HF_TOKEN")).toBe(
      "hf_path",
    );
    const own = writeCredentials("HF_TOKEN=hf_own");
    expect(createSecrets({ env: { HOME: own.HOME, HF_HOME: hubHome } })("HF_TOKEN")).toBe("hf_own");
    expect(createSecrets({ env: { HOME } })("RUNPOD_API_KEY")).toBeNull();
  });
});

describe("redactSecrets", () => {
  it("puts names in the place of values, wherever they come from", () => {
    const { HOME } = writeCredentials("TOGETHER_API_KEY=tgp_from_file");
    const env = { HOME, HF_TOKEN: "hf_from_environment", RUNPOD_API_KEY: "short" };
    const text = "Bearer tgp_from_file, then hf_from_environment twice: hf_from_environment; short";
    expect(redactSecrets(text, { env })).toBe(
      "Bearer <TOGETHER_API_KEY>, then <HF_TOKEN> twice: <HF_TOKEN>; short",
    );
  });

  it("still takes out what it can where the file is refused", () => {
    const { HOME } = writeCredentials("A=1", 0o644);
    expect(redactSecrets("rp_0123456789", { env: { HOME, RUNPOD_API_KEY: "rp_0123456789" } })).toBe(
      "<RUNPOD_API_KEY>",
    );
  });
});

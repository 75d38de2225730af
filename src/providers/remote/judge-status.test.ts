import { describe, expect, it } from "@jest/globals";
import { type Evidence, judgeStatus, type ProviderView } from "./judge-status.js";
import type { RunnerState } from "./runner-files.js";

const running: RunnerState = {
  version: 1,
  label: "mllm-test-backbone-1",
  state: "running",
  pid: 7,
  bootId: "boot",
  processStart: 1,
  startedAt: "2026-01-01T00:00:00Z",
  heartbeatAt: "2026-01-01T00:30:00Z",
  spentSeconds: 1800,
  starts: 2,
  exitCode: null,
  reason: null,
  message: null,
  endedAt: null,
};
const waiting: RunnerState = { ...running, state: "waiting" };
const ended = (reason: RunnerState["reason"], exitCode = 1, message: string | null = null): RunnerState => ({
  ...running,
  state: "ended",
  reason,
  exitCode,
  message,
});

const done = { type: "done" } as const;
const failed = (reason: string) => ({ type: "failed", reason, message: "said why" }) as const;

type Row = [ProviderView, Evidence["runner"], Evidence["lastWord"], string, RegExp | null];

const ACTIVE: Row[] = [
  ["queued", null, null, "queued", null],
  ["queued", running, null, "queued", null],
  // A requeued job's first start has said its last word.
  ["queued", ended("signal", 143), failed("cancelled"), "queued", null],
  ["running", null, null, "running", null],
  ["running", waiting, null, "queued", null],
  ["running", running, null, "running", null],
  ["running", ended("trainer", 0), done, "running", null],
  ["unknown", null, null, "running", null],
  ["unknown", running, null, "running", null],
  ["unknown", waiting, null, "queued", null],
];

const WITH_A_WORD: Row[] = [
  ["succeeded", ended("trainer", 0), done, "succeeded", null],
  ["ended", ended("trainer", 0), done, "succeeded", null],
  ["gone", ended("trainer", 0), done, "succeeded", null],
  // Its last word came before whatever ended the machine.
  ["cancelled", running, done, "succeeded", null],
  ["preempted", running, done, "succeeded", null],
  ["failed", running, done, "succeeded", null],
  ["failed", ended("storage_failed", 0, "no space"), done, "failed", /^storage_failed: no space$/],
  ["failed", ended("trainer"), failed("bad_data"), "failed", /^bad_data: said why$/],
  ["succeeded", ended("trainer"), failed("bad_data"), "failed", /bad_data/],
  ["preempted", ended("trainer"), failed("out_of_memory"), "failed", /out_of_memory/],
  ["gone", running, failed("bad_data"), "failed", /bad_data/],
  ["ended", ended("trainer", 143), failed("cancelled"), "cancelled", /said why/],
  ["cancelled", running, failed("cancelled"), "cancelled", /said why/],
  ["preempted", running, failed("cancelled"), "preempted", /said why/],
];

const BY_THE_RUNNER: Row[] = [
  ["failed", ended("deadline", 124, "60 seconds"), null, "failed", /^deadline: 60 seconds$/],
  ["preempted", ended("deadline", 124), failed("cancelled"), "failed", /^deadline$/],
  ["ended", ended("parent_failed", 1, "the backbone failed"), null, "failed", /parent_failed: the backbone/],
  ["ended", ended("environment_failed", 1, "no pip"), null, "failed", /environment_failed: no pip/],
  ["ended", ended("signal", 143), null, "cancelled", null],
  ["gone", ended("signal", 143), failed("cancelled"), "cancelled", /said why/],
  ["cancelled", ended("signal", 143), failed("cancelled"), "cancelled", /said why/],
  ["preempted", ended("signal", 143), failed("cancelled"), "preempted", /said why/],
  ["failed", ended("signal", 143), failed("cancelled"), "failed", /said why/],
  ["ended", ended("trainer", 137), null, "failed", /exit code 137; killed/],
];

const SILENT: Row[] = [
  ["ended", null, null, "failed", /without a last word/],
  ["ended", running, null, "failed", /without a last word/],
  ["succeeded", running, null, "failed", /without a last word/],
  ["failed", running, null, "failed", /without a last word/],
  ["cancelled", null, null, "cancelled", null],
  ["preempted", running, null, "preempted", null],
  ["gone", null, null, "lost", /knows no such job/],
  ["gone", running, null, "lost", /knows no such job/],
  ["gone", waiting, null, "lost", /knows no such job/],
  ["gone", ended("trainer", 137), null, "failed", /killed/],
];

describe("judgeStatus", () => {
  it.each([...ACTIVE, ...WITH_A_WORD, ...BY_THE_RUNNER, ...SILENT])(
    "takes %s, %j and %j for %s",
    (view, runner, lastWord, state, reason) => {
      const status = judgeStatus({
        view,
        raw: "words",
        reason: null,
        runner,
        lastWord,
        dollarsPerHour: null,
      });
      expect(status).toMatchObject({ state, raw: "words" });
      if (reason === null) expect(status.reason).toBeNull();
      else expect(status.reason).toMatch(reason);
    },
  );

  it("gives the provider's own reason where nobody else had a word", () => {
    const evidence = { raw: "Failed", runner: running, lastWord: null, dollarsPerHour: null };
    expect(judgeStatus({ ...evidence, view: "failed", reason: "OOMKilled" }).reason).toBe("OOMKilled");
    expect(judgeStatus({ ...evidence, view: "gone", reason: "terminated" }).reason).toBe("terminated");
  });

  it("counts seconds, dollars and restarts from the runner's state", () => {
    const evidence = { view: "running", raw: "RUNNING", reason: null, lastWord: null } as const;
    expect(judgeStatus({ ...evidence, runner: running, dollarsPerHour: 4 })).toMatchObject({
      seconds: 1800,
      dollars: 2,
      restarts: 1,
    });
    expect(judgeStatus({ ...evidence, runner: null, dollarsPerHour: 4 })).toMatchObject({
      seconds: null,
      dollars: null,
      restarts: 0,
    });
  });
});

import type { FakeMachine } from "./fake-machine.js";

/** A container that does what the test says, where it does not matter what runs in it. */
export interface ScriptedMachine extends FakeMachine {
  env: Readonly<Record<string, string>>;
  say(text: string): void;
  end(exitCode: number): void;
  /** TERM does not end it; KILL does. */
  isDeaf: boolean;
}

export function createScriptedMachine(env: Readonly<Record<string, string>> = {}): ScriptedMachine {
  let output = "";
  let code: number | null = null;
  let resolve: (code: number) => void = () => {};
  const ended = new Promise<number>((done) => {
    resolve = done;
  });
  const machine: ScriptedMachine = {
    env,
    isDeaf: false,
    isRunning: () => code === null,
    exitCode: () => code,
    output: () => output,
    say: (text) => {
      output += text;
    },
    end: (exitCode) => {
      code ??= exitCode;
      resolve(code);
    },
    kill: () => machine.end(137),
    terminate: () => {
      if (!machine.isDeaf) machine.end(143);
    },
    ended,
  };
  return machine;
}

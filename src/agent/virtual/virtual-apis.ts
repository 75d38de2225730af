import { canonicalJson } from "../../core/ids.js";
import type { ToolBox } from "../tool-box.js";
import { type AnswerCache, createMemoryAnswers } from "./answer-cache.js";
import { addressKey } from "./api-address.js";
import type { PublishedApi } from "./publish-tools.js";
import type { Simulate } from "./simulate-api.js";
import { isFailure, NOT_WORKING, PARSE_ERROR, toAnswer, type VirtualAnswer } from "./virtual-answer.js";
import type { VirtualCall } from "./virtual-call.js";

export interface VirtualApisSettings {
  published: ReadonlyMap<string, PublishedApi>;
  toolBox: ToolBox | null;
  /** What was recorded; null for nothing. */
  recorded: AnswerCache | null;
  /** New answers are kept in `recorded`. */
  isRecording: boolean;
  simulate: Simulate | null;
  onTrouble(message: string, error: unknown): void;
}

type Counts = Record<"replayed" | "ran" | "simulated" | "failed", number>;

/**
 * Answers calls with what was recorded, else with the tool that runs, else with a simulation, else with the wire's
 * error. While recording, a tool whose answers change runs again, and so does one that failed: recordings heal.
 */
export class VirtualApis {
  readonly counts: Counts = { replayed: 0, ran: 0, simulated: 0, failed: 0 };
  private readonly closing = new AbortController();
  private readonly underWay = new Map<string, Promise<VirtualAnswer>>();
  private readonly simulated: AnswerCache;

  constructor(private readonly settings: VirtualApisSettings) {
    const { recorded, isRecording } = settings;
    this.simulated = isRecording && recorded !== null ? recorded : createMemoryAnswers();
  }

  async answer({ address, input }: VirtualCall): Promise<VirtualAnswer> {
    if (input === null) return this.count("failed", PARSE_ERROR);
    const api = this.settings.published.get(addressKey(address)) ?? null;
    const call = { address, input, api };
    if (api?.runs === true && !api.tool.isRepeatable) return this.find(call);
    // The same question twice at once is asked once.
    const key = `${addressKey(address)} ${canonicalJson(input)}`;
    const answer = this.underWay.get(key) ?? this.find(call).finally(() => this.underWay.delete(key));
    this.underWay.set(key, answer);
    return answer;
  }

  /** Calls that are under way come to nothing. */
  close(): void {
    this.closing.abort();
  }

  private async find(call: Call): Promise<VirtualAnswer> {
    const known = (await this.settings.recorded?.find(call.address, call.input)) ?? null;
    if (known !== null && !this.isAskedAgain(call, known)) return this.count("replayed", known);
    if (call.api?.runs === true) return this.run(call, call.api);
    return this.simulate(call);
  }

  private isAskedAgain({ api }: Call, known: VirtualAnswer): boolean {
    if (!this.settings.isRecording) return false;
    if (api?.runs === true) return isFailure(known) || !api.tool.isRepeatable;
    return isFailure(known) && this.settings.simulate !== null;
  }

  private async run({ address, input }: Call, { tool }: PublishedApi): Promise<VirtualAnswer> {
    const { toolBox, recorded, isRecording } = this.settings;
    if (toolBox === null) return this.count("failed", NOT_WORKING);
    const call = { name: tool.name, arguments: JSON.stringify(input) };
    const answer = toAnswer(await toolBox.call(call, { signal: this.closing.signal }));
    if (isRecording) await recorded?.keep(address, input, answer);
    return this.count("ran", answer);
  }

  private async simulate({ address, input, api }: Call): Promise<VirtualAnswer> {
    const { simulate, recorded } = this.settings;
    if (simulate === null) return this.count("failed", NOT_WORKING);
    const before = await this.simulated.find(address, input);
    if (before !== null && !isFailure(before)) return this.count("replayed", before);
    const known = (await recorded?.list(address)) ?? [];
    const examples = known.filter(({ answer }) => !isFailure(answer));
    const simulation = { address, input, tool: api?.tool ?? null, examples };
    const answer = await simulate(simulation, this.closing.signal).catch((error: unknown) => {
      this.settings.onTrouble("the simulator failed", error);
      return null;
    });
    if (answer === null) return this.count("failed", NOT_WORKING);
    await this.simulated.keep(address, input, answer);
    return this.count("simulated", answer);
  }

  private count(kind: keyof Counts, answer: VirtualAnswer): VirtualAnswer {
    this.counts[kind] += 1;
    return answer;
  }
}

interface Call {
  address: VirtualCall["address"];
  input: Record<string, unknown>;
  api: PublishedApi | null;
}

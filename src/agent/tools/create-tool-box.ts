import { MllmError } from "../../core/errors.js";
import type { AgentTool, Observation, ToolBox } from "../tool-box.js";
import { failure, messageOf } from "./describe-result.js";
import { describeTool } from "./describe-tool.js";
import { firstOfEachName } from "./first-of-each-name.js";
import { hideSecrets } from "./hide-secrets.js";
import { limitText, removeControls } from "./limit-text.js";
import { matchesAny } from "./match-globs.js";
import { type ArgumentReader, createArgumentReader } from "./read-arguments.js";
import { runWithin, Stopped } from "./run-within.js";
import { ToolNames } from "./tool-names.js";
import type { SourceTool, ToolSource } from "./tool-source.js";

export interface ToolBoxSettings {
  /** Globs over names as the agent sees them. Empty: all. */
  allow: readonly string[];
  /** Stronger than `allow`. */
  deny: readonly string[];
  /** Change nothing, the user says. */
  readOnly: readonly string[];
  /** May run without being asked about. */
  consent: readonly string[];
  timeoutSeconds: number;
  maxCharacters: number;
  /** Never shown to a model, wherever a tool says them. */
  secrets: readonly string[];
  /** The user's word on a destructive call. */
  isAllowed(call: { name: string; arguments: string }): boolean | Promise<boolean>;
}

const DEFAULT_TOOL_BOX_SETTINGS: ToolBoxSettings = {
  allow: [],
  deny: [],
  readOnly: [],
  consent: [],
  timeoutSeconds: 60,
  maxCharacters: 4096,
  secrets: [],
  isAllowed: () => false,
};

/** A source that does not close in this time is left behind. */
const CLOSING_SECONDS = 5;

interface Entry {
  tool: AgentTool;
  source: ToolSource;
  own: SourceTool;
  readArguments: ArgumentReader;
}

/** Makes one tool box of several sources, under unique names. */
export function createToolBox(sources: readonly ToolSource[], given: Partial<ToolBoxSettings> = {}): ToolBox {
  return new SourcesToolBox(sources, { ...DEFAULT_TOOL_BOX_SETTINGS, ...given });
}

class SourcesToolBox implements ToolBox {
  readonly #names = new ToolNames();
  readonly #closing = new AbortController();
  #seen: (readonly SourceTool[])[] = [];
  #entries = new Map<string, Entry>();
  #tools: AgentTool[] = [];

  constructor(
    private readonly sources: readonly ToolSource[],
    private readonly settings: ToolBoxSettings,
  ) {}

  get tools(): readonly AgentTool[] {
    this.#refresh();
    return this.#tools;
  }

  async call(
    call: { name: string; arguments: string },
    { signal }: { signal: AbortSignal },
  ): Promise<Observation> {
    if (signal.aborted) throw interrupted();
    this.#refresh();
    const entry = this.#entries.get(call.name);
    if (entry === undefined) return this.#tidy(failure(`there is no tool named ${call.name}`), null);
    const reading = entry.readArguments(call.arguments);
    if ("problem" in reading) return this.#tidy(failure(reading.problem), entry.source);
    if (!(await this.#hasConsent(entry.tool, call))) {
      return failure(`${call.name} needs the user's consent, which was not given`);
    }
    const seconds = entry.source.limits.timeoutSeconds ?? this.settings.timeoutSeconds;
    try {
      const bounds = { signal, closing: this.#closing.signal, seconds };
      const observation = await runWithin(bounds, (stop) => entry.own.run(reading.call, stop));
      return this.#tidy(observation, entry.source);
    } catch (error) {
      if (signal.aborted) throw interrupted();
      return this.#tidy(failure(reasonOf(error, seconds)), entry.source);
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.sources.map(closeInTime));
  }

  async #hasConsent(tool: AgentTool, call: { name: string; arguments: string }): Promise<boolean> {
    if (!tool.isDestructive || matchesAny(tool.name, this.settings.consent)) return true;
    return this.settings.isAllowed(call);
  }

  #tidy({ text, isError }: Observation, source: ToolSource | null): Observation {
    const shown = hideSecrets(removeControls(text), this.settings.secrets);
    return { text: limitText(shown, source?.limits.maxCharacters ?? this.settings.maxCharacters), isError };
  }

  /** Sources whose tools changed hold another list. */
  #refresh(): void {
    const lists = this.sources.map((source) => source.tools);
    const isSame =
      lists.length === this.#seen.length && lists.every((list, index) => list === this.#seen[index]);
    if (isSame) return;
    this.#seen = lists;
    const found = this.sources.flatMap((source) =>
      firstOfEachName(source.tools).map((own) => ({ source, own })),
    );
    const names = this.#names.assign(
      found.map(({ source, own }) => ({ source: source.name, name: own.name })),
    );
    const entries = found.map(({ source, own }, index) => this.#toEntry(source, own, names[index] as string));
    const shown = entries.filter(({ tool }) => this.#isOffered(tool.name));
    this.#entries = new Map(shown.map((entry) => [entry.tool.name, entry]));
    this.#tools = shown.map((entry) => entry.tool);
  }

  #isOffered(name: string): boolean {
    const { allow, deny } = this.settings;
    return (allow.length === 0 || matchesAny(name, allow)) && !matchesAny(name, deny);
  }

  #toEntry(source: ToolSource, own: SourceTool, name: string): Entry {
    const isReadOnly = matchesAny(name, this.settings.readOnly);
    const tool: AgentTool = {
      name,
      ...describeTool(own),
      source: source.name,
      isRepeatable: isReadOnly || own.isRepeatable,
      isDestructive: !isReadOnly && own.isDestructive,
    };
    return { tool, source, own, readArguments: createArgumentReader(own) };
  }
}

function reasonOf(error: unknown, seconds: number): string {
  if (!(error instanceof Stopped)) return messageOf(error);
  return error.by === "time" ? `no answer within ${seconds} s` : "the tools were closed";
}

const interrupted = (): MllmError => new MllmError("interrupted", "interrupted while a tool was running");

async function closeInTime(source: ToolSource): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, CLOSING_SECONDS * 1000);
  });
  // A tool that cannot say goodbye has gone all the same.
  await Promise.race([source.close().catch(() => {}), late]);
  clearTimeout(timer);
}

import { demandKeys } from "../server/authorize.js";
import { type Place, type RunningServer, startApp } from "../server/start-server.js";
import type { ToolBox } from "../tool-box.js";
import type { VirtualTool } from "../tools/virtual-tools.js";
import { openAnswerCache } from "./answer-cache.js";
import { createVirtualApp, type VirtualAppSettings } from "./create-virtual-app.js";
import { listApis, publishTools } from "./publish-tools.js";
import { readRecordedApis, writeRecordedApis } from "./recorded-apis.js";
import type { Simulate } from "./simulate-api.js";
import { VirtualApis } from "./virtual-apis.js";

export interface VirtualServerSettings
  extends Pick<VirtualAppSettings, "keys" | "maxBodyBytes" | "onTrouble"> {
  /** Tools that run; null for none. */
  toolBox: ToolBox | null;
  /** Addresses that tools of the box have already. */
  known: readonly VirtualTool[];
  /** APIs that are only described. */
  documents: readonly VirtualTool[];
  /** A folder of answers, and whether new ones are written there; null for none. */
  recordings: { folder: string; isWritten: boolean } | null;
  simulate: Simulate | null;
}

export interface VirtualServer extends RunningServer {
  /** Names as a model sees them. */
  tools: string[];
  counts: VirtualApis["counts"];
}

/** Serves tools, recordings of them or simulations over ToolBench's wire. The caller closes the tool box. */
export async function startVirtualServer(
  { toolBox, known, documents, recordings, simulate, ...rest }: VirtualServerSettings,
  place: Place,
): Promise<VirtualServer> {
  demandKeys(place.host, rest.keys);
  const recordedApis = recordings === null ? [] : await readRecordedApis(recordings.folder);
  const published = publishTools({
    tools: toolBox?.tools ?? [],
    known,
    documents: [...recordedApis, ...documents],
  });
  const list = listApis(published);
  const isRecording = recordings?.isWritten === true;
  if (isRecording && list.length > 0) await writeRecordedApis(recordings.folder, list);
  const apis = new VirtualApis({
    published,
    toolBox,
    recorded: recordings === null ? null : openAnswerCache(recordings.folder),
    isRecording,
    simulate,
    onTrouble: rest.onTrouble,
  });
  const settings = { ...rest, apis, list: list.length === 0 ? null : list };
  const server = await startApp((stopping) => createVirtualApp(settings, stopping), place);
  return {
    ...server,
    tools: [...published.values()].map(({ tool }) => tool.name),
    counts: apis.counts,
    stop: async (options) => {
      await server.stop(options);
      apis.close();
    },
  };
}

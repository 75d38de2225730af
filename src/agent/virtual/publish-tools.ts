import { sha256 } from "../../core/ids.js";
import type { AgentTool } from "../tool-box.js";
import { type ApiEntry, standardize, type VirtualTool } from "../tools/virtual-tools.js";
import { type ApiAddress, addressKey, toAddress } from "./api-address.js";

/** A tool and the address by which the wire knows it. */
export interface PublishedApi {
  address: ApiAddress;
  tool: Pick<AgentTool, "name" | "description" | "parameters" | "isRepeatable">;
  /** The tool box has it; of others only the document is known. */
  runs: boolean;
}

interface Publishing {
  tools: readonly AgentTool[];
  /** Where tools of the box have an address already: those of another virtual server. */
  known: readonly VirtualTool[];
  /** APIs that nothing here runs. */
  documents: readonly VirtualTool[];
}

/** Gives every tool an address that depends on nothing but its name and source. */
export function publishTools({ tools, known, documents }: Publishing): Map<string, PublishedApi> {
  const addresses = new Map(known.map((tool) => [tool.name, addressOf(tool)]));
  const running = tools.map((tool) => ({
    address: addresses.get(tool.name) ?? inventAddress(tool),
    tool,
    runs: true,
  }));
  const others = documents.map((tool) => ({ address: addressOf(tool), tool, runs: false }));
  // What runs comes last and takes the place of a document.
  return new Map([...others, ...running].map((each) => [addressKey(each.address), each]));
}

const addressOf = ({ address: { category, tool_name, api_name } }: VirtualTool): ApiAddress =>
  toAddress({ category, tool: tool_name, api: api_name });

/** `module:tools.mjs` and `get_weather` are the API get_weather of the tool tools_mjs in the category module. */
function inventAddress({ source, name }: AgentTool): ApiAddress {
  const [category = "", ...rest] = source.split(":");
  const tool = standardize(rest.join("_")) || "tools";
  const found = toAddress({ category, tool, api: standardize(name) || "tool" });
  // Names that the wire cannot tell apart stay apart.
  return found.api === name ? found : { ...found, api: `${found.api}_${sha256(name).slice(0, 8)}` };
}

/** The list in ToolBench's form, sorted; `function` says how a model sees each, so that a client shows the same tools. */
export function listApis(published: ReadonlyMap<string, PublishedApi>): ApiEntry[] {
  return [...published]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { address, tool }]) => ({
      category_name: address.category,
      tool_name: address.tool,
      api_name: address.api,
      api_description: tool.description,
      function: {
        name: tool.name,
        description: tool.description,
        parameters: tool.parameters,
        isRepeatable: tool.isRepeatable,
      },
    }));
}

import { readFileSync } from "node:fs";
import { expect, it } from "@jest/globals";
import { stepsOf } from "../../../test/read-one.js";
import { describeWithSharedData, sharedData } from "../../../test/shared-data.js";
import { findReader, READERS } from "../formats.js";
import type { Format } from "./reader.js";

interface Expected {
  thought?: RegExp;
  name: string;
  arguments: string;
  observation: RegExp | null;
  answer?: RegExp;
}

/** The first call of a real row, its result, and the answer after it. */
const ROWS: [format: Format, path: string, row: number, expected: Expected][] = [
  [
    ...(["sharegpt", "sharegpt-llamafactory/glaive_toolcall_en_demo.json", 0] as const),
    {
      ...{ name: "search_recipes", arguments: '{"ingredients":["chicken","bell peppers","rice"]}' },
      ...{ observation: /^\{"recipes": \[\{"name": "Chicken/, answer: /^I found two recipes for you/ },
    },
  ],
  [
    ...(["sharegpt", "documented-rows/apigen-mt.row.json", 0] as const),
    {
      ...{ name: "get_user_details", arguments: '{"user_id":"x"}' },
      ...{ observation: /^\{"name": \{"first_name"/, answer: /^Thank you\.$/ },
    },
  ],
  [
    ...(["llamafactory-v1", "sharegpt-llamafactory/reason_tool_use_demo_50.jsonl", 2] as const),
    {
      ...{ thought: /^Okay, the user wants the area of a circle/, name: "circle_area" },
      ...{ arguments: '{"radius":1.5}', observation: /^\{'area': 7\.0686, 'radius': 1\.5/ },
      answer: /^The area of a circle with a radius of \*\*1\.5/,
    },
  ],
  [
    ...(["glaive", "documented-rows/glaive-v2.row.json", 0] as const),
    {
      ...{ name: "get_news_headlines", arguments: '{"country": "United States"}' },
      ...{ observation: /^\{"headlines"/, answer: /Hurricane Ida devastates Louisiana$/ },
    },
  ],
  [
    ...(["toolace", "documented-rows/toolace.row.json", 0] as const),
    {
      ...{ name: "Market Trends API", arguments: '{"trend_type":"MARKET_INDEXES","country":"us"}' },
      ...{
        observation: /^\{"trends":\[\{"name":"S&P 500"\}\]\}$/,
        answer: /^Here are the top Market Trends/,
      },
    },
  ],
  [
    ...(["toolalpaca", "documented-rows/toolalpaca-train.shape.json", 0] as const),
    {
      ...{ thought: /^The user wants a picture\.$/, name: "getRandomAxolotlImage", arguments: "{}" },
      ...{ observation: /^Status Code: 200/, answer: /^Here is a picture/ },
    },
  ],
  [
    ...(["toucan", "documented-rows/toucan-1.5m.row.json", 0] as const),
    {
      ...{ name: "exa-search-web_search_exa", arguments: '{"query": "StellarPay"}' },
      ...{ observation: /^\[\]$/, answer: /^Here is what I found\.$/ },
    },
  ],
  [
    ...(["nemotron", "documented-rows/nemotron-post-training-v1.tool_calling.row.json", 0] as const),
    {
      ...{ name: "get_weather", arguments: '{"city": "Paris"}' },
      ...{ observation: /^\{"t": 20\}$/, answer: /^It is 20 degrees\.$/ },
    },
  ],
  [
    ...(["xlam", "documented-rows/xlam-60k.row.json", 0] as const),
    {
      ...{ name: "split_list", arguments: '{"lst":[10,20,30,40,50,60],"chunk_size":4}' },
      observation: null,
    },
  ],
  [
    ...(["toolalpaca-eval", "toolalpaca/eval_real.json", 0] as const),
    {
      ...{ name: "PublicHolidayIsTodayPublicHoliday", arguments: '{"countryCode": "CN"}' },
      observation: null,
    },
  ],
];

function load(path: string, row: number): unknown {
  const text = readFileSync(sharedData(path), "utf8");
  return path.endsWith(".jsonl") ? JSON.parse(text.split("\n")[row] ?? "") : JSON.parse(text)[row];
}

describeWithSharedData("real rows", () => {
  it.each(ROWS)("%s: %s, row %i", (format, path, row, expected) => {
    const steps = stepsOf(findReader(READERS, format), load(path, row));
    const at = steps.findIndex((step) => step.kind === "call");
    const { thought = /^$/, name, arguments: text, observation, answer } = expected;
    expect(steps[at]).toMatchObject({
      thought: expect.stringMatching(thought),
      call: { name, arguments: text },
      observation: observation === null ? null : expect.stringMatching(observation),
    });
    const end = steps.slice(at).find((step) => step.kind === "answer");
    expect(end?.answer ?? null).toEqual(answer === undefined ? null : expect.stringMatching(answer));
  });
});

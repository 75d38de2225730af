import { defineTool, toClock, toName, toNumber } from "./define-tool.mjs";
import { seenNames, unseenNames } from "./names.mjs";
import { hash } from "./random.mjs";

const isCurrency = (/** @type {string} */ name) => hash("currency", name) % 10 === 0;

/** Of the world's first edition. */
export const currencies = "Krona Peso Rupee Yen Franc Dinar Lira Zloty Real Won Baht Rand".split(" ");
/** Named like everything else: a few words of their own would rather be guessed than copied. */
export const coinedCurrencies = {
  seen: seenNames.filter(isCurrency),
  unseen: unseenNames.filter(isCurrency),
};
const allCurrencies = [...currencies, ...coinedCurrencies.seen, ...coinedCurrencies.unseen];
export const languages = "French German Greek Hindi Korean Latin Polish Turkish".split(" ");
export const skies = "Rain Sun Snow Fog Wind Storm Cloud Hail".split(" ");

/** @param {number} random */
const weather = (random) => ({
  sky: /** @type {string} */ (skies[random % skies.length]),
  degrees: toNumber(random >>> 8),
});
/** @param {number} random */
const dollars = (random) => ({ dollars: toNumber(random) });

/** Occur in training. */
const trainedTools = [
  defineTool({
    name: "get_weather",
    description: "Weather in a city",
    properties: { city: "string" },
    result: weather,
  }),
  defineTool({
    name: "backup_weather",
    description: "Weather in a city, slow backup",
    properties: { city: "string" },
    result: weather,
  }),
  defineTool({
    name: "get_time",
    description: "Local time in a city",
    properties: { city: "string" },
    result: (random) => ({ time: toClock(random) }),
  }),
  defineTool({
    name: "get_population",
    description: "Population of a city in thousands",
    properties: { city: "string" },
    result: (random) => ({ thousands: toNumber(random) }),
  }),
  defineTool({
    name: "find_capital",
    description: "Capital of a country",
    properties: { country: "string" },
    result: (random, subject) => ({ capital: toName(random, subject) }),
  }),
  defineTool({
    name: "city_distance",
    description: "Distance between two cities",
    properties: { origin: "string", target: "string" },
    result: (random) => ({ kilometers: toNumber(random) }),
  }),
  defineTool({
    name: "flight_price",
    description: "Price of a flight in dollars",
    properties: { origin: "string", target: "string" },
    result: dollars,
  }),
  defineTool({
    name: "hotel_price",
    description: "Price of a hotel in a city in dollars",
    properties: { city: "string" },
    result: dollars,
  }),
  defineTool({
    name: "share_price",
    description: "Price of a share in dollars",
    properties: { company: "string" },
    result: dollars,
  }),
  defineTool({
    name: "backup_share",
    description: "Price of a share in dollars, slow backup",
    properties: { company: "string" },
    result: dollars,
  }),
  defineTool({
    name: "company_head",
    description: "Head of a company",
    properties: { company: "string" },
    result: (random, subject) => ({ head: toName(random, subject) }),
  }),
  defineTool({
    name: "person_phone",
    description: "Phone number of a person",
    properties: { person: "string" },
    result: (random) => ({ phone: toNumber(random) }),
  }),
  defineTool({
    name: "person_age",
    description: "Age of a person in years",
    properties: { person: "string" },
    result: (random) => ({ years: toNumber(random) }),
  }),
  defineTool({
    name: "book_author",
    description: "Author of a book",
    properties: { title: "string" },
    result: (random, subject) => ({ author: toName(random, subject) }),
  }),
  defineTool({
    name: "book_shelf",
    description: "Library shelf of a book",
    properties: { title: "string" },
    result: (random) => ({ shelf: `${"ABCDEFGH"[random % 8]}${toNumber(random >>> 8)}` }),
  }),
  defineTool({
    name: "convert_dollars",
    description: "Dollars in another currency",
    properties: { amount: "integer", currency: "string" },
    result: (random) => ({ value: toNumber(random) }),
    knows: ([, currency]) => allCurrencies.includes(String(currency)),
  }),
  defineTool({
    name: "order_total",
    description: "Total of an order with rebate and fees",
    properties: { price: "integer", count: "integer" },
    result: (random) => ({ total: toNumber(random) }),
    knows: () => true,
  }),
  defineTool({
    name: "translate_word",
    description: "Translation of a word",
    properties: { word: "string", language: "string" },
    result: (random, subject) => ({ translation: toName(random, subject) }),
  }),
];

/** Kept for a test split. */
const heldOutTools = [
  defineTool({
    name: "find_river",
    description: "River of a country",
    properties: { country: "string" },
    result: (random, subject) => ({ river: toName(random, subject) }),
  }),
  defineTool({
    name: "city_height",
    description: "Height of a city in meters",
    properties: { city: "string" },
    result: (random) => ({ meters: toNumber(random) }),
  }),
  defineTool({
    name: "train_price",
    description: "Price of a train ride in dollars",
    properties: { origin: "string", target: "string" },
    result: dollars,
  }),
  defineTool({
    name: "person_employer",
    description: "Employer of a person",
    properties: { person: "string" },
    result: (random, subject) => ({ employer: toName(random, subject) }),
  }),
  defineTool({
    name: "book_pages",
    description: "Number of pages of a book",
    properties: { title: "string" },
    result: (random) => ({ pages: toNumber(random) }),
  }),
];

/** All tools of the world. @type {readonly import("./define-tool.mjs").Tool[]} */
export const tools = [...trainedTools, ...heldOutTools];
export const trainedToolNames = trainedTools.map((tool) => tool.name);
export const heldOutToolNames = heldOutTools.map((tool) => tool.name);

/**
 * What people of the sample world ask for.
 *
 * Slots in questions and arguments: {x} and {y} are names, {n} a small count, {m} an amount, {currency} and
 * {language} words. A step's argument `"#capital"` is the result `capital` of an earlier step.
 *
 * @typedef {Record<string, string>} Arguments
 * @typedef {object} Intent
 * @property {readonly string[]} questions
 * @property {readonly {tool: string, args: Arguments}[]} steps
 * @property {"all" | "last"} answer Which results the final answer tells.
 */

/** @param {string} tool @param {Arguments} args */
const step = (tool, args) => ({ tool, args });

/** @param {string | string[]} questions @param {Intent["steps"]} steps @param {Intent["answer"]} [answer] @returns {Intent} */
const intent = (questions, steps, answer = "all") => ({ questions: [questions].flat(), steps, answer });

const capitalOfX = step("find_capital", { country: "{x}" });
const flightOfXY = step("flight_price", { origin: "{x}", target: "{y}" });
const hotelInX = step("hotel_price", { city: "{x}" });
const shareOfX = step("share_price", { company: "{x}" });
const headOfX = step("company_head", { company: "{x}" });
const authorOfX = step("book_author", { title: "{x}" });
const dollarsToCurrency = step("convert_dollars", { amount: "#dollars", currency: "{currency}" });
const dollarsTimesN = step("order_total", { price: "#dollars", count: "{n}" });
const totalToCurrency = step("convert_dollars", { amount: "#total", currency: "{currency}" });

/** Intents of one, two and three calls of trained tools. @type {Record<1 | 2 | 3, readonly Intent[]>} */
export const trainedIntents = {
  1: [
    intent(
      ["What is the weather in {x}?", "How is the weather in {x} now?"],
      [step("get_weather", { city: "{x}" })],
    ),
    intent(["What time is it in {x}?", "Tell me the time in {x}."], [step("get_time", { city: "{x}" })]),
    intent(
      ["How many people live in {x}?", "What is the population of {x}?"],
      [step("get_population", { city: "{x}" })],
    ),
    intent(["What is the capital of {x}?", "Name the capital of {x}."], [capitalOfX]),
    intent("How far is it from {x} to {y}?", [step("city_distance", { origin: "{x}", target: "{y}" })]),
    intent(
      ["How much is a flight from {x} to {y}?", "What does it cost to fly from {x} to {y}?"],
      [flightOfXY],
    ),
    intent("How much is a hotel in {x}?", [hotelInX]),
    intent(["What is the share price of {x}?", "How much is a share of {x}?"], [shareOfX]),
    intent(["Who leads the company {x}?", "Who is the head of {x}?"], [headOfX]),
    intent(
      ["What is the phone number of {x}?", "How can I call {x}?"],
      [step("person_phone", { person: "{x}" })],
    ),
    intent(["How old is {x}?", "What is the age of {x}?"], [step("person_age", { person: "{x}" })]),
    intent(["Who wrote the book {x}?", "Who is the author of {x}?"], [authorOfX]),
    intent(
      ["On which shelf is the book {x}?", "Where in the library is {x}?"],
      [step("book_shelf", { title: "{x}" })],
    ),
    intent(
      ["How much are {m} dollars in {currency}?", "Convert {m} dollars to {currency}."],
      [step("convert_dollars", { amount: "{m}", currency: "{currency}" })],
    ),
    intent("What do {n} things at {m} dollars cost in all?", [
      step("order_total", { price: "{m}", count: "{n}" }),
    ]),
    intent(
      ["What is the word {x} in {language}?", "Translate {x} to {language}."],
      [step("translate_word", { word: "{x}", language: "{language}" })],
    ),
  ],
  2: [
    intent("What is the weather in the capital of {x}?", [
      capitalOfX,
      step("get_weather", { city: "#capital" }),
    ]),
    intent("What time is it in the capital of {x}?", [capitalOfX, step("get_time", { city: "#capital" })]),
    intent("How many people live in the capital of {x}?", [
      capitalOfX,
      step("get_population", { city: "#capital" }),
    ]),
    intent(
      ["How can I call the head of {x}?", "What is the phone number of the head of {x}?"],
      [headOfX, step("person_phone", { person: "#head" })],
    ),
    intent("How old is the head of {x}?", [headOfX, step("person_age", { person: "#head" })]),
    intent("How can I call the author of the book {x}?", [
      authorOfX,
      step("person_phone", { person: "#author" }),
    ]),
    intent("How old is the author of the book {x}?", [authorOfX, step("person_age", { person: "#author" })]),
    intent("How much is a flight from {x} to {y} in {currency}?", [flightOfXY, dollarsToCurrency], "last"),
    intent("How much is a hotel in {x} in {currency}?", [hotelInX, dollarsToCurrency], "last"),
    intent("How much are {n} shares of {x}?", [shareOfX, dollarsTimesN], "last"),
    intent("How much are {n} nights in a hotel in {x}?", [hotelInX, dollarsTimesN], "last"),
    intent("What is the weather in {x} and the time in {y}?", [
      step("get_weather", { city: "{x}" }),
      step("get_time", { city: "{y}" }),
    ]),
    intent("Give me the population of {x} and of {y}.", [
      step("get_population", { city: "{x}" }),
      step("get_population", { city: "{y}" }),
    ]),
    intent("Who wrote the book {x} and on which shelf is it?", [
      authorOfX,
      step("book_shelf", { title: "{x}" }),
    ]),
    intent("I go to {x}. Tell me the hotel price and the weather.", [
      hotelInX,
      step("get_weather", { city: "{x}" }),
    ]),
  ],
  3: [
    intent(
      "How much is a hotel in the capital of {x} in {currency}?",
      [capitalOfX, step("hotel_price", { city: "#capital" }), dollarsToCurrency],
      "last",
    ),
    intent(
      "How much are {n} shares of {x} in {currency}?",
      [shareOfX, dollarsTimesN, totalToCurrency],
      "last",
    ),
    intent(
      "How much are {n} flights from {x} to {y} in {currency}?",
      [flightOfXY, dollarsTimesN, totalToCurrency],
      "last",
    ),
    intent("I fly from {x} to {y}. Tell me the distance, the flight price and the weather in {y}.", [
      step("city_distance", { origin: "{x}", target: "{y}" }),
      flightOfXY,
      step("get_weather", { city: "{y}" }),
    ]),
    intent("How far is {y} from the capital of {x} and what time is it there?", [
      capitalOfX,
      step("city_distance", { origin: "#capital", target: "{y}" }),
      step("get_time", { city: "{y}" }),
    ]),
  ],
};

/** Each needs a tool that occurs in no training trajectory. @type {readonly Intent[]} */
export const heldOutIntents = [
  intent(["What is the river of {x}?", "Name the river of {x}."], [step("find_river", { country: "{x}" })]),
  intent("What is the height of {x}?", [step("city_height", { city: "{x}" })]),
  intent("How much is a train from {x} to {y}?", [step("train_price", { origin: "{x}", target: "{y}" })]),
  intent("Who is the employer of {x}?", [step("person_employer", { person: "{x}" })]),
  intent("How many pages has the book {x}?", [step("book_pages", { title: "{x}" })]),
  intent("What is the height of the capital of {x}?", [
    capitalOfX,
    step("city_height", { city: "#capital" }),
  ]),
  intent(
    "How much is a train from {x} to {y} in {currency}?",
    [step("train_price", { origin: "{x}", target: "{y}" }), dollarsToCurrency],
    "last",
  ),
  intent("Who is the head of the employer of {x}?", [
    step("person_employer", { person: "{x}" }),
    step("company_head", { company: "#employer" }),
  ]),
];

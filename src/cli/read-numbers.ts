import { InvalidArgumentError } from "commander";
import { MllmError } from "../core/errors.js";

/** For commander: the value of an option that counts something. */
export function readCount(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(number)) return number;
  throw new InvalidArgumentError("expected a whole number");
}

export function readPositive(text: string): number {
  const number = readCount(text);
  if (number > 0) return number;
  throw new InvalidArgumentError("expected a whole number above 0");
}

export function readTemperature(text: string): number {
  const number = Number(text);
  if (text.trim() !== "" && number >= 0 && number <= 2) return number;
  throw new InvalidArgumentError("expected a number from 0 to 2");
}

/** 0 takes a free one. */
export function readPort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError("expected a number from 0 to 65535");
}

/** Of --max-cost. */
export function readDollars(text: string): number {
  const dollars = Number(text);
  if (text.trim() !== "" && Number.isFinite(dollars) && dollars > 0) return dollars;
  throw new MllmError("usage", `--max-cost ${text}: expected US dollars above 0`, {
    hint: "For example --max-cost 25.",
  });
}

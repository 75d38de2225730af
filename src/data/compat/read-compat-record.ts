import { isUtf8 } from "node:buffer";
import { isStackOverflow, NESTED_TOO_DEEPLY } from "../nested-too-deeply.js";
import { CompatRecord, type RecordMemory } from "./compat-record.js";
import { ReferenceFailure, toConversation } from "./conversation.js";
import { isPlain, loads } from "./python-loads.js";
import { getKey, isDict, PythonJsonError, type PythonValue } from "./python-value.js";

/** The failure that stops the reference for all subsets, where it is no record to it. */
export function readCompatRecord(bytes: Buffer, memory: RecordMemory): CompatRecord | ReferenceFailure {
  try {
    if (!isUtf8(bytes)) throw new ReferenceFailure("the text is not UTF-8");
    const value = loads(bytes.toString("utf8"), isWrittenAlike);
    return new CompatRecord(value, () => conversationOf(value), memory);
  } catch (error) {
    if (error instanceof ReferenceFailure) return error;
    if (isStackOverflow(error)) return new ReferenceFailure(NESTED_TOO_DEEPLY.detail);
    if (error instanceof PythonJsonError) return new ReferenceFailure(error.message);
    throw error;
  }
}

/** Only what the rows repeat has to be kept as Python would. */
function isWrittenAlike(value: PythonValue): boolean {
  return isDict(value)
    ? isPlain(getKey(value, "tools") ?? null) && isPlain(getKey(value, "conversations") ?? null)
    : isPlain(value);
}

/** A record with chains is of the first stage, which the reference turns into the second. */
function conversationOf(record: PythonValue): PythonValue {
  if (!isDict(record)) throw new ReferenceFailure("the record is not an object");
  const conversation = getKey(record, "conversations");
  if (conversation !== undefined) return conversation;
  if (getKey(record, "chains") === undefined) {
    throw new ReferenceFailure(
      "neither conversations nor chains; --compat reads the reference's stage 1 or stage 2",
    );
  }
  return toConversation(record);
}

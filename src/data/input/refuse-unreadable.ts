import { MllmError } from "../../core/errors.js";
import type { RecordText } from "./record-text.js";

/** The same records; throws where a file that the user named is of a kind that cannot be read at all. */
export async function* refuseUnreadable(
  texts: AsyncIterable<RecordText>,
  path: string,
): AsyncGenerator<RecordText> {
  for await (const text of texts) {
    if (text.kind === "fault" && text.refusal !== undefined) {
      const { what, hint } = text.refusal;
      throw new MllmError("bad_input", `${path} is ${what}`, { hint });
    }
    yield text;
  }
}

import { describe, expect, it } from "@jest/globals";
import { explainDatabaseError } from "./explain-database-error.js";

const failure = (code: string) => Object.assign(new Error("it failed"), { code });

describe("explainDatabaseError", () => {
  it.each([
    ["SQLITE_READONLY", "permission_denied"],
    // A folder that may not be written to, which libsql has no name for.
    ["UNKNOWN_SQLITE_ERROR_1544", "permission_denied"],
    ["SQLITE_BUSY", "bad_state"],
  ])("knows what %s means", (code, expected) => {
    expect(explainDatabaseError(failure(code), "state.db")).toMatchObject({ code: expected });
  });

  it("leaves what it does not know as it is", () => {
    const error = failure("UNKNOWN_SQLITE_ERROR_1");
    expect(explainDatabaseError(error, "state.db")).toBe(error);
  });
});

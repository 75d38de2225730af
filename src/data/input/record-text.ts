/** The text of one record, or what stands where a record should. */
export type RecordText =
  | { kind: "record"; bytes: Buffer }
  | { kind: "fault"; reason: string; detail: string; text: string };

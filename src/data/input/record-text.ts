/** The text of one record, or what stands where a record should. */
export type RecordText = { kind: "record"; bytes: Buffer } | ({ kind: "fault" } & RecordFault);

/** `text` is the beginning of what is there. */
export interface RecordFault {
  reason: string;
  detail: string;
  text: string;
  /** Where the whole file cannot be read: what it is, and what to do. */
  refusal?: { what: string; hint: string };
}

/** How far the reading of inputs, or of a data set's rows, has come. */
export interface ReadProgress {
  type: "progress";
  records: number;
  used: number;
  bytesRead: number;
  /** Null where only the end of a stream tells. */
  bytesTotal: number | null;
}

/** Lists and objects are read so deep: more than any record of use has, less than any thread's stack holds. */
export const MAX_NESTING = 500;

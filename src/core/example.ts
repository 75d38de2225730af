import { z } from "zod";

/** A piece of text; the loss is taken on it only where `train` is true. */
export const Segment = z.object({ text: z.string(), train: z.boolean() });
export type Segment = z.infer<typeof Segment>;

/** One row of a subset file. */
export const Example = z.object({
  id: z.string(),
  trajectory: z.string(),
  segments: z.array(Segment).min(1),
});
export type Example = z.infer<typeof Example>;

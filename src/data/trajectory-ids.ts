import { digestText } from "./policies/digest.js";
import { DigestSet } from "./policies/digest-set.js";
import { nameOf, type RecordPlace } from "./readers/reader.js";

/** `chats.jsonl:7` or `chats.jsonl:7~2`: could be the place of another trajectory. */
const PLACE = /^(.+):\d+(?:\.\d+)?(?:~\d+)?$/s;

/** Gives every trajectory an id that is unique within the run: its own, else its place. */
export class TrajectoryIds {
  /** Of the trajectories' own ids; a clash only costs a trajectory its own id. Places are unique by themselves. */
  private readonly seen = new DigestSet();

  /** `fileNames`: of all files of the run, relative to their inputs. What looks like a place in one of them is no id. */
  constructor(private readonly fileNames: ReadonlySet<string>) {}

  /** `input` counts from 0: two inputs may have files of the same name. */
  assign(sourceId: string | null, place: RecordPlace, input: number): string {
    if (sourceId !== null && !this.couldBePlace(sourceId) && this.seen.add(digestText(sourceId)))
      return sourceId;
    return `${nameOf(place)}${input === 0 ? "" : `~${input + 1}`}`;
  }

  private couldBePlace(id: string): boolean {
    const name = PLACE.exec(id)?.[1];
    return name !== undefined && this.fileNames.has(name);
  }
}

import { DatasetManifest } from "../core/dataset-manifest.js";
import { MllmError } from "../core/errors.js";
import { sha256 } from "../core/ids.js";
import { SUBSETS } from "../core/roles.js";
import { checkIdentities } from "./check-identities.js";
import { addCounts, count, sum } from "./counts.js";
import type { DatasetFiles } from "./dataset-files.js";
import type { Detection } from "./detect-format.js";
import { isExcluded } from "./exclude-ids.js";
import { describeLackingRoles } from "./lacking-roles.js";
import { nothingToTrainOn } from "./nothing-to-train-on.js";
import type { BatchResult, Outcome, RecordBatch } from "./pipeline/record-batch.js";
import { Duplicates } from "./policies/duplicates.js";
import { DEFAULT_POLICIES, describePolicies } from "./policies/policies.js";
import { describeUnmetExclusions } from "./policies/unmet-exclusions.js";
import type { RecordPlace } from "./readers/reader.js";
import { describeEmptySides, describeSides, type Placed, sidesOf, testSidesOf } from "./sides/side.js";
import { SideChooser } from "./sides/side-chooser.js";
import { bareTraits } from "./sides/traits-of.js";
import type { SplitSettings } from "./split-settings.js";
import type { TrajectoryRows } from "./subset-files.js";
import { TrajectoryIds } from "./trajectory-ids.js";

type ReadOutcome = Extract<Outcome, { kind: "trajectory" }>;
type RejectedOutcome = Extract<Outcome, { kind: "rejected" }>;

/** Takes the outcome of record after record, decides what depends on those before, writes, and keeps the counts. */
export class DatasetBuilder {
  read = 0;
  used = 0;
  /** What each input looks like, also where its format was given. */
  detections: Detection[] = [];
  private input = { path: "", number: -1 };
  private readonly inputRecords: number[] = [];
  readonly rejected: Record<string, number> = {};
  readonly excluded: Record<string, number> = {};
  private readonly untrainedTurns: Record<string, number> = {};
  private readonly repairs: Record<string, number> = {};
  private readonly trajectories: DatasetManifest["trajectories"] = { train: 0, validation: 0 };
  private withoutTools = 0;
  firstFault = "";
  private readonly ids: TrajectoryIds;
  private readonly duplicates = new Duplicates();
  private readonly sides: SideChooser<TrajectoryRows>;

  constructor(
    readonly request: SplitSettings,
    private readonly files: DatasetFiles,
    fileNames: ReadonlySet<string>,
  ) {
    this.ids = new TrajectoryIds(fileNames);
    const options = sidesOf(request);
    this.sides = new SideChooser(options);
    for (const side of testSidesOf(options)) this.trajectories[side] = 0;
  }

  get isFull(): boolean {
    return this.request.limit !== null && this.used >= this.request.limit;
  }

  /** Call before the batches of each input, and in the order of the inputs. */
  startInput(path: string): void {
    this.input = { path, number: this.input.number + 1 };
    this.inputRecords.push(0);
  }

  /** Takes what it may: the limit can lie within a batch. */
  async add({ file }: Pick<RecordBatch, "file">, { outcomes, bytes }: BatchResult): Promise<void> {
    const rows = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (const outcome of outcomes) {
      if (this.isFull) return;
      this.read += 1;
      this.inputRecords[this.input.number] = (this.inputRecords[this.input.number] ?? 0) + 1;
      const place = { file, ...outcome.place };
      if (outcome.kind === "trajectory") await this.addTrajectory(outcome, place, rows);
      else if (outcome.kind === "rejected") await this.reject(outcome, place);
      else count(this.excluded, outcome.reason);
    }
  }

  async finish(inputs: Omit<DatasetManifest["inputs"][number], "records">[]): Promise<DatasetManifest> {
    await this.write(this.sides.end());
    const { request } = this;
    if (this.trajectories.train === 0) throw nothingToTrainOn(this);
    const { subsets, ...tests } = await this.files.finish(this.sides.unseenNames());
    const hashes = SUBSETS.flatMap((subset) => [
      subsets[subset].train.sha256,
      subsets[subset].validation?.sha256 ?? "",
    ]);
    const manifest: DatasetManifest = {
      kind: "dataset",
      version: 1,
      createdBy: request.createdBy,
      hash: sha256([request.profile.sha256, ...hashes]),
      inputs: inputs.map((input, index) => ({ ...input, records: this.inputRecords[index] ?? 0 })),
      options: {
        format: request.format ?? null,
        limit: request.limit,
        validation: request.validation,
        seed: request.seed,
        excludedIds: request.excludedIds.size,
        ...describePolicies(request.policies ?? DEFAULT_POLICIES),
        ...(request.sides !== undefined && describeSides(request.sides)),
        ...(request.readers !== undefined && { reading: request.readers }),
      },
      profile: { name: request.profile.profile.name, path: "profile.json", sha256: request.profile.sha256 },
      records: { read: this.read, used: this.used, excluded: sum(this.excluded), rejected: this.rejected },
      excluded: this.excluded,
      trajectories: this.trajectories,
      untrainedTurns: this.untrainedTurns,
      repairs: this.repairs,
      subsets,
      ...tests,
      warnings: [...describeLackingRoles(inputs.map(({ format }) => format)), ...this.warnings(subsets)],
    };
    checkIdentities(manifest);
    return DatasetManifest.parse(manifest);
  }

  async abandon(): Promise<void> {
    await this.files.abandon();
  }

  private async addTrajectory(read: ReadOutcome, place: RecordPlace, bytes: Buffer): Promise<void> {
    const id = this.admit(read.sourceId, place);
    if (id === null) return;
    const again = this.duplicates.findReason(read.fingerprint);
    if (again !== null) return count(this.excluded, again);
    const traits = read.kept?.traits ?? bareTraits(read.instruction);
    const { rows, leftOut } = read;
    const item: TrajectoryRows = { id, rows, leftOut, bytes, recorded: read.kept?.recorded };
    const placement = this.sides.place(traits, item);
    if (placement.kind === "left-out") return count(this.excluded, placement.reason);
    this.used += 1;
    if (!read.hasTools) this.withoutTools += 1;
    addCounts(this.untrainedTurns, read.untrained);
    addCounts(this.repairs, read.repairs);
    await this.write(placement.placed);
  }

  /** Its id, or null where it is to be left out. */
  private admit(sourceId: string | null, place: RecordPlace): string | null {
    const id = this.ids.assign(sourceId, place, this.input.number);
    if (!isExcluded(this.request.excludedIds, id, sourceId)) return id;
    count(this.excluded, "excluded_id");
    return null;
  }

  private async write(placed: Placed<TrajectoryRows>[]): Promise<void> {
    for (const { side, item } of placed) {
      this.trajectories[side] = (this.trajectories[side] ?? 0) + 1;
      await this.files.write(side, item);
    }
  }

  private async reject(why: RejectedOutcome, place: RecordPlace): Promise<void> {
    if (why.sourceId !== undefined && this.admit(why.sourceId, place) === null) return;
    const input = this.input.path;
    const { isStrict, maxErrors } = this.request;
    const part = place.part === undefined ? "" : `, its trajectory ${place.part + 1}`;
    const fault = `${input}: record ${place.index + 1}${part} of ${place.file}: ${why.reason}: ${why.detail}`;
    if (isStrict) {
      throw new MllmError("bad_input", fault, {
        hint: "Without --strict, such records are left out and counted.",
      });
    }
    count(this.rejected, why.reason);
    if (this.firstFault === "") this.firstFault = fault;
    await this.files.reject({ ...why, input, place });
    if (maxErrors !== null && sum(this.rejected) > maxErrors) {
      throw new MllmError(
        "too_many_errors",
        `more than ${maxErrors} records were rejected; the last: ${fault}`,
        {
          hint: "Look at the records, or allow more with --max-errors.",
        },
      );
    }
  }

  private warnings(subsets: DatasetManifest["subsets"]): string[] {
    const warnings = describeUnmetExclusions(this.request, this.excluded);
    if (this.withoutTools > 0) {
      const who = this.withoutTools === 1 ? "1 trajectory does" : `${this.withoutTools} trajectories do`;
      warnings.push(`${who} not say which tools there were: calls are not checked there`);
    }
    warnings.push(...describeEmptySides(this.trajectories));
    for (const subset of SUBSETS) {
      if (subsets[subset].train.rows === 0) warnings.push(`the ${subset} subset has no training rows`);
    }
    return warnings;
  }
}

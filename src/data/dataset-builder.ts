import { DatasetManifest } from "../core/dataset-manifest.js";
import { MllmError } from "../core/errors.js";
import { sha256 } from "../core/ids.js";
import { SUBSETS } from "../core/roles.js";
import type { Trajectory } from "../core/trajectory.js";
import { createRenderer, type Renderer } from "../prompts/renderer.js";
import { checkIdentities } from "./check-identities.js";
import { isExcluded } from "./exclude-ids.js";
import { isStackOverflow, NESTED_TOO_DEEPLY } from "./nested-too-deeply.js";
import type { ReadTrajectory } from "./readers/reader.js";
import type { RejectedFile } from "./rejected-file.js";
import type { SplitRequest } from "./split-dataset.js";
import { type ExamplesBySubset, type SubsetFiles, sum } from "./subset-files.js";
import { TrajectoryIds } from "./trajectory-ids.js";
import type { ReadRecord } from "./trajectory-source.js";
import { type Placed, ValidationShare } from "./validation-share.js";

/** Takes record after record, writes what becomes of each, and keeps the counts. */
export class DatasetBuilder {
  read = 0;
  used = 0;
  private input = { path: "", number: -1 };
  private excluded = 0;
  private excludedById = 0;
  private readonly rejected: Record<string, number> = {};
  private readonly skipped: Record<string, number> = {};
  private readonly untrainedTurns: Record<string, number> = {};
  private readonly trajectories = { train: 0, validation: 0 };
  private withoutTools = 0;
  private firstFault = "";
  private readonly ids = new TrajectoryIds();
  private readonly share: ValidationShare<ExamplesBySubset>;
  private readonly renderer: Renderer;

  constructor(
    private readonly request: SplitRequest,
    private readonly files: SubsetFiles,
    private readonly rejectedFile: RejectedFile,
  ) {
    this.renderer = createRenderer(request.profile.profile);
    this.share = new ValidationShare(request.validation, request.seed);
  }

  get isFull(): boolean {
    return this.request.limit !== null && this.used >= this.request.limit;
  }

  /** Call before the records of each input, and in the order of the inputs. */
  startInput(path: string): void {
    this.input = { path, number: this.input.number + 1 };
  }

  async add(record: ReadRecord): Promise<void> {
    this.read += 1;
    const { result } = record;
    if (result.kind === "trajectory") return await this.addTrajectory(result, record);
    if (result.kind === "rejected") return await this.reject(record, result);
    this.excluded += 1;
    count(this.skipped, result.reason);
  }

  async finish(inputs: DatasetManifest["inputs"]): Promise<DatasetManifest> {
    await this.write(this.share.end());
    const { request } = this;
    if (this.used === 0) throw this.nothingUsed();
    const subsets = await this.files.finish();
    await this.rejectedFile.finish();
    const hashes = SUBSETS.flatMap((subset) => [
      subsets[subset].train.sha256,
      subsets[subset].validation?.sha256 ?? "",
    ]);
    const manifest: DatasetManifest = {
      kind: "dataset",
      version: 1,
      createdBy: request.createdBy,
      hash: sha256([request.profile.sha256, ...hashes]),
      inputs,
      options: {
        format: request.format ?? null,
        limit: request.limit,
        validation: request.validation,
        seed: request.seed,
        excludedIds: request.excludedIds.size,
      },
      profile: { name: request.profile.profile.name, path: "profile.json", sha256: request.profile.sha256 },
      records: { read: this.read, used: this.used, excluded: this.excluded, rejected: this.rejected },
      trajectories: this.trajectories,
      untrainedTurns: this.untrainedTurns,
      subsets,
      warnings: this.warnings(subsets),
    };
    checkIdentities(manifest);
    return DatasetManifest.parse(manifest);
  }

  async abandon(): Promise<void> {
    await this.files.abandon();
    await this.rejectedFile.abandon();
  }

  private async addTrajectory(read: ReadTrajectory, record: ReadRecord): Promise<void> {
    const id = this.ids.assign(read.sourceId, record.place, this.input.number);
    if (isExcluded(this.request.excludedIds, id, read.sourceId)) {
      this.excluded += 1;
      this.excludedById += 1;
      return;
    }
    const examples = this.render({ id, ...read.trajectory });
    if (examples === null) return await this.reject(record, NESTED_TOO_DEEPLY);
    if (SUBSETS.every((subset) => examples[subset].examples.length === 0)) {
      const reason = examples.backbone.leftOut[0] ?? "no_step";
      await this.reject(record, { reason, detail: "no turn of it can be trained on" });
      return;
    }
    this.used += 1;
    if (!read.hasTools) this.withoutTools += 1;
    for (const [reason, turns] of Object.entries(read.lost)) count(this.untrainedTurns, reason, turns);
    for (const step of read.trajectory.steps) {
      if (step.kind !== "user" && step.untrained !== undefined) {
        count(this.untrainedTurns, step.untrained, step.kind === "give_up" ? 1 : 2);
      }
    }
    await this.write(this.share.place(read.trajectory.instruction, examples));
  }

  /** null where tools or arguments are nested too deeply to be written. */
  private render(trajectory: Trajectory): ExamplesBySubset | null {
    try {
      return this.renderer.examples(trajectory);
    } catch (error) {
      if (isStackOverflow(error)) return null;
      throw error;
    }
  }

  private async write(placed: Placed<ExamplesBySubset>[]): Promise<void> {
    for (const { side, item } of placed) {
      this.trajectories[side] += 1;
      await this.files.write(side, item);
    }
  }

  private async reject(record: ReadRecord, why: { reason: string; detail: string }): Promise<void> {
    const input = this.input.path;
    const { isStrict, maxErrors } = this.request;
    const fault = `${input}: record ${record.place.index + 1} of ${record.place.file}: ${why.reason}: ${why.detail}`;
    if (isStrict) {
      throw new MllmError("bad_input", fault, {
        hint: "Without --strict, such records are left out and counted.",
      });
    }
    count(this.rejected, why.reason);
    if (this.firstFault === "") this.firstFault = fault;
    await this.rejectedFile.write({ input, place: record.place, ...why, record: record.value });
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

  private nothingUsed(): MllmError {
    const counts = { ...this.rejected, ...this.skipped };
    const reasons = Object.entries(counts).map(([reason, records]) => `${reason} ${records}`);
    const why = reasons.length === 0 ? "" : ` (${reasons.join(", ")})`;
    const first = this.firstFault === "" ? "" : `\nThe first: ${this.firstFault}`;
    return new MllmError(
      "bad_dataset",
      `no trajectory to train on among ${this.read} records${why}${first}`,
      {
        hint:
          this.excluded > 0 && reasons.length === 0
            ? "All of them are left out by --exclude-ids."
            : "Check the file, or name its format with --format.",
      },
    );
  }

  private warnings(subsets: DatasetManifest["subsets"]): string[] {
    const warnings = Object.entries(this.skipped).map(
      ([reason, records]) => `${records} records left out by design: ${reason}`,
    );
    if (this.request.excludedIds.size > 0) {
      warnings.push(
        this.excludedById === 0
          ? "none of the ids to leave out is the id of a trajectory"
          : `trajectories left out by their ids: ${this.excludedById}`,
      );
    }
    if (this.withoutTools > 0) {
      warnings.push(
        `${this.withoutTools} trajectories do not say which tools there were: their calls are not checked`,
      );
    }
    for (const subset of SUBSETS) {
      if (subsets[subset].train.rows === 0) warnings.push(`the ${subset} subset has no training rows`);
    }
    return warnings;
  }
}

function count(counts: Record<string, number>, reason: string, by = 1): void {
  counts[reason] = (counts[reason] ?? 0) + by;
}

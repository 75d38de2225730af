import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { DatasetManifest } from "../core/dataset-manifest.js";
import { explainSystemError } from "../core/errors.js";
import { canonicalJson } from "../core/ids.js";
import { DatasetBuilder } from "./dataset-builder.js";
import { DatasetFiles } from "./dataset-files.js";
import { isDataset } from "./is-dataset.js";
import { OutputFolder } from "./output-folder.js";
import { allSidesOf, sidesOf } from "./sides/side.js";
import type { SplitSettings } from "./split-settings.js";

/** Where a data set goes. */
export interface OutputPlace {
  /** The folder, as the user wrote it. */
  out: string;
  cwd: string;
  /** Counts, writes nothing. */
  isDryRun: boolean;
}

/** A data set under way: its folder appears when everything is in it. */
export class DatasetOutput {
  private constructor(
    private readonly place: OutputPlace,
    private readonly settings: SplitSettings,
    private readonly folder: OutputFolder | null,
    readonly builder: DatasetBuilder,
  ) {}

  /** `fileNames`: of all files of the inputs. */
  static async create(
    place: OutputPlace,
    settings: SplitSettings,
    fileNames: Iterable<string>,
  ): Promise<DatasetOutput> {
    const { out, cwd, isDryRun } = place;
    const folder = isDryRun ? null : await OutputFolder.create(resolve(cwd, out), isDataset);
    try {
      const sides = allSidesOf(sidesOf(settings));
      const files = await DatasetFiles.create(folder?.temporaryPath ?? null, out, sides);
      return new DatasetOutput(
        place,
        settings,
        folder,
        new DatasetBuilder(settings, files, new Set(fileNames)),
      );
    } catch (error) {
      await folder?.discard();
      throw error;
    }
  }

  /** Puts the folder in its place. */
  async finish(inputs: Parameters<DatasetBuilder["finish"]>[0]): Promise<DatasetManifest> {
    const manifest = await this.builder.finish(inputs);
    if (this.folder !== null) {
      await this.describe(this.folder.temporaryPath, manifest);
      await this.folder.commit();
    }
    return manifest;
  }

  /** Leaves nothing behind; does nothing after `finish`. */
  async discard(): Promise<void> {
    await this.builder.abandon();
    await this.folder?.discard();
  }

  private async describe(folder: string, manifest: DatasetManifest): Promise<void> {
    const { profile } = this.settings.profile;
    try {
      await writeFile(join(folder, "profile.json"), canonicalJson(profile), { flush: true });
      const text = `${JSON.stringify(manifest, null, 2)}\n`;
      await writeFile(join(folder, "manifest.json"), text, { flush: true });
    } catch (error) {
      throw explainSystemError(error, this.place.out);
    }
  }
}

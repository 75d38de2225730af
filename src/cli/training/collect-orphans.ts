import { MllmError } from "../../core/errors.js";
import { ProviderSettings } from "../../core/provider-settings.js";
import type { ListedJob } from "../../providers/provider.js";
import { endOrphan, findOrphans, type Orphan } from "../../training/find-orphans.js";
import { placeKey } from "../../training/place.js";
import type { Session } from "../../training/session.js";
import type { Workspace } from "../workspace.js";

/** One thing that is alive at a provider, and how to end it. */
interface CollectedOrphan {
  orphan: Orphan;
  end(): Promise<void>;
}

export interface Collection {
  orphans: CollectedOrphan[];
  /** Alive and of other state folders. */
  foreign: { listed: ListedJob & { provider: string }; end(): Promise<void> }[];
  /** Providers that could not be asked, and why. */
  unasked: { provider: string; reason: string }[];
}

interface CollectOptions {
  /** Only this provider; all that jobs were ever sent to where none is named. */
  provider?: string;
  /** Where a provider is that no job of ours was sent to yet. */
  placement?: ProviderSettings;
}

/** Asks every place that jobs were sent to what it runs under our labels. */
export async function collectOrphans(workspace: Workspace, options: CollectOptions): Promise<Collection> {
  const collection: Collection = { orphans: [], foreign: [], unasked: [] };
  for (const place of listPlaces(workspace, options)) {
    try {
      await collectAt(await workspace.sessionWith(place.provider, place.placement), collection);
    } catch (error) {
      if (!(error instanceof MllmError) || error.code === "not_found") throw error;
      collection.unasked.push({ provider: place.provider, reason: error.message });
    }
  }
  return collection;
}

async function collectAt(session: Session, { orphans, foreign }: Collection): Promise<void> {
  const found = await findOrphans(session);
  const { name } = session.provider;
  // Places that differ in settings only may be the same account.
  const isKnown = ({ providerJobId, label }: ListedJob) =>
    [...orphans.map(({ orphan }) => orphan), ...foreign.map(({ listed }) => listed)].some(
      (known) => known.provider === name && known.providerJobId === providerJobId && known.label === label,
    );
  for (const orphan of found.orphans) {
    if (!isKnown(orphan)) orphans.push({ orphan, end: () => endOrphan(session, orphan) });
  }
  for (const each of found.foreign) {
    if (isKnown(each)) continue;
    foreign.push({ listed: { ...each, provider: name }, end: () => endOrphan(session, each) });
  }
}

interface Place {
  provider: string;
  placement: ProviderSettings;
}

function listPlaces({ state }: Workspace, { provider, placement }: CollectOptions): Place[] {
  if (state === null) return [];
  const used = state.listPlaces().filter((place) => provider === undefined || place.provider === provider);
  const places = used.map((place): Place => {
    return { provider: place.provider, placement: ProviderSettings.parse(place.placement) };
  });
  if (provider !== undefined) places.push({ provider, placement: placement ?? ProviderSettings.parse({}) });
  return [...new Map(places.map((place) => [placeKey(place), place])).values()];
}

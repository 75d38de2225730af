import { isActive } from "../core/job-state.js";
import type { Database, Parameters } from "./database.js";
import { Job, Place, parseRow } from "./rows.js";
import { pickByPrefix, whereEquals } from "./select.js";
import type { Claim, ClaimRequest, JobFilter, State } from "./state.js";

type JobStore = Pick<State, "claimJob" | "updateJob" | "listJobs" | "getJob" | "findJob" | "listPlaces">;

const HAS_WORK = "AND (jobKey = :work OR EXISTS (SELECT 1 FROM json_each(partKeys) WHERE value = :work))";

export function createJobStore(database: Database): JobStore {
  const listJobs = ({ states, work, ...filter }: JobFilter = {}): Job[] => {
    const { clause, parameters } = whereEquals(filter);
    const rows = database.all(
      `SELECT * FROM jobs WHERE ${clause} ${work === undefined ? "" : HAS_WORK} ORDER BY createdAt DESC, rowid DESC`,
      work === undefined ? parameters : { ...parameters, work },
    );
    const jobs = rows.map((row) => parseRow(Job, row, "jobs"));
    return states === undefined ? jobs : jobs.filter((job) => states.includes(job.state));
  };
  return {
    claimJob: (request) => database.transaction(() => claim(database, request, listJobs)),
    updateJob: (job, change, onlyIn) => {
      const { at, spec, ...rest } = change;
      const set = {
        ...rest,
        ...(spec === undefined ? {} : { spec: JSON.stringify(spec) }),
        updatedAt: at,
      };
      const columns = Object.keys(set).map((column) => `${column} = :${column}`);
      const inStates =
        onlyIn === undefined ? "" : `AND state IN (${onlyIn.map((state) => `'${state}'`).join(", ")})`;
      const changed = database.run(
        `UPDATE jobs SET ${columns.join(", ")} WHERE id = :id AND attempt = :attempt ${inStates}`,
        { ...set, id: job.id, attempt: job.attempt },
      );
      return changed === 1;
    },
    listJobs,
    getJob: (id) => listJobs({ id })[0] ?? null,
    listPlaces: () =>
      database.all("SELECT * FROM places ORDER BY rowid").map((row) => parseRow(Place, row, "places")),
    findJob: (idOrPrefix) => pickByPrefix(listJobs(), idOrPrefix, "job"),
  };
}

function claim(database: Database, request: ClaimRequest, listJobs: (filter: JobFilter) => Job[]): Claim {
  const { jobKey, gone = [] } = request;
  const known = listJobs({ work: jobKey });
  const active = known.find((job) => isActive(job.state));
  if (active !== undefined) return { kind: "active", job: active };
  const isGone = (job: Job) => gone.some(({ id, attempt }) => id === job.id && attempt === job.attempt);
  const succeeded = known.filter((job) => job.state === "succeeded");
  const standing = succeeded.find((job) => !isGone(job));
  if (standing !== undefined) return { kind: "succeeded", job: standing };
  const again = [...succeeded, ...known].find((job) => job.jobKey === jobKey);
  const { provider, placement } = request;
  database.run("INSERT OR IGNORE INTO places VALUES (:provider, :placement)", {
    provider,
    placement: JSON.stringify(placement),
  });
  const id = again === undefined ? insert(database, request) : restart(database, again, request);
  const [job] = listJobs({ id });
  if (job === undefined) throw new Error(`job ${id} vanished inside its own transaction`);
  return { kind: "claimed", job };
}

function insert(database: Database, request: ClaimRequest): string {
  const row: Parameters = {
    id: request.newJobId,
    runId: request.runId,
    jobKey: request.jobKey,
    partKeys: JSON.stringify(request.partKeys ?? []),
    stage: request.stage,
    subset: request.subset,
    provider: request.provider,
    claimant: request.claimant,
    outputDir: request.outputDir,
    placement: JSON.stringify(request.placement),
    parentJobId: request.parentJobId,
    at: request.at,
  };
  database.run(
    `INSERT INTO jobs (id, runId, jobKey, partKeys, stage, subset, provider, state, attempt, claimant, outputDir, spec,
                       placement, parentJobId, createdAt, submittedAt, updatedAt)
     VALUES (:id, :runId, :jobKey, :partKeys, :stage, :subset, :provider, 'submitting', 1, :claimant, :outputDir, '{}',
             :placement, :parentJobId, :at, :at, :at)`,
    row,
  );
  return request.newJobId;
}

function restart(database: Database, job: Job, request: ClaimRequest): string {
  database.run(
    `UPDATE jobs SET state = 'submitting', attempt = attempt + 1, runId = :runId, claimant = :claimant,
                     provider = :provider, outputDir = :outputDir, placement = :placement,
                     parentJobId = :parentJobId, providerJobId = NULL, reason = NULL, endedAt = NULL, restarts = 0,
                     secondsBefore = secondsBefore + COALESCE(seconds, 0), seconds = NULL,
                     dollarsBefore = dollarsBefore + COALESCE(dollars, 0), dollars = NULL, dollarsPerHour = NULL,
                     submittedAt = :at, updatedAt = :at
     WHERE id = :id`,
    {
      id: job.id,
      runId: request.runId,
      claimant: request.claimant,
      provider: request.provider,
      // Equal keys have equal folders, unless the project was moved since.
      outputDir: request.outputDir,
      placement: JSON.stringify(request.placement),
      parentJobId: request.parentJobId,
      at: request.at,
    },
  );
  return job.id;
}

import { createHash } from "node:crypto";
import type { FakeTrainerControl } from "../fake-trainer.js";
import { sharedSpecs } from "../shared-paths.js";
import { type FakeFile, fileHandlers, type Handlers, refuse } from "./fake-together-files.js";
import { type FakeJobRequest, FakeTogetherJob } from "./fake-together-job.js";
import {
  type OpenApiServer,
  type SpecAnswer,
  type SpecRequest,
  startOpenApiServer,
} from "./openapi-server.js";
import { packArchive } from "./pack-archive.js";

/*
 * Together's fine-tuning API with state, on the vendor's specification; and the base model's tokenizer, as on the Hub.
 * What the vendor does and its specification does not say is marked `isUndocumented`.
 */

export const TOGETHER_KEY = "tgp-test-key";
export const TOGETHER_MODEL = "acme/small";

export interface FakeTogether {
  /** Of the API, with its version. */
  url: string;
  /** In place of the Hub. */
  hub: string;
  server: OpenApiServer;
  /** Of jobs that are made from now on. */
  control: FakeTrainerControl;
  jobs: FakeTogetherJob[];
  files: FakeFile[];
  price: { dollars: number; isAllowed: boolean };
  /** The archive of every checkpoint. */
  archive: Buffer;
  /** Archives are handed out from another address, as by a signed link. */
  isArchiveElsewhere: boolean;
  tokenizer: object;
  /** The job of a label that was made last. */
  jobOf(label: string): FakeTogetherJob | undefined;
  close(): Promise<void>;
}

export async function startFakeTogether(now: () => Date = () => new Date()): Promise<FakeTogether> {
  const fake = {
    control: {},
    jobs: [],
    files: [],
    price: { dollars: 1.25, isAllowed: true },
    archive: packArchive({ "config.json": "{}", "model.safetensors": "weights" }),
    isArchiveElsewhere: false,
    tokenizer: { eos_token: "</s>", bos_token: "<s>", added_tokens_decoder: {} },
  } as unknown as FakeTogether;
  const server = await startOpenApiServer({
    specFile: sharedSpecs("together.openapi.yaml"),
    authorize: ({ headers }) =>
      headers.authorization === `Bearer ${TOGETHER_KEY}` ? null : refuse(401, "Invalid API key"),
    refuse: (problems) => refuse(400, problems.join("; ")),
    handlers: {
      ...fileHandlers(fake.files),
      ...jobHandlers(fake, now),
      ...downloadHandlers(fake),
      [`GET /${TOGETHER_MODEL}/resolve/main/tokenizer_config.json`]: () => ({ body: fake.tokenizer }),
    },
  });
  return Object.assign(fake, {
    server,
    url: `${server.url}${server.basePath}`,
    hub: server.url,
    jobOf: (label: string) => fake.jobs.findLast(({ request }) => request.suffix === label),
    close: () => server.close(),
  });
}

function jobHandlers(fake: FakeTogether, now: () => Date): Handlers {
  const withJob = (answer: (job: FakeTogetherJob) => unknown) => (request: SpecRequest) => {
    const job = fake.jobs.find(({ id }) => id === request.params.id);
    return job === undefined ? refuse(404, "Fine-tune job not found") : { body: answer(job) };
  };
  return {
    "POST /fine-tunes": ({ body }) => {
      const request = body as FakeJobRequest;
      const problem = checkCreate(fake, request);
      if (problem !== null) return refuse(400, problem);
      const job = new FakeTogetherJob(fake.jobs.length + 1, request, fake.control, now);
      fake.jobs.push(job);
      return { body: describeJob(job) };
    },
    "GET /fine-tunes": () => ({ body: { data: [...fake.jobs].reverse().map(describeJob) } }),
    "GET /fine-tunes/{id}": withJob((job) => {
      job.tick();
      const { events, ...rest } = describeJob(job);
      return { ...rest, events };
    }),
    "GET /fine-tunes/{id}/events": withJob(({ events }) => ({ data: events })),
    "GET /fine-tunes/{id}/metrics": withJob(({ metrics }) => ({ metrics })),
    "GET /fine-tunes/{id}/checkpoints": withJob(({ checkpoints }) => ({ data: checkpoints })),
    "POST /fine-tunes/{id}/cancel": withJob((job) => {
      job.cancel();
      return describeJob(job);
    }),
    "POST /fine-tunes/estimate-price": () => ({
      body: {
        estimated_total_price: fake.price.dollars,
        allowed_to_proceed: fake.price.isAllowed,
        user_limit: 100,
        estimated_train_token_count: 1000,
        estimated_eval_token_count: 0,
      },
    }),
    "GET /fine-tunes/models/limits": ({ query }) =>
      query.get("model_name") === TOGETHER_MODEL
        ? { body: LIMITS }
        : { status: 404, body: { message: "Model not found" } },
  };
}

const LIMITS = {
  model_name: TOGETHER_MODEL,
  max_num_epochs: 20,
  max_num_evals: 10,
  max_learning_rate: 0.1,
  min_learning_rate: 1e-8,
  supports_vision: false,
  supports_tools: true,
  supports_reasoning: false,
  merge_output_lora: true,
  full_training: { max_batch_size: 64, max_batch_size_dpo: 8, min_batch_size: 1 },
  lora_training: {
    max_batch_size: 64,
    max_batch_size_dpo: 8,
    min_batch_size: 1,
    max_rank: 64,
    target_modules: ["q_proj", "k_proj", "v_proj"],
  },
};

function checkCreate(fake: FakeTogether, request: FakeJobRequest): string | null {
  const processed = fake.files.filter(({ isProcessed }) => isProcessed).map(({ id }) => id);
  if (!processed.includes(String(request.training_file))) return "training_file is not processed";
  if ((request.suffix ?? "").length > 64) return "suffix is too long";
  const [from] = String(request.from_checkpoint ?? "").split(":");
  if (from !== "" && !fake.jobs.some(({ id }) => id === from)) return `checkpoint ${from} not found`;
  return null;
}

function describeJob(job: FakeTogetherJob) {
  const { id, status, request, events, createdAt, updatedAt } = job;
  const { hf_api_token: _secret, hf_output_repo_name: _repository, batch_size, ...rest } = request;
  const name = createHash("sha256").update(id).digest("hex").slice(0, 8);
  return {
    id,
    status,
    created_at: createdAt,
    updated_at: updatedAt,
    ...rest,
    ...(typeof batch_size === "number" ? { batch_size } : {}),
    model_output_name: `someone/${request.model.split("/")[1]}-${request.suffix}-${name}`,
    total_price: 1_250_000_000,
    token_count: 1000,
    events,
  };
}

function downloadHandlers(fake: FakeTogether): Handlers {
  const send = ({ headers }: SpecRequest): SpecAnswer => {
    const etag = `"${createHash("sha256").update(fake.archive).digest("hex")}"`;
    const start = Number(/^bytes=(\d+)-$/.exec(headers.range ?? "")?.[1] ?? 0);
    const common = { "content-type": "application/octet-stream", etag };
    if (start === 0 || headers["if-range"] !== etag) return { text: fake.archive, headers: common };
    const total = fake.archive.length;
    const range = `bytes ${start}-${total - 1}/${total}`;
    if (start >= total) return { status: 416, text: "", headers: common, isUndocumented: true };
    const part = fake.archive.subarray(start);
    return { status: 206, text: part, headers: { ...common, "content-range": range }, isUndocumented: true };
  };
  return {
    "GET /finetune/download": (request) => {
      const { query } = request;
      const job = fake.jobs.find(({ id }) => id === query.get("ft_id"));
      const step = query.get("checkpoint_step");
      const isThere = step === null ? job?.status === "completed" : hasStep(job, Number(step));
      if (job === undefined || !isThere) return refuse(404, "checkpoint not found");
      if (!fake.isArchiveElsewhere) return send(request);
      return { status: 302, headers: { location: `${fake.hub}/bucket/archive` }, isUndocumented: true };
    },
    "GET /bucket/archive": send,
  };
}

function hasStep(job: FakeTogetherJob | undefined, step: number): boolean {
  return job?.checkpoints.some((checkpoint) => checkpoint.step === step) === true;
}

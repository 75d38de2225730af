/** The tree in a storage. Everything but jobs is named by its content, so it is uploaded once and never changes. */
export const layout = {
  /** Trainer, runner, requirements, and `data/tiny` where the job starts from it. */
  kit: (hash: string) => `kit/${hash}`,
  data: (sha256: string) => `data/${sha256}`,
  /** A base model that is a folder of the user's. */
  model: (hash: string) => `models/${hash}`,
  /** A parent checkpoint that was uploaded. */
  checkpoint: (hash: string) => `checkpoints/${hash}`,
  /** A virtual environment made on the job's machine, named by its requirements. Never uploaded. */
  environment: (hash: string) => `environments/${hash}`,
  /** `job.json`, `runner.json`, `events.jsonl`, `trainer.log`, `checkpoints/`…, as on this machine. */
  job: (name: string) => `jobs/${name}`,
};

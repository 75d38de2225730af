export interface LocalSettings {
  /** The interpreter that has the trainer's packages. */
  python: string;
  /** Whether that is the one `mllm setup` makes, which has to have exactly what the trainer was tested with. */
  isOwnPython?: boolean;
  /** `<packageRoot>/trainer` holds the trainer. */
  packageRoot: string;
  /** What the trainer inherits. */
  env: Readonly<Record<string, string | undefined>>;
  /** Where the reservations of GPUs lie; its disk is looked at, too. It need not exist yet. */
  stateFolder: string;
  now(): Date;
  sleep(milliseconds: number): Promise<void>;
  /** How long a trainer has between the request to end and being killed; 20. */
  graceSeconds?: number;
}

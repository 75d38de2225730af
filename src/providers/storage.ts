/** A file of a storage; its path is relative, with slashes. */
export interface StoredFile {
  path: string;
  sizeBytes: number;
}

/** A file of this machine, or a text, to be written to a storage. */
export type Upload = { path: string } & ({ file: string } | { text: string });

/**
 * A tree of files that both this machine and the job's machine reach: a folder on a host, or a repository. It holds
 * the same paths whatever it is made of (see `remote/layout.ts`). Reading what is missing is no error.
 * Failures are ProviderErrors; all calls may be repeated.
 */
export interface Storage {
  /** Absolute path of the tree on the job's machine. */
  root(): Promise<string>;
  /** All files below a folder; empty where there is none. */
  list(folder: string): Promise<StoredFile[]>;
  /** `maxBytes` from a byte position on, fewer only at the file's end; null where there is no such file. */
  read(path: string, offset: number, maxBytes: number): Promise<Buffer | null>;
  /** Writes each file whole or not at all, over what is there. */
  write(files: readonly Upload[]): Promise<void>;
  /** Appends what `target` lacks, as its size says, and yields how many bytes came. Throws not_found. */
  download(path: string, target: string): AsyncGenerator<number>;
}

export type StoredInput = Upload & { sizeBytes: number };

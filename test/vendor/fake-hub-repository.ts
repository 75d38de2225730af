import { createHash } from "node:crypto";

interface FakeHubFile {
  data: Buffer;
  /** Set where the content lies in large-file storage. */
  lfsSha256: string | null;
}

/** One line of a commit request. */
export interface CommitLine {
  key: "header" | "file" | "lfsFile" | "deletedFile" | "deletedFolder";
  value: {
    path?: string;
    content?: string;
    encoding?: string;
    oid?: string;
    size?: number;
    summary?: string;
  };
}

type Tree = ReadonlyMap<string, FakeHubFile>;

const LARGE_BYTES = 10 * 1024 * 1024;
/** Of the `.gitattributes` that a new repository has. */
const LARGE_NAMES = /\.(safetensors|bin|pt|pth|parquet|gz|zip|npz|npy|onnx|msgpack|h5|tar|arrow)$/;

/** A repository with its whole history; every commit keeps its own tree. */
export class FakeHubRepository {
  readonly isPrivate: boolean;
  readonly commits: { oid: string; title: string }[] = [];
  readonly #trees = new Map<string, Tree>();
  #head: Tree = new Map();

  constructor(isPrivate: boolean) {
    this.isPrivate = isPrivate;
    const attributes = Buffer.from("*.safetensors filter=lfs diff=lfs merge=lfs -text\n");
    this.#commit("initial commit", new Map([[".gitattributes", { data: attributes, lfsSha256: null }]]));
  }

  get sha(): string {
    return this.commits.at(-1)?.oid ?? "";
  }

  /** Null for a revision that there is not. */
  tree(revision: string): Tree | null {
    return revision === "main" ? this.#head : (this.#trees.get(revision) ?? null);
  }

  /** Says what is wrong with the request, or null when it is done. */
  apply(lines: readonly CommitLine[], objects: ReadonlyMap<string, Buffer>): string | null {
    const next = new Map(this.#head);
    for (const { key, value } of lines) {
      const path = value.path ?? "";
      if (key === "file") {
        next.set(path, { data: Buffer.from(value.content ?? "", "base64"), lfsSha256: null });
      } else if (key === "lfsFile") {
        const data = objects.get(value.oid ?? "");
        if (data === undefined) return `LFS pointer pointed to a file that does not exist: ${path}`;
        next.set(path, { data, lfsSha256: value.oid ?? null });
      } else if (key === "deletedFile") {
        if (!next.delete(path)) return `A file to delete does not exist: ${path}`;
      } else if (key === "deletedFolder") {
        for (const name of next.keys()) if (name.startsWith(`${path.replace(/\/$/, "")}/`)) next.delete(name);
      }
    }
    this.#commit(lines.find(({ key }) => key === "header")?.value.summary ?? "", next);
    return null;
  }

  #commit(title: string, tree: Tree): void {
    const oid = createHash("sha1").update(`${this.sha} ${title} ${this.commits.length}`).digest("hex");
    this.commits.push({ oid, title });
    this.#trees.set(oid, tree);
    this.#head = tree;
  }
}

export function uploadMode(path: string, sizeBytes: number): "lfs" | "regular" {
  return sizeBytes > 0 && (sizeBytes > LARGE_BYTES || LARGE_NAMES.test(path)) ? "lfs" : "regular";
}

/** As the tree listing shows it. */
export function describeFile(path: string, { data, lfsSha256 }: FakeHubFile) {
  if (lfsSha256 === null) return { type: "file", path, oid: gitBlobId(data), size: data.length };
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${lfsSha256}\nsize ${data.length}\n`;
  const lfs = { oid: lfsSha256, size: data.length, pointerSize: pointer.length };
  return { type: "file", path, oid: gitBlobId(Buffer.from(pointer)), size: data.length, lfs };
}

/** Files and folders below a folder; only its own where not recursive. Null where there is no such folder. */
export function listTree(tree: Tree, folder: string, isRecursive: boolean) {
  const prefix = folder === "" ? "" : `${folder}/`;
  const below = [...tree].filter(([path]) => path.startsWith(prefix));
  if (below.length === 0 && folder !== "") return null;
  const folders = new Set<string>();
  for (const [path] of below) {
    const parts = path.slice(prefix.length).split("/").slice(0, -1);
    parts.forEach((_, index) => {
      if (isRecursive || index === 0) folders.add(prefix + parts.slice(0, index + 1).join("/"));
    });
  }
  const files = below.filter(([path]) => isRecursive || !path.slice(prefix.length).includes("/"));
  return [
    ...[...folders].map((path) => ({ type: "directory", path, oid: gitBlobId(Buffer.from(path)), size: 0 })),
    ...files.map(([path, file]) => describeFile(path, file)),
  ].sort((a, b) => (a.path < b.path ? -1 : 1));
}

function gitBlobId(data: Buffer): string {
  return createHash("sha1").update(`blob ${data.length}\0`).update(data).digest("hex");
}

import { readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import {
  AuthorizationV1Api,
  BatchV1Api,
  CoreV1Api,
  createConfiguration,
  IsomorphicFetchHttpLibrary,
  KubeConfig,
  type PromiseHttpLibrary,
  ServerConfiguration,
  VersionApi,
  wrapHttpLibrary,
} from "@kubernetes/client-node";
import { ProviderError, systemErrorCode } from "../../core/errors.js";

/** One context of a kubeconfig, and the parts of its API that are used here. */
export interface KubernetesClient {
  batch: BatchV1Api;
  core: CoreV1Api;
  authorization: AuthorizationV1Api;
  version: VersionApi;
  context: string;
  server: string;
  /** What must not show up in an error. */
  secrets: readonly string[];
}

interface KubernetesClientOptions {
  /** KUBECONFIG, HOME, and what a pod has of its own cluster. */
  env: Readonly<Record<string, string | undefined>>;
  /** The kubeconfig's current one by default. */
  context: string | undefined;
  timeoutMilliseconds?: number;
}

/** A request that was sent and got no whole answer. */
export class WireError extends Error {}

/** Reads files only. Throws bad_credentials where there is no usable kubeconfig. */
export function openKubernetes(options: KubernetesClientOptions): KubernetesClient {
  const config = readKubeConfig(options.env);
  if (options.context !== undefined) config.setCurrentContext(options.context);
  const context = config.getCurrentContext();
  const cluster = config.getCurrentCluster();
  if (cluster === null) {
    const known = config.getContexts().map(({ name }) => name);
    throw refuse(`the kubeconfig has no usable context ${JSON.stringify(context ?? "")}`, {
      hint: `Set providers.kubernetes.context to one of: ${known.join(", ") || "(it has none)"}.`,
    });
  }
  const user = config.getCurrentUser();
  const configuration = createConfiguration({
    baseServer: new ServerConfiguration(cluster.server, {}),
    authMethods: { default: config },
    httpApi: wrapHttpLibrary(createHttpLibrary(options.timeoutMilliseconds ?? 30_000)),
  });
  return {
    batch: new BatchV1Api(configuration),
    core: new CoreV1Api(configuration),
    authorization: new AuthorizationV1Api(configuration),
    version: new VersionApi(configuration),
    context,
    server: cluster.server,
    secrets: [user?.token, user?.password].flatMap((secret) => (secret ? [secret] : [])),
  };
}

/** As kubectl looks for it: KUBECONFIG, the home folder, the pod that this runs in. */
function readKubeConfig(env: KubernetesClientOptions["env"]): KubeConfig {
  const named = (env.KUBECONFIG ?? "").split(delimiter).filter((path) => path !== "");
  const home = env.HOME ?? env.USERPROFILE;
  const paths = named.length > 0 ? named : home === undefined ? [] : [join(home, ".kube", "config")];
  const config = new KubeConfig();
  const found = paths.filter((path, index) => mergeFile(config, path, index === 0));
  if (found.length > 0) return config;
  if (env.KUBERNETES_SERVICE_HOST !== undefined) {
    config.loadFromCluster();
    return config;
  }
  throw refuse(`there is no kubeconfig at ${paths.join(", ") || "$HOME/.kube/config"}`, {
    hint: "Name one with KUBECONFIG; `kubectl config view` shows what kubectl uses.",
  });
}

/** False where there is no such file. */
function mergeFile(config: KubeConfig, path: string, isFirst: boolean): boolean {
  try {
    readFileSync(path);
    if (isFirst) {
      config.loadFromFile(path);
      return true;
    }
    const more = new KubeConfig();
    more.loadFromFile(path);
    config.mergeConfig(more, true);
    return true;
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === "ENOENT") return false;
    // A parser's own message quotes the file, which may hold a token.
    throw refuse(
      `the kubeconfig ${path} cannot be read${code === null ? ": it is not valid" : ` (${code})`}`,
      {
        hint: `Check it: kubectl --kubeconfig ${path} config view`,
      },
    );
  }
}

/** The client's own, with a time limit, and with failures of the connection told apart from those before it. */
function createHttpLibrary(timeoutMilliseconds: number): PromiseHttpLibrary {
  const inner = new IsomorphicFetchHttpLibrary();
  return {
    async send(request) {
      request.setSignal(AbortSignal.timeout(timeoutMilliseconds));
      const response = await inner.send(request).toPromise().catch(rethrow);
      const { body, headers } = response;
      response.body = {
        text: async () => assertWhole(await body.text().catch(rethrow), headers["content-type"] ?? ""),
        binary: () => body.binary().catch(rethrow),
      };
      return response;
    },
  };
}

/** Whatever the client fails of later is not the answer. */
function assertWhole(text: string, type: string): string {
  try {
    if (!type.startsWith("text/plain")) JSON.parse(text);
    return text;
  } catch (cause) {
    throw new WireError("the answer is no JSON, or broke off", { cause });
  }
}

function rethrow(cause: unknown): never {
  throw new WireError("the connection failed", { cause });
}

function refuse(message: string, { hint }: { hint: string }): ProviderError {
  return new ProviderError("kubernetes", message, { code: "bad_credentials", hint });
}

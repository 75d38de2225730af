import { randomUUID } from "node:crypto";
import type { V1EnvVar, V1JobSpec } from "@kubernetes/client-node";
import type { FakeMachine } from "./fake-machine.js";

/** An object as the API hands it out. */
export interface ApiObject {
  metadata: { name: string; labels: Record<string, string>; [key: string]: unknown };
  [key: string]: unknown;
}

/** What keeps a new pod from starting, in the cluster's words. */
export interface Obstacle {
  /** `Unschedulable` is the scheduler's; any other is the kubelet's. */
  reason: string;
  message: string;
}

export interface Surroundings {
  start(env: Record<string, string>): FakeMachine;
  secret(name: string, key: string): string | undefined;
  obstacle(): Obstacle | null;
  graceMilliseconds: number;
}

const GONE = ["Succeeded", "Failed"];

/** What a pod knows of its Job. */
interface PodOwner {
  name: string;
  namespace: string;
  isIndexed: boolean;
  spec: V1JobSpec;
}

/** One pod, whose container is a fake machine. */
export class FakePod {
  readonly name: string;
  readonly uid = randomUUID();
  readonly created: string;
  machine: FakeMachine | null = null;
  disruption: { reason: string; message: string } | null = null;
  /** Words of the cluster's about how the container ended, instead of those that its exit code gives. */
  endReason: string | null = null;
  podReason: { reason: string; message: string } | null = null;
  isDeleted = false;
  readonly #job: PodOwner;
  readonly #index: number;
  readonly #stamps: string[] = [];

  constructor(job: PodOwner, index: number, created: string) {
    this.#job = job;
    this.#index = index;
    this.created = created;
    this.name = `${job.name}-${job.isIndexed ? `${index}-` : ""}${randomUUID().slice(0, 5)}`;
  }

  get index(): number {
    return this.#index;
  }

  get phase(): string {
    if (this.machine === null) return "Pending";
    const code = this.machine.exitCode();
    return code === null ? "Running" : code === 0 ? "Succeeded" : "Failed";
  }

  get isEnded(): boolean {
    return GONE.includes(this.phase);
  }

  /** Starts the container as soon as nothing stands in its way. */
  tryStart(around: Surroundings): void {
    if (this.machine !== null || this.isDeleted || this.#obstacle(around) !== null) return;
    this.machine = around.start({
      ...this.#env(around),
      ...(this.#job.isIndexed ? { JOB_COMPLETION_INDEX: String(this.#index) } : {}),
    });
  }

  /** TERM, and after the grace period KILL. */
  end(around: Surroundings): void {
    const { machine } = this;
    if (machine === null || !machine.isRunning()) return;
    machine.terminate();
    const timer = setTimeout(() => machine.kill(), around.graceMilliseconds);
    void machine.ended.then(() => clearTimeout(timer));
  }

  /** `timestamps=true`, from a whole second on. All lines that were seen at one time carry one time. */
  log(now: string, since: string | null): string {
    const output = this.machine?.output() ?? "";
    const lines = output.match(/[^\n]*\n|[^\n]+$/g) ?? [];
    while (this.#stamps.length < lines.length) this.#stamps.push(now);
    return lines
      .map((line, index) => [this.#stamps[index] as string, line])
      .filter(([stamp = ""]) => since === null || stamp.slice(0, 19) >= since.slice(0, 19))
      .map((parts) => parts.join(" "))
      .join("");
  }

  toJson(around: Surroundings): ApiObject {
    const template = this.#job.spec.template;
    const { phase } = this;
    return {
      metadata: {
        name: this.name,
        namespace: this.#job.namespace,
        uid: this.uid,
        creationTimestamp: this.created,
        ...(this.isDeleted ? { deletionTimestamp: this.created } : {}),
        labels: {
          ...template.metadata?.labels,
          "batch.kubernetes.io/job-name": this.#job.name,
          "job-name": this.#job.name,
          ...(this.#job.isIndexed ? { "batch.kubernetes.io/job-completion-index": String(this.#index) } : {}),
        },
      },
      spec: template.spec,
      status: {
        phase,
        ...this.podReason,
        conditions: this.#conditions(around),
        containerStatuses: this.#containerStatuses(around),
      },
    };
  }

  #conditions(around: Surroundings) {
    const obstacle = this.machine === null ? this.#obstacle(around) : null;
    const isPlaced = obstacle?.reason !== "Unschedulable";
    return [
      { type: "PodScheduled", status: isPlaced ? "True" : "False", ...(isPlaced ? {} : obstacle) },
      ...(this.disruption === null ? [] : [{ type: "DisruptionTarget", status: "True", ...this.disruption }]),
    ];
  }

  #containerStatuses(around: Surroundings): object[] {
    const obstacle = this.machine === null ? this.#obstacle(around) : null;
    if (obstacle?.reason === "Unschedulable") return [];
    const container = this.#job.spec.template.spec?.containers[0];
    const common = { name: container?.name ?? "", image: container?.image ?? "", imageID: "" };
    const code = this.machine?.exitCode() ?? null;
    const state =
      this.machine === null
        ? { waiting: obstacle ?? { reason: "ContainerCreating" } }
        : code === null
          ? { running: { startedAt: this.created } }
          : {
              terminated: { exitCode: code, reason: this.endReason ?? (code === 0 ? "Completed" : "Error") },
            };
    return [{ ...common, ready: this.phase === "Running", restartCount: 0, state }];
  }

  #obstacle(around: Surroundings): Obstacle | null {
    const missing = this.#variables().find(({ valueFrom }) => {
      const reference = valueFrom?.secretKeyRef;
      return reference && around.secret(reference.name ?? "", reference.key) === undefined;
    });
    if (missing === undefined) return around.obstacle();
    const name = missing.valueFrom?.secretKeyRef?.name;
    return { reason: "CreateContainerConfigError", message: `secret "${name}" not found` };
  }

  #variables(): V1EnvVar[] {
    return this.#job.spec.template.spec?.containers[0]?.env ?? [];
  }

  #env(around: Surroundings): Record<string, string> {
    const env: Record<string, string> = {};
    for (const { name, value, valueFrom } of this.#variables()) {
      const reference = valueFrom?.secretKeyRef;
      env[name] = reference
        ? (around.secret(reference.name ?? "", reference.key) ?? "")
        : expand(value ?? "", env);
    }
    return env;
  }
}

/** As the kubelet does before a container starts. */
export function expand(text: string, env: Readonly<Record<string, string>>): string {
  return text.replace(/\$(\$|\(([^)]*)\))/g, (whole, after: string, name: string | undefined) =>
    after === "$" ? "$" : name !== undefined && name in env ? (env[name] as string) : whole,
  );
}

import { randomUUID } from "node:crypto";
import type { V1Job } from "@kubernetes/client-node";
import { type ApiObject, FakePod, type Surroundings } from "./fake-kubernetes-pod.js";

/** A Job and what its controller does: makes pods, counts how they ended, says when it is over. */
export class FakeJob {
  readonly name: string;
  readonly namespace: string;
  readonly uid = randomUUID();
  readonly spec: NonNullable<V1Job["spec"]>;
  readonly body: V1Job;
  pods: FakePod[] = [];
  conditions: { type: string; status: "True"; reason?: string; message?: string }[] = [];
  isDeleted = false;
  readonly created: string;

  constructor(body: V1Job, namespace: string, created: string) {
    this.body = body;
    this.name = body.metadata?.name ?? "";
    this.namespace = namespace;
    this.spec = body.spec as NonNullable<V1Job["spec"]>;
    this.created = created;
  }

  get isIndexed(): boolean {
    return this.spec.completionMode === "Indexed";
  }

  get isEnded(): boolean {
    return this.conditions.some(({ type }) => type === "Complete" || type === "Failed");
  }

  /** The controller's next look at it. */
  reconcile(around: Surroundings, { now, mayMakePods }: { now: string; mayMakePods: boolean }): void {
    this.pods = this.pods.filter((pod) => !(pod.isDeleted && (pod.isEnded || pod.machine === null)));
    if (this.isEnded || this.isDeleted) return;
    const counted = this.pods.filter((pod) => pod.phase === "Failed" && pod.disruption === null);
    if (counted.length > (this.spec.backoffLimit ?? 6)) {
      this.fail("BackoffLimitExceeded", "Job has reached the specified backoff limit", around);
      return;
    }
    const wanted = this.spec.completions ?? 1;
    for (let index = 0; index < wanted; index++) {
      const mine = this.pods.filter((pod) => pod.index === index);
      const isNeeded = !mine.some((pod) => pod.phase !== "Failed");
      if (isNeeded && mayMakePods) this.pods.push(new FakePod(this, index, now));
    }
    for (const pod of this.pods) pod.tryStart(around);
    if (this.pods.filter((pod) => pod.phase === "Succeeded").length >= wanted) this.#conclude("Complete");
  }

  fail(reason: string, message: string, around: Surroundings): void {
    this.#conclude("Failed", { reason, message });
    for (const pod of this.pods) pod.end(around);
  }

  delete(around: Surroundings): void {
    this.isDeleted = true;
    for (const pod of this.pods) {
      pod.isDeleted = true;
      pod.end(around);
    }
  }

  toJson(): ApiObject {
    const count = (phase: string) => this.pods.filter((pod) => pod.phase === phase).length;
    const active = count("Pending") + count("Running");
    return {
      ...this.body,
      metadata: {
        name: this.name,
        labels: this.body.metadata?.labels ?? {},
        namespace: this.namespace,
        uid: this.uid,
        creationTimestamp: this.created,
        ...(this.isDeleted ? { deletionTimestamp: this.created, finalizers: ["foregroundDeletion"] } : {}),
      },
      status: {
        startTime: this.created,
        ...(active > 0 ? { active } : {}),
        ready: count("Running"),
        ...(count("Failed") > 0 ? { failed: count("Failed") } : {}),
        ...(count("Succeeded") > 0 ? { succeeded: count("Succeeded") } : {}),
        conditions: this.conditions,
      },
    };
  }

  #conclude(type: string, words: { reason?: string; message?: string } = {}): void {
    this.conditions.push({ type, status: "True", ...words });
  }
}

import type { V1Job } from "@kubernetes/client-node";

const DNS_LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const LABEL_VALUE = /^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/;
/** A prefix that is a host name, and a name. */
const LABEL_KEY = /^([a-z0-9]([a-z0-9.-]*[a-z0-9])?\/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;

/** What a real API server refuses of a Job that keeps to the schema (its own validation, not the schema's). */
export function findMistakes({ metadata, spec }: V1Job): string[] {
  const pod = spec?.template.spec;
  const isIndexed = spec?.completionMode === "Indexed";
  const labels = Object.entries({ ...metadata?.labels, ...spec?.template.metadata?.labels });
  const rules: [string, boolean][] = [
    ["metadata.name: must be a DNS label", DNS_LABEL.test(metadata?.name ?? "")],
    ["labels: a key is no qualified name", labels.every(([key]) => LABEL_KEY.test(key))],
    [
      "labels: a value has other characters or is too long",
      labels.every(([, value]) => LABEL_VALUE.test(value)),
    ],
    ["spec.template.spec.restartPolicy: must be Never or OnFailure", pod?.restartPolicy !== undefined],
    [
      "spec.podFailurePolicy: only with restartPolicy Never",
      spec?.podFailurePolicy === undefined || pod?.restartPolicy === "Never",
    ],
    ["spec.backoffLimit: must not be negative", (spec?.backoffLimit ?? 6) >= 0],
    ["spec.activeDeadlineSeconds: must be positive", (spec?.activeDeadlineSeconds ?? 1) > 0],
    ["spec.completions: required where Indexed", !isIndexed || spec?.completions !== undefined],
    // The index and the pod's own five letters are added.
    ["metadata.name: too long for an Indexed Job", !isIndexed || (metadata?.name ?? "").length <= 57],
    ["spec.template.spec.subdomain: must be a DNS label", DNS_LABEL.test(pod?.subdomain ?? "none")],
    ["containers: none", (pod?.containers.length ?? 0) > 0],
    [
      "containers: a volume that is mounted is not declared",
      (pod?.containers ?? []).every(({ volumeMounts }) =>
        (volumeMounts ?? []).every(({ name }) => pod?.volumes?.some((volume) => volume.name === name)),
      ),
    ],
  ];
  return rules.filter(([, isKept]) => !isKept).map(([rule]) => rule);
}

import { byRole, ROLES, type Role, type Subset } from "../core/roles.js";
import type { Derivation } from "../data/derive-dataset.js";
import { ARMS, type ArmName, BUDGETS, type Budget } from "./arms.js";

/** Which rows a job reads: the data set as it is, or one derived from it. */
export type DataKind = "all" | Derivation;

/** Of one epoch. */
export interface SubsetTokens {
  tokens: number;
  trainedTokens: number;
}

export type TokenTable = Record<DataKind, Record<Subset, SubsetTokens>>;

/** How long the recipe trains, in epochs. */
export interface Lengths {
  backbone: number;
  roles: Record<Role, number>;
}

export interface ArmJob {
  /** `one-stage/tokens/caller`. */
  name: string;
  data: DataKind;
  subset: Subset;
  /** Whose hyperparameters it is trained with: those of stage 1 or of stage 2. */
  manner: "backbone" | "role";
  epochs: number;
  /** The job whose checkpoint it starts from; null: from the base model. */
  parent: string | null;
  /** Read in all epochs; `trainedTokens`: on which the loss is taken. */
  tokens: number;
  trainedTokens: number;
}

export interface ArmPlan {
  arm: ArmName;
  /** Both, where they ask for the same. */
  budgets: Budget[];
  /** Names of the jobs that make each role's model. */
  models: Record<Role, string>;
  /** All jobs it takes, those of stage 1 included. */
  jobs: string[];
}

export interface ArmsPlan {
  jobs: ArmJob[];
  arms: ArmPlan[];
}

/** What is to be trained for every arm under both budgets. */
export function planArms(lengths: Lengths, table: TokenTable): ArmsPlan {
  const draft = new Draft(table);
  const backbone = draft.job("backbone", { data: "all", subset: "backbone", epochs: lengths.backbone });
  const roles = draft.roles("reuse", (role) => {
    return { data: "all", manner: "role", epochs: lengths.roles[role], parent: backbone };
  });
  draft.arm("backbone", BUDGETS, draft.alone(backbone));
  draft.arm("reuse", BUDGETS, roles);
  for (const budget of BUDGETS) addOthers(draft, budget, lengths);
  const place = ({ arm }: ArmPlan) => ARMS.findIndex(({ name }) => name === arm);
  return { jobs: draft.jobs, arms: [...draft.arms].sort((a, b) => place(a) - place(b)) };
}

function addOthers(draft: Draft, budget: Budget, lengths: Lengths): void {
  const epochs = draft.epochs(budget, lengths);
  const one = (arm: ArmName, job: Pick<JobDraft, "data" | "epochs" | "parent" | "manner">) => {
    const name = draft.job(`${arm}/${budget}`, { ...job, subset: "backbone" });
    draft.arm(arm, [budget], draft.alone(name));
  };
  one("single", { data: "all", epochs: epochs.single });
  one("multi-task", { data: "union", epochs: epochs.multiTask });
  draft.arm(
    "one-stage",
    [budget],
    draft.roles(`one-stage/${budget}`, (role) => ({ data: "all", epochs: epochs.oneStage[role] })),
  );
  const parent = draft.job(`no-reuse/${budget}/backbone`, {
    ...{ data: "half-1", subset: "backbone", epochs: epochs.halfBackbone },
  });
  const halves = draft.roles(`no-reuse/${budget}`, (role) => {
    return { data: "half-2", manner: "role", epochs: epochs.halfRoles[role], parent };
  });
  draft.arm("no-reuse", [budget], halves);
  one("trained-on", { data: "all", manner: "role", epochs: epochs.trainedOn, parent: "backbone" });
}

type JobDraft = Pick<ArmJob, "data" | "subset" | "epochs"> & Partial<Pick<ArmJob, "manner" | "parent">>;

class Draft implements ArmsPlan {
  readonly jobs: ArmJob[] = [];
  readonly arms: ArmPlan[] = [];

  constructor(private readonly table: TokenTable) {}

  job(name: string, { manner = "backbone", parent = null, ...draft }: JobDraft): string {
    const { tokens, trainedTokens } = this.table[draft.data][draft.subset];
    // A key is made of it: the last digits of a quotient say nothing.
    const epochs = Math.round(draft.epochs * 1e4) / 1e4;
    const read = (count: number) => Math.round(count * epochs);
    this.jobs.push({
      ...{ ...draft, name, manner, parent, epochs, tokens: read(tokens), trainedTokens: read(trainedTokens) },
    });
    return name;
  }

  roles(prefix: string, make: (role: Role) => Omit<JobDraft, "subset">): Record<Role, string> {
    return byRole((role) => this.job(`${prefix}/${role}`, { ...make(role), subset: role }));
  }

  /** One model for the three roles. */
  alone(name: string): Record<Role, string> {
    return byRole(() => name);
  }

  arm(arm: ArmName, budgets: readonly Budget[], models: Record<Role, string>): void {
    const own = [...new Set(Object.values(models))];
    const parents = own.flatMap((name) => this.jobs.find((job) => job.name === name)?.parent ?? []);
    this.arms.push({ arm, budgets: [...budgets], models, jobs: [...new Set([...parents, ...own])] });
  }

  /** How long the arms beside `reuse` are trained. */
  epochs(budget: Budget, { backbone, roles }: Lengths) {
    const { all, union } = this.table;
    const read = (per: (role: Role) => number) =>
      ROLES.reduce((total, role) => total + per(role) * all[role].tokens, 0);
    const stage2 = read((role) => roles[role]);
    const both = (role: Role) => backbone + roles[role];
    if (budget === "epochs") {
      // Roles may differ in how long they are trained: one model for all of them, by how much each reads.
      const mean =
        stage2 /
        Math.max(
          1,
          read(() => 1),
        );
      const [single, halfBackbone, halfRoles] = [backbone + mean, backbone, roles];
      return { single, multiTask: single, oneStage: byRole(both), halfBackbone, halfRoles, trainedOn: mean };
    }
    const perEpoch = (data: DataKind, subset: Subset) => Math.max(1, this.table[data][subset].tokens);
    const total = backbone * all.backbone.tokens + stage2;
    const longer = total / Math.max(1, read(both));
    return {
      single: total / perEpoch("all", "backbone"),
      multiTask: total / Math.max(1, union.backbone.tokens),
      oneStage: byRole((role) => both(role) * longer),
      halfBackbone: (backbone * all.backbone.tokens) / perEpoch("half-1", "backbone"),
      halfRoles: byRole((role) => (roles[role] * all[role].tokens) / perEpoch("half-2", role)),
      trainedOn: stage2 / perEpoch("all", "backbone"),
    };
  }
}

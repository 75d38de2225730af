import type { Role } from "../../core/roles.js";
import type { BudgetOptions, Session } from "../loop/session.js";
import type { RoleModel } from "../role-model.js";
import type { ToolBox } from "../tool-box.js";
import type { CompatProfile } from "./compat-profile.js";

export interface ReferenceOptions extends BudgetOptions {
  profile: CompatProfile;
  roles: Record<Role, RoleModel>;
  toolBox: ToolBox;
}

export type ReferenceSession = Session<ReferenceOptions>;

/**
 * What learns. `full`: all weights. `lora`: an adapter on a frozen base. `alora`: an adapter that acts from its role's
 * marker on, so that all roles read what stands before in the same way (activated LoRA, experimental).
 */
export const METHODS = ["full", "lora", "alora"] as const;
export type Method = (typeof METHODS)[number];

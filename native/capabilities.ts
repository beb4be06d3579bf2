// What our own engines can do: all of it.

import type { Capabilities } from "./engine.ts";

export const ALL_CAPABILITIES: Capabilities = {
  exactResume: true,
  seeds: true,
  masks: true,
  logprobs: true,
  kvEvents: true,
  refuses: [],
};

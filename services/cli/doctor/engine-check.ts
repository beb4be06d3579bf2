// The engine that serves language models: which there is, or why there is none.

import { engineHere } from "#native/index.ts";
import { ok, warn, type Finding } from "./finding.ts";

/** Only needed to serve models, so its lack is no failure. */
export function engineFinding(): Finding {
  const here = engineHere();
  if (here.why !== null) return warn("engine", here.why, here.wayOut);
  return ok("engine", `${here.isa}, ${here.numerics} numerics, at ${here.path}`);
}

// Ends one recorded process: asked first, then made to. The identity is checked before every
// signal, so a pid that has been used again is never hit.

import { isAlive, signalProcess, type ProcessIdentity } from "./process-identity.ts";

export type StopResult = "was-gone" | "stopped" | "killed" | "still-there";

const POLL_MS = 15;
const KILL_WAIT_MS = 5000;

/** SIGTERM, and SIGKILL after `graceMs`. */
export async function stopService(service: ProcessIdentity, graceMs: number): Promise<StopResult> {
  if (!signalProcess(service, "SIGTERM")) return "was-gone";
  signalProcess(service, "SIGCONT"); // A stopped process acts on nothing else.
  if (await goneWithin(service, graceMs)) return "stopped";
  signalProcess(service, "SIGKILL");
  return (await goneWithin(service, KILL_WAIT_MS)) ? "killed" : "still-there";
}

async function goneWithin(service: ProcessIdentity, waitMs: number): Promise<boolean> {
  const endMs = performance.now() + waitMs;
  while (isAlive(service)) {
    if (performance.now() > endMs) return false;
    await new Promise((resume) => setTimeout(resume, POLL_MS));
  }
  return true;
}

// What sbatch's refusal means. The question is only ever: was the job taken?
//
// sbatch says `Batch job submission failed: TEXT` both when the controller answered no and when the
// conversation with it broke, in which case the job may be queued already. The broken ones are
// known by their texts (slurm_errno.c, 1000-1007 and 5000-5007) and are ambiguous; whatever else
// the controller says is its answer. Anything that is neither is ambiguous too.

import type { CommandResult } from "../transport.ts";
import type { SubmitResult } from "../adapter.ts";
import { parseSbatch } from "./slurm-parse.ts";

const BROKEN = anyOf([
  "Socket timed out",
  "Unable to contact slurm controller",
  "Zero Bytes were transmitted",
  "Communication connection failure",
  "Communication shutdown failure",
  "Message send failure",
  "Message receive failure",
  "Unexpected message received",
  "Insane message length",
  "Header lengths are longer",
  "Protocol authentication error",
  "Protocol version has changed",
  "Munge encode failed",
  "Munge decode failed",
  "Transport endpoint is not connected",
  "Connection reset",
  "Connection refused",
  "Connection timed out",
  "Broken pipe",
  "Unspecified error",
]);

const NOT_NOW = anyOf([
  "MaxSubmitJob",
  "GrpSubmitJob",
  "job submit limit",
  "temporarily unable",
  "Resource temporarily unavailable",
  "MaxJobCount",
  "Required partition not available",
  "Requested partition configuration not available now",
  "presently disabled",
  "standby mode",
  "Rate limit",
]);

/** A limit of the request itself: waiting does not help, although the policy text is there. */
const TOO_MUCH = /(?:Max|Grp)(?:Wall|Cpu|CPU|Node|Mem|TRES|Billing|Gres)\w*/;

const REFUSED =
  /Batch job submission failed:|sbatch: (?:error|fatal|unrecognized option|invalid option)/;

const REASON_CHARACTERS_MAX = 500;

export function submitResultOf(answer: CommandResult): SubmitResult {
  const nativeId = parseSbatch(answer.stdout);
  if (nativeId !== null && answer.exitCode === 0) {
    return { kind: "submitted", nativeId, raw: answer.stdout.trim() };
  }
  const said = reasonFrom(answer.stderr);
  if (answer.timedOut)
    return { kind: "ambiguous", reason: `sbatch did not answer in time. ${said}` };
  if (answer.exitCode === null) {
    return { kind: "ambiguous", reason: `sbatch was ended by ${answer.signal}. ${said}` };
  }
  if (answer.exitCode === 0 || nativeId !== null || BROKEN.test(answer.stderr)) {
    return { kind: "ambiguous", reason: said || "sbatch gave no job id" };
  }
  if (NOT_NOW.test(answer.stderr) && !TOO_MUCH.test(answer.stderr)) {
    return { kind: "later", reason: said };
  }
  if (REFUSED.test(answer.stderr)) return { kind: "refused", reason: said };
  return { kind: "ambiguous", reason: said || `sbatch exited with ${answer.exitCode}` };
}

/** True when a query's standard error says that it failed: Slurm may exit 0 all the same. */
export function saysError(stderr: string): boolean {
  return /(?:^|\s)(?:error|fatal):|slurm_load_\w+ error/m.test(stderr);
}

export function isUnreachable(stderr: string): boolean {
  return BROKEN.test(stderr);
}

/** The lines that say something, without the program's name in front. */
export function reasonFrom(stderr: string): string {
  return stderr
    .split("\n")
    .map((line) =>
      line.trim().replace(/^(?:sbatch|squeue|sacct|scancel|scontrol): (?:error: )?/, ""),
    )
    .filter((line) => line !== "")
    .join("; ")
    .slice(0, REASON_CHARACTERS_MAX);
}

function anyOf(texts: readonly string[]): RegExp {
  return new RegExp(texts.join("|"), "i");
}

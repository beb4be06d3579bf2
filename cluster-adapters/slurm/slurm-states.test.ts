import fc from "fast-check";
import { expect, test } from "vitest";
import { SLURM_WORDS, slurmPhaseOf } from "./slurm-states.ts";

const PHASES = ["queued", "held", "running", "paused", "ended", "unknown"];

test("any text has a phase, and a text that nobody knows is unknown, never an end", () => {
  const almost = fc
    .tuple(fc.constantFrom(...SLURM_WORDS), fc.string({ unit: "binary", maxLength: 4 }))
    .map(([word, more]) => word.slice(0, 7) + more);
  fc.assert(
    fc.property(
      fc.oneof(fc.string({ unit: "binary" }), almost),
      fc.option(fc.string(), { nil: null }),
      (text, reason) => {
        const { phase, cause } = slurmPhaseOf(text, reason);
        expect(PHASES).toContain(phase);
        expect(cause !== null).toBe(phase === "ended");
        if (!SLURM_WORDS.includes(text.trim())) expect(["ended"]).not.toContain(phase);
      },
    ),
    {
      examples: [
        ["toString", null],
        ["__proto__", null],
        ["", null],
        ["completed", null],
      ],
    },
  );
});

test.each([
  ["PENDING", null, "queued", null],
  ["PENDING", "JobHeldUser", "held", null],
  ["PENDING", "JobHeldAdmin", "held", null],
  ["PENDING", "launch failed requeued held", "held", null],
  ["PENDING", "Priority", "queued", null],
  ["RUNNING", null, "running", null],
  ["COMPLETING", "NonZeroExitCode", "running", null],
  ["SUSPENDED", null, "paused", null],
  ["STOPPED", null, "paused", null],
  ["REQUEUE_HOLD", null, "held", null],
  ["REQUEUED", null, "queued", null],
  ["COMPLETED", null, "ended", "ok"],
  ["FAILED", "NonZeroExitCode", "ended", "failed"],
  ["TIMEOUT", "TimeLimit", "ended", "timeout"],
  ["DEADLINE", null, "ended", "timeout"],
  ["OUT_OF_MEMORY", null, "ended", "out_of_memory"],
  ["OUT_OF_ME+", null, "ended", "out_of_memory"],
  ["NODE_FAIL", "NodeDown", "ended", "node_fail"],
  ["BOOT_FAIL", null, "ended", "node_fail"],
  ["PREEMPTED", null, "ended", "preempted"],
  ["CANCELLED", null, "ended", "cancelled"],
  ["CANCELLED by 1001", null, "ended", "cancelled"],
  ["CANCELLED+", null, "ended", "cancelled"],
  ["CANCELLED by root", null, "unknown", null],
  ["COMPLET+", null, "unknown", null], // COMPLETED or COMPLETING
  ["FAIL+", null, "unknown", null],
  ["REVOKED", null, "unknown", null],
  ["completed", null, "unknown", null],
  ["WIBBLING", null, "unknown", null],
] as const)("%s (%s) is %s %s", (word, reason, phase, cause) => {
  expect(slurmPhaseOf(word, reason)).toEqual({ phase, cause });
});

test("every base state and flag of Slurm is in the table", () => {
  for (const word of (
    "PENDING RUNNING SUSPENDED COMPLETED CANCELLED FAILED TIMEOUT NODE_FAIL PREEMPTED BOOT_FAIL " +
    "DEADLINE OUT_OF_MEMORY COMPLETING CONFIGURING STAGE_OUT EXPEDITING RESIZING REQUEUED " +
    "REQUEUE_FED REQUEUE_HOLD SPECIAL_EXIT STOPPED REVOKED RESV_DEL_HOLD SIGNALING LAUNCH_FAILED " +
    "RECONFIG_FAIL POWER_UP_NODE GETENV_FAILED UPDATE_DB"
  ).split(" ")) {
    expect(SLURM_WORDS).toContain(word);
  }
});

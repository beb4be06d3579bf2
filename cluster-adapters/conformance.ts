// What every dialect over every transport must do. A new cluster kind is done when this suite
// passes with it: conformance.test.ts runs it for each.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { AttemptSpec } from "#shared/base/job.ts";
import { waitFor } from "#shared/testing/wait-for.ts";
import type { Dialect, JobFiles, LiveJob, QueueAnswer, QueueEntry } from "./adapter.ts";
import { attemptSpec, publishJob } from "./attempt.fixture.ts";
import { parseSupervisorStatus } from "./supervisor.ts";
import type { Transport } from "./transport.ts";

/** One cluster under test, with the faults it can be given. */
export interface Conformance {
  readonly dialect: Dialect;
  readonly transport: Transport;
  /** Job directories go below it; the cluster's nodes see it too. */
  readonly root: string;
  /** Commands that were run, or calls that were answered, until now. */
  readonly calls: () => number;
  /** How long a submission may take to be seen running or ended. */
  readonly deadlineMs: number;
  /** Takes the controller away and brings it back; `null` where there is none. */
  readonly controller: { down(): Promise<void>; up(): Promise<void> } | null;
  /** Submits in such a way that the job is taken and the answer lost; `null` where none can be. */
  readonly submitUnanswered:
    | ((submit: () => ReturnType<Dialect["submit"]>) => ReturnType<Dialect["submit"]>)
    | null;
  /**
   * Makes the next query answer with state words that nobody knows; `null` where there are none.
   */
  readonly garbleNext: (() => void) | null;
  /** Makes the next query leave out every row and still look healthy; `null` where it cannot. */
  readonly hideNext: (() => void) | null;
  close(): Promise<void>;
}

/**
 * `start` is called once for the whole suite. With anything `missing` the suite is skipped by name.
 * A kind with a controller and a queue `canFail`: then every fault of Conformance is there, and the
 * cases that need one are part of the suite. Only this machine's own processes cannot.
 */
export function describeDialect(
  name: string,
  start: () => Promise<Conformance>,
  missing: readonly string[] = [],
  canFail = true,
): void {
  const lacks = missing.length > 0 ? ` (not installed here: ${missing.join(", ")})` : "";
  describe.skipIf(missing.length > 0)(`conformance: ${name}${lacks}`, () => {
    let it: Conformance;
    beforeAll(async () => {
      it = await start();
      await it.dialect.probe();
    }, 120_000);
    afterAll(async () => {
      await it?.close();
    });

    async function publish(changed: Partial<AttemptSpec>) {
      const spec = attemptSpec(changed);
      return { spec, files: await publishJob(it.transport, it.root, spec, it.dialect) };
    }

    async function submit(changed: Partial<AttemptSpec>): Promise<LiveJob> {
      const { spec, files } = await publish(changed);
      const result = await it.dialect.submit(spec, files, () => {});
      expect(result).toMatchObject({ kind: "submitted" });
      return { ...files, nativeId: result.kind === "submitted" ? result.nativeId : "" };
    }

    const rowsOf = (answer: QueueAnswer): readonly QueueEntry[] => {
      expect(answer.kind).toBe("answer");
      return answer.kind === "answer" ? answer.present : [];
    };

    const entryOf = async (job: LiveJob): Promise<QueueEntry | undefined> => {
      const rows = rowsOf(await it.dialect.poll([job]));
      return rows.find((row) => row.queueName === job.queueName);
    };

    const reach = (job: LiveJob, phase: QueueEntry["phase"]): Promise<QueueEntry> =>
      waitFor(
        async () => {
          const entry = await entryOf(job);
          return entry?.phase === phase ? entry : null;
        },
        it.deadlineMs,
        `${job.queueName} ${phase}`,
      );

    const text = (files: JobFiles, file: string): string => {
      try {
        return readFileSync(`${files.directory}/${file}`, "utf8");
      } catch {
        return "";
      }
    };

    /** Runs until `work/stop` is there, then exits with 4. */
    const GATED = "echo on; until [ -e stop ]; do sleep 0.05; done; exit 4";
    const gated = () => submit({ program: { kind: "exec", argv: ["/bin/sh", "-c", GATED] } });
    const started = (job: JobFiles) =>
      waitFor(() => text(job, "stdout").includes("on"), it.deadlineMs, "its first output");
    const release = (job: JobFiles) => writeFileSync(`${job.directory}/work/stop`, "");

    test("a job is submitted, runs and ends ok", async () => {
      const argv = ["/bin/sh", "-c", "printf '%s' \"$GREETING\"; cat"];
      const job = await submit({
        program: { kind: "exec", argv },
        env: { GREETING: "hello " },
        stdin: "world\n",
      });
      const entry = await reach(job, "ended");
      expect(entry).toMatchObject({ cause: "ok", exitCode: 0, signal: null });
      expect(text(job, "stdout")).toBe("hello world\n");
      expect(exitOf(job)).toMatchObject({ code: 0, signal: null });
    });

    const exitOf = (job: JobFiles) =>
      parseSupervisorStatus({
        claim: text(job, "claim"),
        claimMtimeMs: 1,
        status: text(job, "status"),
        statusMtimeMs: 2,
      }).exit;

    test("its exit code is kept", async () => {
      const job = await gated();
      await started(job);
      expect(await reach(job, "running")).toMatchObject({ cause: null });
      release(job);
      const entry = await reach(job, "ended");
      expect(entry.cause).toBe("failed");
      expect([4, null]).toContain(entry.exitCode); // The queue may not tell; the supervisor does.
      expect(exitOf(job)).toMatchObject({ code: 4, signal: null });
    });

    test("a cancelled job ends, and is not one that ended well", async () => {
      const job = await gated();
      await started(job);
      await waitFor(
        async () => {
          await it.dialect.cancel([job]);
          return (await entryOf(job))?.phase === "ended";
        },
        it.deadlineMs,
        "its end",
      );
      const entry = await reach(job, "ended");
      expect(["cancelled", "failed"]).toContain(entry.cause);
      // Asking for the end of what has ended is no failure.
      expect(await it.dialect.cancel([job])).toEqual({ kind: "asked" });
    });

    test("a job is found by its name: not before it is submitted, alive, and after its end", async () => {
      const { spec, files } = await publish({
        program: { kind: "exec", argv: ["/bin/sh", "-c", GATED] },
      });
      expect(rowsOf(await it.dialect.find([files]))).toEqual([]);
      const result = await it.dialect.submit(spec, files, () => {});
      if (result.kind !== "submitted") throw new Error(result.kind);
      await started(files);
      expect(rowsOf(await it.dialect.find([files]))).toEqual([
        expect.objectContaining({ nativeId: result.nativeId, queueName: files.queueName }),
      ]);
      release(files);
      await reach({ ...files, nativeId: result.nativeId }, "ended");
      expect(rowsOf(await it.dialect.find([files]))).toEqual([
        expect.objectContaining({ queueName: files.queueName, phase: "ended" }),
      ]);
    });

    test("absence is reported as absence, never as an end", async () => {
      const nobody: LiveJob = {
        directory: `${it.root}/jobs/nobody`,
        queueName: "relax-aaaaaaaaaaaaaaaa-0-1",
        nativeId: it.dialect.name === "local" ? "00000000:1:1" : "999999",
      };
      for (const answer of [await it.dialect.poll([nobody]), await it.dialect.history([nobody])]) {
        const rows = rowsOf(answer);
        // A process of an earlier boot is positive evidence; an unknown queue entry is not.
        if (it.dialect.name === "local") expect(rows).toMatchObject([{ cause: "node_fail" }]);
        else expect(rows).toEqual([]);
      }
    });

    if (canFail)
      test("a row that is missing once ends nothing", async () => {
        assert(it.hideNext !== null);
        const job = await gated();
        await started(job);
        it.hideNext();
        expect((await entryOf(job))?.phase).not.toBe("ended");
        expect(await reach(job, "running")).toMatchObject({ cause: null });
        release(job);
        await reach(job, "ended");
      });

    if (canFail)
      test("a word that nobody knows never ends a job", async () => {
        assert(it.garbleNext !== null);
        const job = await gated();
        await started(job);
        it.garbleNext();
        const entry = await entryOf(job);
        expect(entry).toMatchObject({ phase: "running", cause: null });
        expect(entry?.raw).toMatch(/WIBBLING/);
        release(job);
        await reach(job, "ended");
      });

    if (canFail)
      test("a controller that is away is no answer, and the job lives on", async () => {
        assert(it.controller !== null);
        const job = await gated();
        await started(job);
        await it.controller.down();
        try {
          expect(await it.dialect.poll([job])).toMatchObject({ kind: "no-answer" });
          expect(await it.dialect.find([job])).toMatchObject({ kind: "no-answer" });
          expect(await it.dialect.cancel([job])).toMatchObject({ kind: "no-answer" });
        } finally {
          await it.controller.up();
        }
        expect(await reach(job, "running")).toMatchObject({ cause: null });
        release(job);
        await reach(job, "ended");
      });

    if (canFail)
      test("a submission whose answer got lost is found by its name", async () => {
        assert(it.submitUnanswered !== null);
        const { spec, files } = await publish({
          program: { kind: "exec", argv: ["/bin/sh", "-c", GATED] },
        });
        const result = await it.submitUnanswered(() => it.dialect.submit(spec, files, () => {}));
        expect(result).toMatchObject({ kind: "ambiguous" });
        const found = await waitFor(
          async () => {
            const answer = await it.dialect.find([files]);
            return answer.kind === "answer" ? answer.present[0] : null;
          },
          it.deadlineMs,
          "the phantom job",
        );
        await started(files);
        release(files);
        await reach({ ...files, nativeId: found.nativeId }, "ended");
        expect(text(files, "claim.lost")).toBe("");
      });

    test("a second submission of the same attempt runs nothing", async () => {
      const argv = ["/bin/sh", "-c", "echo ran >>ran"];
      const { spec, files } = await publish({ program: { kind: "exec", argv } });
      const results = [
        await it.dialect.submit(spec, files, () => {}),
        await it.dialect.submit(spec, files, () => {}),
      ];
      expect(results).toMatchObject([{ kind: "submitted" }, { kind: "submitted" }]);
      await waitFor(() => text(files, "claim.lost") !== "" && exitOf(files), it.deadlineMs, "both");
      expect(text(files, "work/ran")).toBe("ran\n");
      expect(text(files, "claim").split("\n").length).toBe(2);
    });

    test("names, arguments and variables of any kind arrive as they are", async () => {
      const nasty = "a'b\"c$(touch pwned);`touch pwned`\n--x\r\n é漢 \\ #SBATCH --time=1";
      const job = await submit({
        program: { kind: "exec", argv: ["printf", "%s|%s", nasty, "-n"] },
        env: { NASTY: nasty },
      });
      expect(await reach(job, "ended")).toMatchObject({ cause: "ok" });
      expect(text(job, "stdout")).toBe(`${nasty}|-n`);
    });

    test("polling many jobs takes as many calls as polling one", async () => {
      const many = 20;
      const jobs = await Promise.all(Array.from({ length: many }, () => submit({})));
      for (const job of jobs) await reach(job, "ended");
      const cost = async (asked: readonly LiveJob[]): Promise<number> => {
        const before = it.calls();
        await it.dialect.poll(asked);
        return it.calls() - before;
      };
      expect(await cost(jobs)).toBe(await cost(jobs.slice(0, 1)));
      expect(await cost(jobs)).toBeLessThanOrEqual(1);
      expect(await cost([])).toBe(0);
    });
  });
}

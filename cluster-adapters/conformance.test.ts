// The conformance suite, for each cluster kind there is.

import { spawn } from "node:child_process";
import { seededRandom } from "#shared/base/prng.ts";
import { tempDirectory } from "#shared/testing/temp-directory.ts";
import { missingSlurmPrograms, startSlurm } from "../deploy/test-clusters/slurm/slurm-cluster.ts";
import type { Dialect } from "./adapter.ts";
import { describeDialect } from "./conformance.ts";
import type { Conformance } from "./conformance.ts";
import { dialectOf } from "./index.ts";
import { MockCluster } from "./mock/mock-cluster.ts";
import type { MockStart } from "./mock/mock-cluster.ts";
import { mockDialect } from "./mock/mock-dialect.ts";
import type { Transport } from "./transport.ts";
import { localTransport } from "./transports/local/local-transport.ts";

const startLocal = async (): Promise<Conformance> => {
  const directory = tempDirectory("conformance-local");
  const counted = countedTransport();
  return {
    dialect: dialectOf("local", counted.transport, { kill_grace_s: "1" }),
    transport: counted.transport,
    root: directory.path,
    calls: counted.calls,
    deadlineMs: 10_000,
    controller: null,
    submitUnanswered: null,
    garbleNext: null,
    hideNext: null,
    close: async () => directory.remove(),
  };
};
describeDialect("local", startLocal, [], false);

/** The mock runs real job scripts here, so that the claim and the exit codes are real. */
const startProcess: MockStart = (job, onEnd) => {
  const env = {
    PATH: "/usr/bin:/bin",
    SLURM_JOB_ID: job.nativeId,
    SLURM_RESTART_COUNT: String(job.restartCount),
  };
  const argv = [`${job.directory}/job.sh`];
  const child = spawn("/bin/sh", argv, { env, detached: true, stdio: "ignore" });
  child.on("exit", (code) => {
    const exitCode = code ?? 255;
    onEnd({ exitCode, signal: exitCode > 128 && exitCode <= 192 ? exitCode - 128 : null });
  });
  return {
    kill: (signal) => {
      if (child.exitCode === null) process.kill(-(child.pid ?? 0), `SIG${signal}`);
    },
  };
};

describeDialect("mock", async () => {
  const directory = tempDirectory("conformance-mock");
  const cluster = new MockCluster({
    clock: { nowMs: () => Date.now(), monotonicMs: () => performance.now() },
    timers: {
      after(delayMs, callback) {
        const timer = setTimeout(callback, delayMs);
        return () => clearTimeout(timer);
      },
    },
    random: seededRandom(1),
    start: startProcess,
    messageTimeoutMs: 50,
    killWaitMs: 2000,
  });
  return {
    dialect: mockDialect(cluster),
    transport: localTransport(),
    root: directory.path,
    calls: () => cluster.calls,
    deadlineMs: 10_000,
    controller: {
      async down() {
        cluster.up = false;
      },
      async up() {
        cluster.up = true;
      },
    },
    submitUnanswered: (submit) => {
      cluster.injectSubmit("ambiguous_after_accept");
      return submit();
    },
    garbleNext: () => cluster.injectQuery("garbage_words"),
    hideNext: () => cluster.injectQuery("absent_rows"),
    close: async () => directory.remove(),
  };
});

describeDialect(
  "slurm",
  async () => {
    const cluster = await startSlurm({ messageTimeoutS: 2 });
    const directory = tempDirectory("conformance-slurm");
    const counted = countedTransport();
    const options = { slurm_conf: cluster.env.SLURM_CONF, submit_timeout_s: "20" };
    const dialect: Dialect = dialectOf("slurm", counted.transport, options);
    return {
      dialect,
      transport: counted.transport,
      root: directory.path,
      calls: counted.calls,
      deadlineMs: 30_000,
      controller: {
        down: async () => cluster.stopController(),
        up: async () => cluster.contController(),
      },
      // The controller hears of it when it wakes: a phantom job.
      submitUnanswered: async (submit) => {
        cluster.stopController();
        try {
          return await submit();
        } finally {
          cluster.contController();
        }
      },
      garbleNext: () => counted.alterNext((stdout) => stdout.replaceAll("RUNNING", "WIBBLING")),
      hideNext: () => counted.alterNext(() => ""),
      async close() {
        await cluster.stop();
        directory.remove();
      },
    };
  },
  missingSlurmPrograms(),
);

/** Counts the commands that are run, and can alter what the next one is said to have printed. */
function countedTransport(): {
  readonly transport: Transport;
  readonly calls: () => number;
  readonly alterNext: (alter: (stdout: string) => string) => void;
} {
  const transport = localTransport();
  let calls = 0;
  let alter: ((stdout: string) => string) | null = null;
  return {
    transport: {
      ...transport,
      async run(argv, options) {
        calls++;
        const change = alter;
        alter = null;
        const result = await transport.run(argv, options);
        return change === null ? result : { ...result, stdout: change(result.stdout) };
      },
    },
    calls: () => calls,
    alterNext: (next) => {
      alter = next;
    },
  };
}

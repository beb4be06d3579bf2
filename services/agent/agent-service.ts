// The agent's parts, started in order: store, dialect, HTTP; then, in the background, enrolment if
// there was none yet, and work. The process is ready before the scheduler has been reached: its
// jobs do not wait for it either.

import { join } from "node:path";
import { dialectOf } from "#adapters/index.ts";
import { localTransport } from "#adapters/transports/local/local-transport.ts";
import { backoffMs } from "#shared/base/backoff.ts";
import { ERROR_CODES, Failure } from "#shared/base/errors.ts";
import { systemRandom } from "#shared/config/system.ts";
import { Health } from "#shared/lifecycle/health.ts";
import { startHttp } from "#shared/lifecycle/http-health.ts";
import type { Lifecycle } from "#shared/lifecycle/lifecycle.ts";
import { takeOwnerLock } from "#shared/lifecycle/owner-lock.ts";
import { openChannel } from "#shared/mesh/grpc-client.ts";
import { openStore } from "#shared/state/store.ts";
import type { Logger } from "#shared/telemetry/logger.ts";
import { createMetrics } from "#shared/telemetry/metrics.ts";
import { enrol, openKey, readIdentity } from "./agent-identity.ts";
import type { AgentIdentity } from "./agent-identity.ts";
import { Agent } from "./agent.ts";
import type { AgentSettings } from "./config.ts";
import { readVersion } from "#shared/config/version.ts";

const ENROL_RETRY = { firstMs: 100, maxMs: 5_000 };

export async function startAgent(
  life: Lifecycle,
  settings: AgentSettings,
  logger: Logger,
): Promise<{ http: string }> {
  const { agent: config, tls } = settings;
  const version = readVersion();
  const metrics = createMetrics("agent");
  const health = new Health();
  const privateKey = openKey(config.state);
  await life.start(
    "owner lock",
    () => takeOwnerLock(config.state, "agent"),
    (lock) => lock.release(),
  );
  const store = await life.start(
    "journal",
    () => openStore({ path: join(config.state, "journal") }),
    (part) => part.close(),
  );
  const transport = await life.start("transport", localTransport, (part) => part.close());
  const dialect = dialectOf(config.kind, transport, config.options);
  const http = await life.start(
    "http",
    () => startHttp({ address: config.http, health, metrics, logger }),
    (part) => part.close(),
  );
  const working: { agent: Agent | null; stopped: boolean } = { agent: null, stopped: false };
  health.add("ready", "scheduler", () => (working.agent?.linked === true ? null : "no link"));
  health.add("ready", "journal", () => working.agent?.storageProblem ?? null);
  const work = async (): Promise<void> => {
    const identity = readIdentity(config.state, privateKey) ?? (await enrolPatiently());
    if (identity === null) return;
    const options = { config, tls, identity, version, store, dialect, metrics, logger };
    working.agent = await Agent.start(options);
    if (working.stopped) await working.agent.close();
  };
  /** `null` when the process is asked to stop first. */
  const enrolPatiently = async (): Promise<AgentIdentity | null> => {
    for (let tries = 1; !working.stopped; tries++) {
      const channel = openChannel({ address: config.scheduler, tls });
      try {
        return await enrol(channel, config.state, config.enrolmentTokenFile, version, privateKey);
      } catch (reason) {
        const failure = Failure.from(reason);
        if (failure.retry !== "later") throw failure;
        logger.warn({ reason: failure.message, tries }, "not enrolled yet");
      } finally {
        channel.close();
      }
      const waitMs = backoffMs(ENROL_RETRY, tries, systemRandom);
      await Promise.race([life.stopRequested, new Promise((resume) => setTimeout(resume, waitMs))]);
    }
    return null;
  };
  await life.start(
    "agent",
    () => {
      work().catch((reason: unknown) => {
        const failure = Failure.from(reason);
        logger.fatal({ err: reason, code: failure.code, hint: failure.hint }, "cannot work");
        process.exitCode = ERROR_CODES[failure.code].exit;
        life.requestStop(failure.message);
      });
    },
    async () => {
      working.stopped = true;
      await working.agent?.close();
    },
  );
  return { http: http.address };
}

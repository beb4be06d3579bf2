// The server's end of a simulated stream, in the shape the scheduler's sessions know.

import type { signalbox } from "#proto/signalbox.js";
import { parseAttemptToken } from "#shared/base/ids.ts";
import type { Failure } from "#shared/base/errors.ts";
import type { Command } from "../../services/agent/core/wishes.ts";
import { parseSpec } from "../../services/agent/parse-spec.ts";
import type { AgentStream } from "../../services/scheduler/agents/agent-session.ts";
import type { Scope } from "./sim-clock.ts";
import type { SimLink } from "./sim-link.ts";
import type { Stage } from "./stage.ts";

type Response = signalbox.agent.v1.IConnectResponse;

export class SimStream {
  readonly link: SimLink;
  readonly #stage: Stage;
  readonly #scope: Scope;
  #over = false;
  #onEnd: (() => void) | null = null;

  constructor(stage: Stage, scope: Scope, link: SimLink) {
    this.#stage = stage;
    this.#scope = scope;
    this.link = link;
  }

  get over(): boolean {
    return this.#over;
  }

  /** What sessions are given: they use the members that are here. */
  asAgentStream(): AgentStream {
    return this as unknown as AgentStream;
  }

  write(message: Response): boolean {
    if (this.#over || !this.#scope.alive) return true;
    if (message.welcome != null) {
      const { epoch, reportSeen } = message.welcome;
      this.link.tellAgent({ kind: "welcome", epoch: epoch ?? 0, reportSeen: reportSeen ?? 0 });
    } else if (message.reportAck != null) {
      this.link.tellAgent({ kind: "report-ack", seq: message.reportAck });
    } else if (message.command != null) {
      const { seq, epoch } = message.command;
      const command = commandOf(message.command);
      this.link.tellAgent({ kind: "command", seq: seq ?? 0, epoch: epoch ?? 0, command });
    }
    return true;
  }

  end(failure: Failure | null = null): void {
    if (this.#over || !this.#scope.alive) return;
    this.#stage.trace("gateway", `ends a stream: ${failure?.message ?? "well"}`);
    this.link.cut();
    this.closed();
  }

  /** The other end is gone, or this one ended it. */
  closed(): void {
    if (this.#over) return;
    this.#over = true;
    this.#stage.clock.stirred = true;
    this.#onEnd?.();
  }

  listen(listeners: { readonly onMessage: () => void; readonly onEnd: () => void }): void {
    this.#onEnd = listeners.onEnd;
  }

  pause(): void {}

  resume(): void {}
}

/** As the agent's link reads it. */
function commandOf(command: signalbox.agent.v1.ICommand): Command {
  if (command.cancel != null) {
    const token = parseAttemptToken(command.cancel.token ?? "");
    return { kind: "cancel", token, reason: command.cancel.reason || "cancelled" };
  }
  return { kind: "submit", spec: parseSpec(command.submit?.specJson ?? new Uint8Array()) };
}

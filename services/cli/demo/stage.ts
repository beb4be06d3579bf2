// What the demo sets up below one folder, and how it goes away again.

import { existsSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "#shared/base/errors.ts";
import type { ControlClient } from "../client/control-client.ts";
import type { ClusterPlan, ServiceRecord } from "../mesh/mesh-record.ts";
import type { Session } from "../session.ts";

const STOP_GRACE_MS = 10_000;

/** What the demo has set up, and how it goes away again. */
export class Stage {
  readonly folder: string;
  readonly home: string;
  readonly #session: Session;
  /** The mesh is left running. */
  readonly kept: boolean;
  /** How a private Slurm is ended by hand; null without one. */
  #slurm: string | null = null;
  #services: readonly ServiceRecord[] = [];
  readonly #undo: (() => Promise<void>)[] = [];

  constructor(session: Session, folder: string, keep: boolean) {
    this.#session = session;
    this.folder = folder;
    this.home = join(folder, "mesh");
    this.kept = keep;
  }

  /** Shown to people: on stdout, or with --json on stderr. */
  say(text: string): void {
    const { printer, terminal } = this.#session;
    if (printer.json) terminal.stderr.write(`${text}\n`);
    else printer.line(text);
  }

  async bringUp(log: "embedded" | "jetstream", cluster: ClusterPlan): Promise<ControlClient> {
    const { style } = this.#session.printer;
    const { contextOf, meshUp } = await import("../mesh/mesh-up.ts");
    const { openControlClient } = await import("../client/control-client.ts");
    const { meshLayout } = await import("../mesh/mesh-layout.ts");
    this.#undo.push(() => this.#meshDown());
    const mesh = await meshUp({
      home: this.home,
      log,
      clusters: [cluster],
      model: null,
      env: this.#session.terminal.env,
      onStep: (step) =>
        this.say(`${style.green(style.signs.ok)} ${step.name.padEnd(9)}  ${step.detail}`),
    });
    this.#services = mesh.record.services;
    const client = openControlClient(contextOf(meshLayout(this.home), mesh.client));
    this.#undo.push(async () => client.close());
    return client;
  }

  async bringUpSilicon(install: boolean): Promise<ControlClient> {
    const { style } = this.#session.printer;
    const { provideSilicon, startPrivateSlurm } = await import("./silicon.ts");
    await provideSilicon(this.#session, install);
    const directory = join(this.folder, "slurm");
    const slurm = await startPrivateSlurm(this.#session, directory);
    this.#undo.push(slurm.stop);
    this.#slurm = `npx node deploy/test-clusters/slurm/main.ts down ${directory}`;
    this.say(`${style.green(style.signs.ok)} slurm      ${slurm.conf}`);
    const options = { slurm_conf: slurm.conf };
    const settings = { poll_min_s: 1 };
    const plan = {
      name: "slurm",
      kind: "slurm",
      slots: 0,
      makeDefault: true,
      options,
      settings,
    } as const;
    return this.bringUp("jetstream", plan);
  }

  /** In reverse order; a failure in one does not keep the others. Results and receipts stay. */
  async takeDown(): Promise<void> {
    const { printer, terminal, flags } = this.#session;
    if (this.kept && this.#undo.length > 0) {
      printer.note(`left running; end it with: ${terminal.invocation} down --home ${this.home}`);
      if (this.#slurm !== null) printer.note(`then its Slurm: ${this.#slurm}`);
      return;
    }
    for (const undo of this.#undo.toReversed()) {
      try {
        await undo();
      } catch (reason) {
        printer.warn(`taking the demo down: ${Failure.from(reason).message}`);
      }
    }
    const gone = ["mesh", "slurm"].map((name) => join(this.folder, name));
    for (const path of gone) rmSync(path, { recursive: true, force: true, maxRetries: 3 });
    if (flags.home === undefined) removeIfEmpty(this.folder);
    if (existsSync(this.folder)) {
      printer.note(`\nAll of it is down again; results and receipts stay in ${this.folder}`);
    }
  }

  /** By what is on disk, and by what this process knows if somebody has removed the folder. */
  async #meshDown(): Promise<void> {
    const { meshDown } = await import("../mesh/mesh-down.ts");
    const { stopService } = await import("../mesh/stop-service.ts");
    if (existsSync(this.home)) await meshDown({ home: this.home, jobs: true, client: null });
    for (const service of this.#services) await stopService(service, STOP_GRACE_MS);
  }
}

function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // It holds results or receipts: they are the user's now.
  }
}

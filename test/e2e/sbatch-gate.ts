// Stands between the agent and the real sbatch, so that a test can act at a chosen moment: before
// the controller has the job, or after it has it and before the agent hears so. The real sbatch
// runs in between, with the agent's own standard input and arguments.

import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export type Moment = "before-accept" | "after-accept";

export class SbatchGate {
  /** Put first in the agent's PATH. */
  readonly bin: string;
  readonly #directory: string;

  constructor(directory: string, realSbatch: string) {
    this.#directory = directory;
    this.bin = join(directory, "bin");
    mkdirSync(this.bin, { recursive: true });
    const wait = (moment: Moment): string =>
      `if [ -e ${directory}/hold-${moment} ]; then : > ${directory}/at-${moment}.$$; ` +
      `while [ -e ${directory}/hold-${moment} ]; do sleep 0.02; done; fi`;
    const script = [
      "#!/bin/sh",
      wait("before-accept"),
      `answer=$(${realSbatch} "$@"); code=$?`,
      wait("after-accept"),
      `[ -z "$answer" ] || printf '%s\\n' "$answer"`,
      "exit $code",
    ].join("\n");
    const path = join(this.bin, "sbatch");
    writeFileSync(path, `${script}\n`);
    chmodSync(path, 0o755);
  }

  hold(moment: Moment): void {
    writeFileSync(join(this.#directory, `hold-${moment}`), "");
  }

  release(moment: Moment): void {
    rmSync(join(this.#directory, `hold-${moment}`), { force: true });
  }

  /** How many sbatch calls have reached this moment while it was held. */
  reached(moment: Moment): number {
    if (!existsSync(this.#directory)) return 0;
    return readdirSync(this.#directory).filter((name) => name.startsWith(`at-${moment}.`)).length;
  }

  open(): void {
    this.release("before-accept");
    this.release("after-accept");
  }
}

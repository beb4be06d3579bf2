// The rounds of a run as lines of a file, so that one that was cut off goes on where it was.

import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { Failure } from "#shared/base/errors.ts";
import type { RoundRecord } from "./tally.ts";

interface Head {
  readonly seed: number;
  readonly where: string;
}

export class RoundJournal {
  readonly #file: string;
  /** Of the runs before this one. */
  readonly rounds: readonly RoundRecord[];

  private constructor(file: string, rounds: readonly RoundRecord[]) {
    this.#file = file;
    this.rounds = rounds;
  }

  /** Begins `file`, or goes on with it. CONFLICT when it is of another seed or commit. */
  static open(file: string, head: Head): RoundJournal {
    if (!existsSync(file)) {
      writeFileSync(file, `${JSON.stringify(head)}\n`);
      return new RoundJournal(file, []);
    }
    // Without its last line's end, that line is half a round.
    const lines = readFileSync(file, "utf8").split("\n").slice(0, -1);
    const known = JSON.parse(lines[0] ?? "null") as Head | null;
    if (known?.seed !== head.seed || known.where !== head.where) {
      throw new Failure("CONFLICT", `${file} is of seed ${known?.seed}, ${known?.where}`, {
        hint: `This is seed ${head.seed}, ${head.where} Name another file, or the same --seed.`,
      });
    }
    writeFileSync(file, `${lines.join("\n")}\n`);
    return new RoundJournal(
      file,
      lines.slice(1).map((line) => JSON.parse(line) as RoundRecord),
    );
  }

  add(round: RoundRecord): void {
    appendFileSync(this.#file, `${JSON.stringify(round)}\n`);
  }
}

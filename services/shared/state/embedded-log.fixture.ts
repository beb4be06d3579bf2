// Processes that embedded-log.test.ts starts, kills and starves.
//
//   append PATH NAME    claim partition 0 and append until killed or fenced; prints each
//   acknowledgement fill PATH           the same until FULL, then prints the code

import { Failure } from "#shared/base/errors.ts";
import { openEmbeddedLog } from "./embedded-log.ts";

const [mode, path = "", name = ""] = process.argv.slice(2);
const log = openEmbeddedLog({ path, partitions: 2 });
const writer = await log.claim(0, name, Date.now());
const say = (line: string): void => void process.stdout.write(`${line}\n`);
say(`${writer.tail.n} ${writer.tail.hash}`);
const text = "x".repeat(mode === "fill" ? 20_000 : 200);
for (;;) {
  try {
    const { n, hash } = await writer.append(
      [{ actor: "run/lab/a", events: [{ type: "Said", text }] }],
      Date.now(),
    );
    say(`${n} ${hash}`);
  } catch (reason) {
    say(Failure.from(reason).code);
    break;
  }
}
await log.close();

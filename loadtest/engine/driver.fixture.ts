// A driver for tests: answers what the protocol says with times from its command line, and writes
// every request behind its name into a file.
//
//   driver.fixture.ts NAME LOG STEP_SECONDS [mute|refuse|die|silent-start|fail-start]

import { appendFileSync } from "node:fs";
import { createInterface } from "node:readline";

const [name = "", log = "", stepSeconds = "0.1", behaviour = ""] = process.argv.slice(2);

if (behaviour === "fail-start") {
  process.stderr.write("the model is not to its taste\n");
  process.exit(2);
}
const ready = { ready: true, name, version: "1", isa: "avx512", kinds: ["amx", "avx512"] };
if (behaviour !== "silent-start") process.stdout.write(`${JSON.stringify(ready)}\n`);
createInterface({ input: process.stdin }).on("line", (line) => {
  appendFileSync(log, `${name} ${line}\n`);
  const { test } = JSON.parse(line) as { test: string };
  if (behaviour === "die") process.exit(3);
  if (behaviour === "mute") return;
  const figures = { stepSeconds: Number(stepSeconds), gbPerSecond: 30, gflops: 4000 };
  const answer = behaviour === "refuse" ? { error: "not today" } : figures;
  process.stdout.write(`${JSON.stringify({ test, ...answer })}\n`);
});

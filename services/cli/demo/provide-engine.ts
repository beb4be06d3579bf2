// The demo's engine: what is there, or in a clone with a compiler, what is built now.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../package-root.ts";

/** `npm run build:native` ends with it when a compiler or CMake is missing. */
const EXIT_MISSING = 3;

/** Null: there is one. Else why not, in a sentence. */
export async function provideEngine(say: (text: string) => void): Promise<string | null> {
  const { engineHere } = await import("#native/index.ts");
  const here = engineHere();
  if (here.why === null) return null;
  const builder = join(packageRoot(), "tools", "build-native.ts");
  // One that was named and is not there is not made good by another.
  const isNamed = (process.env["SIGNALBOX_ENGINE"] ?? "") !== "";
  if (isNamed || !existsSync(builder)) return `${here.why}; ${here.wayOut}`;
  say("building the engine from its sources, once; this takes two to five minutes");
  const { code, said } = await run(builder, say);
  if (code === EXIT_MISSING) return `${here.why}; ${here.wayOut}`;
  if (code !== 0) return `the engine could not be built: ${said}`;
  return engineHere().why;
}

function run(
  builder: string,
  say: (text: string) => void,
): Promise<{ readonly code: number | null; readonly said: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [builder], { stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    let shownAt = 0;
    const onText = (bytes: Buffer): void => {
      said = (said + bytes.toString()).slice(-2_000);
      const [, done, of] = /\[\s*(\d+)(?:\/(\d+)|%)\]/u.exec(bytes.toString()) ?? [];
      if (done === undefined || performance.now() - shownAt < 10_000) return;
      shownAt = performance.now();
      say(of === undefined ? `  ${done} %` : `  ${done} of ${of} files`);
    };
    child.stdout.on("data", onText);
    child.stderr.on("data", onText);
    child.once("error", (error) => resolve({ code: null, said: error.message }));
    child.once("close", (code) => resolve({ code, said: said.trim().split("\n").at(-1) ?? "" }));
  });
}

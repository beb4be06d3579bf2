// What the published package is made of before npm packs it: dist/, and the engine's addon for this
// platform where a compiler is. Without one the package still works, and builds the engine where it
// is installed.

import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";

import { PACKAGE_ROOT, whyNoBuild } from "./native-build.ts";

const SCRIPTS = import.meta.dirname;

/** npm pack --json wants standard output for itself. */
function run(script: string, ...args: string[]): void {
  execFileSync(process.execPath, [join(SCRIPTS, script), ...args], { stdio: ["ignore", 2, 2] });
}

run("build.ts");
// Never one of older sources.
rmSync(join(PACKAGE_ROOT, "prebuilt"), { recursive: true, force: true });
const missing = process.platform === "linux" ? whyNoBuild() : `${process.platform} is not Linux`;
if (missing === null) run("build-native.ts", "--prebuilt");
else process.stderr.write(`prepack: the package carries no prebuilt engine: ${missing}\n`);

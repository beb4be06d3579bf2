// A run that mounts a small disk on the folder it is given, starts a process that stays in it, and
// waits to be killed. Its line of standard output is that process's id.

import { spawn } from "node:child_process";
import { SmallDisk } from "./small-disk.ts";

const [folder = ""] = process.argv.slice(2);
SmallDisk.mount(folder, 2 ** 20);
const dweller = spawn("sleep", ["60"], { cwd: folder, stdio: "ignore" });
process.stdout.write(`${dweller.pid}\n`);
setInterval(() => {}, 60_000);

import { spawn, type ChildProcess } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { parse } from "smol-toml";
import { expect, onTestFinished, test } from "vitest";
import { tempDirectory } from "#shared/testing/temp-directory.ts";
import { waitFor } from "#shared/testing/wait-for.ts";
import {
  EMPTY_MESH,
  liveService,
  readMeshRecord,
  withMeshLock,
  withService,
  writeMeshRecord,
} from "./mesh-record.ts";
import { identityOf, isAlive, parseStat, signalProcess } from "./process-identity.ts";
import { logTail, startService, type ServiceStart } from "./start-service.ts";
import { stopService } from "./stop-service.ts";
import { tomlText } from "./toml.ts";

function temporary(): string {
  const directory = tempDirectory("processes");
  onTestFinished(directory.remove);
  return directory.path;
}

/** A process that lives until it is killed, at the latest when the test ends. */
function sleeper(script = "setInterval(() => {}, 1000)"): ChildProcess {
  const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "ignore"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

function starting(script: string, over: Partial<ServiceStart> = {}): ServiceStart {
  const logs = temporary();
  return {
    name: "thing",
    argv: [process.execPath, "-e", script],
    cwd: logs,
    logs,
    env: process.env,
    deadlineMs: 5000,
    onStarted: (service) => onTestFinished(() => void signalProcess(service, "SIGKILL")),
    ...over,
  };
}

const READY = `console.log(JSON.stringify({ ready: true, grpc: "127.0.0.1:1" })); setInterval(() => {}, 1000);`;

test("a process is known by its pid and the moment it started", async () => {
  const child = sleeper();
  const identity = identityOf(child.pid!)!;
  expect(isAlive(identity)).toBe(true);
  expect(identityOf(process.pid)).not.toEqual({ ...identity, pid: process.pid });
  child.kill("SIGKILL");
  await waitFor(() => !isAlive(identity));
});

test("a pid that is used again is never hit: another start time means another process", () => {
  const child = sleeper();
  const identity = identityOf(child.pid!)!;
  const before = { ...identity, startedAt: `${identity.startedAt}0` };
  expect(isAlive(before)).toBe(false);
  expect(signalProcess(before, "SIGKILL")).toBe(false);
  expect(isAlive(identity)).toBe(true);
});

test("ending a process whose pid was reused ends nothing", async () => {
  const child = sleeper();
  const identity = identityOf(child.pid!)!;
  const [boot] = identity.startedAt.split(":");
  const earlier = { pid: identity.pid, startedAt: `${boot}:1` };
  expect(await stopService(earlier, 1000)).toBe("was-gone");
  expect(isAlive(identity)).toBe(true);
});

test("a name with brackets and spaces does not shift the fields of /proc/PID/stat", () => {
  const fields = Array.from({ length: 50 }, (_, i) => String(i + 4));
  expect(parseStat(`7 (a) b) S ${fields.join(" ")}`)).toEqual({ state: "S", ticks: "22" });
  expect(parseStat("7 (x) S 1 2")).toBeNull();
});

test("what has ended but was not waited for counts as gone", async () => {
  // The shell becomes a sleep, which never waits for the child that the shell had started.
  const script = "exec 3<&0; (read line <&3) & echo $!; exec sleep 60 </dev/null";
  const parent = spawn("sh", ["-c", script], { stdio: ["pipe", "pipe", "ignore"] });
  onTestFinished(() => void parent.kill("SIGKILL"));
  const pid = await new Promise<number>((resolve) => {
    parent.stdout.once("data", (text: Buffer) => resolve(Number(text.toString())));
  });
  await waitFor(() => readFileSync(`/proc/${parent.pid}/comm`, "utf8") === "sleep\n");
  parent.stdin.end("go\n");
  await waitFor(() => /\) Z /u.test(readFileSync(`/proc/${pid}/stat`, "utf8")));
  expect(identityOf(pid)).toBeNull();
});

test("a service is ready when it says so, and lives in a session of its own", async () => {
  const service = await startService(starting(READY));
  expect(service.ready).toEqual({ ready: true, grpc: "127.0.0.1:1" });
  expect(isAlive(service)).toBe(true);
  const stat = readFileSync(`/proc/${service.pid}/stat`, "utf8");
  const session = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[3];
  expect(Number(session)).toBe(service.pid);
  expect(await stopService(service, 5000)).toBe("stopped");
});

test("one that ends early is reported with the end of its log, without older entries", async () => {
  const first = starting("");
  writeFileSync(join(first.logs, "thing.log"), "an old line\n");
  const script = `console.error(JSON.stringify({ level: 50, msg: "cannot listen", err: { message: "in use" } })); process.exit(1)`;
  const failing = { ...first, argv: [process.execPath, "-e", script] as const };
  const failure = await startService(failing).catch((reason: unknown) => reason as Error);
  expect(failure).toMatchObject({ code: "UNAVAILABLE" });
  expect((failure as Error).message).toContain("thing did not start: it ended before it was ready");
  expect((failure as Error).message).toContain("error: cannot listen: in use");
  expect((failure as Error).message).not.toContain("old line");
});

test("one that never gets ready is reported at the deadline; its record was kept from the start", async () => {
  const started: number[] = [];
  const failure = await startService(
    starting("console.log('hello'); setInterval(() => {}, 1000)", {
      deadlineMs: 200,
      onStarted: (service) => {
        started.push(service.pid);
        onTestFinished(() => void signalProcess(service, "SIGKILL"));
      },
    }),
  ).catch((reason: unknown) => reason as Error);
  expect((failure as Error).message).toContain("was not ready within");
  expect(started).toHaveLength(1);
});

test("a command that does not exist is a failure, not a crash", async () => {
  const failure = await startService(starting("", { argv: ["/nonexistent/program"] })).catch(
    (reason: unknown) => reason as Error,
  );
  expect((failure as Error).message).toContain("could not be started");
});

test("a service that ignores SIGTERM is killed after the grace time", async () => {
  const service = await startService(starting(`process.on("SIGTERM", () => {}); ${READY}`));
  expect(await stopService(service, 100)).toBe("killed");
});

test("the record survives, names the live and forgets the replaced", () => {
  const home = temporary();
  const child = sleeper();
  const identity = identityOf(child.pid!)!;
  const service = { ...identity, name: "scheduler", logFile: "x.log", ready: null };
  const gone = { ...service, startedAt: "before" };
  writeMeshRecord(home, withService(withService(EMPTY_MESH, gone), service));
  const record = readMeshRecord(home);
  expect(record.services).toHaveLength(1);
  expect(liveService(record, "scheduler")?.pid).toBe(identity.pid);
  expect(liveService(record, "agent-local")).toBeNull();
});

test("a damaged record is refused, because what it named may still run", () => {
  const home = temporary();
  writeFileSync(join(home, "mesh.json"), "{");
  expect(() => readMeshRecord(home)).toThrow(expect.objectContaining({ code: "CORRUPT" }));
});

test("two commands never work on one mesh; a dead one's lock is taken over", async () => {
  const home = temporary();
  await withMeshLock(home, async () => {
    await expect(withMeshLock(home, async () => {})).rejects.toMatchObject({ code: "CONFLICT" });
  });
  const dead = JSON.stringify({ pid: process.pid, startedAt: "another life" });
  writeFileSync(join(home, "mesh.lock"), dead);
  expect(await withMeshLock(home, async () => "mine")).toBe("mine");
});

test("every text written to a configuration file is read back as it was", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "grapheme" }), (key, value) => {
      const text = tomlText("head", { "agent.options": { [key]: value }, a: { b: [value], c: 3 } });
      const read = parse(text) as { agent: { options: { [key: string]: string } }; a: object };
      expect(read.agent.options[key.toWellFormed()]).toBe(value.toWellFormed());
      expect(read.a).toEqual({ b: [value.toWellFormed()], c: 3 });
    }),
  );
});

test("the end of a log is readable: no half of a line that was cut", () => {
  const file = join(temporary(), "log");
  const line = (message: string): string =>
    JSON.stringify({ level: "fatal", msg: "cannot run", err: { message } });
  writeFileSync(file, `${line("x".repeat(5_000))}\n${line("no keys")}\n`);
  expect(logTail(file)).toBe("  fatal: cannot run: no keys");
  writeFileSync(file, `${line("short")}\n${line("no keys")}\n`);
  expect(logTail(file)).toBe("  fatal: cannot run: short\n  fatal: cannot run: no keys");
  expect(logTail(join(temporary(), "none"))).toBe("");
});

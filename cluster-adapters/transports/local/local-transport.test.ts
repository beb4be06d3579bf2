import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { tempDirectory } from "#shared/testing/temp-directory.ts";
import { waitFor } from "#shared/testing/wait-for.ts";
import { localTransport } from "./local-transport.ts";

const transport = localTransport();
const SHORT = { timeoutMs: 10_000 };
const ENV = { PATH: "/usr/bin:/bin" };

function folder(): string {
  const directory = tempDirectory("transport");
  onTestFinished(directory.remove);
  return directory.path;
}

function isRunning(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(fs.readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

test("a command gets argv, input, directory and its environment, and nothing of ours", async () => {
  const argv = [
    "/bin/sh",
    "-c",
    'printf "%s|" "$@"; pwd; env | sort >&2; cat',
    "sh",
    "a b",
    "$(id)",
    "",
  ];
  const result = await transport.run(argv, {
    ...SHORT,
    stdin: "in",
    cwd: "/",
    env: { ...ENV, X: "y" },
  });
  expect(result).toMatchObject({ exitCode: 0, signal: null, timedOut: false, truncated: false });
  expect(result.stdout).toBe("a b|$(id)||/\nin");
  expect(result.stderr.split("\n").filter((line) => !line.startsWith("_="))).toEqual([
    "PATH=/usr/bin:/bin",
    "PWD=/",
    "X=y",
    "",
  ]);
  const bare = await transport.run(["env"], SHORT);
  expect(bare.stdout).toMatch(/^PATH=[^\n]*\n$/);
});

test("exit code and signal are kept apart", async () => {
  expect(await transport.run(["/bin/sh", "-c", "exit 7"], SHORT)).toMatchObject({ exitCode: 7 });
  const killed = await transport.run(["/bin/sh", "-c", "kill -9 $$"], SHORT);
  expect(killed).toMatchObject({ exitCode: null, signal: "SIGKILL" });
});

test("a command that is not there is NOT_FOUND, an empty one INVALID", async () => {
  await expect(transport.run(["no-such-command"], SHORT)).rejects.toMatchObject({
    code: "NOT_FOUND",
  });
  await expect(async () => transport.run([], SHORT)).rejects.toMatchObject({ code: "INVALID" });
  const options = { cwd: "/", env: ENV };
  await expect(transport.spawnDetached(["no-such-command"], options)).rejects.toMatchObject({
    code: "NOT_FOUND",
  });
});

test("a command that runs out of time is killed with all it started", async () => {
  const directory = folder();
  const argv = ["/bin/sh", "-c", "trap '' TERM; sleep 600 & echo $! >pid; wait"];
  const running = transport.run(argv, { timeoutMs: 300, cwd: directory, env: ENV });
  const result = await running;
  expect(result).toMatchObject({ exitCode: null, timedOut: true });
  const pid = Number(fs.readFileSync(`${directory}/pid`, "utf8"));
  await waitFor(() => !isRunning(pid));
});

test("output is capped, and the command ended there", async () => {
  const result = await transport.run(["yes"], {
    timeoutMs: 10_000,
    outputBytesMax: 5000,
    env: ENV,
  });
  expect(result.truncated).toBe(true);
  expect(result.stdout.length).toBe(5000);
});

test("what a command leaves running does not hold up its answer", async () => {
  const argv = ["/bin/sh", "-c", "sleep 600 & echo $!"];
  const startedMs = performance.now();
  const result = await transport.run(argv, { ...SHORT, env: ENV });
  expect(performance.now() - startedMs).toBeLessThan(5000);
  process.kill(Number(result.stdout), "SIGKILL");
});

test("a command that does not read its input does no harm", async () => {
  const stdin = "x".repeat(4 * 1024 * 1024);
  expect(await transport.run(["true"], { ...SHORT, stdin, env: ENV })).toMatchObject({
    exitCode: 0,
  });
});

test("a detached process leads a session of its own and its end is told", async () => {
  const directory = folder();
  const ended = Promise.withResolvers<readonly unknown[]>();
  const argv = ["/bin/sh", "-c", "cat /proc/$$/stat >stat; exit 9"];
  const pid = await transport.spawnDetached(argv, {
    cwd: directory,
    env: ENV,
    onExit: (...how) => ended.resolve(how),
  });
  expect(await ended.promise).toEqual([9, null]);
  const fields = fs.readFileSync(`${directory}/stat`, "utf8").split(") ")[1]?.split(" ");
  expect(fields?.slice(2, 4)).toEqual([String(pid), String(pid)]);
});

test("files are read from where and up to what is asked, those of /proc as well", async () => {
  const file = `${folder()}/file`;
  fs.writeFileSync(file, "0123456789");
  const text = async (...args: [number, number?]) =>
    Buffer.from(await transport.readFile(file, ...args)).toString();
  expect(await text(100)).toBe("0123456789");
  expect(await text(4)).toBe("0123");
  expect(await text(4, 8)).toBe("89");
  expect(await text(4, 80)).toBe("");
  const proc = await transport.readFile("/proc/self/status", 1024 * 1024);
  expect(Buffer.from(proc).toString()).toMatch(/^Name:[\s\S]*ctxt_switches:\s+\d+\n$/);
  await expect(transport.readFile(`${file}.none`, 1)).rejects.toMatchObject({ code: "NOT_FOUND" });
});

test("a pipe that nobody writes to is refused, not waited for", async () => {
  const pipe = `${folder()}/pipe`;
  execFileSync("mkfifo", [pipe]);
  await expect(transport.readFile(pipe, 10)).rejects.toThrow();
});

test("a written file is whole, has its mode, and leaves nothing beside it", async () => {
  const directory = folder();
  await transport.writeFile(`${directory}/a`, "one", 0o755);
  await transport.writeFile(`${directory}/a`, new Uint8Array([0, 255]), 0o600);
  expect(fs.readFileSync(`${directory}/a`)).toEqual(Buffer.from([0, 255]));
  expect(await transport.stat(`${directory}/a`)).toMatchObject({
    sizeBytes: 2,
    isDirectory: false,
    mode: 0o600,
  });
  await expect(transport.writeFile(`${directory}/no/a`, "x")).rejects.toMatchObject({
    code: "NOT_FOUND",
  });
  fs.mkdirSync(`${directory}/taken`);
  await expect(transport.writeFile(`${directory}/taken`, "x")).rejects.toThrow(/rename/);
  expect((await transport.list(directory)).toSorted()).toEqual(["a", "taken"]);
  expect(await transport.stat(`${directory}/none`)).toBeNull();
});

test("directories are made with their parents, and again", async () => {
  const path = `${folder()}/a/b/c`;
  await transport.makeDirectory(path);
  await transport.makeDirectory(path);
  expect(await transport.stat(path)).toMatchObject({ isDirectory: true });
  fs.writeFileSync(`${path}/file`, "");
  await expect(transport.makeDirectory(`${path}/file`)).rejects.toMatchObject({
    code: "ALREADY_EXISTS",
  });
  await transport.remove(path);
  await transport.remove(path);
  expect(await transport.stat(path)).toBeNull();
});

test("nothing is ever renamed onto something: full or empty directory, file, dangling link", async () => {
  const directory = folder();
  const at = (name: string): string => `${directory}/${name}`;
  const fresh = (): string => {
    fs.mkdirSync(at("new"), { recursive: true });
    fs.writeFileSync(at("new/job.sh"), "mine");
    fs.writeFileSync(at("file"), "mine");
    return at("new");
  };
  fresh();
  fs.mkdirSync(at("full"));
  fs.writeFileSync(at("full/job.sh"), "theirs");
  fs.mkdirSync(at("empty"));
  fs.writeFileSync(at("taken"), "theirs");
  fs.symlinkSync(at("nowhere"), at("dangling"));
  for (const target of ["full", "empty", "taken", "dangling"]) {
    for (const source of ["new", "file"]) {
      await expect(transport.renameNew(at(source), at(target))).rejects.toMatchObject({
        code: "ALREADY_EXISTS",
      });
    }
  }
  expect(fs.readFileSync(at("full/job.sh"), "utf8")).toBe("theirs");
  expect(fs.readdirSync(at("empty"))).toEqual([]);
  await transport.renameNew(fresh(), at("published"));
  await transport.renameNew(at("file"), at("file2"));
  expect(fs.readFileSync(at("published/job.sh"), "utf8")).toBe("mine");
  expect(fs.existsSync(at("file")) || fs.existsSync(at("new"))).toBe(false);
  await expect(transport.renameNew(at("none"), at("x"))).rejects.toMatchObject({
    code: "NOT_FOUND",
  });
});

test("a rival that publishes between the look and the rename is refused by the kernel", () => {
  // What renameNew rests on once its look is past.
  const directory = folder();
  for (const name of ["mine", "theirs"]) {
    fs.mkdirSync(`${directory}/${name}`);
    fs.writeFileSync(`${directory}/${name}/job.sh`, name);
  }
  expect(() => fs.renameSync(`${directory}/mine`, `${directory}/theirs`)).toThrow(
    /ENOTEMPTY|EEXIST/,
  );
});

test("digests are of the whole file, also of a large one and of one in /proc", async () => {
  const file = `${folder()}/large`;
  const bytes = Buffer.alloc(3 * 1024 * 1024 + 7, "signalbox");
  fs.writeFileSync(file, bytes);
  const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  expect(await transport.digest(file)).toEqual({ digest, sizeBytes: bytes.length });
  expect((await transport.digest("/proc/self/cmdline")).sizeBytes).toBeGreaterThan(0);
  await expect(transport.digest(`${file}.none`)).rejects.toMatchObject({ code: "NOT_FOUND" });
  await transport.close();
});

import { expect, test } from "vitest";
import { invocationOf, workingFolderOf } from "./terminal.ts";

const NPM = {
  npm_package_name: "signalbox",
  npm_package_json: "/clone/package.json",
  npm_lifecycle_event: "signalbox",
  INIT_CWD: "/home/ada/project",
};

test("npm run signalbox, from any folder: files are those beside the user", () => {
  expect(workingFolderOf(NPM, "/clone")).toBe("/home/ada/project");
  expect(workingFolderOf({ ...NPM, npm_lifecycle_event: "demo" }, "/clone")).toBe(NPM.INIT_CWD);
  expect(workingFolderOf({}, "/clone")).toBe("/clone");
});

test("a script of another package, or another one of ours, says where it is itself", () => {
  expect(workingFolderOf({ ...NPM, npm_package_name: "paper" }, "/clone")).toBe("/clone");
  expect(workingFolderOf({ ...NPM, npm_lifecycle_event: "test" }, "/clone")).toBe("/clone");
  expect(workingFolderOf(NPM, "/elsewhere")).toBe("/elsewhere");
});

test("commands to type next are those that work where the user is", () => {
  const env = { ...NPM, npm_command: "run" };
  const ask = (folder: string) => invocationOf({ ...env, INIT_CWD: folder }, "main.ts", "/clone");
  expect(ask("/clone")).toBe("npm run signalbox --");
  expect(ask("/clone/examples/demo")).toBe("npm run signalbox --");
  expect(ask("/home/ada/project")).toBe("signalbox");
  expect(ask("/")).toBe("signalbox");
  expect(invocationOf({ npm_command: "exec" }, "main.js", "/x")).toBe("npx signalbox");
  expect(invocationOf({}, "/usr/bin/signalbox", "/x")).toBe("signalbox");
});

import { expect, test } from "vitest";
import { workingFolderOf } from "./terminal.ts";

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

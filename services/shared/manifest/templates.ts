// Texts with references, checked against what the manifest declares: params are filled in at once,
// outputs stay as holes, and every hole is a need. A value that lands in a script's text becomes
// code, so only plain words may go there: `$(…)` in a param must never reach a shell as a command.

import type { TaskId } from "../base/ids.ts";
import { PLAIN_VALUE } from "../base/plan.ts";
import type { Template, TemplatePart } from "../base/plan.ts";
import type { Findings, Path } from "./manifest-errors.ts";
import type { Params } from "./params.ts";
import type { RawManifest, RawOutput } from "./raw-manifest.ts";
import type { ReferencePart } from "./references.ts";
import { parseReferences } from "./references.ts";
import { suggestion } from "./suggest.ts";

/** What all templates of a plan may come to once params are filled in. */
const TEMPLATE_CHARACTERS_MAX = 16 * 1024 * 1024;

/** What references are looked up in. One per compilation. */
export interface Scope {
  readonly manifest: RawManifest;
  readonly params: Params;
  readonly paramsUsed: Set<string>;
  /** Place in the manifest by task id. */
  readonly places: ReadonlyMap<string, number>;
  readonly findings: Findings;
  /** Characters of templates so far. */
  characters: number;
}

/** Needs of one task: place of the needed task to where in the manifest it says so first. */
export type Needs = Map<number, Path>;

export interface OutputReference {
  readonly task: TaskId;
  readonly output: string;
}

/** "code": plain values only. */
export type Use = "text" | "code";

export function compileTemplate(
  scope: Scope,
  needs: Needs,
  path: Path,
  text: string,
  use: Use,
): Template {
  const template: TemplatePart[] = [];
  for (const part of parseReferences(text)) {
    const compiled = compilePart(scope, needs, path, part, use);
    if (compiled === undefined || compiled === "") continue;
    const last = template.length - 1;
    if (typeof compiled === "string" && typeof template[last] === "string") {
      template[last] += compiled;
    } else {
      template.push(compiled);
    }
    if (typeof compiled === "string") scope.characters += compiled.length;
    if (scope.characters > TEMPLATE_CHARACTERS_MAX) {
      const message = `params filled in make more than ${TEMPLATE_CHARACTERS_MAX} characters`;
      scope.findings.error(path, message, "give long texts to steps as files");
      return [];
    }
  }
  return template;
}

/** The one file output that `text` refers to, when it is exactly such a reference. */
export function compileFileReference(
  scope: Scope,
  needs: Needs,
  path: Path,
  text: string,
): OutputReference | "literal" | undefined {
  const parts = parseReferences(text.trim());
  const outputs = parts.filter((part) => part.kind === "output");
  if (outputs.length === 0) return "literal";
  const [part] = outputs;
  if (parts.length > 1 || part === undefined) {
    const hint = "write the reference alone, or give the text as {text: …}";
    scope.findings.error(path, "a file output cannot be a part of a text", hint, {
      reference: part?.nth ?? 0,
    });
    return undefined;
  }
  const found = lookUp(scope, needs, path, part);
  if (found === undefined) return undefined;
  if (found.raw.file === undefined) {
    const message = `output ${part.output} of ${part.task} is a value, not a file`;
    scope.findings.error(
      path,
      message,
      'write {text: "${{ … }}"} for a file with the value in it',
      {
        reference: part.nth,
      },
    );
    return undefined;
  }
  return { task: part.task as TaskId, output: part.output };
}

function compilePart(
  scope: Scope,
  needs: Needs,
  path: Path,
  part: ReferencePart,
  use: Use,
): TemplatePart | undefined {
  switch (part.kind) {
    case "text":
      return part.text;
    case "bad":
      scope.findings.error(path, part.message, part.hint, { reference: part.nth });
      return undefined;
    case "param":
      return paramText(scope, path, part, use);
    case "output": {
      const found = lookUp(scope, needs, path, part);
      if (found === undefined) return undefined;
      if (found.raw.value === undefined) {
        const message = `output ${part.output} of ${part.task} is a file, not a value`;
        const hint =
          `give it to the step as a file: with.files: {NAME: "\${{ ` +
          `tasks.${part.task}.outputs.${part.output} }}"}`;
        scope.findings.error(path, message, hint, { reference: part.nth });
        return undefined;
      }
      const reference = { task: part.task as TaskId, output: part.output };
      return use === "code" ? { ...reference, plain: true } : reference;
    }
  }
}

function paramText(
  scope: Scope,
  path: Path,
  part: ReferencePart & { readonly kind: "param" },
  use: Use,
): string | undefined {
  const declared = scope.manifest.params ?? {};
  if (!Object.hasOwn(declared, part.name)) {
    const hint = suggestion(part.name, Object.keys(declared), "params");
    scope.findings.error(path, `there is no param ${JSON.stringify(part.name)}`, hint, {
      reference: part.nth,
    });
    return undefined;
  }
  scope.paramsUsed.add(part.name);
  if (!Object.hasOwn(scope.params, part.name)) return undefined; // Its own error was reported.
  const text = String(scope.params[part.name]);
  if (use === "code" && !PLAIN_VALUE.test(text)) {
    const shown = JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}...` : text);
    const message = `param ${part.name} is ${shown}, which would become code here`;
    const hint = `give it by env: {NAME: "\${{ params.${part.name} }}"}, and write "$NAME" there`;
    scope.findings.error(path, message, hint, { reference: part.nth });
    return undefined;
  }
  return text;
}

function lookUp(
  scope: Scope,
  needs: Needs,
  path: Path,
  part: ReferencePart & { readonly kind: "output" },
): { readonly raw: RawOutput } | undefined {
  const spot = { reference: part.nth };
  const place = scope.places.get(part.task);
  if (place === undefined) {
    const hint = suggestion(part.task, [...scope.places.keys()], "tasks");
    scope.findings.error(path, `there is no task ${JSON.stringify(part.task)}`, hint, spot);
    return undefined;
  }
  const outputs = scope.manifest.tasks[place]?.outputs ?? {};
  if (!Object.hasOwn(outputs, part.output)) {
    const message = `task ${part.task} has no output ${JSON.stringify(part.output)}`;
    const hint = suggestion(part.output, Object.keys(outputs), `outputs of ${part.task}`);
    scope.findings.error(path, message, hint, spot);
    return undefined;
  }
  if (!needs.has(place)) needs.set(place, path);
  return { raw: outputs[part.output] as RawOutput };
}

// `${{ params.x }}` and `${{ tasks.scf.outputs.energy }}` inside a text. `$${{` is a literal `${{`.
// Nothing else is an expression: what stands between the braces is a name, never evaluated.

export type ReferencePart =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "param"; readonly name: string; readonly nth: number }
  | {
      readonly kind: "output";
      readonly task: string;
      readonly output: string;
      readonly nth: number;
    }
  | { readonly kind: "bad"; readonly message: string; readonly hint: string; readonly nth: number };

const OPEN = "${{";
const CLOSE = "}}";
const NAME = /^[A-Za-z0-9_][A-Za-z0-9_-]{0,62}$/;
export const REFERENCE_HINT =
  "write ${{ params.NAME }} or ${{ tasks.TASK.outputs.NAME }}; a literal ${{ is written $${{";

/** The parts of `text` in order; `nth` counts each `${{` in it from 0, escaped ones too. */
export function parseReferences(text: string): readonly ReferencePart[] {
  let open = text.indexOf(OPEN);
  if (open < 0) return text === "" ? [] : [{ kind: "text", text }];
  const parts: ReferencePart[] = [];
  let literal = "";
  let from = 0;
  for (let nth = 0; open >= 0; nth++) {
    if (text[open - 1] === "$" && open - 1 >= from) {
      literal += text.slice(from, open - 1) + OPEN;
      from = open + OPEN.length;
    } else {
      literal += text.slice(from, open);
      if (literal !== "") parts.push({ kind: "text", text: literal });
      literal = "";
      const close = text.indexOf(CLOSE, open);
      if (close < 0) {
        parts.push({ kind: "bad", message: "${{ without }}", hint: REFERENCE_HINT, nth });
        return parts;
      }
      parts.push(referenceOf(text.slice(open + OPEN.length, close).trim(), nth));
      from = close + CLOSE.length;
    }
    open = text.indexOf(OPEN, from);
  }
  literal += text.slice(from);
  if (literal !== "") parts.push({ kind: "text", text: literal });
  return parts;
}

function referenceOf(expression: string, nth: number): ReferencePart {
  const steps = expression.split(".");
  if (steps.every((step) => NAME.test(step))) {
    const [root, name, middle, output] = steps as [string, string, string, string];
    if (root === "params" && steps.length === 2) return { kind: "param", name, nth };
    if (root === "tasks" && steps.length === 4 && middle === "outputs") {
      return { kind: "output", task: name, output, nth };
    }
  }
  const shown = expression.length > 80 ? `${expression.slice(0, 77)}...` : expression;
  return { kind: "bad", message: `\${{ ${shown} }} is no reference`, hint: REFERENCE_HINT, nth };
}

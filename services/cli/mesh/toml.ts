// Configuration files as `up` and `agent` write them: sections of texts, numbers and booleans.

export type TomlValue = string | number | boolean | readonly string[];

export interface TomlSections {
  readonly [section: string]: { readonly [key: string]: TomlValue | null };
}

/** TOML 1.0 with `comment` at its head; keys whose value is `null` are left out. */
export function tomlText(comment: string, sections: TomlSections): string {
  const blocks = [
    comment
      .split("\n")
      .map((line) => `# ${line}`.trimEnd())
      .join("\n"),
  ];
  for (const [section, keys] of Object.entries(sections)) {
    const lines = Object.entries(keys)
      .filter((entry): entry is [string, TomlValue] => entry[1] !== null)
      .map(([key, value]) => `${keyText(key)} = ${valueText(value)}`);
    if (lines.length > 0) blocks.push([`[${section}]`, ...lines].join("\n"));
  }
  return `${blocks.join("\n\n")}\n`;
}

function keyText(key: string): string {
  return /^[A-Za-z0-9_-]+$/u.test(key) ? key : stringText(key);
}

function valueText(value: TomlValue): string {
  if (typeof value === "string") return stringText(value);
  if (typeof value === "object") return `[${value.map(stringText).join(", ")}]`;
  return String(value);
}

/** JSON's escapes are TOML's basic-string escapes, but for DEL, which JSON leaves as it is. */
function stringText(text: string): string {
  return JSON.stringify(text.toWellFormed()).replaceAll("\u007f", "\\u007f");
}

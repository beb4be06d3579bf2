// The lines that docs/guides/clients.md tells people to copy, with another address in them.

import { readRepositoryFile } from "../repository.ts";

export interface Snippet {
  /** The section that it stands in. */
  readonly section: string;
  readonly language: string;
  readonly code: string;
}

const ADDRESS = "http://127.0.0.1:8000/v1";

/** In the page's order; `url` ends in /v1. */
export function guideSnippets(languages: readonly string[], url: string): Snippet[] {
  const page = readRepositoryFile("docs/guides/clients.md");
  const sections = page.split(/^## /m).slice(1);
  const all = sections.flatMap((text) => {
    const section = text.slice(0, text.indexOf("\n"));
    return [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(
      ([, language = "", code = ""]) => ({
        section,
        language,
        code: code.replaceAll(ADDRESS, url),
      }),
    );
  });
  return all.filter(({ language }) => languages.includes(language));
}

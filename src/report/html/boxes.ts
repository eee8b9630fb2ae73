/** The sections of a report's page as boxes: what is plain and folded opens on a click. */
import { counted } from "../../model/words.js";
import { fileLook, type Row } from "../layout.js";
import type { Section } from "../page.js";
import { type Html, html } from "./markup.js";

const marks: Readonly<Record<Row["sign"], readonly [name: string, mark: string]>> = {
  "+": ["plus", "+"],
  "-": ["minus", "−"],
  "~": ["tilde", "~"],
  "!": ["bang", "!"],
  " ": ["neutral", ""],
};

const rowItem = ({ sign, text, depth }: Row): Html => {
  const [name, mark] = marks[sign];
  return html`<li class="${name} d${depth}"><span class="mark">${mark}</span>${text}</li>
`;
};

/** Rows of a list at most: the first are the worst, or the largest. The tree and the table have every entry. */
const mostRows = 100;

const moreText = (left: number): string =>
  `… and ${counted(left, "more row")}: --format json has all of them`;

const rowList = (rows: readonly Row[]): Html => {
  const left = rows.length - mostRows;
  const more: Row = { sign: " ", depth: 1, text: moreText(left) };
  return html`<ul class="rows">
${[...rows.slice(0, mostRows), ...(left > 0 ? [more] : [])].map(rowItem)}</ul>`;
};

const textBlock = (rows: Extract<Section, { kind: "text" }>["rows"]): Html => {
  const left = rows.length - mostRows;
  const shown = rows.slice(0, mostRows).map((row) => row(fileLook));
  return html`<pre class="said">${[...shown, ...(left > 0 ? [moreText(left)] : [])].join("\n")}</pre>`;
};

const box = (section: Section): Html => {
  const { title, tone, folded } = section;
  const body = section.kind === "rows" ? rowList(section.rows.flat()) : textBlock(section.rows);
  return folded === true
    ? html`<details class="box plain"><summary>${title}</summary>
${body}
</details>
`
    : html`<section class="box ${tone}"><h3>${title}</h3>
${body}
</section>
`;
};

/** In their order; those that go beside each other share a line where there is room. */
export const boxesOf = (sections: readonly Section[]): readonly Html[] => {
  const shown = sections.filter(({ only, rows }) => only !== "markdown" && rows.length > 0);
  return shown.flatMap((section, at): readonly Html[] => {
    if (section.beside !== true) return [box(section)];
    if (shown[at - 1]?.beside === true) return [];
    const rest = shown.slice(at);
    const end = rest.findIndex(({ beside }) => beside !== true);
    return [html`<div class="two">${(end < 0 ? rest : rest.slice(0, end)).map(box)}</div>`];
  });
};

/** The frame of the page: its head with the policy that forbids every request, the sections, and the data of its script. */

import type { Prefix } from "../../address/prefix.js";
import { pageScript, pageScriptHash, pageStyle, pageStyleHash } from "../../generated/page.js";
import { cut, jsonText } from "../../model/escape.js";
import { shortPrefix } from "../explain.js";
import { type Html, html, ownText } from "./markup.js";
import type { PageData } from "./page-data.js";
import { type Picture, pictureData } from "./picture.js";

/** What a report has to show. Texts are plain, and neutralised here. */
export interface PagePart {
  readonly title: string;
  /** The one sentence that says what it comes to. */
  readonly closing: string;
  readonly facts: string;
  readonly boxes: readonly Html[];
  readonly picture?: Picture;
  /** The question that the page begins with. */
  readonly asked?: Prefix;
}

/** A part, of a policy where the run had several. */
interface PolicyPart {
  readonly part: PagePart;
  readonly outcome: string;
  readonly policy?: string;
}

interface PageContext {
  readonly version: string;
  readonly at?: string;
  readonly soonDays: number;
}

/** Nothing is loaded, sent or run but what is in the page, by its hash. */
const contentPolicy = `default-src 'none'; script-src '${pageScriptHash}'; style-src '${pageStyleHash}'; base-uri 'none'; form-action 'none'`;

/** JSON in a script element: nothing in it can end the element, or begin a comment. */
const scriptJson = (data: PageData): Html =>
  ownText(jsonText(data, 0).replaceAll("<", "\\u003c").replaceAll(">", "\\u003e").replaceAll("&", "\\u0026"));

const head = (title: string): Html => html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${ownText(contentPolicy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="generator" content="dbt-ip-rules">
<title>${title}</title>
<style>${ownText(pageStyle)}</style>
</head>
`;

const question = (several: boolean): Html => html`<form class="ask" id="ask" data-ask>
<h2>Ask: who gets in?</h2>
<label for="address">An address or a prefix</label>
<input id="address" name="address" type="text" inputmode="text" autocomplete="off" autocapitalize="none" spellcheck="false" placeholder="203.0.113.7 or 2001:db8::/32" aria-describedby="ask-note">
<p class="faint" id="ask-note">Answered in this page as you type, by the code of <code>dbt-ip-rules explain</code>${several ? ", for each policy" : ""}. Nothing is sent.</p>
<div role="status" aria-label="Answer"></div>
</form>
`;

const familyHtml = (
  name: "IPv4" | "IPv6",
  heads: readonly string[],
  level: Html,
): Html => html`<section data-family="${name}">
${level === third ? html`<h3>${name}</h3>` : html`<h4>${name}</h4>`}
<p class="none faint">No entry here.</p>
<table class="tree wide">
<caption>Every ${name} prefix that an entry names, inside the one that holds it</caption>
<thead><tr><th scope="col">Prefix</th><th scope="col">Addresses</th>${heads.map((one) => html`<th scope="col">${one}</th>`)}${heads.length > 1 ? html`<th scope="col">Change</th>` : html``}<th scope="col">Rule</th><th scope="col">Comment, date, list</th></tr></thead>
<tbody></tbody>
</table>
</section>
`;

const third = html``;
const fourth = html``;

/** Why a column shows what is not in force. */
const enforcementNote = ({ views }: Picture): Html => {
  const off = views.filter(({ state }) => state.enforcement === "disabled");
  if (off.length === 0) return html``;
  if (off.length === views.length)
    return html`<p><strong>Enforcement is off: every address is allowed today.</strong> The tree shows what the entries would mean once it is on.</p>`;
  return html`<p><strong>${off.map(({ heading }) => heading)}: enforcement is off, so that every address is allowed.</strong></p>`;
};

const pictureHtml = (picture: Picture, number: number, several: boolean): Html => {
  const id = (name: string): string => `${name}-${number + 1}`;
  const compares = picture.views.length > 1;
  const heads = picture.views.map(({ heading }) => heading);
  const level = several ? fourth : third;
  const title = (text: string, name: string): Html =>
    several ? html`<h3 id="${id(name)}">${text}</h3>` : html`<h2 id="${id(name)}">${text}</h2>`;
  return html`<div data-picture="${number}">
${title("The address space", "tree")}
${enforcementNote(picture)}${picture.caveat === undefined ? html`` : html`<p><strong>${picture.caveat}</strong></p>`}
<p class="key">✓ allowed, ✕ blocked${compares ? "; + added, − removed, ~ changed" : ""}. A bar is as long as the exponent of its size: solid is allowed, hatched is blocked${compares ? "; the upper line is before, the lower after" : ""}. A hole is a denied range inside an allowed one, an opening the other way round.${picture.lacks === undefined ? "" : ` ${picture.lacks}`}</p>
<form data-filters aria-label="Filter the tree and the table">
<label>Rule <select name="rule"><option value="">all</option></select></label>
<label>List <select name="list"><option value="">all</option></select></label>
<label${compares ? html`` : html` hidden`}><input type="checkbox" name="changed"> changed</label>
<label><input type="checkbox" name="soon"> expiring soon</label>
<p data-count aria-live="polite"></p>
</form>
${familyHtml("IPv4", heads, level)}
${familyHtml("IPv6", heads, level)}
<section data-entries>
${title("All entries", "entries")}
<table class="wide entries"><caption>Sort by a column's name; a prefix leads to its place in the tree</caption></table>
<p data-more></p>
</section>
</div>
`;
};

const facts = ({ facts: text }: PagePart): Html =>
  text === "" ? html`` : html`<p class="facts">${text}</p>`;

const closingFoot = ({ version, at }: PageContext): Html =>
  html`<footer><p>Made by dbt-ip-rules ${version}${at === undefined ? "" : ` on ${at.slice(0, 16).replace("T", " ")} UTC`}. This file is complete: it loads nothing and sends nothing.</p></footer>
`;

const links = (items: readonly (readonly [id: string, text: string])[]): Html =>
  html`<nav aria-label="In this page"><ul>${items.map(([id, text]) => html`<li><a href="#${id}">${text}</a></li>`)}</ul></nav>
`;

const noScript = html`<noscript><p>The question, the tree and the table need JavaScript; what is above does not.</p></noscript>
`;

const one = ({ part, policy }: PolicyPart): Html => {
  const { picture } = part;
  return html`<header>
<h1>dbt IP restrictions: ${part.title}</h1>
<p class="closing">${part.closing}</p>
${facts(part)}
${policy === undefined ? html`` : html`<p class="facts">Policy: <code>${policy}</code></p>`}
${
  picture === undefined
    ? html``
    : links([
        ["ask", "Ask"],
        ["tree-1", "The address space"],
        ["entries-1", "All entries"],
      ])
}
</header>
<main id="main">
${part.boxes}
${picture === undefined ? html`` : html`${question(false)}${noScript}${pictureHtml(picture, 0, false)}`}
</main>
`;
};

const all = (parts: readonly PolicyPart[]): Html => {
  let drawn = 0;
  const anyPicture = parts.some(({ part }) => part.picture !== undefined);
  const sections = parts.map(
    ({ part, policy }, at) => html`<section aria-labelledby="policy-${at + 1}">
<h2 id="policy-${at + 1}"><code>${policy ?? ""}</code>: ${part.title}</h2>
<p class="closing">${part.closing}</p>
${facts(part)}
${part.boxes}
${part.picture === undefined ? html`` : pictureHtml(part.picture, drawn++, true)}
</section>
`,
  );
  return html`<header>
<h1>dbt IP restrictions: ${String(parts.length)} policies</h1>
<table class="outcomes"><thead><tr><th scope="col">Policy</th><th scope="col">Outcome</th><th scope="col">Verdict</th></tr></thead>
<tbody>${parts.map(
    ({ part, policy, outcome }, at) =>
      html`<tr><th scope="row"><a href="#policy-${at + 1}">${policy ?? ""}</a></th><td>${outcome}</td><td>${part.title}</td></tr>
`,
  )}</tbody></table>
</header>
<main id="main">
${anyPicture ? html`${question(true)}${noScript}` : html``}
${sections}
</main>
`;
};

export const documentHtml = (parts: readonly PolicyPart[], context: PageContext): Html => {
  const [only, ...more] = parts;
  const single = only !== undefined && more.length === 0;
  const title = single
    ? `dbt IP restrictions: ${only.part.title}`
    : `dbt IP restrictions: ${parts.length} policies`;
  const pictures = parts.flatMap(({ part, policy }) =>
    part.picture === undefined
      ? []
      : [
          pictureData({
            ...part.picture,
            ...(single || policy === undefined ? {} : { title: policy }),
            ...(part.asked === undefined ? {} : { asked: shortPrefix(part.asked) }),
          }),
        ],
  );
  const data: PageData = {
    ...(context.at === undefined ? {} : { at: context.at }),
    soonDays: context.soonDays,
    pictures,
  };
  return html`${head(cut(title, 120))}<body>
<a class="skip" href="#main">To the verdict</a>
${single ? one(only) : all(parts)}${closingFoot(context)}${
  pictures.length === 0
    ? html``
    : html`<script type="application/json">${scriptJson(data)}</script>
<script>${ownText(pageScript)}</script>
`
}</body>
</html>
`;
};

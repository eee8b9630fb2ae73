/**
 * The address space as an indented tree, in a table: a row for each prefix that an entry names, with what holds there
 * before and after. What changes is open and the rest is folded; of a long list so much is drawn as a reader can look at,
 * so that no page is ever too large for its tab.
 */
import { button, type Child, element } from "./dom.js";
import type { Matches } from "./filter.js";
import { type Entry, type Family, hasEffect, type Picture, type TreeNode, type Verdict } from "./picture.js";
import {
  changeWords,
  holeWords,
  isIn,
  nodeAccess,
  ruleName,
  sizeOf,
  typeIn,
  typeOf,
  untilWords,
} from "./words.js";

/** Rows that unfold at once. */
const chunk = 100;
/** So few alike neighbours are not worth a fold. */
const few = 4;
/** Rows that are drawn unasked; and of a list in which nothing matters more than the rest. */
const most = 400;
const mostAlike = 50;

const verdictSign = (allowed: boolean): string => (allowed ? "✓" : "✕");

const verdictCell = (node: TreeNode, view: number, picture: Picture): HTMLElement => {
  const verdict = node.verdicts?.[view];
  const parts: Child[] = [];
  if (verdict === undefined) parts.push(element("span", { class: "faint" }, "all of it is decided inside"));
  else {
    const own = verdict.by !== undefined && node.entries.includes(verdict.by);
    parts.push(
      element(
        "span",
        { class: `verdict ${verdict.allowed ? "allowed" : "blocked"}` },
        element("span", { "aria-hidden": "true" }, `${verdictSign(verdict.allowed)} `),
        verdict.allowed ? "allowed" : "blocked",
      ),
      element("span", { class: "faint" }, ` ${own ? "by this entry" : byWords(verdict, view, picture)}`),
    );
  }
  for (const entry of node.entries) {
    if (!isIn(entry, view) || hasEffect(entry, view)) continue;
    parts.push(element("span", { class: "tag" }, `${typeIn(entry, view)} entry disabled`));
  }
  return element("td", { "data-label": picture.views[view]?.heading ?? "" }, ...parts);
};

const byWords = ({ by, allowed }: Verdict, view: number, picture: Picture): string => {
  if (by !== undefined) return `by ${by.text}`;
  if (picture.views[view]?.enforcement === "disabled" && !picture.assumed) return "enforcement is off";
  return allowed ? "no entry denies it" : "no entry allows it";
};

const signOf = (node: TreeNode, picture: Picture): string => {
  if (picture.views.length < 2 || !node.changed) return "";
  const words = node.entries.map((entry) => changeWords(entry, picture));
  if (words.every((one) => one.startsWith("added"))) return "+";
  if (words.every((one) => one === "removed")) return "−";
  return "~";
};

const accessTag = (node: TreeNode): HTMLElement | undefined => {
  const words = nodeAccess(node);
  if (words === "") return undefined;
  return element("span", { class: `tag ${words.endsWith("loses access") ? "loses" : "gains"}` }, words);
};

const changeTags = (node: TreeNode, picture: Picture): readonly HTMLElement[] =>
  [...new Set(node.entries.map((entry) => changeWords(entry, picture)))]
    .filter((words) => words !== "")
    .map((words) => element("span", { class: "tag" }, words));

const changeCell = (node: TreeNode, picture: Picture): readonly HTMLElement[] =>
  picture.views.length < 2
    ? []
    : [
        element(
          "td",
          { "data-label": "Change" },
          ...[accessTag(node), ...changeTags(node, picture)].filter((tag) => tag !== undefined),
        ),
      ];

const ruleCell = (node: TreeNode): HTMLElement =>
  element(
    "td",
    { "data-label": "Rule" },
    ...node.entries.map((entry) =>
      element(
        "div",
        { class: "rule" },
        element("span", { class: "faint" }, `${typeOf(entry)} `),
        element("span", { class: "name" }, ruleName(entry)),
        entry.rule.unmanaged && element("span", { class: "tag" }, "not in the policy"),
      ),
    ),
  );

const noteCell = (node: TreeNode, at: string | undefined): HTMLElement =>
  element(
    "td",
    { "data-label": "Notes" },
    ...node.entries.map((entry: Entry) => {
      const until = untilWords(entry.expires, at);
      if (entry.comment === "" && until === "" && entry.list === "") return undefined;
      return element(
        "div",
        { class: "note" },
        entry.comment !== "" && element("span", { class: "comment" }, entry.comment),
        until !== "" && element("span", { class: "tag" }, until),
        entry.list !== "" && element("span", { class: "tag" }, `list ${entry.list}`),
      );
    }),
  );

const sizeCell = (node: TreeNode): HTMLElement => {
  const { words, part } = sizeOf(node.prefix);
  const bar = element("span", { class: "bar", "aria-hidden": "true" });
  // What holds before, above what holds after; solid is allowed, an outline is blocked.
  for (const verdict of node.verdicts ?? [undefined]) {
    const line = element("span", {
      class: verdict === undefined ? "inside" : verdict.allowed ? "allowed" : "blocked",
    });
    line.style.setProperty("--part", part.toFixed(3));
    bar.append(line);
  }
  return element("td", { "data-label": "Addresses", class: "size" }, bar, element("span", {}, words));
};

interface Shown {
  readonly row: HTMLTableRowElement;
  readonly toggle: HTMLButtonElement | undefined;
}

/** Nodes in a row that are not drawn. */
interface Fold {
  readonly row: HTMLTableRowElement;
  nodes: readonly TreeNode[];
}

const levelOf = (row: Element | null): number => Number(row?.getAttribute("data-level") ?? -1);

export class FamilyTree {
  readonly #family: Family;
  readonly #picture: Picture;
  readonly #at: string | undefined;
  readonly #body: HTMLTableSectionElement;
  readonly #shown = new Map<TreeNode, Shown>();
  #folds: Fold[] = [];
  /** How many nodes match, in and under each; absent where all do. */
  #matching: ReadonlyMap<TreeNode, number> | undefined;
  #drawn = 0;

  constructor(family: Family, picture: Picture, at: string | undefined, body: HTMLTableSectionElement) {
    this.#family = family;
    this.#picture = picture;
    this.#at = at;
    this.#body = body;
  }

  /** Draws the tree anew. Returns how many nodes match. */
  draw(matches: Matches | undefined): number {
    this.#body.replaceChildren();
    this.#shown.clear();
    this.#folds = [];
    this.#drawn = 0;
    const { top, rest } = this.#family;
    this.#matching = matches === undefined ? undefined : this.#count(matches);
    if (rest !== undefined) this.#body.append(this.#restRow(rest));
    const list = this.#matching === undefined ? top : top.filter((node) => this.#matching?.has(node));
    this.#body.append(...this.#rows(list, 1));
    return this.#matching?.size ?? top.length;
  }

  #count(matches: Matches): ReadonlyMap<TreeNode, number> {
    const counts = new Map<TreeNode, number>();
    const visit = (node: TreeNode): number => {
      const own = Number(node.entries.some(matches));
      const count = node.children.reduce((sum, child) => sum + visit(child), own);
      if (count > 0) counts.set(node, count);
      return count;
    };
    this.#family.top.forEach(visit);
    return counts;
  }

  #restRow(rest: readonly Verdict[]): HTMLTableRowElement {
    const node = { verdicts: rest, entries: [], parent: undefined } as const;
    const whole: TreeNode = {
      ...node,
      prefix: { network: 0n, length: 0 },
      text: "",
      children: [],
      changed: false,
      changedInside: 0,
      inside: 0,
    };
    return element(
      "tr",
      { class: "rest", "data-level": "0" },
      element("th", { scope: "row" }, `every other ${this.#family.name} address`),
      element("td", {}),
      ...rest.map((_, view) => verdictCell(whole, view, this.#picture)),
      ...changeCell(whole, this.#picture),
      element("td", {}),
      element("td", {}),
    );
  }

  #matters(node: TreeNode): boolean {
    return (this.#matching?.get(node) ?? node.changedInside) > 0;
  }

  /** Rows of neighbours: those that matter with what is in them, the others folded where they are many. */
  #rows(nodes: readonly TreeNode[], level: number): HTMLTableRowElement[] {
    const rows: HTMLTableRowElement[] = [];
    const isShort = nodes.length <= 3 * few;
    const alike = level === 1 && !nodes.some((node) => this.#matters(node)) ? mostAlike : 0;
    let run: TreeNode[] = [];
    const endRun = (): void => {
      const shown = isShort || run.length <= few + alike ? run.length : alike;
      for (const node of run.slice(0, shown)) rows.push(this.#nodeRow(node, level));
      if (shown < run.length) rows.push(this.#foldRow(run.slice(shown), level));
      run = [];
    };
    for (const node of nodes) {
      if (!this.#matters(node) || this.#drawn >= most) {
        run.push(node);
        continue;
      }
      endRun();
      rows.push(this.#nodeRow(node, level));
      // What is wanted of a filter is everything that matches; of a change, what leads to it.
      if (node.children.some((child) => this.#matters(child))) rows.push(...this.#open(node, level));
    }
    endRun();
    return rows;
  }

  #childrenOf(node: TreeNode): readonly TreeNode[] {
    return this.#matching === undefined
      ? node.children
      : node.children.filter((child) => this.#matching?.has(child));
  }

  /** What is in a node, which is marked as open. */
  #open(node: TreeNode, level: number): HTMLTableRowElement[] {
    this.#shown.get(node)?.toggle?.setAttribute("aria-expanded", "true");
    return this.#rows(this.#childrenOf(node), level + 1);
  }

  #nodeRow(node: TreeNode, level: number): HTMLTableRowElement {
    const picture = this.#picture;
    this.#drawn += 1;
    const children = this.#childrenOf(node);
    const inside = node.inside.toLocaleString("en-US");
    const toggle =
      children.length === 0
        ? undefined
        : button("", () => this.#toggle(node), {
            class: "toggle",
            "aria-expanded": "false",
            "aria-label": `${inside} inside ${node.text}`,
            title: `${inside} inside`,
          });
    const hole = holeWords(node);
    const holes = node.children.filter((child) => holeWords(child) === "hole").length;
    const head = element(
      "th",
      { scope: "row" },
      element(
        "span",
        { class: "prefix" },
        toggle ?? element("span", { class: "leaf", "aria-hidden": "true" }),
        element("span", { class: "sign", "aria-hidden": "true" }, signOf(node, picture)),
        element("code", {}, node.text),
      ),
      hole !== "" && element("span", { class: "tag hole" }, hole),
      holes > 0 && element("span", { class: "tag" }, holes === 1 ? "1 hole inside" : `${holes} holes inside`),
    );
    const row = element(
      "tr",
      {
        "data-level": String(level),
        tabindex: "-1",
        class: `${node.changed ? "changed" : ""} ${hole === "" ? "" : "is-hole"}`.trim() || undefined,
      },
      head,
      sizeCell(node),
      ...picture.views.map((_, view) => verdictCell(node, view, picture)),
      ...changeCell(node, picture),
      ruleCell(node),
      noteCell(node, this.#at),
    );
    head.style.setProperty("--level", String(level - 1));
    this.#shown.set(node, { row, toggle });
    return row;
  }

  #foldRow(nodes: readonly TreeNode[], level: number): HTMLTableRowElement {
    const [first, last] = [nodes[0]?.text, nodes.at(-1)?.text];
    const count = nodes.length.toLocaleString("en-US");
    const what = nodes.some((node) => this.#matters(node))
      ? "more"
      : this.#picture.views.length > 1
        ? "unchanged"
        : "folded";
    const head = element("th", { scope: "row", colspan: String(this.#picture.views.length === 1 ? 5 : 7) });
    const row = element("tr", { class: "fold", "data-level": String(level) }, head);
    const fold: Fold = { row, nodes };
    head.append(
      element(
        "span",
        { class: "prefix" },
        button(`${count} ${what}: ${first} … ${last}`, () => this.#unfold(fold, 0, chunk, true), {
          class: "unfold",
          "aria-expanded": "false",
        }),
      ),
    );
    head.style.setProperty("--level", String(level - 1));
    this.#folds.push(fold);
    return row;
  }

  /** Draws a part of a fold, and folds what is before and behind it. */
  #unfold({ row, nodes }: Fold, from: number, to: number, focus: boolean): void {
    const level = levelOf(row);
    const part = (some: readonly TreeNode[]): HTMLTableRowElement[] =>
      some.length === 0 ? [] : [this.#foldRow(some, level)];
    const drawn = nodes.slice(from, to).map((node) => this.#nodeRow(node, level));
    this.#folds = this.#folds.filter((fold) => fold.row !== row);
    row.replaceWith(...part(nodes.slice(0, from)), ...drawn, ...part(nodes.slice(to)));
    if (focus) drawn[0]?.focus();
  }

  #toggle(node: TreeNode): void {
    const shown = this.#shown.get(node);
    if (shown?.toggle?.getAttribute("aria-expanded") === "true") this.#close(node);
    else this.#openAt(node);
  }

  #openAt(node: TreeNode): void {
    const shown = this.#shown.get(node);
    if (shown === undefined || shown.toggle?.getAttribute("aria-expanded") === "true") return;
    // What is asked for is drawn, however much there is already.
    this.#drawn = 0;
    shown.row.after(...this.#open(node, levelOf(shown.row)));
  }

  #close(node: TreeNode): void {
    const shown = this.#shown.get(node);
    if (shown === undefined) return;
    shown.toggle?.setAttribute("aria-expanded", "false");
    const level = levelOf(shown.row);
    for (let next = shown.row.nextElementSibling; levelOf(next) > level; next = shown.row.nextElementSibling)
      next?.remove();
    for (const [one, { row }] of this.#shown) if (!row.isConnected) this.#shown.delete(one);
    this.#folds = this.#folds.filter(({ row }) => row.isConnected);
  }

  /** Opens what leads to a node, and goes there. False where a filter leaves it out. */
  reveal(node: TreeNode): boolean {
    if (this.#matching !== undefined && !this.#matching.has(node)) return false;
    if (node.parent !== undefined) {
      if (!this.reveal(node.parent)) return false;
      this.#openAt(node.parent);
    }
    const fold = this.#shown.has(node) ? undefined : this.#folds.find(({ nodes }) => nodes.includes(node));
    if (fold !== undefined) {
      const at = fold.nodes.indexOf(node);
      this.#unfold(fold, at, at + 1, false);
    }
    const row = this.#shown.get(node)?.row;
    if (row === undefined) return false;
    row.scrollIntoView({ block: "center" });
    row.focus({ preventScroll: true });
    return true;
  }
}

/**
 * YAML nodes to the raw policy. Lenient on purpose: whatever has the wrong shape is skipped, because the
 * schema check reports it; what has the right shape is kept even where its neighbour is wrong.
 */
import { isMap, isScalar, isSeq, type Node, type Pair, Scalar } from "yaml";
import type { SourceRange } from "../model/diagnostic.js";
import { present } from "../model/present.js";
import { isExpiry } from "../model/time.js";
import type {
  Located,
  LocatedText,
  RawContent,
  RawEntry,
  RawGuards,
  RawInclude,
  RawLimit,
  RawList,
  RawNetwork,
  RawPolicy,
  RawReader,
  RawRule,
  RawTest,
} from "./raw-policy.js";
import type { SourceText } from "./source-text.js";
import { followed, nodeRange, type YamlText } from "./yaml.js";

const listKeys = ["select", "column", "host_bits"];
const sourceKeys = ["max_change", "max_age"];

/** By the kind of a network: the keys that say nothing about it. */
const unfit: Readonly<Record<RawContent["kind"], readonly string[]>> = {
  list: [...listKeys, ...sourceKeys, "review_by"],
  network: [...listKeys, ...sourceKeys, "review_by"],
  file: sourceKeys,
  source: ["review_by"],
};

/** Lists are reviewed by the day. */
const isoDate = /^\d{4}-\d{2}-\d{2}$/;

class Reader {
  readonly #source: SourceText;
  readonly #yaml: YamlText;

  constructor(yaml: YamlText) {
    this.#source = yaml.source;
    this.#yaml = yaml;
  }

  policy(): RawPolicy {
    const root = this.#yaml.document.contents;
    const account = this.#get(root, "account");
    const id = this.#scalar(this.#get(account, "id"));
    const host = this.#text(this.#get(account, "host"));
    const enforcement = this.#oneOf(this.#get(root, "enforcement"), ["enabled", "disabled", "ignore"]);
    const unmanaged = this.#oneOf(this.#get(root, "unmanaged_rules"), ["keep", "fail", "delete"]);
    return {
      ...(typeof id === "number" ? { accountId: id } : {}),
      ...present({ host, enforcement, unmanagedRules: unmanaged }),
      keySources: present({
        enforcement: this.#keySource(root, "enforcement"),
        unmanagedRules: this.#keySource(root, "unmanaged_rules"),
        rules: this.#keySource(root, "rules"),
      }),
      includes: this.#items(this.#get(root, "include")).flatMap((node) => this.#include(node)),
      networks: this.networks(),
      rules: this.#items(this.#get(root, "rules")).flatMap((node) => this.#rule(node)),
      removedRules: this.#texts(this.#get(root, "removed_rules")),
      tests: this.#items(this.#get(root, "tests")).flatMap((node) => this.#test(node)),
      guards: this.#guards(this.#get(root, "guards")),
      lint: this.#lint(this.#get(root, "lint")),
    };
  }

  networks(): RawNetwork[] {
    return this.#pairs(this.#get(this.#yaml.document.contents, "networks")).flatMap(
      ([name, value]): RawNetwork[] => {
        const content = this.#content(value);
        if (content === undefined) return [];
        const allowEmpty = this.#allowEmpty(value);
        const except = this.#texts(this.#get(value, "except"));
        const misplaced = this.#keys(value).filter(({ value: key }) => unfit[content.kind].includes(key));
        return [{ name, allowEmpty, content, except, misplaced }];
      },
    );
  }

  #content(node: unknown): RawContent | undefined {
    const path = this.#text(this.#get(node, "file"));
    const reader = this.#reader(node);
    if (path !== undefined) {
      const reviewBy = this.#text(this.#get(node, "review_by"));
      const isDate = reviewBy !== undefined && isoDate.test(reviewBy.value);
      return { kind: "file", path, reader, ...(isDate ? { reviewBy } : {}) };
    }
    const source = this.#text(this.#get(node, "source"));
    if (source !== undefined) {
      const maxChange = this.#text(this.#get(node, "max_change"));
      const maxAge = this.#text(this.#get(node, "max_age"));
      return { kind: "source", source, reader, ...present({ maxChange, maxAge }) };
    }
    const network = this.#text(this.#get(node, "network"));
    if (network !== undefined) return { kind: "network", network };
    const list = followed(this.#yaml, this.#get(node, "cidrs") ?? node);
    return isSeq(list) ? { kind: "list", entries: this.#entries(list) } : undefined;
  }

  #reader(node: unknown): RawReader {
    const select = this.#text(this.#get(node, "select"));
    const columnNode = followed(this.#yaml, this.#get(node, "column"));
    const number = this.#scalar(columnNode);
    const column: Located<string | number> | undefined =
      typeof number === "number" && isScalar(columnNode)
        ? { value: number, source: this.#place(columnNode) }
        : this.#text(columnNode);
    const hostBits = this.#oneOf(this.#get(node, "host_bits"), ["error", "allow"]);
    return present({ select, column, hostBits });
  }

  #keys(node: unknown): Located<string>[] {
    const map = followed(this.#yaml, node);
    return isMap(map) ? map.items.flatMap(({ key }) => this.#text(key) ?? []) : [];
  }

  #pairs(node: unknown): [Located<string>, unknown][] {
    const map = followed(this.#yaml, node);
    if (!isMap(map)) return [];
    return map.items.flatMap(({ key, value }) => {
      const name = this.#text(key);
      return name === undefined ? [] : [[name, value]];
    });
  }

  #pair(node: unknown, wanted: string): Pair | undefined {
    const map = followed(this.#yaml, node);
    if (!isMap(map)) return undefined;
    return map.items.find(({ key }) => isScalar(key) && key.value === wanted);
  }

  #get(node: unknown, wanted: string): unknown {
    return this.#pair(node, wanted)?.value;
  }

  #keySource(node: unknown, wanted: string): SourceRange | undefined {
    const key = this.#pair(node, wanted)?.key;
    return isScalar(key) ? this.#place(key) : undefined;
  }

  #items(node: unknown): readonly unknown[] {
    const list = followed(this.#yaml, node);
    return isSeq(list) ? list.items : [];
  }

  #scalar(node: unknown): unknown {
    const scalar = followed(this.#yaml, node);
    return isScalar(scalar) ? scalar.value : undefined;
  }

  #place(node: Node): SourceRange {
    return nodeRange(this.#source, node) ?? this.#source.range(0, 0);
  }

  #text(node: unknown): LocatedText | undefined {
    const scalar = followed(this.#yaml, node);
    if (!isScalar(scalar) || typeof scalar.value !== "string") return undefined;
    const value = scalar.value;
    const located = { value, source: this.#place(scalar) };
    const [start, end] = scalar.range ?? [0, 0];
    const written = this.#source.text.slice(start, end);
    if (scalar.type === Scalar.PLAIN && written === value) return { ...located, offset: 0 };
    const quoted = scalar.type === Scalar.QUOTE_DOUBLE || scalar.type === Scalar.QUOTE_SINGLE;
    return quoted && written.slice(1, -1) === value ? { ...located, offset: 1 } : located;
  }

  #texts(node: unknown): LocatedText[] {
    return this.#items(node).flatMap((item) => this.#text(item) ?? []);
  }

  #oneOf<const T extends string>(node: unknown, words: readonly T[]): T | undefined {
    const value = this.#scalar(node);
    return words.find((word) => word === value);
  }

  #allowEmpty(node: unknown): boolean {
    return this.#scalar(this.#get(node, "allow_empty")) === true;
  }

  #isDisabled(node: unknown): boolean {
    return this.#scalar(this.#get(node, "enabled")) === false;
  }

  #include(node: unknown): RawInclude[] {
    const path = this.#text(node) ?? this.#text(this.#get(node, "file"));
    return path === undefined ? [] : [{ path, allowEmpty: this.#allowEmpty(node) }];
  }

  /** Empty only where an empty list is written. */
  #entries(node: unknown): RawEntry[] {
    const list = followed(this.#yaml, node);
    return isSeq(list) ? list.items.map((item) => this.#entry(item)) : [{ kind: "unreadable" }];
  }

  /** Undefined where the key is absent. */
  #list(node: unknown, wanted: string): RawList | undefined {
    const source = this.#keySource(node, wanted);
    return source === undefined ? undefined : { entries: this.#entries(this.#get(node, wanted)), source };
  }

  #entry(node: unknown): RawEntry {
    const text = this.#text(node);
    if (text !== undefined) return { kind: "prefix", text };
    const comment = this.#text(this.#get(node, "comment"))?.value;
    const expires = this.#text(this.#get(node, "expires"))?.value;
    const rest = {
      ...present({ comment }),
      ...(expires !== undefined && isExpiry(expires) ? { expires } : {}),
      ...(this.#isDisabled(node) ? { enabled: false as const } : {}),
    };
    const cidr = this.#text(this.#get(node, "cidr"));
    if (cidr !== undefined) return { kind: "prefix", text: cidr, ...rest };
    const network = this.#text(this.#get(node, "network"));
    return network === undefined ? { kind: "unreadable" } : { kind: "network", network, ...rest };
  }

  #rule(node: unknown): RawRule[] {
    const name = this.#text(this.#get(node, "name"));
    const type = this.#oneOf(this.#get(node, "type"), ["allow", "deny"]);
    if (name === undefined || type === undefined) return [];
    const description = this.#text(this.#get(node, "description"))?.value ?? "";
    const previousNames = this.#texts(this.#get(node, "previous_names"));
    const allowEmpty = this.#allowEmpty(node);
    const enabled = !this.#isDisabled(node);
    const entries = this.#entries(this.#get(node, "cidrs"));
    return [{ name, type, description, previousNames, allowEmpty, enabled, entries }];
  }

  #test(node: unknown): RawTest[] {
    const name = this.#text(this.#get(node, "name"));
    if (name === undefined) return [];
    const [allowed, denied] = [this.#list(node, "allowed"), this.#list(node, "denied")];
    return [
      {
        name,
        allowEmpty: this.#allowEmpty(node),
        ...present({ allowed, denied }),
      },
    ];
  }

  #limit(node: unknown): RawLimit | undefined {
    const value = this.#scalar(node);
    return typeof value === "number" || typeof value === "string" ? value : undefined;
  }

  #guards(node: unknown): RawGuards {
    const removed = this.#limit(this.#get(node, "max_removed_rules"));
    const newlyAllowed = this.#get(node, "max_newly_allowed");
    const ipv4 = this.#limit(newlyAllowed) ?? this.#limit(this.#get(newlyAllowed, "ipv4"));
    const ipv6 = this.#limit(this.#get(newlyAllowed, "ipv6"));
    const [mustAllow, mustDeny] = [this.#list(node, "must_allow"), this.#list(node, "must_deny")];
    return {
      allowEmpty: this.#allowEmpty(node),
      ...present({ mustAllow, mustDeny, maxRemovedRules: removed }),
      ...present({
        maxCutOff: this.#limit(this.#get(node, "max_cut_off")),
        cutOffWindow: this.#text(this.#get(node, "cut_off_window")),
      }),
      maxNewlyAllowed: { ...present({ ipv4, ipv6 }) },
    };
  }

  #lint(node: unknown): RawPolicy["lint"] {
    return Object.fromEntries(
      this.#pairs(node).flatMap(([{ value: code }, setting]) => {
        const severity = this.#oneOf(setting, ["off", "note", "warning", "error"]);
        return severity === undefined ? [] : [[code, severity]];
      }),
    );
  }
}

export const readPolicyNodes = (yaml: YamlText): RawPolicy => new Reader(yaml).policy();

/** The networks of an include file. */
export const readNetworkNodes = (yaml: YamlText): RawNetwork[] => new Reader(yaml).networks();

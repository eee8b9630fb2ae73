/**
 * Well-known published lists by name: where each is, and where its prefixes are in it. Only lists of whose shape a
 * published copy was at hand when this was written (`verified`) are here. No I/O: `lists/` fetches.
 */

/** What a name and a selection stand for. */
interface CatalogueList {
  readonly url: string;
  /** RFC 9535 JSONPath; absent for text and CSV. */
  readonly select?: string;
  /** From 1; absent for text and JSON. */
  readonly column?: number;
}

export interface CatalogueEntry {
  /** As `source:` names it. */
  readonly name: string;
  readonly title: string;
  /** The vendor's page about the list. */
  readonly page: string;
  /** Date of the published copy that the shape was compared with. */
  readonly verified: string;
  /** What `select:` may be, for people; the first is what to write where there is a choice. */
  readonly selections: readonly string[];
  /** Whether `select:` may be left out, which means all of the list. */
  readonly whole: boolean;
  /** Undefined for a selection that the list does not have. */
  find(select: string | undefined): CatalogueList | undefined;
}

const github = [
  "hooks",
  "actions",
  "actions_macos",
  "api",
  "codespaces",
  "copilot",
  "dependabot",
  "git",
  "github_enterprise_importer",
  "importer",
  "packages",
  "pages",
  "web",
];

/** A word of a JSONPath, between quotes; undefined for what could end them. */
const word = (text: string): string | undefined => (/^[A-Za-z0-9_.-]+$/.test(text) ? text : undefined);

const aws = (select: string | undefined): CatalogueList | undefined => {
  const [service, region, ...more] = (select ?? "").split(" ").map(word);
  if (service === undefined || more.length > 0) return undefined;
  if (region === undefined && select?.includes(" ") === true) return undefined;
  const where = region === undefined ? "" : ` && @.region=='${region}'`;
  return {
    url: "https://ip-ranges.amazonaws.com/ip-ranges.json",
    select: `$['prefixes','ipv6_prefixes'][?@.service=='${service}'${where}]['ip_prefix','ipv6_prefix']`,
  };
};

/** A list whose selection is one word, or none for all of it. */
const byWord =
  (url: string, all: string, one: (selected: string) => string) =>
  (select: string | undefined): CatalogueList | undefined => {
    if (select === undefined) return { url, select: all };
    const selected = word(select);
    return selected === undefined ? undefined : { url, select: one(selected) };
  };

/** A list that has nothing to select from. */
const only =
  (list: CatalogueList) =>
  (select: string | undefined): CatalogueList | undefined =>
    select === undefined ? list : undefined;

export const listCatalogue: readonly CatalogueEntry[] = [
  {
    name: "aws",
    title: "Amazon Web Services",
    page: "https://docs.aws.amazon.com/vpc/latest/userguide/aws-ip-ranges.html",
    verified: "2025-07-01",
    selections: ["EC2 eu-west-1", "SERVICE", "SERVICE REGION"],
    whole: false,
    find: aws,
  },
  {
    name: "cloudflare",
    title: "Cloudflare",
    page: "https://www.cloudflare.com/ips/",
    verified: "2024-10-30",
    selections: ["ipv4", "ipv6"],
    whole: false,
    find: (select) => {
      if (select === "ipv4") return { url: "https://www.cloudflare.com/ips-v4" };
      return select === "ipv6" ? { url: "https://www.cloudflare.com/ips-v6" } : undefined;
    },
  },
  {
    name: "digitalocean",
    title: "DigitalOcean",
    page: "https://docs.digitalocean.com/platform/",
    verified: "2025-07-22",
    selections: [],
    whole: true,
    find: only({ url: "https://digitalocean.com/geo/google.csv", column: 1 }),
  },
  {
    name: "fastly",
    title: "Fastly",
    page: "https://www.fastly.com/documentation/reference/api/utils/public-ip-list/",
    verified: "2024-10-09",
    selections: [],
    whole: true,
    find: only({
      url: "https://api.fastly.com/public-ip-list",
      select: "$['addresses','ipv6_addresses'][*]",
    }),
  },
  {
    name: "github",
    title: "GitHub",
    page: "https://docs.github.com/en/rest/meta/meta",
    verified: "2025-03-01",
    selections: github,
    whole: false,
    find: (select) =>
      select !== undefined && github.includes(select)
        ? { url: "https://api.github.com/meta", select: `$.${select}[*]` }
        : undefined,
  },
  {
    name: "google-cloud",
    title: "Google Cloud, addresses of customers",
    page: "https://cloud.google.com/vpc/docs/vpc#manage-default-routes",
    verified: "2025-07-01",
    selections: ["REGION"],
    whole: true,
    find: byWord(
      "https://www.gstatic.com/ipranges/cloud.json",
      "$.prefixes[*]['ipv4Prefix','ipv6Prefix']",
      (region) => `$.prefixes[?@.scope=='${region}']['ipv4Prefix','ipv6Prefix']`,
    ),
  },
  {
    name: "linode",
    title: "Linode (Akamai)",
    page: "https://geoip.linode.com/",
    verified: "2025-07-24",
    selections: [],
    whole: true,
    find: only({ url: "https://geoip.linode.com/", column: 1 }),
  },
  {
    name: "oracle-cloud",
    title: "Oracle Cloud Infrastructure",
    page: "https://docs.oracle.com/en-us/iaas/Content/General/Concepts/addressranges.htm",
    verified: "2025-07-21",
    selections: ["REGION"],
    whole: true,
    find: byWord(
      "https://docs.oracle.com/iaas/tools/public_ip_ranges.json",
      "$.regions[*].cidrs[*].cidr",
      (region) => `$.regions[?@.region=='${region}'].cidrs[*].cidr`,
    ),
  },
  {
    name: "zscaler",
    title: "Zscaler, recommended hub prefixes of zscaler.net",
    page: "https://config.zscaler.com/zscaler.net/hubs",
    verified: "2025-07-01",
    selections: [],
    whole: true,
    find: only({
      url: "https://config.zscaler.com/api/zscaler.net/hubs/cidr/json/recommended",
      select: "$.hubPrefixes[*]",
    }),
  },
];

/** The same with `_` for `-`, as names of networks are often written. */
export const catalogueEntry = (name: string): CatalogueEntry | undefined =>
  listCatalogue.find((entry) => entry.name === name.replaceAll("_", "-"));

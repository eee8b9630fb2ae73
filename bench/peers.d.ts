/** What is used of packages that only bench/node_modules has. */
declare module "cidr-tools" {
  export const mergeCidr: (prefixes: readonly string[]) => string[];
  export const excludeCidr: (from: readonly string[], less: readonly string[]) => string[];
}

declare module "js-yaml" {
  export const load: (text: string) => unknown;
}

/** A policy of any number of rules, and an emulator's seed for an account that differs from it in every tenth rule. */

/** Three prefixes a rule, none inside another: 2^24 IPv4 /28 places and as many IPv6 /64. */
const cidrsOf = (rule: number): string[] => {
  const place = (rule * 2) % 0x10_0000;
  const octets = (at: number): string => `${20 + ((at >>> 12) % 200)}.${(at >>> 4) & 255}.${(at & 15) * 16}`;
  return [
    `${octets(place)}.0/28`,
    `${octets(place)}.64/28`,
    `2001:db8:${(rule >>> 8).toString(16)}:${(rule & 255).toString(16)}::/64`,
  ];
};

const nameOf = (rule: number): string => `Site ${String(rule).padStart(5, "0")}`;

export const policyText = (rules: number): string => {
  const lines = [
    "version: 1",
    "account:",
    "  id: 66847",
    "enforcement: enabled",
    "unmanaged_rules: keep",
    "rules:",
  ];
  for (let rule = 0; rule < rules; rule += 1) {
    lines.push(
      `  - name: ${nameOf(rule)}`,
      "    type: allow",
      `    description: Office number ${rule}`,
      "    cidrs:",
    );
    for (const cidr of cidrsOf(rule)) lines.push(`      - ${cidr}`);
  }
  return `${lines.join("\n")}\n`;
};

/** In every tenth rule of the account one entry is missing and one is too many. */
export const seedText = (rules: number): string =>
  JSON.stringify({
    enabled: true,
    rules: Array.from({ length: rules }, (_, rule) => {
      const cidrs = cidrsOf(rule);
      if (rule % 10 === 0) cidrs.splice(1, 1, cidrs[1]!.replace(".64/28", ".128/28"));
      return { name: nameOf(rule), type: "allow", description: `Office number ${rule}`, cidrs };
    }),
  });
